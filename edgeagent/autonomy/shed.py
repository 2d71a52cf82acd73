"""Choosing loads: which to switch off whole, and which may return. P1 is never among them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from edgeagent.autonomy.compiled import OFF, state_point
from edgeagent.autonomy.plant import Plant
from edgeagent.model.decision import ShedLoad
from edgeagent.model.interlock import Interlock, InterlockMemory, Standing
from edgeagent.model.limit import LimitMemory
from edgeagent.model.site import Load, Outlet


@dataclass(frozen=True, slots=True)
class Chosen:
    """The loads to shed, in order, and those refused with the reason."""

    loads: tuple[Load, ...]
    refused: tuple[tuple[str, str], ...]


def choose(plant: Plant, loads: Iterable[Load], already: Collection[str], locks: Collection[str]) -> Chosen:
    """Those of the loads that can be switched off whole; one that cannot is refused whole, and the next is tried."""
    chosen, refused = [], []
    for load in loads:
        if load.name in already or _is_off(plant, load):
            continue
        if reason := obstacle(plant, load, locks):
            refused.append((load.name, reason))
        else:
            chosen.append(load)
    return Chosen(tuple(chosen), tuple(refused))


def obstacle(plant: Plant, load: Load, locks: Collection[str]) -> str:
    """Why a load cannot be switched as a whole now, or nothing."""
    if not load.cords:
        return "it has no cords"
    if load.name in locks:
        return "it is locked out"
    return next(filter(None, (_out_of_reach(plant, cord, locks) for cord in load.cords)), "")


def _out_of_reach(plant: Plant, cord: Outlet, locks: Collection[str]) -> str:
    if cord.pdu not in plant.site.pdus:
        return f"nothing is known about {cord.pdu}"
    if cord.pdu in plant.fixed:
        return f"{cord.pdu} may not be switched (switchable = true allows it)"
    if state_point(cord) in locks or str(cord) in locks:
        return f"{cord} is locked out"
    return f"{cord} cannot be reached" if plant.switched(cord) is None else ""


def returnable(
    plant: Plant,
    shed: Iterable[ShedLoad],
    racks: Collection[str],
    *,
    blockers: Sequence[tuple[Interlock, InterlockMemory]],
    limits: Mapping[str, LimitMemory],
    locks: Collection[str],
) -> tuple[ShedLoad | None, tuple[tuple[str, str], ...]]:
    """The load to return next, last shed first, and those that cannot with the reason. Never blind.

    ``blockers`` are those that are `holding`.
    """
    refused: list[tuple[str, str]] = []
    for one in reversed(tuple(shed)):
        load = plant.site.loads.get(one.load)
        if load is None or load.rack not in racks or one.returning_s is not None:
            continue
        reason = _kept_off(one, load, blockers, limits) or obstacle(plant, load, locks)
        if not reason:
            return one, tuple(refused)
        refused.append((one.load, reason))
    return None, tuple(refused)


def holding(interlocks: Iterable[tuple[Interlock, InterlockMemory]]) -> list[tuple[Interlock, InterlockMemory]]:
    """Those that keep off what they shed."""
    return [(interlock, memory) for interlock, memory in interlocks if _holds_off(interlock, memory)]


def _kept_off(
    one: ShedLoad, load: Load, held: Iterable[tuple[Interlock, InterlockMemory]], limits: Mapping[str, LimitMemory]
) -> str:
    for interlock, memory in held:
        if load.rack in interlock.racks and load.service_class in interlock.sheds:
            return f"{interlock.id} is {memory.standing}"
    for cause in one.causes:
        memory_of_limit = limits.get(cause)
        if memory_of_limit is None or memory_of_limit.truth.blind:
            return f"{cause} is blind"
    return ""


def _holds_off(interlock: Interlock, memory: InterlockMemory) -> bool:
    """A shedding interlock keeps off what it may shed from when it is about to trip until it is cleared and reset."""
    return bool(interlock.sheds) and interlock.armed and (memory.active or memory.standing is Standing.PENDING)


def _is_off(plant: Plant, load: Load) -> bool:
    """Whether it is known to be off by every cord: then there is nothing to shed, and nothing of ours to restore."""
    return bool(load.cords) and all(plant.switched(cord) == OFF for cord in load.cords)
