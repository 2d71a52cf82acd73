"""Decoding: pure functions from a raw SNMP value to a point's value, or to the reason why there is none."""

import math
from collections.abc import Callable, Mapping

from edgeagent.model.reading import Reason, Value
from edgeagent.protocols.profile import PointRow

Decoder = Callable[[object], Value | Reason]
MAX_DIGITS = 9


def decoder(row: PointRow, digits: object = 0) -> Decoder:
    """The decoder of a row; ``digits`` is what its digits column says, if it has one."""
    if row.codes is not None:
        return _coded(row.codes, row.sentinels)
    if digits is None:
        return lambda _: Reason.ABSENT  # without its scale a value says nothing
    if not isinstance(digits, int) or not 0 <= digits <= MAX_DIGITS:
        return lambda raw: Reason.ABSENT if raw is None else Reason.GARBLED
    return _scaled(row.multiply, row.divide * 10.0**digits, row.sentinels, row.range)


def converted(value: float, unit: str | None) -> float | Reason:
    """A temperature in degrees Celsius, whatever unit the device speaks."""
    if unit == "Cel":
        return value
    if unit == "[degF]":
        return (value - 32.0) * 5.0 / 9.0
    return Reason.GARBLED


def _coded(codes: Mapping[int, str], sentinels: frozenset[int]) -> Decoder:
    def decode(raw: object) -> Value | Reason:
        if type(raw) is not int:
            return Reason.ABSENT if raw is None else Reason.GARBLED
        if raw in sentinels:
            return Reason.SENTINEL
        return codes.get(raw, Reason.OUT_OF_RANGE)

    return decode


def _scaled(multiply: float, divide: float, sentinels: frozenset[int], limits: tuple[float, float] | None) -> Decoder:
    low, high = limits or (-math.inf, math.inf)

    def decode(raw: object) -> Value | Reason:
        if type(raw) is not int:
            return Reason.ABSENT if raw is None else Reason.GARBLED
        if raw in sentinels:
            return Reason.SENTINEL
        value = raw * multiply / divide  # division keeps 13 tenths at 1.3, multiplication by 0.1 would not
        return value if low <= value <= high else Reason.OUT_OF_RANGE

    return decode
