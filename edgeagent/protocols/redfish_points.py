"""From the resources that were found to points: pure. A name comes once; a sensor that a resource copies is its own."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from edgeagent.model.points import DeviceId, Point, ValueType
from edgeagent.model.units import UNIT_OF_KIND
from edgeagent.protocols.redfish_legacy import power, thermal
from edgeagent.protocols.redfish_service import local
from edgeagent.protocols.redfish_spots import Draft, Spot, equipment, number, sensor
from edgeagent.protocols.redfish_tables import BESIDE_POWER, EXCERPTS, LINES, POLYPHASE, Named, Role
from edgeagent.protocols.redfish_units import READING_TYPES, Meaning, Unit, copied, unit_of
from edgeagent.protocols.redfish_walk import Found, Part, copies
from edgeagent.protocols.redfish_words import set_points, transfers, words

MAX_POINTS = 4000
BY_UNIT = frozenset(("power", "energy"))
"""What the metrics of a power unit say of its inlet; the rest they say of the unit."""
MEASURED_ONCE = frozenset((Role.SENSOR, Role.CONTROL, Role.ENVIRONMENT, Role.LEAKS))
"""Roles that give nothing where another resource copies from the same place."""

Pick = tuple[str | int, ...]
Excerpt = Mapping[str, Any]


class Builder:
    """Collects the spots of one device, resource by resource."""

    def __init__(self, device: DeviceId, found: Found, *, by_type: bool) -> None:
        self._device = device
        self._found = found
        self._by_type = by_type
        self._spots: dict[str, Spot] = {}
        self._copied: set[str] = set()

    def all(self) -> list[Spot]:
        """Every spot, each name once, in the order in which they were found."""
        for part in self._found.parts:
            for draft in self._drafts(part):
                if draft.name not in self._spots and len(self._spots) < MAX_POINTS:
                    self._spots[draft.name] = self._spot(part, draft)
            self._copied.update(copies(part.body))
        return list(self._spots.values())

    def _drafts(self, part: Part) -> Iterator[Draft]:
        if part.role in MEASURED_ONCE and part.path in self._copied:
            return
        if part.role is Role.SENSOR:
            yield from self._sensor(part)
        elif part.role is Role.THERMAL:
            yield from thermal(part.name, part.body)
        elif part.role is Role.POWER:
            yield from power(part.name, part.body)
        else:
            yield from words(part)
            yield from transfers(part, (one.path.rpartition("/")[2] for one in self._mains(part)))
            yield from self._excerpts(part)
            yield from self._polyphase(part)
            yield from set_points(part)

    def _sensor(self, part: Part) -> Iterator[Draft]:
        unit = unit_of(part.body.get("ReadingType"), part.body.get("ReadingUnits"))
        if unit is not None:
            yield self._of_sensor(part.name, part.path, part.body, unit)

    def _excerpts(self, part: Part) -> Iterator[Draft]:
        for key, named in EXCERPTS.items():
            excerpt = part.body.get(key)
            once = part.role in MEASURED_ONCE and _uri(excerpt) in self._copied
            if isinstance(excerpt, dict) and not once:
                yield from self._excerpt(self._name(part, named), (key,), excerpt, named)
        groups = part.body.get("LeakDetectorGroups")
        for place, group in enumerate(groups if isinstance(groups, list) else ()):
            humidity = group.get("HumidityPercent") if isinstance(group, dict) else None
            if isinstance(humidity, dict) and _uri(humidity) not in self._copied:
                pick = ("LeakDetectorGroups", place, "HumidityPercent")
                name = f"{part.name}.group.{place + 1}.humidity"
                yield from self._excerpt(name, pick, humidity, EXCERPTS["HumidityPercent"])

    def _polyphase(self, part: Part) -> Iterator[Draft]:
        """By line, without those that the resource has as its only one anyway."""
        plain = {_uri(part.body.get(key)) for key in EXCERPTS} - {""}
        start = part.name.removesuffix("inlet") if part.role is Role.MAIN else part.name + "."
        start = start if not start or start.endswith(".") else start + "."
        for key, named in POLYPHASE.items():
            lines = part.body.get(key)
            for line, before in LINES.items():
                excerpt = lines.get(line) if isinstance(lines, dict) else None
                if isinstance(excerpt, dict) and _uri(excerpt) not in plain:
                    yield from self._excerpt(f"{start}{before}{named.suffix}", (key, line), excerpt, named)

    def _excerpt(self, name: str, pick: Pick, excerpt: Excerpt, named: Named) -> Iterator[Draft]:
        meaning, uri = READING_TYPES[named.type], _uri(excerpt)
        source = self._found.sources.get(uri) if uri else None
        unit = copied(meaning, source) if uri else Unit(meaning)
        if "Reading" in excerpt:
            draft = Draft(name, (*pick, "Reading"), meaning.kind, number(meaning), equipment)
            yield replace(draft, doubt=unit.doubt, note=unit.note)
        elif source is not None:
            yield self._of_sensor(name, uri, source, unit)
        for key, (word, kind) in BESIDE_POWER.items() if named.type == "Power" else ():
            if key in excerpt:
                decode = number(Meaning(kind, UNIT_OF_KIND[kind]))
                yield Draft(name.removesuffix("power") + word, (*pick, key), kind, decode, equipment)

    def _of_sensor(self, name: str, path: str, body: Excerpt, unit: Unit) -> Draft:
        gate = sensor((body.get("ReadingType"), body.get("ReadingUnits")))
        kind, decode = unit.meaning.kind, number(unit.meaning)
        return Draft(name, ("Reading",), kind, decode, gate, doubt=unit.doubt, note=unit.note, path=path)

    def _name(self, part: Part, named: Named) -> str:
        name = f"{part.name}.{named.suffix}"
        if part.role is Role.METRICS and (name in self._spots or named.suffix not in BY_UNIT):
            return f"{part.name.removesuffix('inlet').removesuffix('unit')}unit.{named.suffix}"
        if part.role is Role.CONNECTOR and named.suffix == "heat" and name.endswith("secondary.heat"):
            return name.removesuffix("secondary.heat") + "cooling.power"  # what it takes from the racks
        return name

    def _mains(self, part: Part) -> Iterator[Part]:
        return (one for one in self._found.parts if one.role is Role.MAIN and one.path.startswith(part.path + "/"))

    def _spot(self, part: Part, draft: Draft) -> Spot:
        note = draft.doubt or draft.note
        label = draft.label or part.label
        point = Point(
            self._device,
            draft.name,
            draft.kind,
            ValueType.CODE if draft.codes else ValueType.NUMBER,
            draft.codes,
            draft.protective or _protects(part, draft.name),
            draft.writable,
            f"{label} ({note})" if note else label,
        )
        return Spot(
            point, draft.path or part.path, replace(draft, doubt="") if self._by_type else draft, part.slow, part.parent
        )


def _protects(part: Part, name: str) -> bool:
    """Coolant to the racks: its temperature and its flow."""
    racks = part.role is Role.CONNECTOR and "secondary" in part.name
    return racks and name.endswith((".supply.temperature", ".flow"))


def _uri(excerpt: object) -> str:
    return local(excerpt.get("DataSourceUri")) if isinstance(excerpt, dict) else ""
