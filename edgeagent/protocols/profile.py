"""Profiles: what a family of devices says where, as data. `profile_file` reads them, `decode` applies them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edgeagent.model.points import ValueType
from edgeagent.model.reading import Reason
from edgeagent.model.units import Kind


class Pace(StrEnum):
    """How often a point is read: what protects and decides fast, meters and labels slow."""

    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class Column:
    """One MIB object; ``scalar`` has its own instance, else the row's index is appended."""

    object: str
    oid: str
    scalar: bool = False

    def instance(self, index: str) -> str:
        """The identifier of this object in a row."""
        return self.oid if self.scalar else f"{self.oid}.{index}"


@dataclass(frozen=True, slots=True)
class Gate:
    """A companion that takes a value its trust: raw code → reason. A companion that is missing takes it too."""

    column: Column
    refuse: Mapping[int, Reason]


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A companion that says in which unit the device speaks now: raw code → UCUM unit."""

    column: Column
    units: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class PointRow:
    """One point, or one per row of its table. The value is raw x multiply / divide / 10^digits.

    ``when`` restricts index parts, ``type_is`` the table's type column. ``range`` is in the point's own unit.
    """

    name: str
    kind: Kind
    type: ValueType
    column: Column
    pace: Pace = Pace.FAST
    when: Mapping[str, int] | None = None
    type_is: int | None = None
    multiply: float = 1
    divide: float = 1
    digits: Column | None = None
    unit: UnitChoice | None = None
    codes: Mapping[int, str] | None = None
    sentinels: frozenset[int] = frozenset()
    range: tuple[float, float] | None = None
    gates: tuple[Gate, ...] = ()
    protective: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that share an index; walking ``rows`` finds them. ``type`` is a column that tells rows apart."""

    rows: Column
    index: tuple[str, ...]
    points: tuple[PointRow, ...]
    type: Column | None = None


@dataclass(frozen=True, slots=True)
class Switch:
    """The write half of one kind of Switch point: what is written where, and where its effect is read.

    ``target`` is the point's name, in which one part of the index stands in braces; ``fixed`` gives the other parts.
    ``commands`` is word → code and may hold ``cycle`` beside on and off; ``states`` is code → ``on`` or ``off``.
    """

    target: str
    index: tuple[str, ...]
    fixed: Mapping[str, int]
    command: Column
    commands: Mapping[str, int]
    state: Column
    states: Mapping[int, str]

    def place(self, name: str) -> str | None:
        """The index of the row that a point's name means, or None where this is no such point."""
        before, _, rest = self.target.partition("{")
        part, _, after = rest.partition("}")
        number = name.removeprefix(before).removesuffix(after)
        if f"{before}{number}{after}" != name or not re.fullmatch("[1-9][0-9]{0,8}", number):
            return None
        numbers = {**self.fixed, part: int(number)}
        return ".".join(str(numbers[one]) for one in self.index)


@dataclass(frozen=True, slots=True)
class Profile:
    """One family: how to know it, who it is, what it says, and what can be switched."""

    name: str
    title: str
    driver: str
    mib: str
    object_id: str
    presence: Column
    """Some object must exist below it: families share a sysObjectID."""
    vendor: str
    model: tuple[Column, ...]
    serial: tuple[Column, ...]
    firmware: tuple[Column, ...]
    tables: tuple[Table, ...]
    switches: tuple[Switch, ...] = ()

    def claims(self, object_id: str) -> bool:
        """Whether a sysObjectID is the family's, or below it."""
        return object_id == self.object_id or object_id.startswith(self.object_id + ".")
