"""Limits, conditions and ends in people's words: "the inlet of rack r1 is above 32 °C for 6 s"."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edgeagent.autonomy.compiled import Tables
from edgeagent.model.interlock import Act, All, Interlock, Name, Not, Term
from edgeagent.model.limit import Limit, Operator
from edgeagent.model.points import PointId
from edgeagent.model.site import Load, Site

WORDS: Mapping[Operator, str] = MappingProxyType(
    {
        Operator.ABOVE: "is above",
        Operator.AT_LEAST: "is at or above",
        Operator.BELOW: "is below",
        Operator.AT_MOST: "is at or below",
        Operator.EQUAL: "is",
        Operator.UNEQUAL: "is not",
    }
)
RISES: Mapping[Operator, str] = MappingProxyType(
    {
        Operator.ABOVE: "rises by more than",
        Operator.AT_LEAST: "rises by at least",
        Operator.BELOW: "rises by less than",
        Operator.AT_MOST: "rises by at most",
        Operator.EQUAL: "rises by just",
        Operator.UNEQUAL: "rises by other than",
    }
)
UNITS: Mapping[str, str] = MappingProxyType({"Cel": "°C", "1": "", "By": "B", "V.A": "VA", "/min": "rpm"})


@dataclass(frozen=True, slots=True)
class Speech:
    """Speaks of one site; ``unit_of`` gives the UCUM unit of a point, or nothing."""

    site: Site
    tables: Tables
    unit_of: Callable[[PointId], str]

    def place(self, point: PointId) -> str:
        """A point as people know it."""
        rack = next((rack for rack in self.site.racks.values() if rack.inlet == point), None)
        return point if rack is None else f"the inlet of {rack.name}"

    def quantity(self, point: PointId, value: float | str) -> str:
        """A value of a point with its unit."""
        if isinstance(value, str):
            return value
        is_inlet = any(rack.inlet == point for rack in self.site.racks.values())
        ucum = self.unit_of(point) or ("Cel" if is_inlet else "")
        return f"{value:g} {UNITS.get(ucum, ucum)}".strip()

    def limit(self, limit: Limit) -> str:
        """What a limit says when it is TRUE."""
        held = f" for {seconds(limit.for_s)}" if limit.for_s else ""
        if limit.window_s is None:
            compared = f"{WORDS[limit.operator]} {self.quantity(limit.point, limit.value)}"
        else:
            compared = f"{RISES[limit.operator]} {self.quantity(limit.point, limit.value)} a minute"
        return f"{self.place(limit.point)} {compared}{held}"

    def term(self, term: Term) -> str:
        """A condition."""
        if isinstance(term, Name):
            found = next((one for one in self.tables.limits if one.id == term.id), None)
            return term.id if found is None else self.limit(found)
        if isinstance(term, Not):
            return f"it is not so that {self.term(term.term)}"
        between = " and " if isinstance(term, All) else " or "
        parts = [self.term(part) for part in term.terms]
        return between.join(parts) if parts else "nothing"

    def condition(self, interlock: Interlock) -> str:
        """An interlock's condition with its persistence."""
        held = f", lasting {seconds(interlock.for_s)}" if interlock.for_s else ""
        return f"{self.term(interlock.when)}{held}"

    def returns_when(self, load: Load) -> str:
        """When a load that is shed comes back."""
        restoring = [one for one in self.tables.interlocks if one.act is Act.RESTORE and load.rack in one.racks]
        armed = [one for one in restoring if one.armed]
        if not armed:
            names = ", ".join(one.id for one in restoring)
            why = f"{names} is not in service" if names else "no interlock restores in its rack"
            return f"a person switches it on: {why}"
        return " or ".join(self.condition(one) for one in armed)


def seconds(value_s: float) -> str:
    """A time as people write it in tables: ``6 s``, ``2 min``, ``1 h 30 min``."""
    whole = round(value_s)
    if whole < 60 or (whole < 120 and whole % 60):
        return f"{value_s:.1f}".removesuffix(".0") + " s" if value_s < 10 else f"{whole} s"
    hours, minutes = divmod(whole // 60, 60)
    rest = f" {whole % 60} s" if whole % 60 and not hours else ""
    return f"{hours} h" + (f" {minutes} min" if minutes else "") if hours else f"{minutes} min{rest}"


def listed(names: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
