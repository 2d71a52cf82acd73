"""The points of a resource that are words: states, health, breakers, leaks, modes."""

from collections.abc import Iterator, Mapping

from edgeagent.model.units import Kind
from edgeagent.protocols.redfish_service import local
from edgeagent.protocols.redfish_spots import (
    Draft,
    Gate,
    coded,
    control,
    dig,
    equipment,
    health,
    leaking,
    number,
    working,
)
from edgeagent.protocols.redfish_tables import BREAKER, CODED, CONTROLS, HEALTH, MODES, Coded, Role
from edgeagent.protocols.redfish_units import READING_TYPES, Meaning
from edgeagent.protocols.redfish_walk import Part

HOURS = Meaning(Kind.DURATION, "h", multiply=3600.0)
STATES = ("on", "standby", "off", "fault")
LEAKS = ("dry", "leak", "fault")
MACHINES = frozenset((Role.PUMP, Role.FAN, Role.SUPPLY))
"""What has a state of its own: a critical one is a fault."""
WHOLE = {Role.UNIT: "alarm", Role.SYSTEM: "alarm", Role.CHASSIS: "alarm", Role.FILTER: "state"}
"""Whose Health is a point, and how that ends."""


def words(part: Part) -> Iterator[Draft]:
    """All of one resource."""
    yield from _status(part)
    for key, one in CODED.get(part.role, {}).items():
        if key in part.body:
            yield _coded(f"{part.name}.{one.suffix}", (key,), one)
    if part.role is Role.LEAK:
        name = f"{part.name}.state"
        yield Draft(name, (), Kind.STATE, leaking, codes=LEAKS, protective=True)
    if part.role in {Role.MAIN, Role.BRANCH} and "BreakerState" in part.body:
        yield _coded(_breaker(part), ("BreakerState",), BREAKER)
    if part.role is Role.LEAKS:
        yield from _lone_detectors(part)
    if "ServiceHours" in part.body:
        yield Draft(f"{part.name}.service", ("ServiceHours",), Kind.DURATION, number(HOURS), equipment)


def transfers(part: Part, mains: Iterator[str]) -> Iterator[Draft]:
    """Which of its mains feed a transfer switch; their Ids are the words."""
    codes = {main: main.lower() for main in mains}
    for key, word in (("ActiveMainsId", "active"), ("PreferredMainsId", "preferred")):
        if dig(part.body, ("TransferConfiguration", key)) in codes:
            name, pick = f"{part.name.removesuffix('unit')}transfer.{word}", ("TransferConfiguration", key)
            yield Draft(name, pick, Kind.STATE, coded(codes), codes=tuple(dict.fromkeys(codes.values())))


def set_points(part: Part) -> Iterator[Draft]:
    """What the resource is told to do, and who decides on it."""
    for key, named in CONTROLS.items():
        excerpt = part.body.get(key)
        if isinstance(excerpt, dict) and "SetPoint" in excerpt:
            yield from _set_point(f"{part.name}.{named.suffix}", named.type, (key,), excerpt)
    if part.role is Role.CONTROL and "SetPoint" in part.body:
        yield from _set_point(f"{part.name}.setpoint", str(part.body.get("ControlType")), (), part.body)


def _set_point(name: str, kind: str, at: tuple[str, ...], excerpt: Mapping[str, object]) -> Iterator[Draft]:
    meaning = READING_TYPES.get(kind)
    if meaning is None:
        return
    gate: Gate = control(at, equipment)
    yield Draft(name, (*at, "SetPoint"), meaning.kind, number(meaning), gate, writable=True, meaning=meaning)
    if "ControlMode" in excerpt:
        mode, modes = name.removesuffix("setpoint") + "mode", (*MODES.values(),)
        yield Draft(mode, (*at, "ControlMode"), Kind.STATE, coded(MODES), equipment, codes=modes)


def _status(part: Part) -> Iterator[Draft]:
    status = part.body.get("Status")
    if not isinstance(status, dict):
        return
    if part.role in MACHINES or (part.role is Role.UNIT and "State" in status):
        yield Draft(f"{part.name}.state", ("Status",), Kind.STATE, working(health=part.role in MACHINES), codes=STATES)
    if part.role in WHOLE and ("Health" in status or "HealthRollup" in status):
        name = f"{part.name}.{WHOLE[part.role]}"
        yield Draft(name, ("Status",), Kind.STATE, health, codes=(*HEALTH.values(),))


def _lone_detectors(part: Part) -> Iterator[Draft]:
    """Detectors that stand in a group and nowhere else."""
    groups = part.body.get("LeakDetectorGroups")
    for place, group in enumerate(groups if isinstance(groups, list) else ()):
        detectors = dig(group, ("Detectors",))
        for turn, one in enumerate(detectors if isinstance(detectors, list) else ()):
            if isinstance(one, dict) and not local(one.get("DataSourceUri")):
                pick = ("LeakDetectorGroups", place, "Detectors", turn)
                name = f"{part.name}.group.{place + 1}.{turn + 1}.state"
                yield Draft(name, pick, Kind.STATE, leaking, codes=LEAKS, protective=True)


def _coded(name: str, pick: tuple[str | int, ...], one: Coded) -> Draft:
    words_of_ours = tuple(dict.fromkeys(one.codes.values()))
    return Draft(name, pick, one.kind, coded(one.codes), equipment, codes=words_of_ours, protective=one.protective)


def _breaker(part: Part) -> str:
    """``branch.3`` has ``breaker.3``; mains and feeders have one of their own."""
    before, word, number_of = part.name.rpartition("branch.")
    return f"{before}breaker.{number_of}.state" if word else f"{part.name}.breaker.state"
