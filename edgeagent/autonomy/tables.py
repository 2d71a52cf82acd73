"""``[limits.*]``, ``[interlocks.*]``, ``[cooling.*]``, ``[ratings.*]`` and ``[autonomy]`` → Tables for a site."""

from collections.abc import Collection, Mapping
from hashlib import sha256
from itertools import combinations
from pathlib import Path
from types import MappingProxyType

from edgeagent.autonomy.compiled import Cooling, Pace, Tables, fitted
from edgeagent.autonomy.feasible import satisfiable
from edgeagent.autonomy.templates import InterlockTemplate, LimitTemplate, made
from edgeagent.autonomy.written_interlock import parse_interlock
from edgeagent.autonomy.written_limit import POINT, POINT_SHAPE, check_device, parse_limit
from edgeagent.config.reader import Reader
from edgeagent.model.intent import Hold, Range
from edgeagent.model.interlock import Act, ServiceState
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.site import Site

MAX_LIMITS = 2000
MAX_INTERLOCKS = 1000


def builtin_file() -> Path:
    """The file of the tables that every pod has; it is merged below all others."""
    return Path(__file__).with_name("builtin.toml")


def parse(root: Reader, site: Site, devices: Collection[str]) -> Tables:
    """The tables, made for the site; mistakes go to ``root.problems``. ``devices`` are those that are configured."""
    limits = {name: parse_limit(name, reader, devices) for name, reader in root.named_tables("limits").items()}
    interlock_readers = root.named_tables("interlocks")
    interlocks = {name: parse_interlock(name, reader, limits) for name, reader in interlock_readers.items()}
    ratings = {DeviceId(name): _rating(name, reader, site) for name, reader in root.named_tables("ratings").items()}
    cooling = tuple(_cooling(name, reader, site, devices) for name, reader in root.named_tables("cooling").items())
    for name, one in interlocks.items():
        _check(interlock_readers[name], one, limits, site, ratings)
    _check_conflicts(interlock_readers, interlocks, limits)
    tables = made(site, limits, interlocks)
    for key, found, most in (("limits", tables.limits, MAX_LIMITS), ("interlocks", tables.interlocks, MAX_INTERLOCKS)):
        if len(found) > most:
            root.problem(key, f"cannot use them: they make {len(found)} for this site, at most {most} can be watched")
    return _finished(tables, site, _pace(root.table("autonomy")), cooling, ratings)


def _finished(
    tables: Tables, site: Site, pace: Pace, cooling: tuple[Cooling, ...], ratings: Mapping[DeviceId, float]
) -> Tables:
    content = repr((tables.limits, [repr(one) for one in tables.interlocks], cooling, sorted(ratings.items()), pace))
    whole = Tables(
        tables.limits,
        tables.interlocks,
        cooling,
        MappingProxyType(dict(ratings)),
        pace,
        tables.uncovered,
        sha256(content.encode()).hexdigest()[:12],
    )
    return fitted(whole, site)


def _pace(reader: Reader) -> Pace:
    return Pace(
        reader.duration_s("stagger", 30.0, minimum=1, maximum=3600),
        reader.duration_s("reachable_within", 60.0, minimum=1, maximum=600),
        reader.number("assumed_load_w", 1500.0, minimum=1, maximum=100_000),
    )


def _rating(name: str, reader: Reader, site: Site) -> float:
    if DeviceId(name) not in site.pdus:
        reader.problem(None, f"cannot use this rating: there is no [pdus.{name}]")
    return reader.number("power_w", minimum=1, maximum=1_000_000)


def _cooling(name: str, reader: Reader, site: Site, devices: Collection[str]) -> Cooling:
    target = PointId(reader.text("target", pattern=POINT, shape=POINT_SHAPE))
    check_device(reader, "target", target, devices)
    low, high = reader.number("lowest"), reader.number("highest")
    if low > high:
        reader.problem("lowest", f"cannot use {low:g}: it is more than highest, {high:g}")
        high = low
    most = _within(reader, "most", reader.number("most", high), low, high)
    safe = _within(reader, "safe", reader.number("safe", most), low, high) if reader.has("safe") else Hold()
    aisle = reader.text("aisle", "")
    if aisle and aisle not in {rack.aisle for rack in site.racks.values()}:
        reader.problem("aisle", f"cannot use {aisle}: no rack stands in it")
    return Cooling(name, target, Range(low, high), most, safe, aisle)


def _within(reader: Reader, key: str, value: float, low: float, high: float) -> float:
    if not low <= value <= high:
        reader.problem(key, f"cannot use {value:g}: it is not between {low:g} and {high:g}")
        return low
    return value


def _check(
    reader: Reader,
    interlock: InterlockTemplate,
    limits: Mapping[str, LimitTemplate],
    site: Site,
    ratings: Mapping[DeviceId, float],
) -> None:
    """Refuse what can never act, what always acts, and what would act without knowing what it may."""
    if not interlock.usable:
        return
    if not satisfiable([interlock.when], limits):
        reader.problem("when", "cannot use this: it can never hold")
    elif not satisfiable([f"not ({interlock.when})"], limits):
        reader.problem("when", "cannot use this: it always holds")
    if interlock.act is Act.SHED:
        for name in interlock.names:
            if limits[name].unbounded:
                message = f"cannot shed by {name}: it needs plausible_low and plausible_high, or a wrong reading sheds"
                reader.problem("when", message)
            if 0 < interlock.for_s <= limits[name].limit.clear_for_s:
                message = f"cannot wait no longer than {name} takes to clear: it would act on what has ended"
                reader.problem("for", message)
    if interlock.act is Act.RESTORE and interlock.state is ServiceState.IN_SERVICE:
        for pdu in sorted({cord.pdu for load in site.loads.values() for cord in load.cords} - ratings.keys()):
            reader.problem("state", f"cannot restore by it: what {pdu} may carry is not known; add [ratings.{pdu}]")


def _check_conflicts(
    readers: Mapping[str, Reader], interlocks: Mapping[str, InterlockTemplate], limits: Mapping[str, LimitTemplate]
) -> None:
    """Refuse two interlocks of which one sheds while the other restores."""
    for one, other in combinations([one for one in interlocks.values() if one.usable], 2):
        if {one.act, other.act} == {Act.SHED, Act.RESTORE} and satisfiable([one.when, other.when], limits):
            restoring, shedding = (one, other) if one.act is Act.RESTORE else (other, one)
            readers[restoring.name].problem(
                "when", f"cannot use this: it can hold together with {shedding.name}, which sheds what this restores"
            )
