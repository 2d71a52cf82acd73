"""Decoding: pure functions from registers to a point's value, or to the reason why there is none; and back."""

import math
import struct
from collections.abc import Callable, Sequence

from edgeagent.model.reading import Reason, Value
from edgeagent.protocols.modbus_profile import FAULT, How, Label, Register, RegisterRow, SettingRow

Decoder = Callable[[Sequence[int]], tuple[Value | Reason, Value | None]]
"""From the registers of a row's span to its value, or why there is none, and what stood there."""
EXPONENTS = range(-10, 11)
BLANK_SCALE = -0x8000
BLANK_WORDS = (0, 0xFFFF)
"""What a number that says who a device is reads while it is not set, or not known yet."""
MAX_TEXT = 128


def decoder(row: RegisterRow) -> Decoder:
    """The decoder of a row."""
    start = row.span.start
    return lambda words: _decoded(row, words, start)


def number(register: Register, words: Sequence[int]) -> int | float:
    """The number in a register's words, which may be NaN or infinite."""
    whole = 0
    for word in reversed(words) if register.swapped else words:
        whole = whole << 16 | word
    if register.type.is_float:
        value: float = struct.unpack(">f", struct.pack(">I", whole))[0]
        return value
    bits = 16 * register.type.width
    return whole - (1 << bits) if register.type.is_signed and whole >> (bits - 1) else whole


def label_of(label: Label, words: Sequence[int]) -> str:
    """What a label's words say; empty where they say nothing."""
    if label.length or label.register is None:
        return _text(words)
    blank = all(word == words[0] for word in words) and words[0] in BLANK_WORDS
    return "" if blank else str(number(label.register, words))


def encoded(row: SettingRow, value: float) -> list[int]:
    """The registers, or the bit, that say a value.

    Raises:
        ValueError: it does not fit.
    """
    register = row.register
    raw = value * row.divide / row.multiply
    if register.type.is_float:
        return _split(int(struct.unpack(">I", struct.pack(">f", raw))[0]), register)
    whole, bits = round(raw), 16 * register.type.width if register.table in ("holding", "input") else 1
    low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if register.type.is_signed else (0, (1 << bits) - 1)
    if not low <= whole <= high:
        raise ValueError(f"cannot write {value:g} into {register}: it does not fit")
    return _split(whole & ((1 << bits) - 1), register)


def told(row: SettingRow, words: Sequence[int]) -> float:
    """What a setting's own register says; what `encoded` does, backwards."""
    return number(row.register, words) * row.multiply / row.divide


def _decoded(row: RegisterRow, words: Sequence[int], start: int) -> tuple[Value | Reason, Value | None]:
    mine = _of(row.register, words, start)
    raw = number(row.register, mine)
    if isinstance(raw, float) and not math.isfinite(raw):
        return Reason.SENTINEL if math.isnan(raw) else Reason.GARBLED, None
    if row.bits is not None and isinstance(raw, int):
        raw = raw >> row.bits[0] & ((1 << row.bits[1]) - 1)
    if row.absent and _pattern(row, raw, mine) in row.absent:
        return Reason.SENTINEL, raw
    if row.codes is not None:
        return _word(row, int(raw), words, start), raw
    return _scaled(row, raw, words, start), raw


def _scaled(row: RegisterRow, raw: float, words: Sequence[int], start: int) -> Value | Reason:
    factors = _factors(row, words, start)
    if isinstance(factors, Reason):
        return factors
    value = raw * factors[0] / factors[1]  # division keeps 13 tenths at 1.3, multiplication by 0.1 would not
    low, high = row.range or (-math.inf, math.inf)
    return value if low <= value <= high and math.isfinite(value) else Reason.OUT_OF_RANGE


def _factors(row: RegisterRow, words: Sequence[int], start: int) -> tuple[float, float] | Reason:
    """What a raw number is multiplied and divided by."""
    if row.scale is None:
        return row.multiply, row.divide
    register, how = row.scale
    scale = number(register, _of(register, words, start))
    if how is How.DIVIDE:
        return (row.multiply, row.divide * scale) if math.isfinite(scale) and scale > 0 else Reason.GARBLED
    if scale == BLANK_SCALE:
        return Reason.ABSENT  # without its scale a value says nothing
    if scale not in EXPONENTS:
        return Reason.GARBLED
    return (row.multiply * 10.0**scale, row.divide) if scale >= 0 else (row.multiply, row.divide * 10.0**-scale)


def _word(row: RegisterRow, raw: int, words: Sequence[int], start: int) -> Value | Reason:
    assert row.codes is not None
    word = row.codes.get(raw)
    if word is None:
        return Reason.OUT_OF_RANGE
    if row.fault is None or word != next(iter(row.codes.values())):
        return word
    register, equals = row.fault
    return FAULT if number(register, _of(register, words, start)) == equals else word


def _of(register: Register, words: Sequence[int], start: int) -> Sequence[int]:
    return words[register.address - start : register.end - start]


def _pattern(row: RegisterRow, raw: float, words: Sequence[int]) -> int:
    """The bits as they stand, high register first: -32768 is the pattern 0x8000."""
    if row.bits is not None:
        return int(raw)
    whole = 0
    for word in reversed(words) if row.register.swapped else words:
        whole = whole << 16 | word
    return whole


def _split(whole: int, register: Register) -> list[int]:
    words = [whole >> shift & 0xFFFF for shift in range(16 * (register.type.width - 1), -1, -16)]
    return words[::-1] if register.swapped else words


def _text(words: Sequence[int]) -> str:
    """Text as people read it: up to the first NUL, printable, without the spaces around it."""
    raw = struct.pack(f">{len(words)}H", *words).partition(b"\0")[0]
    text = "".join(char for char in raw.decode("utf-8", "replace") if char.isprintable())
    return text.strip(" \N{REPLACEMENT CHARACTER}")[:MAX_TEXT]
