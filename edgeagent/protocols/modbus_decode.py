"""Decoding: pure functions from registers to a point's value, or to the reason why there is none; and back."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from edgeagent.model.reading import Reason, Value
from edgeagent.protocols.modbus_profile import SIGNED, Cell, Form, How, Register

EXPONENTS = range(-10, 11)
MAX_TEXT = 128
Place = tuple[str, int]
"""A table and an address."""


@dataclass(slots=True)
class Found:
    """What was read at one time: the registers that came, and why others did not."""

    words: dict[Place, int] = field(default_factory=dict)
    refused: dict[Place, Reason] = field(default_factory=dict)

    def of(self, cell: Cell) -> list[int] | Reason:
        """The registers of a cell, or why they are not all there."""
        words = []
        for address in range(cell.address, cell.end):
            word = self.words.get((cell.table, address))
            if word is None:
                return self.refused.get((cell.table, address), Reason.ABSENT)
            words.append(word)
        return words


def raw_of(cell: Cell, found: Found) -> Value | Reason:
    """What stands in a cell, as one number or text."""
    words = found.of(cell)
    if isinstance(words, Reason):
        return words
    if cell.form is Form.TEXT:
        return _text(words)
    number = _joined(words, little=cell.little)
    if cell.bit is not None:
        return number >> cell.bit & 1
    if cell.form is Form.FLOAT32:
        value: float = struct.unpack(">f", struct.pack(">I", number))[0]
        return value if math.isfinite(value) else Reason.SENTINEL if math.isnan(value) else Reason.GARBLED
    return _signed(number, 16 * len(words)) if cell.form in SIGNED else number


def value_of(row: Register, found: Found) -> tuple[Value | Reason, Value | None]:
    """The value of a point in its own unit, or why there is none; and what stood there."""
    raw = raw_of(row.cell, found)
    if isinstance(raw, Reason):
        return raw, None
    if isinstance(raw, str):
        return raw or Reason.ABSENT, raw
    if isinstance(raw, int) and _is_absent(row, raw):
        return Reason.SENTINEL, raw
    if row.codes is not None:
        return _word(row, int(raw), found), raw
    return _number(row, raw, found), raw


def encoded(row: Register, cell: Cell, value: float, found: Found) -> list[int]:
    """The registers, or the bit, that say a value; what `value_of` does, backwards.

    Raises:
        ValueError: it does not fit, it would read as "no value", or the row's scale is not known.
    """
    multiply, divide = _factors(row, found)
    raw = (value - row.add) * divide / multiply
    if cell.form is Form.FLOAT32:
        number = int(struct.unpack(">I", struct.pack(">f", raw))[0])
        return _split(number, cell)
    number, bits = round(raw), 1 if cell.form is Form.BIT else 16 * cell.registers
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if cell.form in SIGNED else (0, (1 << bits) - 1)
    if not low <= number <= high or _is_absent(row, number):
        raise ValueError(f"cannot write {value:g} into {cell}: it does not fit")
    return _split(number & ((1 << bits) - 1), cell)


def _number(row: Register, raw: float, found: Found) -> Value | Reason:
    try:
        multiply, divide = _factors(row, found)
    except ValueError:
        return _unscaled(row, found)
    value = raw * multiply / divide + row.add  # division keeps 13 tenths at 1.3, multiplication by 0.1 would not
    low, high = row.range or (-math.inf, math.inf)
    return value if low <= value <= high and math.isfinite(value) else Reason.OUT_OF_RANGE


def _factors(row: Register, found: Found) -> tuple[float, float]:
    """What a raw number is multiplied and divided by. Raises ValueError where its scale is not known."""
    if row.scale is None:
        return row.multiply, row.divide
    raw = raw_of(row.scale.cell, found)
    if isinstance(raw, int) and row.scale.how is How.DIVIDE and raw > 0:
        return row.multiply, row.divide * raw
    if isinstance(raw, int) and row.scale.how is How.POWER and raw in EXPONENTS:
        return (row.multiply * 10.0**raw, row.divide) if raw >= 0 else (row.multiply, row.divide * 10.0**-raw)
    raise ValueError(f"cannot scale {row.name}: {row.scale.cell} says {raw}")


def _unscaled(row: Register, found: Found) -> Reason:
    """Why a scale says nothing: not there, its own "no value" (0x8000 of a signed one), or nonsense."""
    assert row.scale is not None
    raw = raw_of(row.scale.cell, found)
    blank = isinstance(raw, Reason) or raw == -0x8000
    return Reason.ABSENT if blank else Reason.GARBLED


def _word(row: Register, raw: int, found: Found) -> Value | Reason:
    assert row.codes is not None
    word = row.codes.get(raw)
    if word is None:
        return Reason.OUT_OF_RANGE
    if row.fault is None or word != row.fault.replaces:
        return word
    trouble = raw_of(row.fault.cell, found)
    if isinstance(trouble, Reason):
        return trouble  # whether it is well is not known
    return row.fault.word if trouble == row.fault.active else word


def _is_absent(row: Register, raw: int) -> bool:
    """Codes are noted as they stand in the registers, so -32768 and 0x8000 are one."""
    if not row.absent or row.cell.bit is not None:
        return False
    mask = (1 << 16 * row.cell.registers) - 1
    return raw & mask in row.absent


def _joined(words: Sequence[int], *, little: bool) -> int:
    number = 0
    for word in reversed(words) if little else words:
        number = number << 16 | word
    return number


def _split(number: int, cell: Cell) -> list[int]:
    words = [number >> shift & 0xFFFF for shift in range(16 * (cell.registers - 1), -1, -16)]
    return words[::-1] if cell.little else words


def _signed(number: int, bits: int) -> int:
    return number - (1 << bits) if number >> (bits - 1) else number


def _text(words: Sequence[int]) -> str:
    """Text as people read it: up to the first NUL, printable, without the spaces around it."""
    raw = struct.pack(f">{len(words)}H", *words).partition(b"\0")[0]
    text = "".join(char for char in raw.decode("utf-8", "replace") if char.isprintable())
    return text.strip(" \N{REPLACEMENT CHARACTER}")[:MAX_TEXT]


def label(cell: Cell | None, found: Found) -> str:
    """What a cell says of who a device is; empty where it says nothing."""
    raw = Reason.ABSENT if cell is None else raw_of(cell, found)
    return "" if isinstance(raw, Reason) else str(raw)
