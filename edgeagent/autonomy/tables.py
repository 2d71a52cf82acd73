"""``[limits.*]``, ``[interlocks.*]``, ``[cooling.*]``, ``[ratings.*]`` and ``[autonomy]`` → Tables for a site."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from hashlib import sha256
from importlib.resources import files
from itertools import combinations
from types import MappingProxyType

from edgeagent.autonomy.compiled import Cooling, Pace, Tables, Target, fitted
from edgeagent.autonomy.feasible import satisfiable
from edgeagent.autonomy.templates import InterlockTemplate, LimitTemplate, made
from edgeagent.autonomy.written_interlock import parse_interlock
from edgeagent.autonomy.written_limit import POINT, POINT_SHAPE, check_device, parse_limit
from edgeagent.config.layers import Layer
from edgeagent.config.reader import Reader
from edgeagent.model.intent import Hold, Range
from edgeagent.model.interlock import Act, ServiceState
from edgeagent.model.points import DeviceId, PointId, device_of, name_of
from edgeagent.model.site import Site

MAX_LIMITS = 2000
MAX_INTERLOCKS = 1000


def builtin() -> Layer:
    """The tables that every pod has, to be merged below its files."""
    return Layer("built-in tables", files("edgeagent.autonomy").joinpath("builtin.toml").read_text("utf-8"))


def parse(
    root: Reader,
    site: Site,
    devices: Collection[str],
    *,
    switchable: Collection[DeviceId] | None = None,
    settable: Collection[Target] | None = None,
) -> Tables:
    """The tables, made for the site; mistakes go to ``root.problems``.

    ``devices`` are those that are configured, ``switchable`` the PDUs that may be switched and ``settable`` what else
    can be set; None is all of them.
    """
    limits = {name: parse_limit(name, reader, devices) for name, reader in root.named_tables("limits").items()}
    interlock_readers = root.named_tables("interlocks")
    interlocks = {name: parse_interlock(name, reader, limits) for name, reader in interlock_readers.items()}
    ratings = {DeviceId(name): _rating(name, reader, site) for name, reader in root.named_tables("ratings").items()}
    cooling = tuple(_cooling(name, reader, site, devices) for name, reader in root.named_tables("cooling").items())
    if settable is not None:
        _check_cooling(root.named_tables("cooling"), cooling, settable)
    fixed = frozenset() if switchable is None else frozenset(site.pdus.keys() - switchable)
    for name, one in interlocks.items():
        _check(interlock_readers[name], one, limits, site, ratings)
        _check_reach(interlock_readers[name], one, site, fixed)
    _check_conflicts(interlock_readers, interlocks, limits)
    tables = made(site, limits, interlocks)
    for key, found, most in (("limits", tables.limits, MAX_LIMITS), ("interlocks", tables.interlocks, MAX_INTERLOCKS)):
        if len(found) > most:
            root.problem(key, f"cannot use them: they make {len(found)} for this site, at most {most} can be watched")
    pace = _pace(root.table("autonomy"))
    whole = replace(tables, cooling=cooling, ratings_w=MappingProxyType(dict(ratings)), pace=pace, fixed=fixed)
    targets = tuple(settable or ())
    return fitted(replace(whole, version=_version(whole, targets)), site, targets)


def _check_cooling(readers: Mapping[str, Reader], cooling: Collection[Cooling], settable: Collection[Target]) -> None:
    """Refuse to cool by what cannot be set, or not so far."""
    known = {one.point: one.domain for one in settable}
    for one in cooling:
        domain, device = known.get(one.target), device_of(one.target)
        if not isinstance(domain, Range):
            message = (
                f'cannot cool with it: {one.target} cannot be set; add [devices.{device}.set."{name_of(one.target)}"]'
            )
            readers[one.name].problem("target", message)
        elif not (domain.low <= one.domain.low and one.domain.high <= domain.high):
            bounds = f"{domain.low:g} to {domain.high:g}"
            readers[one.name].problem("target", f"cannot set it so far: the device's own table allows {bounds}")


def _version(tables: Tables, settable: Collection[Target]) -> str:
    """The same for the same content, on every run."""
    interlocks = [repr(one) for one in tables.interlocks]
    ratings, fixed = sorted(tables.ratings_w.items()), sorted(tables.fixed)
    content = repr(
        (
            tables.limits,
            interlocks,
            tables.cooling,
            ratings,
            tables.pace,
            fixed,
            *([sorted(map(repr, settable))] if settable else []),
        )
    )
    return sha256(content.encode()).hexdigest()[:12]


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


def _check_reach(reader: Reader, interlock: InterlockTemplate, site: Site, fixed: Collection[DeviceId]) -> None:
    """Refuse to arm what could never switch a single load."""
    if interlock.act is not Act.SHED or interlock.state is not ServiceState.IN_SERVICE:
        return
    loads = [load for load in site.loads.values() if load.service_class in interlock.sheds]
    if loads and all(any(cord.pdu in fixed for cord in load.cords) for load in loads):
        pdus = ", ".join(sorted({cord.pdu for load in loads for cord in load.cords if cord.pdu in fixed})[:3])
        reader.problem("state", f"cannot shed by it: {pdus} may not be switched; add switchable = true to the device")


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
