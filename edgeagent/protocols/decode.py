"""Decoding: pure functions from a raw SNMP value to a point's value, or to the reason why there is none."""

import math
import re
from collections.abc import Callable, Mapping
from functools import partial

from edgeagent.model.points import ValueType
from edgeagent.model.reading import Reason, Value
from edgeagent.protocols.profile import How, PointRow

Decoder = Callable[[object], Value | Reason]
MAX_DIGITS = 9
MAX_SCALE = 10**MAX_DIGITS
MAX_TEXT = 128
_DECIMAL = re.compile(r"[+-]?\d{1,15}(?:\.\d{1,15})?", re.ASCII)


def decoder(row: PointRow, scale: object = 0) -> Decoder:
    """The decoder of a row; ``scale`` is what its scale column says, if it has one."""
    if row.type is ValueType.TEXT:
        return partial(_text, row.sentinel_texts)
    if row.texts is not None:
        return partial(_worded, row.texts, row.sentinel_texts)
    if row.codes is not None:
        return _bounded(row, _coded(row.codes, row.sentinels))
    factor = _factor(row, scale)
    if isinstance(factor, Reason):
        return partial(_unscaled, factor)
    number = _scaled(float if row.decimal else int, row.multiply * factor[0], row.divide * factor[1], row)
    return partial(_decimal, row.sentinel_texts, _bounded(row, number)) if row.decimal else _bounded(row, number)


def encoded(row: PointRow, scale: object, value: float) -> int | Reason:
    """The raw whole number that stands for a value; what `decoder` does, backwards."""
    factor = _factor(row, scale)
    if isinstance(factor, Reason):
        return factor
    return round(value * row.divide * factor[1] / (row.multiply * factor[0]))


def converted(value: float, unit: str | None) -> float | Reason:
    """A temperature in degrees Celsius, whatever unit the device speaks."""
    if unit == "Cel":
        return value
    if unit == "[degF]":
        return (value - 32.0) * 5.0 / 9.0
    return Reason.GARBLED


def text_of(raw: object, most: int = MAX_TEXT) -> str:
    """A DisplayString as people read it; empty where there is none."""
    if not isinstance(raw, bytes):
        return ""
    return "".join(char for char in raw.decode("utf-8", "replace") if char.isprintable()).strip()[:most]


def key_of(raw: object) -> str:
    """Text, whole number or identifier as the text that a key column is matched by."""
    return str(raw) if isinstance(raw, int | str) else text_of(raw)


def _factor(row: PointRow, scale: object) -> tuple[float, float] | Reason:
    """What a row's own scale multiplies and divides by."""
    how = None if row.scale is None else row.scale.how
    if how is None:
        return 1.0, 1.0
    if scale is None:
        return Reason.ABSENT  # without its scale a value says nothing
    if type(scale) is not int or abs(scale) > MAX_SCALE:
        return Reason.GARBLED
    if how is How.SIGNED:
        return (1.0, -float(scale)) if scale < 0 else (float(scale or 1), 1.0)
    if how is How.DIVIDE:
        return (1.0, float(scale)) if scale > 0 else Reason.GARBLED
    return (1.0, 10.0**scale) if 0 <= scale <= MAX_DIGITS else Reason.GARBLED


def _unscaled(reason: Reason, raw: object) -> Value | Reason:
    return Reason.ABSENT if raw is None else reason


def _text(sentinels: frozenset[str], raw: object) -> Value | Reason:
    if not isinstance(raw, bytes):
        return Reason.ABSENT if raw is None else Reason.GARBLED
    text = text_of(raw)
    return Reason.SENTINEL if text in sentinels else text or Reason.ABSENT


def _worded(texts: Mapping[str, str], sentinels: frozenset[str], raw: object) -> Value | Reason:
    text = _text(sentinels, raw)
    return texts.get(text, Reason.OUT_OF_RANGE) if type(text) is str else text


def _decimal(sentinels: frozenset[str], number: Decoder, raw: object) -> Value | Reason:
    text = _text(sentinels, raw)
    if type(text) is not str:
        return text
    return number(float(text)) if _DECIMAL.fullmatch(text) else Reason.GARBLED


def _coded(codes: Mapping[int, str], sentinels: frozenset[int]) -> Decoder:
    def decode(raw: object) -> Value | Reason:
        if type(raw) is not int:
            return Reason.ABSENT if raw is None else Reason.GARBLED
        if raw in sentinels:
            return Reason.SENTINEL
        return codes.get(raw, Reason.OUT_OF_RANGE)

    return decode


def _scaled(number: type[int | float], multiply: float, divide: float, row: PointRow) -> Decoder:
    sentinels = row.sentinels
    low, high = row.range or (-math.inf, math.inf)

    def decode(raw: object) -> Value | Reason:
        if type(raw) is not number:
            return Reason.ABSENT if raw is None else Reason.GARBLED
        if raw in sentinels:
            return Reason.SENTINEL
        value: float = raw * multiply / divide  # division keeps 13 tenths at 1.3, multiplication by 0.1 would not
        return value if low <= value <= high else Reason.OUT_OF_RANGE

    return decode


def _bounded(row: PointRow, decode: Decoder) -> Decoder:
    """The same, where no raw value beyond the row's bounds is one; without bounds it costs nothing."""
    if row.sentinel_below is None and row.sentinel_above is None:
        return decode
    below = -math.inf if row.sentinel_below is None else row.sentinel_below
    above = math.inf if row.sentinel_above is None else row.sentinel_above

    def bounded(raw: object) -> Value | Reason:
        if isinstance(raw, int | float) and not below <= raw <= above:
            return Reason.SENTINEL
        return decode(raw)

    return bounded
