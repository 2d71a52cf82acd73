"""What every part of a profile file is made of: MIB objects, raw codes, gates."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

from edgeagent.config.reader import Reader
from edgeagent.model.reading import Reason
from edgeagent.protocols.profile import Column, Gate, Label, Match

OID = r"\.?\d{1,10}(\.\d{1,10}){0,127}"
WORD = "[a-z][a-z0-9_]*"

T = TypeVar("T")


class Columns:
    """Reads MIB objects; an ``oid`` that begins with a dot stands below ``root``."""

    def __init__(self, root: str) -> None:
        self._root = root

    def one(self, reader: Reader) -> Column:
        """The object that a table names."""
        name = reader.text("object", pattern="[a-z][A-Za-z0-9-]*")
        oid = self.below(reader.text("oid", pattern=OID))
        return Column(name, oid, reader.boolean("scalar", False), reader.integer("parts", 0, minimum=0, maximum=9))

    def labels(self, reader: Reader, key: str) -> tuple[Label, ...]:
        """The texts of an array of tables that say who a device is."""
        return tuple(self._label(one) for one in reader.tables(key))

    def maybe(self, reader: Reader, key: str) -> Column | None:
        """The object of a table, where it is there."""
        return optional(reader, key, self.one)

    def gates(self, reader: Reader) -> tuple[Gate, ...]:
        """The companions that take a value its trust."""
        return tuple(
            Gate(
                self.one(gate),
                coded(gate.table("refuse"), [r.value for r in Reason], Reason),
                gate.boolean("optional", False),
            )
            for gate in reader.tables("gates")
        )

    def _label(self, reader: Reader) -> Label:
        pattern = compiled(reader, "pattern") if reader.has("pattern") else None
        if pattern is not None and pattern.groups != 1:
            reader.problem("pattern", "cannot use this pattern: it must have one group, the part that counts")
        beside = optional(reader, "beside", lambda other: (self.one(other), matching(other, "text")))
        return Label(self.one(reader), beside, pattern)

    def below(self, oid: str) -> str:
        """The identifier in full."""
        return self._root + oid if oid.startswith(".") else oid


def optional(reader: Reader, key: str, read: Callable[[Reader], T]) -> T | None:
    """What a table says, where it is there."""
    return read(reader.table(key)) if reader.has(key) else None


def matching(reader: Reader, key: str) -> Match:
    """A text that must be met exactly, or a pattern between slashes that must be found."""
    text = reader.text(key, max_length=200)
    if len(text) > 2 and text.startswith("/") and text.endswith("/"):
        return Match(key, compiled(reader, key, text[1:-1]))
    return Match(key, exactly(text))


def exactly(text: str) -> re.Pattern[str]:
    """The pattern of one text."""
    return re.compile(rf"\A{re.escape(text)}\Z")


def compiled(reader: Reader, key: str, text: str | None = None) -> re.Pattern[str]:
    """A regular expression; mistakes go to the reader."""
    try:
        return re.compile(reader.text(key, max_length=200) if text is None else text)
    except re.error as error:
        reader.problem(key, f"cannot use this pattern: {error}")
        return re.compile("()")


def words(reader: Reader) -> Mapping[int, str]:
    """Raw code → word."""
    return {code: reader.text(key, pattern=WORD) for key, code in codes(reader)}


def coded(reader: Reader, words: Iterable[str], make: Callable[[str], T]) -> Mapping[int, T]:
    """Raw code → one of some words."""
    options = list(words)
    return {code: make(reader.choice(key, options)) for key, code in codes(reader)}


def codes(reader: Reader) -> list[tuple[str, int]]:
    """The keys of a table of raw codes, as written and as numbers."""
    found = []
    for key in sorted(reader.keys()):
        if re.fullmatch(r"-?\d{1,10}", key):
            found.append((key, int(key)))
        else:
            reader.problem(key, "cannot use this key: a raw code is a whole number")
    return found


def numbers(reader: Reader, index: tuple[str, ...]) -> Mapping[str, int]:
    """Index part → what it must be."""
    for key in set(reader.keys()) - set(index):
        reader.problem(key, f"cannot use this key: the index has {', '.join(index)}")
    return {key: reader.integer(key) for key in sorted(reader.keys())}


def limits(reader: Reader) -> tuple[float, float]:
    """From ``low`` to ``high``."""
    low, high = reader.number("low"), reader.number("high")
    if not low <= high:
        reader.problem("high", "cannot be below low")
    return low, high
