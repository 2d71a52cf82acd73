"""Tables as decisions take them: every limit and interlock made for its rack, aisle or pod."""

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import TypeVar

from edgeagent.model.intent import Choice, Domain, Hold, Range
from edgeagent.model.interlock import Interlock
from edgeagent.model.limit import Limit
from edgeagent.model.points import DeviceId, PointId, device_of, point_id
from edgeagent.model.reading import Value
from edgeagent.model.site import Load, Outlet, ServiceClass, Site

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

ON, OFF = "on", "off"
SWITCH = Choice(frozenset({ON, OFF}))
HOLD = Hold()
SHED_ORDER = (ServiceClass.P3, ServiceClass.P2)
"""The order in which classes are shed; who is not in it is never shed."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be set: every value it can take, and where it goes when nobody proposes anything."""

    point: PointId
    domain: Domain
    safe: Value | Hold = HOLD


@dataclass(frozen=True, slots=True)
class Cooling:
    """Something that cools: ``most`` is the value that cools most; without an aisle it serves them all."""

    name: str
    target: PointId
    domain: Range
    most: float
    safe: float | Hold = HOLD
    aisle: str = ""


@dataclass(frozen=True, slots=True)
class Pace:
    """How loads are switched and looked at.

    ``stagger_s`` passes between two loads that return; an outlet counts as reachable if its state was read within
    ``reachable_s``; a load whose power is not measured counts as ``assumed_w``.
    """

    stagger_s: float = 30.0
    reachable_s: float = 60.0
    assumed_w: float = 1500.0


@dataclass(frozen=True, slots=True)
class Tables:
    """Limits and interlocks, what cools, what each PDU may carry, and a version that changes with any of them."""

    limits: tuple[Limit, ...] = ()
    interlocks: tuple[Interlock, ...] = ()
    cooling: tuple[Cooling, ...] = ()
    ratings_w: Mapping[DeviceId, float] = field(default_factory=lambda: MappingProxyType({}))
    pace: Pace = field(default_factory=Pace)
    uncovered: tuple[str, ...] = ()
    """The interlocks that could not be made, with the rack that lacks something."""
    version: str = ""
    fixed: frozenset[DeviceId] = frozenset()
    """The PDUs whose outlets may not be switched."""
    targets: Mapping[PointId, Target] = field(default_factory=lambda: MappingProxyType({}))
    """Everything that can be set."""
    safe: tuple[PointId, ...] = ()
    """Those of them that go somewhere when nobody proposes anything."""
    cords: Mapping[PointId, tuple[str, Outlet]] = field(default_factory=lambda: MappingProxyType({}))
    """The load and the outlet of each target that is one."""
    near: Mapping[DeviceId, tuple[PointId, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The points by which a device is known to be readable at all: those of limits, and its outlets' states."""
    watchers: Mapping[PointId, tuple[Limit, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The limits that look at a point."""
    users: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The interlocks that look at a limit."""
    minders: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Those of them whose condition it is in, whether or not anything is blind."""
    sheddable: Mapping[str, tuple[Load, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The loads that an interlock may shed, the first to go first."""
    limit_places: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    interlock_places: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))


def state_point(outlet: Outlet) -> PointId:
    """The point that tells, and sets, whether an outlet is on."""
    return point_id(outlet.pdu, f"outlet.{outlet.number}.state")


def power_point(outlet: Outlet) -> PointId:
    """The point that tells what an outlet delivers."""
    return point_id(outlet.pdu, f"outlet.{outlet.number}.power")


def inlet_power_point(pdu: DeviceId) -> PointId:
    """The point that tells what a PDU takes in."""
    return point_id(pdu, "inlet.power")


def fitted(tables: Tables, site: Site, settable: Iterable[Target] = ()) -> Tables:
    """The tables with what can be set at this site: outlets of loads (which hold by themselves), setpoints, cooling."""
    cords = {state_point(cord): (load.name, cord) for load in site.loads.values() for cord in load.cords}
    targets = {point: Target(point, SWITCH) for point in cords}
    targets |= {one.point: one for one in settable}
    targets |= {one.target: Target(one.target, one.domain, one.safe) for one in tables.cooling}
    near: dict[DeviceId, dict[PointId, None]] = {}
    for point in (*(limit.point for limit in tables.limits), *cords):
        near.setdefault(device_of(point), {})[point] = None
    return replace(
        tables,
        targets=MappingProxyType(targets),
        safe=tuple(point for point, one in targets.items() if not isinstance(one.safe, Hold)),
        cords=MappingProxyType(cords),
        near=MappingProxyType({device: tuple(points) for device, points in near.items()}),
        watchers=_grouped((limit.point, limit) for limit in tables.limits),
        users=_grouped((name, one.id) for one in tables.interlocks for name in sorted(one.uses)),
        minders=_grouped((name, one.id) for one in tables.interlocks for name in one.watches),
        sheddable=MappingProxyType({one.id: _sheddable(one, site) for one in tables.interlocks if one.sheds}),
        limit_places=MappingProxyType({one.id: place for place, one in enumerate(tables.limits)}),
        interlock_places=MappingProxyType({one.id: place for place, one in enumerate(tables.interlocks)}),
    )


def _sheddable(interlock: Interlock, site: Site) -> tuple[Load, ...]:
    racks, classes = set(interlock.racks), [one for one in SHED_ORDER if one in interlock.sheds]
    loads = [load for load in site.loads.values() if load.rack in racks and load.service_class in classes]
    return tuple(sorted(loads, key=lambda load: (classes.index(load.service_class), load.name)))


def _grouped(pairs: Iterable[tuple[K, V]]) -> Mapping[K, tuple[V, ...]]:
    found: dict[K, list[V]] = {}
    for key, one in pairs:
        found.setdefault(key, []).append(one)
    return MappingProxyType({key: tuple(all_of_it) for key, all_of_it in found.items()})
