"""How a device's points belong together, found once from their names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edgeagent.drivers.estimates.bands import Role
from edgeagent.drivers.estimates.heat import AIR_BAND, AIR_W, WATER_BAND, WATER_W
from edgeagent.drivers.estimates.members import Members
from edgeagent.drivers.estimates.slot import Slot
from edgeagent.model.device import DeviceInfo
from edgeagent.model.points import Point, ValueType
from edgeagent.model.units import Kind

NUMBERS = (ValueType.NUMBER, ValueType.INTEGER)
_PART = re.compile(r"(?P<prefix>.*?)(?P<part>phase|outlet|branch)\.\d+")
_TOTALS = ("inlet", "ac", "output", "input", "mains")
_LINES = re.compile(r"(.*\.)?(outlet|branch|dc|battery|input\.\d+|output\.\d+|bypass|gpu|psu)(\.\d+)*")
_MAINS = re.compile(r"(.*\.)?(inlet|input|output|phase|outlet|branch|ac|bypass)(\.\d+)*")
_DIRECT = re.compile(r"(rectifier|string|lvd|bus|dcplant)\b.*")
RATED, HELD = "rated", "available_energy"
_ENERGY = re.compile(r"energy([._](imported|exported|absorbed|delivered|received))?")
_SIGNS = {"imported": 1, "exported": -1, "absorbed": -1, "delivered": 1, "received": -1}
MAX_PARTS = 200


@dataclass(frozen=True, slots=True)
class Stream:
    """A flow between two temperatures, and the heat that is reported of it."""

    flow: Slot
    supply: Slot
    back: Slot
    heat: Slot
    watts: float
    band: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Sum:
    """Power of parts and of their total; ``complete`` when nothing else can draw from the total."""

    total: Slot
    parts: tuple[Slot, ...]
    complete: bool


@dataclass(frozen=True, slots=True)
class Air:
    """Temperature and humidity of one place."""

    stem: str
    temperature: Slot
    humidity: Slot


@dataclass(frozen=True, slots=True)
class Layout:
    """All that is known of a device's points."""

    slots: Mapping[str, Slot]
    groups: tuple[Members, ...]
    sums: tuple[Sum, ...]
    streams: tuple[Stream, ...]
    airs: tuple[Air, ...]
    counters: tuple[Slot, ...]


def layout_of(info: DeviceInfo) -> Layout:
    """The layout of a device's points."""
    points = {point.name: point for point in info.points if point.type in NUMBERS}
    slots = {name: Slot(point) for name, point in points.items()}
    is_direct = any(_DIRECT.match(name) for name in points)
    periods_s = {name: group.period_s for group in info.groups for name in group.points}
    groups = _groups(points, slots, periods_s, is_direct=is_direct)
    return Layout(
        slots,
        tuple(one for one in groups if len(one.slots) > 1),
        tuple(_sums(groups)),
        tuple(_streams(points, slots)),
        tuple(_airs(points, slots)),
        tuple(slots[name] for name in points if is_counter(points[name]) and f"{name}_total" not in points),
    )


def is_counter(point: Point) -> bool:
    """Whether a point counts energy: not what a battery holds, nor a rating."""
    before, _, leaf = point.name.rpartition(".")
    is_held = leaf == HELD or before.rpartition(".")[2] == RATED
    return point.kind is Kind.ENERGY and _split(point.name)[1] is not None and not is_held


def _split(name: str) -> tuple[str, str | None]:
    """Stem and direction of a counter's name; the direction is None for a name that is no counter's."""
    match = re.fullmatch(rf"(?P<stem>.*?)\.?{_ENERGY.pattern}", name)
    return (match["stem"], match[3] or "") if match else ("", None)


def _groups(
    points: Mapping[str, Point], slots: Mapping[str, Slot], periods_s: Mapping[str, float], *, is_direct: bool
) -> tuple[Members, ...]:
    stems: dict[str, dict[str, Slot]] = {}
    energies: dict[str, list[tuple[Slot, int]]] = {}
    for name, point in points.items():
        stem, _, leaf = name.rpartition(".")
        if is_counter(point):
            owner, direction = _split(name)
            energies.setdefault(owner, []).append((slots[name], _SIGNS.get(direction or "", 0)))
        elif leaf in _LEAVES and point.kind is _LEAVES[leaf]:
            stems.setdefault(stem, {})[leaf] = slots[name]
    phased = {match["prefix"] for stem in stems if (match := _PART.fullmatch(stem)) and match["part"] == "phase"}
    around = tuple(
        one["voltage"] for stem, one in stems.items() if "voltage" in one and _MAINS.fullmatch(stem) and not is_direct
    )
    found = []
    for stem in dict.fromkeys([*stems, *energies]):
        mine = stems.get(stem, {})
        found.append(
            Members(
                stem=stem,
                role=_role(stem, phased),
                alternating=bool(_MAINS.fullmatch(stem) or not stem) and not is_direct and not stem.startswith("dc."),
                power=mine.get("power"),
                voltage=mine.get("voltage"),
                current=mine.get("current"),
                factor=mine.get("power_factor"),
                apparent=mine.get("apparent_power"),
                energies=tuple(energies.get(stem, ())),
                around=() if "voltage" in mine else around,
                period_s=periods_s.get(f"{stem}.power" if stem else "power", 10.0),
            )
        )
    return tuple(found)


_LEAVES = {
    "power": Kind.POWER,
    "voltage": Kind.VOLTAGE,
    "current": Kind.CURRENT,
    "power_factor": Kind.POWER_FACTOR,
    "apparent_power": Kind.APPARENT_POWER,
}


def _role(stem: str, phased: Iterable[str]) -> Role:
    if (match := _PART.fullmatch(stem)) and match["part"] == "phase":
        return Role.PHASE
    if _LINES.fullmatch(stem):
        return Role.SINGLE
    return Role.SUM if any(stem.startswith(one.rstrip(".")) or not one for one in phased) else Role.TOTAL


def _sums(groups: Iterable[Members]) -> Iterable[Sum]:
    """Phases and outlets with the group that they are parts of, where there is exactly one."""
    by_stem = {group.stem: group for group in groups if group.power is not None}
    parts: dict[tuple[str, str], list[Slot]] = {}
    for stem, group in by_stem.items():
        match = _PART.fullmatch(stem)
        if match and match["part"] != "branch" and group.power is not None:
            parts.setdefault((match["prefix"], match["part"]), []).append(group.power)
    for (prefix, part), mine in parts.items():
        total = _total(prefix, by_stem)
        if total is not None and 1 < len(mine) <= MAX_PARTS:
            yield Sum(total, tuple(mine), part == "phase")


def _total(prefix: str, by_stem: Mapping[str, Members]) -> Slot | None:
    names = [prefix.rstrip("."), *(f"{prefix}{total}" for total in _TOTALS)]
    found = next((by_stem[name] for name in names if name in by_stem), None)
    return None if found is None else found.power


def _streams(points: Mapping[str, Point], slots: Mapping[str, Slot]) -> Iterable[Stream]:
    """Water loops and air, beside the cooling power of the same unit."""
    for name, point in points.items():
        prefix, loop = _loop(name, point.kind)
        heat = next((one for one in (f"{prefix}{loop}heat", f"{prefix}cooling.power") if one in slots), None)
        if loop is None or heat is None or points[heat].kind is not Kind.HEAT:
            continue
        is_air = point.kind is Kind.AIR_FLOW
        ends = [f"{prefix}{side}" for side in (_AIR_ENDS if is_air else (f"{loop}{end}" for end in _WATER_ENDS))]
        if all(end in slots for end in ends):
            watts, band = (AIR_W, AIR_BAND) if is_air else (WATER_W, WATER_BAND)
            yield Stream(slots[name], slots[ends[0]], slots[ends[1]], slots[heat], watts, band)


_AIR_ENDS = ("supply_air.temperature", "return_air.temperature")
_WATER_ENDS = ("supply.temperature", "return.temperature")


def _loop(name: str, kind: Kind) -> tuple[str, str | None]:
    """The unit's prefix and the loop (``secondary.``, or nothing for air) of a flow; None for anything else."""
    if kind is Kind.AIR_FLOW and name.rpartition(".")[2] == "airflow":
        return name.removesuffix("airflow"), ""
    match = re.fullmatch(r"(.*?)((?:primary|secondary|water)\.)flow", name)
    return (match[1], match[2]) if match and kind is Kind.LIQUID_FLOW else ("", None)


def _airs(points: Mapping[str, Point], slots: Mapping[str, Slot]) -> Iterable[Air]:
    for name, point in points.items():
        stem, _, leaf = name.rpartition(".")
        beside = f"{stem}.temperature" if stem else "temperature"
        is_air = point.kind is Kind.HUMIDITY and leaf == "humidity" and beside in points
        is_air = is_air and f"{stem}.dew_point" not in points  # some probes tell it themselves
        if is_air and points[beside].kind is Kind.TEMPERATURE:
            yield Air(stem, slots[beside], slots[name])
