"""Modbus profiles: which register of a device says what, as data.

`modbus_profile_file` reads them, `modbus_decode` applies them.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.modbus import COIL, DISCRETE, MAX_BITS, MAX_REGISTERS
from edgeagent.protocols.profile import Pace

BITS = (COIL, DISCRETE)
FAULT = "fault"
GAP = 8
"""Unwanted registers between two points that are read along with them rather than asked around."""


class Type(StrEnum):
    """How registers are to be understood."""

    INT16 = "int16"
    UINT16 = "uint16"
    INT32 = "int32"
    UINT32 = "uint32"
    INT64 = "int64"
    UINT64 = "uint64"
    FLOAT32 = "float32"
    BIT = "bit"

    @property
    def width(self) -> int:
        """How many registers it takes, or bits."""
        return 1 if self is Type.BIT else int(self.value[-2:]) // 16

    @property
    def is_signed(self) -> bool:
        """Whether its highest bit is a sign."""
        return self in (Type.INT16, Type.INT32, Type.INT64)

    @property
    def is_float(self) -> bool:
        """Whether it is an IEEE 754 number."""
        return self is Type.FLOAT32


class How(StrEnum):
    """How a row's own scale is meant: times ten to it, or divide by it."""

    POWER = "power"
    DIVIDE = "divide"


@dataclass(frozen=True, slots=True)
class Span:
    """Neighbours in one table, ``end`` not included: they come from one request, or not at all."""

    table: str
    start: int
    end: int

    @property
    def count(self) -> int:
        """How many registers or bits."""
        return self.end - self.start


@dataclass(frozen=True, slots=True)
class Register:
    """Where a number or a bit stands; ``swapped`` has its low register first."""

    table: str
    address: int
    type: Type
    swapped: bool = False

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.type.width

    def __str__(self) -> str:
        return f"{self.table} {self.address}"


@dataclass(frozen=True, slots=True)
class RegisterRow:
    """One point. The value is raw x multiply / divide, by the row's own scale; ``bits`` takes a part of the raw number.

    ``range`` is in the point's own unit, ``absent`` are bit patterns that mean "no value", ``codes`` make words of raw
    codes; of a row with a ``fault`` the first of them is the quiet one, which a second contact takes its meaning.
    What is ``optional`` makes no point where the device has no such register. ``label`` is for people.
    """

    name: str
    kind: Kind
    type: ValueType
    register: Register
    label: str = ""
    pace: Pace = Pace.FAST
    multiply: float = 1.0
    divide: float = 1.0
    scale: tuple[Register, How] | None = None
    bits: tuple[int, int] | None = None
    codes: Mapping[int, str] | None = None
    absent: frozenset[int] = frozenset()
    range: tuple[float, float] | None = None
    fault: tuple[Register, int] | None = None
    protective: bool = False
    optional: bool = False

    @property
    def words(self) -> tuple[str, ...]:
        """The words that the value may be, where it is one."""
        found = [*(self.codes or {}).values(), *([FAULT] if self.fault else [])]
        return tuple(dict.fromkeys(found))

    @property
    def span(self) -> Span:
        """What is read for it, at one time: the value, its scale, its second contact."""
        all_of_it = [self.register, *(one[0] for one in (self.scale, self.fault) if one is not None)]
        start, end = min(one.address for one in all_of_it), max(one.end for one in all_of_it)
        return Span(self.register.table, start, end)


@dataclass(frozen=True, slots=True)
class Arm:
    """What is written before a setting: the device's own timer, and where it goes back to when it hears no more."""

    register: Register
    value: int


@dataclass(frozen=True, slots=True)
class SettingRow:
    """The write half of a point: where it is written and read back, and what it is held to unless a person says more.

    The raw number is value x divide / multiply. ``codes`` are raw codes and the words that they stand for.
    """

    target: str
    register: Register
    guard: Guard
    multiply: float = 1.0
    divide: float = 1.0
    codes: Mapping[int, str] | None = None
    arm: tuple[Arm, ...] = ()


@dataclass(frozen=True, slots=True)
class Label:
    """What says who a device is: a fixed text, an object of function 43/14, or registers of text or of a number."""

    text: str = ""
    object: int | None = None
    register: Register | None = None
    length: int = 0
    """Registers of text; 0 where it is a number."""

    @property
    def span(self) -> Span | None:
        """What is read for it."""
        if self.register is None:
            return None
        start = self.register.address
        return Span(self.register.table, start, start + self.length if self.length else self.register.end)


@dataclass(frozen=True, slots=True)
class Mark:
    """What tells a family from others: a register that equals something, or an object of function 43/14."""

    register: Register | None = None
    equals: int = 0
    object: int = 0
    pattern: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """How a device likes to be asked: the most of one request, the widest gap in it, and what is never read."""

    registers: int = MAX_REGISTERS
    bits: int = MAX_BITS
    gap: int = GAP
    holes: tuple[Span, ...] = ()

    def most(self, table: str) -> int:
        """How many one request may have of a table."""
        return self.bits if table in BITS else self.registers


@dataclass(frozen=True, slots=True)
class ModbusProfile:
    """One family: how to know it, who it is, what it says, and what can be set. ``source`` is the document."""

    name: str
    title: str
    driver: str
    source: str
    points: tuple[RegisterRow, ...]
    settings: tuple[SettingRow, ...] = ()
    marks: tuple[Mark, ...] = ()
    vendor: Label = Label()
    model: Label = Label()
    serial: Label = Label()
    firmware: Label = Label()
    limits: Limits = field(default_factory=Limits)

    @property
    def writable(self) -> frozenset[str]:
        """The points that can be set."""
        return frozenset(one.target for one in self.settings)

    def setting(self, name: str) -> SettingRow | None:
        """The write half of a point."""
        return next((one for one in self.settings if one.target == name), None)
