"""From the text of one TOML file to its tree, or to one Problem in plain words."""

import re
import tomllib
from datetime import date, datetime, time
from types import MappingProxyType
from typing import Any

from edgeagent.config.lines import LineMap, Path, TooMuch, scan
from edgeagent.config.tree import Node, Origin, Problem, dotted, dotted_parts

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")
_CURLY = ("\N{LEFT DOUBLE QUOTATION MARK}", "\N{RIGHT DOUBLE QUOTATION MARK}", "\N{DOUBLE LOW-9 QUOTATION MARK}")
_HUGE_NUMBER = re.compile(r"[0-9][0-9_]{4300}")

# tomllib's words -> ours, and what was probably meant
_IN_WORDS: tuple[tuple[str, str, str | None], ...] = (
    ("Invalid value", "it is neither text in quotes, nor a number, nor true or false", 'key = "value"'),
    ("Cannot overwrite a value", "this key is already given in this file", None),
    ("Cannot declare", "this table is already given in this file", None),
    ("Cannot redefine namespace", "this table is already given in this file", None),
    ("Cannot mutate immutable namespace", "this table or array is already given as a whole", None),
    ("Duplicate inline table key", "this key is already given in this table", None),
    ("Expected newline", "something follows the value on the same line", None),
    ("Expected '=' after a key", 'there is no "=" after the key', "key = value"),
    ("Expected ']' at", 'there is no "]" at the end of the table name', "[table]"),
    ("Expected ']]' at", 'there is no "]]" at the end of the table name', "[[table]]"),
    ("Unclosed array", 'there is no "," or "]" after this item of the array', None),
    ("Unclosed inline table", 'there is no "," or "}" after this key', None),
    ("Illegal character '\\n'", "the text is not closed by a quote on its line", None),
    ("Found invalid character '\\n'", "the text is not closed by a quote on its line", None),
    ("Unescaped", "a backslash in a text must be doubled", "a text in 'single quotes'"),
    ("Invalid initial character", "a key starts with a letter, a digit or a quote", None),
    ("Invalid statement", "it is neither a key nor a table", None),
)

_TWICE = ("Cannot overwrite", "Cannot declare", "Cannot redefine", "Cannot mutate", "Duplicate")


class Parsed:
    """What one text gave: its tree, or the problem that stopped it."""

    def __init__(self, root: Node | None, problem: Problem | None = None) -> None:
        self.root = root
        self.problem = problem


def parse(file: str, text: str) -> Parsed:
    """The tree of a TOML text; never raises, whatever the text."""
    text = text.removeprefix("\N{BOM}")
    try:
        lines = scan(text)
    except TooMuch as error:
        return Parsed(None, Problem(Origin(file, error.line), "", str(error)))
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return Parsed(None, _problem(file, text, str(error), lines))
    except (ValueError, RecursionError):  # nesting is bounded above, so this is a number of thousands of digits
        huge = _HUGE_NUMBER.search(text)
        origin = Origin(file, text.count("\n", 0, huge.start()) + 1 if huge else 0)
        return Parsed(None, Problem(origin, "", "cannot read this number: it has thousands of digits"))
    return Parsed(_node(document, (), "", Origin(file, 1), lines.lines))


def _problem(file: str, text: str, message: str, lines: LineMap) -> Problem:
    if lines.repeat and message.startswith(_TWICE):
        path, line, first_line = lines.repeat
        message = f"cannot use this key again: it is already given in line {first_line}"
        return Problem(Origin(file, line), dotted_parts(path), message)
    place = _PLACE.search(message)
    if not place or not place[1]:  # the file ended too early: the line where the unfinished thing begins helps more
        line = lines.lost_at or text.count("\n") + 1
        return Problem(Origin(file, line), "", "cannot read what begins here: it is not finished when the file ends")
    words, suggestion = _in_words(message[: place.start()])
    if _character(text, int(place[1]), int(place[2])) in _CURLY:
        words, suggestion = "these are the quotes of a word processor; TOML has straight ones, \" and '", None
    return Problem(Origin(file, int(place[1])), "", f"cannot read this line at column {place[2]}: {words}", suggestion)


def _character(text: str, line: int, column: int) -> str:
    lines = text.split("\n")
    return lines[line - 1][column - 1 : column] if line <= len(lines) else ""


def _in_words(message: str) -> tuple[str, str | None]:
    for start, words, suggestion in _IN_WORDS:
        if message.startswith(start):
            return words, suggestion
    return message[:1].lower() + message[1:], None


def _node(value: Any, path: Path, name: str, parent: Origin, lines: dict[Path, int]) -> Node:
    origin = Origin(parent.file, lines.get(path, parent.line))
    if isinstance(value, dict):
        table = {key: _node(item, (*path, key), dotted(name, key), origin, lines) for key, item in value.items()}
        return Node(name, origin, table=MappingProxyType(table))
    if isinstance(value, list):
        items = (_node(item, (*path, i), f"{name}[{i}]", origin, lines) for i, item in enumerate(value))
        return Node(name, origin, array=tuple(items))
    assert isinstance(value, str | int | float | bool | datetime | date | time)
    return Node(name, origin, scalar=value)
