"""What pages are made of: Markdown tables, sections, and what stands at the foot of each."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "drivers"
NOTES = FOLDER / "notes"
MADE = "<!-- Made by scripts/docs; what people write about this family stands in notes/{}.md -->"


@dataclass
class Family:
    """One row of the index, and its page, whose name is the family's unless it is a hand-written one's."""

    word: str
    name: str
    title: str
    protocol: str
    stub: str
    writes: str
    page: str = ""
    sections: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        """Where its page stands."""
        return FOLDER / (self.page or f"{self.name}.md")

    @property
    def text(self) -> str:
        """The whole page."""
        head = f"{MADE.format(self.name)}\n# {self.name}: {self.title}"
        return "\n\n".join([head, *(one for one in self.sections if one), *notes(self.name)]) + "\n"


def notes(name: str) -> Iterator[str]:
    """What people wrote about a family, where they did."""
    path = NOTES / f"{name}.md"
    if path.is_file():
        yield "## What to know\n" + path.read_text(encoding="utf-8").strip()


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns that are empty in each row are left out."""
    body = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    kept = [place for place in range(len(head)) if any(row[place] for row in body)]
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line[place] for place in kept) + " |" for line in lines)


def section(title: str, text: str) -> str:
    """A heading with what stands below it; nothing where that is nothing."""
    return f"## {title}\n{text}" if text else ""


def code(text: str) -> str:
    """As code."""
    return f"`{text}`"


def joined(words: Iterable[str], between: str = "; ") -> str:
    """The words that are there."""
    return between.join(word for word in words if word)


def toml(text: str) -> str:
    """A block of configuration."""
    return f"```toml\n{text.strip()}\n```"


def comment_of(text: str) -> str:
    """What the comment at the head of a file says, as one paragraph."""
    lines = re.match(r"(?:#.*\n)*", text)
    return " ".join(line.removeprefix("#").strip() for line in (lines[0] if lines else "").splitlines())


def number(value: float) -> str:
    """Short, and never in powers of ten."""
    return f"{value:,.10g}".replace(",", " ")


def simulated(stub: str) -> str:
    """Where a family is simulated."""
    if not stub:
        return "Nothing yet."
    return f"[`firmware_stubs/{stub}`](../../firmware_stubs/{stub}), which knows nothing of the profile."


class Guarded(Protocol):
    """What is needed of the guard of a number."""

    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def max_step(self) -> float | None: ...
    @property
    def safe(self) -> float | None: ...
    @property
    def settle_s(self) -> float: ...


def set_table(device: str, target: str, guard: Guarded, words: Sequence[str] = ()) -> Iterator[str]:
    """The lines of ``[devices.X.set."target"]``; what takes words has no bounds."""
    yield f'[devices.{device}.set."{target}"]'
    if words:
        yield f"words = [{', '.join(map(json.dumps, words))}]"
    else:
        yield f"lowest = {guard.low:g}"
        yield f"highest = {guard.high:g}"
        if guard.max_step is not None:
            yield f"max_step = {guard.max_step:g}"
        if guard.safe is not None:
            yield f"safe = {guard.safe:g}"
    yield f'settle = "{guard.settle_s:g} s"'
