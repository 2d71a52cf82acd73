"""Tables as they are written, and the limits and interlocks that they make for each rack, aisle and the pod."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.expression import Atom, names, parse
from edgeagent.model.interlock import Act, All, Interlock, Name, ServiceState, Some, Term
from edgeagent.model.limit import Limit
from edgeagent.model.points import PointId
from edgeagent.model.site import Rack, ServiceClass, Site


class Scope(StrEnum):
    """What one is made for."""

    RACK = "rack"
    AISLE = "aisle"
    POD = "pod"


@dataclass(frozen=True, slots=True)
class LimitTemplate:
    """A limit whose point may hold {inlet}, {rack} or {aisle}."""

    limit: Limit
    scope: Scope

    @property
    def unbounded(self) -> bool:
        """Whether any number would be believed."""
        word = isinstance(self.limit.value, str)
        return not word and (self.limit.low is None or self.limit.high is None)


@dataclass(frozen=True, slots=True)
class InterlockTemplate:
    """An interlock whose limits are named without their rack or aisle; ``when`` is empty if it cannot be used."""

    name: str
    when: str
    names: tuple[str, ...]
    act: Act
    sheds: tuple[ServiceClass, ...] = ()
    scope: Scope = Scope.RACK
    for_s: float = 0.0
    clear_for_s: float = 60.0
    second: str | None = None
    blind_for_s: float | None = None
    latch: bool = False
    state: ServiceState = ServiceState.MONITOR_ONLY

    @property
    def usable(self) -> bool:
        """Whether its condition could be read."""
        return bool(self.when)


@dataclass(frozen=True, slots=True)
class _Place:
    """One rack, one aisle or the pod: its name in ids, and its racks."""

    name: str
    racks: tuple[Rack, ...]

    @property
    def aisles(self) -> tuple[str, ...]:
        return tuple(sorted({rack.aisle for rack in self.racks}))


class _Lacking(Exception):
    """A limit that an interlock needs does not exist at its place."""


def made(site: Site, limits: Mapping[str, LimitTemplate], interlocks: Mapping[str, InterlockTemplate]) -> Tables:
    """Every limit and interlock for every place of the site; what lacks something is named in ``uncovered``."""
    every = {limit.id: limit for one in limits.values() for limit in _limits(one, site)}
    found, uncovered = [], []
    for one in interlocks.values():
        for place in _places(one.scope, site) if one.usable else ():
            try:
                found.append(_Maker(site, limits, every, place).interlock(one))
            except _Lacking as lacking:
                uncovered.append(f"{_id(one.name, place)}: {lacking}")
    return Tables(tuple(every.values()), tuple(found), uncovered=tuple(uncovered))


def _places(scope: Scope, site: Site) -> list[_Place]:
    racks = tuple(site.racks.values())
    if scope is Scope.RACK:
        return [_Place(rack.name, (rack,)) for rack in racks]
    if scope is Scope.POD:
        return [_Place("", racks)]
    return [_Place(aisle, _in_aisle(site, aisle)) for aisle in dict.fromkeys(rack.aisle for rack in racks)]


def _in_aisle(site: Site, aisle: str) -> tuple[Rack, ...]:
    return tuple(rack for rack in site.racks.values() if rack.aisle == aisle)


def _id(name: str, place: _Place) -> str:
    return f"{name}@{place.name}" if place.name else name


def _limits(template: LimitTemplate, site: Site) -> Iterator[Limit]:
    for place in _places(template.scope, site):
        point = str(template.limit.point)
        if template.scope is Scope.RACK:
            rack = place.racks[0]
            if "{inlet}" in point and rack.inlet is None:
                continue
            point = point.replace("{inlet}", rack.inlet or "").replace("{rack}", rack.name)
            point = point.replace("{aisle}", rack.aisle)
        elif template.scope is Scope.AISLE:
            point = point.replace("{aisle}", place.name)
        yield replace(template.limit, id=_id(template.limit.id, place), point=PointId(point))


class _Maker:
    """Interlocks for one place."""

    def __init__(
        self, site: Site, limits: Mapping[str, LimitTemplate], every: Mapping[str, Limit], place: _Place
    ) -> None:
        self._site, self._limits, self._every, self._place = site, limits, every, place

    def interlock(self, template: InterlockTemplate) -> Interlock:
        when = parse(template.when, self._resolve)
        second = parse(template.second, self._resolve) if template.second else None
        watches = names(when)
        aisle = self._aisle(template.names) or watches
        uses = {*watches, *(names(second) if second else ()), *aisle}
        return Interlock(
            id=_id(template.name, self._place),
            when=when,
            act=template.act,
            racks=tuple(rack.name for rack in self._place.racks),
            aisles=self._place.aisles,
            sheds=template.sheds,
            for_s=template.for_s,
            clear_for_s=template.clear_for_s,
            second=second,
            blind_for_s=template.blind_for_s,
            latch=template.latch,
            state=template.state,
            watches=watches,
            aisle=aisle,
            uses=frozenset(uses),
        )

    def _resolve(self, atom: Atom) -> Term:
        if not atom.quantifier:
            return Name(self._own(atom.name))
        found = [one for one in self._ids(atom.name) if one in self._every]
        if atom.quantifier == "neighbour":
            found = [one for one in found if one != _id(atom.name, self._place)]
        elif not found:
            raise _Lacking(f"there is no {atom.name} here")
        terms = tuple(Name(one) for one in found)
        return All(terms) if atom.quantifier == "every" else Some(terms)

    def _own(self, name: str) -> str:
        """The limit of this very place, or of the aisle or pod around it."""
        scope, rack = self._limits[name].scope, next(iter(self._place.racks), None)
        around = {Scope.RACK: self._place.name, Scope.AISLE: rack.aisle if rack else "", Scope.POD: ""}[scope]
        found = f"{name}@{around}" if around else name
        if found not in self._every:
            raise _Lacking(f"there is no {name} here: the rack has no inlet")
        return found

    def _ids(self, name: str) -> list[str]:
        """The limits of this name in the aisles of this place, or of its aisles."""
        if self._limits[name].scope is Scope.AISLE:
            return [f"{name}@{aisle}" if aisle else name for aisle in self._place.aisles]
        racks = [rack for aisle in self._place.aisles for rack in _in_aisle(self._site, aisle)]
        return [f"{name}@{rack.name}" for rack in racks]

    def _aisle(self, limits: tuple[str, ...]) -> tuple[str, ...]:
        """The limits of racks in these aisles, all of which must be blind before time alone sheds."""
        racked = [name for name in limits if self._limits[name].scope is Scope.RACK]
        return tuple(one for name in racked for one in self._ids(name) if one in self._every)
