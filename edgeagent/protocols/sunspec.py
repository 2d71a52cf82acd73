"""SunSpec over Modbus: which models a device has and where, and what their registers say.

A value and its scale factor are decoded from one block read, because devices change scale factors as power changes.
"""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgeagent.model.errors import DeviceGarbled, DeviceRefused
from edgeagent.model.reading import Reason, Value
from edgeagent.protocols.sunspec_models import HEADER, Model, PointDef

MARKER = [0x5375, 0x6E53]  # "SunS"
BASES = (40000, 0, 50000)  # SunSpec Device Information Model Specification 1.1, section 6.2.2
END = 0xFFFF
MAX_BLOCKS = 64
MAX_READ = 125  # registers, MODBUS Application Protocol V1.1b3, section 6.3
LONGEST = 1000
"""Registers of one model that are read at most, whatever length a device claims."""
LAST_REGISTER = 0xFFFF
SCALES = range(-10, 11)  # what a sunssf may say

SIGNED = frozenset(("int16", "int32", "int64", "sunssf"))
SUMS = frozenset(("acc16", "acc32", "acc64"))
FLOATS: Mapping[str, str] = {"float32": ">f", "float64": ">d"}
ENUMERATIONS = frozenset(("enum16", "enum32"))
BITS = frozenset(("bitfield16", "bitfield32"))


class Registers(Protocol):
    """What is needed of a Modbus session. Both raise DeviceError; DeviceRefused is the device's own no."""

    async def read(self, unit: int, address: int, count: int) -> list[int]:
        """So many holding registers."""

    async def write(self, unit: int, address: int, values: Sequence[int]) -> None:
        """Write them in one request, once."""


@dataclass(frozen=True, slots=True)
class Block:
    """One model of a device: its number, the register of its ID, and its registers with the header."""

    number: int
    address: int
    registers: int


async def discover(session: Registers, unit: int) -> tuple[Block, ...]:
    """The models of a device, in their order. Raises DeviceError."""
    found: list[Block] = []
    address = await _first(session, unit)
    while (header := await _header(session, unit, address, found)) is not None:
        number, length = header
        found.append(Block(number, address, HEADER + length))
        address += HEADER + length
        if len(found) > MAX_BLOCKS or address > LAST_REGISTER:
            raise DeviceGarbled(f"cannot read unit {unit}: its list of SunSpec models does not end")
    if not found:
        raise DeviceGarbled(f"cannot read unit {unit}: its list of SunSpec models is empty")
    return tuple(found)


async def _first(session: Registers, unit: int) -> int:
    """The register behind the marker."""
    for base in BASES:
        try:
            if await _read(session, unit, base, len(MARKER)) == MARKER:
                return base + len(MARKER)
        except DeviceRefused:
            continue  # it has no register there
    places = ", ".join(map(str, BASES))
    raise DeviceGarbled(f'cannot read unit {unit} as a SunSpec device: no marker "SunS" at register {places}')


async def _header(session: Registers, unit: int, address: int, found: Sequence[Block]) -> tuple[int, int] | None:
    """ID and length of the next model; None at the end, also for a device that forgot to mark it."""
    try:
        number, length = await _read(session, unit, address, HEADER)
    except DeviceRefused:
        if found:
            return None
        raise
    if number == END:
        return None
    if number == 0 or length == 0:
        raise DeviceGarbled(f"cannot read unit {unit}: register {address} says model {number} of length {length}")
    return number, length


async def read_block(session: Registers, unit: int, block: Block, model: Model, needed: int = LONGEST) -> "Image":
    """A model's first ``needed`` registers, with its header looked at. Raises DeviceError.

    One request takes 125 registers. What lies in a later request than its scale factor counts only if the scale factor
    is still the same afterwards.
    """
    wanted = min(block.registers, max(needed, HEADER), LONGEST)
    first = wanted if wanted <= MAX_READ else model.whole(MAX_READ)
    registers = await _read(session, unit, block.address, first)
    while (start := len(registers)) < wanted:
        end = wanted if wanted - start <= MAX_READ else model.whole(start + MAX_READ)
        registers += await _read(session, unit, block.address + start, end - start)
    if registers[:HEADER] != [block.number, block.registers - HEADER]:
        raise DeviceGarbled(f"cannot read unit {unit}: model {block.number} is no longer at register {block.address}")
    again = await _read(session, unit, block.address, first) if _needs_both(model, first, wanted) else registers
    return Image(model, block, registers, again[:first])


async def _read(session: Registers, unit: int, address: int, count: int) -> list[int]:
    registers = list(await session.read(unit, address, count))
    if len(registers) != count:
        raise DeviceGarbled(f"cannot read unit {unit}: asked for {count} registers at {address}, got {len(registers)}")
    return registers


def _needs_both(model: Model, first: int, wanted: int) -> bool:
    """Whether a scale factor of the first request speaks of values in a later one."""
    if wanted <= first:
        return False
    repeated = () if model.repeat is None else model.repeat.points.values()
    behind = [point for point in model.points.values() if first <= point.offset < wanted]
    return any(isinstance(point.scale, str) for point in (*behind, *repeated))


class Image:
    """The registers of one model as they were read."""

    def __init__(self, model: Model, block: Block, registers: Sequence[int], again: Sequence[int] = ()) -> None:
        self.model = model
        self.block = block
        self._registers = registers
        self._again = again or registers

    def value(self, name: str, repetition: int | None = None) -> Value | Reason:
        """A point's value in the model's own unit, or why there is none."""
        point, offset = self.model.place(name, repetition)
        raw = self._number(point, offset)
        if isinstance(raw, Reason) or point.scale is None or isinstance(raw, str):
            return raw
        exponent = self._exponent(point, offset)
        return exponent if isinstance(exponent, Reason) else scaled(raw, exponent)

    def raw(self, name: str, repetition: int | None = None) -> Value | None:
        """What stands there, as one number or text; None where the model ends before it."""
        point, offset = self.model.place(name, repetition)
        words = self._words(point, offset)
        if len(words) < point.size:
            return None
        return _text(words) if point.type == "string" else _signed(point, _joined(words))

    def exponent(self, name: str) -> int | Reason:
        """The scale factor of a point, as an exponent of ten; 0 where it has none."""
        point, offset = self.model.place(name)
        return 0 if point.scale is None else self._exponent(point, offset)

    def has(self, name: str) -> bool:
        """Whether the device implements a point of the fixed part."""
        return name in self.model.points and not isinstance(self.value(name), Reason)

    def _words(self, point: PointDef, offset: int) -> Sequence[int]:
        return self._registers[offset : offset + point.size]

    def _number(self, point: PointDef, offset: int) -> Value | Reason:
        words = self._words(point, offset)
        return Reason.ABSENT if len(words) < point.size else decoded(point, words)

    def _exponent(self, point: PointDef, offset: int) -> int | Reason:
        if isinstance(point.scale, int):
            return point.scale
        assert point.scale is not None
        factor = self.model.points[point.scale]
        words = self._words(factor, factor.offset)
        if len(words) < factor.size:
            return Reason.ABSENT
        if factor.offset < len(self._again) <= offset and self._again[factor.offset] != words[0]:
            return Reason.GARBLED  # it changed between the two requests: nobody knows which one the value was meant by
        exponent = decoded(factor, words)
        if isinstance(exponent, Reason):
            return Reason.ABSENT  # without its scale a value says nothing
        return exponent if isinstance(exponent, int) and exponent in SCALES else Reason.GARBLED


def decoded(point: PointDef, words: Sequence[int]) -> Value | Reason:
    """What registers say, before any scale; SENTINEL where the type's own code says "not implemented"."""
    if point.type == "string":
        return _text(words) or Reason.SENTINEL
    if point.type in FLOATS:
        return _float(FLOATS[point.type], words)
    if _is_blank(point.type, number := _joined(words), 16 * len(words)):
        return Reason.SENTINEL
    if point.type in ENUMERATIONS and point.codes:
        return point.codes.get(number, Reason.OUT_OF_RANGE)
    if point.type in BITS:
        return _bits(point, number)
    return _signed(point, number)


def scaled(number: float, exponent: int) -> float:
    """The number times ten to the exponent; dividing keeps 13 tenths at 1.3, where multiplying by 0.1 would not."""
    return number * 10.0**exponent if exponent >= 0 else number / 10.0**-exponent


def encoded(point: PointDef, value: float, exponent: int = 0) -> list[int]:
    """The registers that say a number, nearest to it.

    Raises:
        ValueError: it does not fit, or it would read as "not implemented".
    """
    number = round(value / 10.0**exponent if exponent >= 0 else value * 10.0**-exponent)
    bits = 16 * point.size
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if point.type in SIGNED else (0, (1 << bits) - 1)
    code = number & ((1 << bits) - 1)
    if not low <= number <= high or _is_blank(point.type, code, bits):
        raise ValueError(f"cannot write {value:g} into {point.name}: it does not fit")
    return [(code >> shift) & 0xFFFF for shift in range(bits - 16, -1, -16)]


def _is_blank(kind: str, number: int, bits: int) -> bool:
    """Whether the code means "not implemented"; of an accumulator 0 says that it does not accumulate."""
    if kind in SIGNED:
        return number == 1 << (bits - 1)
    if kind in SUMS:
        return number == 0
    if kind in BITS:
        return bool(number >> (bits - 1))  # the highest bit voids the others, and is set in the all-ones code as well
    return number == (1 << bits) - 1


def _bits(point: PointDef, number: int) -> str:
    """The words of the bits that are set, in order, or ``none``; a bit without a word by its number."""
    found = (point.codes.get(bit, f"bit_{bit}") for bit in range(number.bit_length()) if number >> bit & 1)
    return ",".join(found) or "none"


def _float(form: str, words: Sequence[int]) -> float | Reason:
    number: float = struct.unpack(form, struct.pack(f">{len(words)}H", *words))[0]
    if math.isnan(number):
        return Reason.SENTINEL
    return number if math.isfinite(number) else Reason.GARBLED


def _joined(words: Sequence[int]) -> int:
    number = 0
    for word in words:
        number = number << 16 | word
    return number


def _signed(point: PointDef, number: int) -> int:
    bits = 16 * point.size
    return number - (1 << bits) if point.type in SIGNED and number >> (bits - 1) else number


def _text(words: Sequence[int]) -> str:
    """Text as people read it: up to the first NUL, printable, without the spaces around it."""
    raw = struct.pack(f">{len(words)}H", *words).partition(b"\0")[0]
    text = "".join(char for char in raw.decode("utf-8", "replace") if char.isprintable())
    return text.strip(" \N{REPLACEMENT CHARACTER}")
