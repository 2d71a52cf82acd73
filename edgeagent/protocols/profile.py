"""Profiles: what a family of devices says where, as data. `profile_file` reads them, `decode` applies them."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edgeagent.model.points import ValueType
from edgeagent.model.reading import Reason
from edgeagent.model.units import Kind
from edgeagent.protocols.point_names import names, numbers
from edgeagent.protocols.trap_words import Trap

MAX_LABEL = 128


class Pace(StrEnum):
    """How often a point is read: what protects and decides fast, meters and labels slow."""

    FAST = "fast"
    SLOW = "slow"


class How(StrEnum):
    """How a row's own scale is meant: divide by it, by ten to it, or by what is negative, else times it."""

    DIVIDE = "divide"
    DIGITS = "digits"
    SIGNED = "signed"


@dataclass(frozen=True, slots=True)
class Column:
    """One MIB object; ``scalar`` has its own instance, else the row's index is appended, or its first ``parts``."""

    object: str
    oid: str
    scalar: bool = False
    parts: int = 0

    def instance(self, index: str) -> str:
        """The identifier of this object in a row."""
        return self.oid if self.scalar else f"{self.oid}.{self.index(index)}"

    def index(self, index: str) -> str:
        """As much of a row's index as counts here."""
        return ".".join(index.split(".")[: self.parts]) if self.parts else index


@dataclass(frozen=True, slots=True)
class Gate:
    """A companion that takes a value its trust: raw code → reason.

    A companion that is missing takes it too, unless it is ``optional``.
    """

    column: Column
    refuse: Mapping[int, Reason]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Zero:
    """A companion above whose raw number a 0 is no value: what is not measured reads 0 on some devices."""

    column: Column
    above: int


@dataclass(frozen=True, slots=True)
class UnitChoice:
    """A companion that says in which unit the device speaks now: raw code or text → UCUM unit."""

    column: Column
    units: Mapping[int | str, str]


@dataclass(frozen=True, slots=True)
class Scale:
    """A companion that says how a row's values are scaled; it is read once, on connecting."""

    column: Column
    how: How


@dataclass(frozen=True, slots=True)
class Match:
    """What the text of a key column must be; named groups of the pattern are numbers for the point's name.

    ``object`` is the MIB object whose identifier the text is, where it is one.
    """

    key: str
    pattern: re.Pattern[str]
    object: Column | None = None

    def numbers(self, text: str) -> dict[str, int] | None:
        """The numbers of the named groups, or None where the text is another."""
        found = self.pattern.search(text)
        return None if found is None else {name: int(number) for name, number in found.groupdict().items()}


@dataclass(frozen=True, slots=True)
class Label:
    """A text that says who a device is: the first of a column, or the one in the row where ``beside`` matches.

    ``pattern`` catches the part of the text that counts.
    """

    column: Column
    beside: tuple[Column, Match] | None = None
    pattern: re.Pattern[str] | None = None

    @property
    def oid(self) -> str:
        """The column's identifier."""
        return self.column.oid

    def part(self, text: str) -> str:
        """What counts of the text; empty where it is not there."""
        found = self.pattern.search(text) if self.pattern else None
        counts = text if self.pattern is None else found[1] if found else ""
        return counts.strip()[:MAX_LABEL]


@dataclass(frozen=True, slots=True)
class PointRow:
    """One point, or one per row of its table. The value is raw x multiply / divide, by the row's own scale.

    ``when`` restricts index parts, ``type_is`` the table's type column, ``where`` its key columns. ``range`` is in the
    point's own unit. ``codes`` and ``texts`` make words of raw codes and of raw texts. Raw values below
    ``sentinel_below`` or above ``sentinel_above`` are sentinels. A ``decimal`` is a number that comes as text.
    What is ``optional`` makes no point where the device has no such instance.
    """

    name: str
    kind: Kind
    type: ValueType
    column: Column
    pace: Pace = Pace.FAST
    when: Mapping[str, int] | None = None
    type_is: int | None = None
    where: tuple[Match, ...] = ()
    multiply: float = 1
    divide: float = 1
    scale: Scale | None = None
    unit: UnitChoice | None = None
    codes: Mapping[int, str] | None = None
    texts: Mapping[str, str] | None = None
    decimal: bool = False
    sentinels: frozenset[int] = frozenset()
    sentinel_texts: frozenset[str] = frozenset()
    sentinel_below: float | None = None
    sentinel_above: float | None = None
    range: tuple[float, float] | None = None
    gates: tuple[Gate, ...] = ()
    zero: Zero | None = None
    protective: bool = False
    optional: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the value may be, where it is one."""
        return tuple(dict.fromkeys([*(self.codes or {}).values(), *(self.texts or {}).values()]))


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that share an index; walking ``rows`` finds them. ``type`` and ``keys`` are columns that tell rows apart.

    Without ``rows`` each point's own column is walked; without an index too, its points are scalars.
    """

    rows: Column | None
    index: tuple[str, ...]
    points: tuple[PointRow, ...]
    type: Column | None = None
    keys: Mapping[str, Column] = field(default_factory=dict)
    home: Mapping[str, int] = field(default_factory=dict)
    """Parts of the index that go unsaid in a name at this number; see `point_names`."""


@dataclass(frozen=True, slots=True)
class Command:
    """What is written where for one word."""

    column: Column
    code: int


@dataclass(frozen=True, slots=True)
class Switch:
    """The write half of one kind of Switch point: what is written where, and where its effect is read.

    ``target`` is the point's name as a template (`point_names`); ``home`` gives the parts of the index that a name does
    not say. ``commands`` is word → command and may hold ``cycle`` beside on and off; ``states`` is code → ``on`` or
    ``off``.
    """

    target: str
    index: tuple[str, ...]
    home: Mapping[str, int]
    commands: Mapping[str, Command]
    state: Column
    states: Mapping[int, str]

    @property
    def needs_rows(self) -> bool:
        """Whether some part of the index may be neither said nor at home: then only the rows tell what a name means."""
        always = re.sub(r"\[[^]]*\]", "", self.target)
        return any(part not in self.home and f"{{{part}}}" not in always for part in self.index)

    def place(self, name: str) -> str | None:
        """The index of the row that a point's name means; None where it is no such point's, or says too little."""
        said = numbers(self.target, name, self.home)
        if said is None or not said.keys() >= set(self.index):
            return None
        return ".".join(str(said[one]) for one in self.index)

    def places(self, indexes: Iterable[str]) -> dict[str, str]:
        """Name → index of the rows that a device has."""
        known = [index for index in indexes if index.count(".") == len(self.index) - 1]
        rows = [dict(zip(self.index, map(int, index.split(".")), strict=True)) for index in known]
        return dict(zip(names(self.target, rows, self.home), known, strict=True))


@dataclass(frozen=True, slots=True)
class Setting:
    """The write half of one kind of number: the object it is read from takes it, in the same row and scale.

    ``low``, ``high``, ``max_step`` and ``safe`` are in the point's own unit, ``safe`` None leaves it as it is;
    ``settle_s`` is how long it may take to show. A gate that refuses means that a write would be void.
    ``unsigned`` is the type that the object has in the MIB: Unsigned32 or Gauge32, not INTEGER.
    """

    target: str
    row: PointRow
    low: float
    high: float
    max_step: float | None = None
    safe: float | None = None
    settle_s: float = 5.0
    gates: tuple[Gate, ...] = ()
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Profile:
    """One family: how to know it, who it is, what it says, and what can be switched and set."""

    name: str
    title: str
    driver: str
    mib: str
    object_ids: tuple[str, ...]
    presence: Column
    """Some object must exist below it: families share a sysObjectID."""
    vendor: str
    """Where the device does not say it itself, by ``maker``."""
    model: tuple[Label, ...]
    serial: tuple[Label, ...]
    firmware: tuple[Label, ...]
    tables: tuple[Table, ...]
    switches: tuple[Switch, ...] = ()
    settings: tuple[Setting, ...] = ()
    maker: tuple[Label, ...] = ()
    traps: tuple[Trap, ...] = ()

    def claims(self, object_id: str) -> bool:
        """Whether a sysObjectID is one of the family's, or below one."""
        return self.nearness(object_id) > 0

    def nearness(self, object_id: str) -> int:
        """How closely the family names a sysObjectID: the length of its identifier that is meant, 0 for none."""
        mine = (one for one in self.object_ids if f"{object_id}.".startswith(f"{one}."))
        return max((one.count(".") + 1 for one in mine), default=0)
