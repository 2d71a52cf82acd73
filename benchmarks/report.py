"""How figures are shown: for programs, for people, and in docs/benchmarks.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from benchmarks.figure import Figure

BEGIN, END = "<!-- figures: {} -->", "<!-- end: {} -->"
HEADINGS = ("figure", "value", "unit", "range", "peer", "its value", "ratio", "target", "verdict")


def json_lines(figures: Iterable[Figure]) -> str:
    """One object per figure."""
    return "\n".join(json.dumps(figure.as_json()) for figure in figures)


def table(figures: Sequence[Figure]) -> str:
    """Columns for a terminal."""
    rows = [HEADINGS, *(cells(figure) for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def markdown(figures: Sequence[Figure]) -> str:
    """The same columns for docs/benchmarks.md."""
    lines = [_row(HEADINGS), _row(["---"] * len(HEADINGS))]
    return "\n".join(lines + [_row([f"`{name}`", *rest]) for name, *rest in map(cells, figures)])


def cells(figure: Figure) -> tuple[str, ...]:
    """One row."""
    spread = "" if figure.spread is None else " - ".join(map(_number, figure.spread))
    target = "" if figure.target is None else f"{figure.aim} {_number(figure.target)}"
    return (
        figure.name,
        _number(figure.value),
        figure.unit,
        spread,
        figure.peer or "",
        _number(figure.peer_value),
        _number(figure.ratio),
        target,
        figure.verdict,
    )


def write_docs(page: Path, sections: Mapping[str, str]) -> None:
    """Replace what stands between each section's marks; ValueError when a section has no marks."""
    text = page.read_text()
    for name, body in sections.items():
        begin, end = BEGIN.format(name), END.format(name)
        head, found, rest = text.partition(begin)
        _, closed, tail = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"cannot write {page.name}: it lacks the lines '{begin}' and '{end}'")
        text = f"{head}{begin}\n{body}\n{end}{tail}"
    page.write_text(text)


def _row(row: Sequence[str]) -> str:
    return f"| {' | '.join(row)} |"


def _number(value: float | None) -> str:
    """Three significant digits, never in powers of ten."""
    if value is None:
        return ""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
