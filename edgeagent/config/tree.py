"""The merged tree: every node knows the file and line that gave it, and whom it overrode."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any

Scalar = str | int | float | bool | datetime | date | time

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHOWN = 60  # characters of a value that a message repeats


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something is written; line 0 means the file as a whole."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake that a person must mend: where, which key, what, and what was probably meant."""

    origin: Origin
    path: str
    message: str
    suggestion: str | None = None

    def __str__(self) -> str:
        place = f"{self.origin}: {self.path}: " if self.path else f"{self.origin}: "
        return place + self.message + (f"; did you mean {self.suggestion}?" if self.suggestion else "")


@dataclass(frozen=True, slots=True)
class Node:
    """One table, array or scalar of the tree; exactly one of `table`, `array` and `scalar` is not None."""

    path: str
    origin: Origin
    scalar: Scalar | None = None
    array: tuple["Node", ...] | None = None
    table: Mapping[str, "Node"] | None = None
    overridden: tuple["Node", ...] = field(default=(), compare=False)

    @property
    def value(self) -> Any:
        """The same content as plain Python; arrays become lists, tables become new dicts."""
        if self.table is not None:
            return {key: child.value for key, child in self.table.items()}
        if self.array is not None:
            return [child.value for child in self.array]
        return self.scalar

    @property
    def children(self) -> tuple["Node", ...]:
        if self.table is not None:
            return tuple(self.table.values())
        return self.array or ()


EMPTY: Mapping[str, Node] = MappingProxyType({})


def dotted(parent: str, key: str) -> str:
    """The path of `key` under `parent`, quoted as TOML wants it."""
    name = key if _BARE.fullmatch(key) else quoted(key)
    return f"{parent}.{name}" if parent else name


def dotted_parts(parts: Iterable[str | int]) -> str:
    """The path of keys and array indices."""
    path = ""
    for part in parts:
        path = f"{path}[{part}]" if isinstance(part, int) else dotted(path, part)
    return path


def quoted(text: str) -> str:
    """The text between quotes; what a terminal could obey (controls, direction marks) is escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in escaped) + '"'


def kind(node: Node) -> str:
    """What a person calls this value."""
    if node.table is not None:
        return "a table"
    if node.array is not None:
        return "an array"
    return _scalar_kind(node.scalar)


def _scalar_kind(scalar: Scalar | None) -> str:
    if isinstance(scalar, bool):
        return "true or false"
    names = {str: "text", int: "a whole number", float: "a number"}
    return names.get(type(scalar), "a date or time")


def shown(node: Node) -> str:
    """The value as a message repeats it: short, on one line, as it would stand in the file."""
    scalar = node.scalar
    if scalar is None:
        return kind(node)
    if isinstance(scalar, str):
        return quoted(scalar if len(scalar) <= _SHOWN else scalar[: _SHOWN - 1] + "…")
    if isinstance(scalar, bool):
        return "true" if scalar else "false"
    if isinstance(scalar, int) and scalar.bit_length() > 63:
        return "beyond 64 bits"  # Python refuses to print the largest ones
    return str(scalar)
