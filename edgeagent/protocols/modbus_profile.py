"""Modbus profiles: which register of a device says what, as data.

`modbus_profile_file` reads them, `modbus_decode` applies them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.modbus import COIL, DISCRETE, MAX_BITS, MAX_REGISTERS
from edgeagent.protocols.profile import Pace

BIT_TABLES = (COIL, DISCRETE)
GAP = 8
"""Registers between two points that are read along with them rather than asked around."""


class Form(StrEnum):
    """How registers are to be understood."""

    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    BIT = "bit"
    TEXT = "text"


REGISTERS_OF: Mapping[Form, int] = {
    Form.INT16: 1,
    Form.UINT16: 1,
    Form.INT32: 2,
    Form.UINT32: 2,
    Form.INT64: 4,
    Form.UINT64: 4,
    Form.FLOAT32: 2,
    Form.BIT: 1,
}
SIGNED = frozenset((Form.INT16, Form.INT32, Form.INT64))


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbours in one table, ``end`` not included: what must come from one request."""

    table: str
    start: int
    end: int

    @property
    def most(self) -> int:
        """How many one request may have of this table."""
        return MAX_BITS if self.table in BIT_TABLES else MAX_REGISTERS


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a raw number or text stands. ``little`` has its low register first; ``bit`` is one of a register, from 0."""

    table: str
    address: int
    form: Form
    little: bool = False
    bit: int | None = None
    registers: int = 1

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.registers

    @property
    def span(self) -> Span:
        """What must be read for it."""
        return Span(self.table, self.address, self.end)

    def __str__(self) -> str:
        return f"{self.table} {self.address}" + ("" if self.bit is None else f" bit {self.bit}")


class How(StrEnum):
    """How a row's own scale register is meant: times ten to it, or divide by it."""

    POWER = "power"
    DIVIDE = "divide"


@dataclass(frozen=True, slots=True)
class Scale:
    """A register, read in the same request, that says how a value is scaled."""

    cell: Cell
    how: How


@dataclass(frozen=True, slots=True)
class Fault:
    """A bit that takes a quiet word its meaning: where it is ``active``, what says ``replaces`` is a fault."""

    cell: Cell
    replaces: str
    active: int = 1
    word: str = "fault"


@dataclass(frozen=True, slots=True)
class Register:
    """One point. The value is raw x multiply / divide + add, by the row's own scale.

    ``range`` is in the point's own unit, ``absent`` are raw codes that mean "no value", ``codes`` make words of raw
    codes. What is ``optional`` makes no point where the device has no such register. ``source`` is the document.
    """

    name: str
    kind: Kind
    type: ValueType
    cell: Cell
    source: str
    multiply: float = 1.0
    divide: float = 1.0
    add: float = 0.0
    scale: Scale | None = None
    absent: frozenset[int] = frozenset()
    range: tuple[float, float] | None = None
    codes: Mapping[int, str] | None = None
    fault: Fault | None = None
    pace: Pace = Pace.FAST
    protective: bool = False
    optional: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the value may be, where it is one."""
        found = [*(self.codes or {}).values(), *([self.fault.word] if self.fault else [])]
        return tuple(dict.fromkeys(found))

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All that must be read for it."""
        companions = [one.cell for one in (self.scale, self.fault) if one is not None]
        return (self.cell, *companions)

    @property
    def spans(self) -> tuple[Span, ...]:
        """What must be read for it; a value and its scale in one request."""
        if self.scale is None:
            return tuple(cell.span for cell in self.cells)
        both = (self.cell, self.scale.cell)
        joined = Span(self.cell.table, min(one.address for one in both), max(one.end for one in both))
        return (joined,) if self.fault is None else (joined, self.fault.cell.span)


@dataclass(frozen=True, slots=True)
class DeadMan:
    """The device's own timer: a raw number written there has it go back by itself when it hears nothing for so long."""

    cell: Cell
    code: int


@dataclass(frozen=True, slots=True)
class Setting:
    """One number that can be set: read by its row, written to ``cell``, held to ``guard`` unless a person says more."""

    row: Register
    cell: Cell
    guard: Guard
    dead_man: DeadMan | None = None

    @property
    def name(self) -> str:
        """The point that it is."""
        return self.row.name


@dataclass(frozen=True, slots=True)
class Contacts:
    """Terminals that a person gives a meaning: ``count`` of them from an address on, the first one is number 1."""

    table: str
    address: int
    count: int

    def cell(self, number: int) -> Cell:
        """Where a terminal stands."""
        return Cell(self.table, self.address + number - 1, Form.BIT)


@dataclass(frozen=True, slots=True)
class Nameplate:
    """Where a device says who it is; ``vendor`` and ``model`` where it does not say it. ``asks``: function 43/14."""

    vendor: str = ""
    model: str = ""
    serial: Cell | None = None
    model_cell: Cell | None = None
    firmware: Cell | None = None
    asks: bool = False


@dataclass(frozen=True, slots=True)
class ModbusProfile:
    """One family: who it is, what it says, what can be set, and how it likes to be asked."""

    name: str
    title: str
    driver: str
    source: str
    nameplate: Nameplate
    rows: tuple[Register, ...]
    settings: tuple[Setting, ...] = ()
    inputs: Contacts | None = None
    relays: Contacts | None = None
    gap: int = GAP
    most: int = MAX_REGISTERS

    def setting(self, name: str) -> Setting | None:
        """The write half of a point."""
        return next((one for one in self.settings if one.name == name), None)
