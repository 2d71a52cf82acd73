"""Durations and sizes as people write them: a number and its unit."""

import re
from collections.abc import Mapping
from fractions import Fraction

from edgeagent.config.tree import Node, quoted, shown
from edgeagent.config.values import Unfit, what, within

SECONDS: Mapping[str, Fraction] = {
    "us": Fraction(1, 1_000_000),
    "ms": Fraction(1, 1000),
    "s": Fraction(1),
    "min": Fraction(60),
    "h": Fraction(3600),
    "d": Fraction(86400),
}
BYTES: Mapping[str, Fraction] = {
    "B": Fraction(1),
    "kB": Fraction(10**3),
    "MB": Fraction(10**6),
    "GB": Fraction(10**9),
    "TB": Fraction(10**12),
    "KiB": Fraction(2**10),
    "MiB": Fraction(2**20),
    "GiB": Fraction(2**30),
    "TiB": Fraction(2**40),
}

# What people write instead; offered as a suggestion, never taken silently.
_MEANT: Mapping[str, str] = {
    "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "m": "min", "mins": "min", "minute": "min", "minutes": "min",
    "hr": "h", "hrs": "h", "hour": "h", "hours": "h",
    "day": "d", "days": "d", "msec": "ms", "µs": "us", "μs": "us",
    "b": "B", "byte": "B", "bytes": "B", "k": "KiB", "kb": "kB", "kib": "KiB",
    "mb": "MB", "mib": "MiB", "gb": "GB", "g": "GiB", "gib": "GiB", "tb": "TB", "t": "TiB", "tib": "TiB",
}  # fmt: skip

_QUANTITY = re.compile(r"(\d{1,15}(?:\.\d{1,9})?)[ \t]*([^\d\s.]{0,16})", re.ASCII)


def duration_s(node: Node, *, minimum: float | None = None, maximum: float | None = None) -> float:
    """Seconds, from a text such as "250 ms" or "5 min"."""
    value_s = float(_quantity(node, SECONDS, "a duration", "s"))
    within(value_s, minimum, maximum, shown(node), show_duration)
    return value_s


def size_bytes(node: Node, *, minimum: int | None = None, maximum: int | None = None) -> int:
    """Bytes, from a text such as "64 KiB" or "10 MB"."""
    size = _quantity(node, BYTES, "a size", "B")
    if size.denominator != 1:
        raise Unfit(f"cannot use {shown(node)}: must be whole bytes")
    within(int(size), minimum, maximum, shown(node), show_size)
    return int(size)


def show_duration(value_s: float) -> str:
    """A duration in the largest unit that gives a number of at least one."""
    units = [name for name, length in SECONDS.items() if abs(value_s) >= length] or ["us" if value_s else "s"]
    return f"{value_s / float(SECONDS[units[-1]]):.6g} {units[-1]}"


def show_size(value: float) -> str:
    """A size in the largest binary unit that divides it."""
    whole = [name for name in ("TiB", "GiB", "MiB", "KiB") if value and value % int(BYTES[name]) == 0]
    return f"{int(value) // int(BYTES[whole[0]])} {whole[0]}" if whole else f"{int(value)} B"


def _quantity(node: Node, units: Mapping[str, Fraction], noun: str, example: str) -> Fraction:
    scalar = node.scalar
    expected = f"must be {noun} with its unit ({', '.join(units)})"
    if isinstance(scalar, bool) or not isinstance(scalar, str):
        bare = isinstance(scalar, int | float) and not isinstance(scalar, bool) and 0 <= scalar < 10**15
        raise Unfit(f"cannot use {what(node)}: {expected}", f'"{shown(node)} {example}"' if bare else None)
    match = _QUANTITY.fullmatch(scalar.strip())
    if not match:
        raise Unfit(f"cannot use {shown(node)}: {expected}")
    amount, unit = match.groups()
    if unit not in units:
        raise Unfit(f"cannot use {shown(node)}: {expected}", _meant(amount, unit, units, example))
    return Fraction(amount) * units[unit]


def _meant(amount: str, unit: str, units: Mapping[str, Fraction], example: str) -> str | None:
    guess = _MEANT.get(unit.lower()) if unit else example
    return quoted(f"{amount} {guess}") if guess in units else None
