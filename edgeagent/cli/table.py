"""Tables for people: aligned columns, no frames, cut to nothing."""

import math
import textwrap
from collections.abc import Sequence

GAP = "  "
WIDTH = 100
LARGER = {"Wh": ((1e5, 1e3, "kWh"),), "Hz": ((1e9, 1e9, "GHz"), (1e6, 1e6, "MHz"))}
"""From which value on another unit reads better, and by what it is divided then."""
UNITS = {"1": "", "Cel": "°C", "By": "B", "V.A": "VA", "/min": "rpm"}


def render(head: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[str] = ()) -> str:
    """Rows under their head; the columns named in ``right`` are aligned right."""
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = []
    for row in [head, *rows]:
        cells = [
            cell.rjust(width) if name in right else cell.ljust(width)
            for name, cell, width in zip(head, row, widths, strict=True)
        ]
        lines.append(GAP.join(cells).rstrip())
    return "\n".join(lines)


def paragraph(text: str) -> str:
    """One item of a list, indented, in lines of at most 100 characters."""
    return textwrap.fill(text, WIDTH, initial_indent="  ", subsequent_indent="    ", break_long_words=False)


def duration(seconds: float | None) -> str:
    """A length of time as a person says it: ``4 s``, ``12 min``, ``3 h 20 min``, ``9 d``."""
    if seconds is None or not math.isfinite(seconds):
        return "-"
    whole = max(0, round(seconds))
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{whole // 60} min"
    if whole < 172_800:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // 86_400} d"


def number(value: object) -> str:
    """A value as a person reads it; a missing one is a dash."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".") if abs(value) < 1e6 else f"{value:.0f}"
    return str(value)


def quantity(value: object, ucum: str) -> tuple[str, str]:
    """A value and its unit in a size that people read."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return number(value), unit(ucum)
    if ucum == "s":
        return duration(value), ""
    if ucum == "By":
        count, _, larger = size(value).partition(" ")
        return count, larger
    for least, factor, larger in LARGER.get(ucum, ()):
        if abs(value) >= least:
            return number(value / factor), larger
    return number(value), unit(ucum)


def unit(ucum: str) -> str:
    """A UCUM unit as people write it."""
    return UNITS.get(ucum, ucum)


def size(count: float) -> str:
    """Bytes in the largest unit that leaves a number above 1."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if count < 1024 or unit == "GiB":
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    raise AssertionError
