"""What ``edgeagent probe`` shows to a person: who the device is, and a table that fits the terminal."""

import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import takewhile

from edgeagent.cli import table
from edgeagent.drivers.found import Found
from edgeagent.model.points import Point, PointId
from edgeagent.model.reading import Quality, Reading
from edgeagent.model.units import Kind

HEAD = ("POINT", "VALUE", "UNIT", "QUALITY", "SOURCE", "RAW", "NAME")
RIGHT = ("VALUE", "RAW")
SHRINK = (
    ("RAW", 10),
    ("NAME", 16),
    ("SOURCE", 14),
    ("VALUE", 16),
    ("NAME", 10),
    ("SOURCE", 8),
    ("VALUE", 12),
    ("POINT", 24),
)
"""In this order columns give way, down to so many characters, where the terminal is narrow; in the end RAW goes."""
CLEAR = "\x1b[H\x1b[J"
NUMBERS = frozenset("0123456789.")


def width() -> int | None:
    """The columns of the terminal; None where the output is no terminal, and nothing is cut."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None


def page(where: str, found: Found, readings: Sequence[Reading], took_s: float, *, width: int | None) -> str:
    """Head and table."""
    return "\n".join([*head(where, found, readings, took_s), "", *rows(found, readings, width)])


def head(where: str, found: Found, readings: Sequence[Reading], took_s: float | None) -> list[str]:
    """Who it is, what family, and how much of it can be trusted."""
    good = sum(one.quality is Quality.GOOD for one in readings)
    took = "" if took_s is None else f", read in {took_s:.1f} s"
    family = f"family {found.family}, {found.title}" if found.family else "no family: read by what any device may have"
    return [
        who(found),
        f"{where}: {f'{found.word}, ' if found.word else ''}{family}",
        f"{len(readings)} points, {good} of them good{took}",
    ]


def who(found: Found) -> str:
    """Vendor, model, serial and firmware in one line."""
    one = found.identity
    name = f"{one.vendor} {one.model}" if not one.model.startswith(one.vendor) else one.model
    told = [name.strip() or "a device that does not say what it is"]
    told += [f"serial {one.serial}"] if one.serial else []
    told += [f"firmware {one.firmware}"] if one.firmware else []
    return printable(", ".join(told))


def rows(found: Found, readings: Sequence[Reading], width: int | None) -> list[str]:
    """The table; numeric sources lose the prefix that all have in common where the terminal is too narrow for them."""
    points = {point.id: point for point in found.info.points}
    labels = any(point.label for point in points.values())
    cells = [_cells(points[one.point], one) for one in readings if not _is_only_a_name(points[one.point])]
    head: tuple[str, ...] = HEAD if labels else HEAD[:-1]
    lines = [line[: len(head)] for line in cells]
    above: list[str] = []
    if width is not None and _wide(head, lines) > width:
        prefix = _common([line[4] for line in lines])
        if prefix:
            above = [f"sources are below {prefix}"]
            lines = [(*line[:4], line[4].removeprefix(prefix) or line[4], *line[5:]) for line in lines]
        fitting = _shrunk(head, lines, width)
        if _wide(head, fitting) > width:
            head, lines = _without_raw(head), [_without_raw(line) for line in lines]
            fitting = _shrunk(head, lines, width)
        lines = fitting
    return [*above, *table.render(head, lines, right=RIGHT).splitlines()]


def screen(where: str, found: Found, readings: Sequence[Reading], every_s: float) -> str:
    """One refresh in place, cut to the height of the terminal."""
    size = shutil.get_terminal_size()
    clock = time.strftime("%H:%M:%S")
    lines = [*head(where, found, readings, None), f"{clock}, every {every_s:g} s, Ctrl-C ends", ""]
    lines += rows(found, readings, size.columns)
    room = max(size.lines - 1, len(lines[:6]))
    if len(lines) > room:
        lines = [*lines[: room - 1], f"… and {len(lines) - room + 1} more lines: make the terminal higher"]
    return CLEAR + "\n".join(lines) + "\n"


def changes(found: Found, readings: Sequence[Reading], shown: Mapping[PointId, str]) -> Mapping[PointId, str]:
    """Print a line for each point that says something new; what every point says now."""
    points = {point.id: point for point in found.info.points}
    clock = time.strftime("%H:%M:%S")
    now = {}
    for one in readings:
        name, value, unit, quality, *_ = _cells(points[one.point], one)
        now[one.point] = " ".join(filter(None, (value, unit, quality)))
        if shown.get(one.point) != now[one.point]:
            print(f"{clock} {name} {now[one.point]}")
    sys.stdout.flush()
    return now


def printable(text: str) -> str:
    """The same without what a terminal could obey."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)


def _cells(point: Point, reading: Reading) -> tuple[str, ...]:
    is_text = point.kind is Kind.TEXT
    reason = f" ({reading.reason.value.replace('_', ' ')})" if reading.reason else ""
    found = (
        point.name,
        table.number(reading.value),
        table.unit(point.unit),
        reading.quality.value + reason,
        reading.source,
        "-" if reading.raw is None else "" if reading.raw == reading.value and is_text else str(reading.raw),
        point.label,
    )
    return tuple(map(printable, found))


def _is_only_a_name(point: Point) -> bool:
    """The label of other points says it already."""
    return point.kind is Kind.TEXT and bool(point.label) and point.name.endswith(".name")


def _common(sources: Sequence[str]) -> str:
    """The arcs that all numeric identifiers begin with, and a dot; nothing where there are others."""
    found = [source.split(".") for source in sources if source]
    if len(found) < 2 or not all(NUMBERS.issuperset(source) for source in sources):
        return ""
    arcs = list(takewhile(lambda column: len(set(column)) == 1, zip(*(one[:-1] for one in found), strict=False)))
    return "".join(f"{column[0]}." for column in arcs) if len(arcs) > 1 else ""


def _shrunk(head: Sequence[str], lines: Sequence[tuple[str, ...]], width: int) -> list[tuple[str, ...]]:
    """Cells cut until the table fits; identifiers lose their beginning, all else its end."""
    found = list(lines)
    for name, least in SHRINK:
        over = _wide(head, found) - width
        if over <= 0:
            break
        if name not in head:
            continue
        at = head.index(name)
        room = max(max(len(line[at]) for line in (head, *found)) - over, least, len(name))
        found = [(*line[:at], _cut(line[at], room, tail=name == "SOURCE"), *line[at + 1 :]) for line in found]
    return found


def _without_raw(cells: tuple[str, ...]) -> tuple[str, ...]:
    at = HEAD.index("RAW")
    return (*cells[:at], *cells[at + 1 :])


def _cut(text: str, room: int, *, tail: bool) -> str:
    if len(text) <= room:
        return text
    return f"…{text[len(text) - room + 1 :]}" if tail else f"{text[: room - 1]}…"


def _wide(head: Sequence[str], lines: Sequence[tuple[str, ...]]) -> int:
    columns = zip(head, *lines, strict=True)
    return sum(max(map(len, column)) for column in columns) + len(table.GAP) * (len(head) - 1)
