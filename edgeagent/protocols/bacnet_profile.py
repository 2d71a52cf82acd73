"""BACnet profiles: which object of a device says what, as data, and the files that hold it.

TOML with ``protocol = "bacnet"``, in the folder ``profiles/bacnet`` or a person's own. A row finds its object by type
and instance, or by the object's name: instances are the installer's, names often the maker's.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from edgeagent.config.layers import Layer, load
from edgeagent.config.reader import Reader
from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind
from edgeagent.protocols.bacnet import LEAST_PRIORITY, MOST_PRIORITY
from edgeagent.protocols.bacnet_units import NUMBER_OF_UNIT, UNITS
from edgeagent.protocols.bacnet_words import MODEL_NAME, TYPES, VENDOR_NAME, WORD_OF_TYPE, ObjectId
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.profile_columns import compiled, limits, optional, words
from edgeagent.protocols.profile_file import ProfileError

PROTOCOL = "bacnet"
NAME = r"[a-z0-9_]+(\.[a-z0-9_]+)*"
MARKS: Mapping[str, int] = {"vendor-name": VENDOR_NAME, "model-name": MODEL_NAME}
LAST = 4194302


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row's object is: of one of these types, with this instance or a name that fits."""

    types: tuple[int, ...]
    instance: int | None = None
    pattern: re.Pattern[str] | None = None

    def find(self, objects: Iterable[tuple[ObjectId, str]]) -> ObjectId | None:
        """The first object that it can be, the row's types in their order; ``objects`` have their names."""
        fitting = [one for one, name in objects if one.type in self.types and self._fits(one, name)]
        return min(fitting, key=lambda one: self.types.index(one.type), default=None)

    def _fits(self, one: ObjectId, name: str) -> bool:
        if self.pattern is not None:
            return self.pattern.search(name) is not None
        return one.instance == self.instance

    def __str__(self) -> str:
        types = " or ".join(WORD_OF_TYPE[one] for one in self.types)
        return f"{types} {self.instance}" if self.pattern is None else f"{types} named /{self.pattern.pattern}/"


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """One point. ``unit`` is what the value is in where the object says none; what it says must be of the kind."""

    name: str
    kind: Kind
    place: Place
    label: str = ""
    pace: Pace = Pace.FAST
    unit: int | None = None
    codes: Mapping[int, str] | None = None
    range: tuple[float, float] | None = None
    protective: bool = False
    optional: bool = False

    @property
    def type(self) -> ValueType:
        """A number, or one of its words."""
        return ValueType.NUMBER if self.codes is None else ValueType.CODE


@dataclass(frozen=True, slots=True)
class SettingRow:
    """What can be set: the present value of a point's object, at a priority of the device's priority array."""

    target: str
    guard: Guard
    priority: int = LEAST_PRIORITY


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a family from others: a property of the device object."""

    property: int
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class BacnetProfile:
    """One family. ``source`` is the document that it was written from."""

    name: str
    title: str
    driver: str
    source: str
    points: tuple[ObjectRow, ...]
    settings: tuple[SettingRow, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def writable(self) -> frozenset[str]:
        """The points that can be set."""
        return frozenset(one.target for one in self.settings)

    def setting(self, name: str) -> SettingRow | None:
        """The write half of a point."""
        return next((one for one in self.settings if one.target == name), None)

    def row(self, name: str) -> ObjectRow | None:
        """The read half of a point."""
        return next((one for one in self.points if one.name == name), None)


class BacnetProfiles:
    """All families known to this release; ``folder`` is another place to read them from."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder

    @cached_property
    def all(self) -> Mapping[str, BacnetProfile]:
        """By name. Raises ProfileError."""
        folder = self._folder or files("edgeagent.protocols") / "profiles" / PROTOCOL
        found = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
        profiles = [parse_bacnet_profile(file.name, file.read_text(encoding="utf-8")) for file in found]
        return {profile.name: profile for profile in profiles}

    def of_driver(self, driver: str) -> tuple[BacnetProfile, ...]:
        """The families that a driver's word means."""
        return tuple(profile for profile in self.all.values() if profile.driver == driver)


def parse_bacnet_profile(file: str, text: str) -> BacnetProfile:
    """The profile in a text. Raises ProfileError with every mistake."""
    loaded = load([], layers=[Layer(file, text)])
    profile = _profile(loaded.root)
    loaded.root.finish()
    if loaded.problems:
        raise ProfileError("cannot use a profile:\n" + "\n".join(map(str, loaded.problems)))
    return profile


def _profile(reader: Reader) -> BacnetProfile:
    reader.choice("protocol", (PROTOCOL,))
    rows = tuple(map(_row, reader.tables("point")))
    names = [row.name for row in rows]
    if not rows:
        reader.problem("point", "cannot use a profile without points")
    for name in sorted({name for name in names if names.count(name) > 1}):
        reader.problem("point", f'cannot use the name "{name}" for two points')
    settings = tuple(_setting(one, rows) for one in reader.tables("set"))
    return BacnetProfile(
        name=reader.text("name", pattern="[a-z0-9-]+"),
        title=reader.text("title"),
        driver=reader.text("driver", pattern="[a-z]+"),
        source=reader.text("source"),
        points=rows,
        settings=settings,
        marks=tuple(
            Mark(MARKS[one.choice("property", tuple(MARKS))], compiled(one, "pattern"))
            for one in reader.tables("detect")
        ),
    )


def _row(reader: Reader) -> ObjectRow:
    """One point; mistakes go to the reader."""
    kind = Kind(reader.choice("kind", [kind.value for kind in Kind]))
    codes = optional(reader, "codes", words)
    if (codes is None) is (kind in (Kind.STATE, Kind.SWITCH)):
        reader.problem("codes", "cannot do with them in a measured point, nor without in a State or a Switch")
    return ObjectRow(
        name=reader.text("name", pattern=NAME),
        kind=kind,
        place=_place(reader.table("object")),
        label=reader.text("label", "", min_length=0),
        pace=Pace(reader.choice("pace", [pace.value for pace in Pace], "fast")),
        unit=_unit(reader, kind),
        codes=codes,
        range=optional(reader, "range", limits),
        protective=reader.boolean("protective", False),
        optional=reader.boolean("optional", False),
    )


def _place(reader: Reader) -> Place:
    """``{ type = "analog-input", instance = 3 }``, or ``{ types = [...], name = "a pattern" }``."""
    given = reader.texts("types") if reader.has("types") else (reader.text("type"),)
    for word in given:
        if word not in TYPES:
            reader.problem("types", f'cannot use "{word}": must be one of {", ".join(TYPES)}')
    types = tuple(TYPES[word] for word in given if word in TYPES)
    if reader.has("name"):
        return Place(types, pattern=compiled(reader, "name"))
    return Place(types, instance=reader.integer("instance", minimum=0, maximum=LAST))


def _unit(reader: Reader, kind: Kind) -> int | None:
    if not reader.has("unit"):
        return None
    fitting = [word for word, number in NUMBER_OF_UNIT.items() if kind in UNITS[number]]
    return NUMBER_OF_UNIT.get(reader.choice("unit", fitting))


def _setting(reader: Reader, rows: Iterable[ObjectRow]) -> SettingRow:
    """What can be set; a state takes its words, so it has no bounds."""
    target = reader.text("target", pattern=NAME)
    row = next((one for one in rows if one.name == target), None)
    if row is None:
        reader.problem("target", f'cannot set "{target}": it is not a point of this profile')
    codes = None if row is None else row.codes
    low, high = limits(reader) if not codes else (float(min(codes)), float(max(codes)))
    guard = Guard(
        low,
        max(low, high),
        max_step=reader.number("max_step", minimum=1e-3) if reader.has("max_step") else None,
        min_interval_s=reader.number("min_interval_s", 5.0, minimum=0.0, maximum=3600.0),
        settle_s=reader.number("settle_s", 10.0, minimum=0.1, maximum=600.0),
        tolerance=reader.number("tolerance", 0.5, minimum=0.0),
        safe=reader.number("safe", minimum=low, maximum=high) if reader.has("safe") else None,
    )
    priority = reader.integer("priority", LEAST_PRIORITY, minimum=MOST_PRIORITY, maximum=LEAST_PRIORITY)
    return SettingRow(target, guard, priority)
