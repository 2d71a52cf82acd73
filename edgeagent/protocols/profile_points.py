"""The tables of a profile file, and what their points say.

A table with ``rows`` and ``index`` has a row for each instance of that column; ``keys`` are columns whose text tells
rows apart (``where``: exactly, or by a pattern between slashes; ``named_by``: an object's identifier). A table with
an ``index`` alone walks each point's own column; a table with neither holds scalars. Of points with one name the first
that the device has counts, which is how a finer column goes before a coarse one: ``optional`` asks for it.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edgeagent.config.reader import Reader
from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind
from edgeagent.protocols.point_names import NAME, PLACE
from edgeagent.protocols.profile import Column, Gate, How, Match, Pace, PointRow, Scale, Table, UnitChoice, Zero
from edgeagent.protocols.profile_columns import (
    WORD,
    Columns,
    coded,
    exactly,
    limits,
    matching,
    numbers,
    optional,
    words,
)

UNITS = ("Cel", "[degF]")
"""UCUM units that a device may switch between; `decode` converts them."""
NUMBERED = r"\(\?P<[a-z]+>\\d\+?\)"
"""The only named groups that a pattern may have: they give numbers to the point's name."""


@dataclass(frozen=True, slots=True)
class _Common:
    """What a table says for all of its points."""

    index: tuple[str, ...]
    keys: Mapping[str, Column]
    gates: tuple[Gate, ...]
    scale: Scale | None
    optional: bool


def read_table(reader: Reader, columns: Columns) -> Table:
    """One table; mistakes go to the reader."""
    common = _Common(
        index=reader.texts("index", pattern="[a-z]+"),
        keys=optional(reader, "keys", lambda keys: {key: columns.one(keys.table(key)) for key in sorted(keys.keys())})
        or {},
        gates=columns.gates(reader),
        scale=_scale(reader, columns),
        optional=reader.boolean("optional", False),
    )
    points = tuple(_Point(row, columns, common).read() for row in reader.tables("point"))
    if not points:
        reader.problem("point", "cannot use a table without points")
    rows = columns.maybe(reader, "rows")
    if rows is not None and not common.index:
        reader.problem("index", "cannot use rows without an index")
    type_column = columns.maybe(reader, "type")
    if rows is None and (type_column is not None or common.keys):
        reader.problem("rows", "cannot tell rows apart by a type or keys without the column that finds them")
    home = optional(reader, "home", lambda given: numbers(given, common.index)) or {}
    return Table(rows, common.index, points, type_column, common.keys, home)


def _scale(reader: Reader, columns: Columns) -> Scale | None:
    """``scale`` with its own how, or the short ``digits``."""
    if reader.has("digits"):
        return Scale(columns.one(reader.table("digits")), How.DIGITS)
    return optional(
        reader, "scale", lambda scale: Scale(columns.one(scale), How(scale.choice("how", [how.value for how in How])))
    )


class _Point:
    """Reads one point."""

    def __init__(self, reader: Reader, columns: Columns, common: _Common) -> None:
        self._reader = reader
        self._columns = columns
        self._common = common

    def read(self) -> PointRow:
        reader, common = self._reader, self._common
        kind = Kind(reader.choice("kind", [kind.value for kind in Kind]))
        codes, texts = optional(reader, "codes", words), optional(reader, "texts", _texts)
        where = self._where()
        worded = codes is not None or texts is not None or kind is Kind.TEXT
        return PointRow(
            name=self._name(where),
            kind=kind,
            type=ValueType.TEXT if kind is Kind.TEXT else ValueType.CODE if worded else ValueType.NUMBER,
            column=self._columns.one(reader),
            pace=Pace(reader.choice("pace", [pace.value for pace in Pace], "fast")),
            when=optional(reader, "when", lambda when: numbers(when, common.index)),
            type_is=reader.integer("type_is") if reader.has("type_is") else None,
            where=where,
            multiply=reader.number("multiply", 1.0),
            divide=reader.number("divide", 1.0, minimum=1.0),
            scale=_scale(reader, self._columns) or (None if worded else common.scale),
            unit=optional(reader, "unit", self._unit),
            codes=codes,
            texts=texts,
            decimal=reader.choice("parse", ["integer", "decimal"], "integer") == "decimal",
            sentinels=frozenset(self._integers("sentinels")),
            sentinel_texts=frozenset(reader.texts("sentinel_texts")),
            sentinel_below=self._maybe("sentinel_below"),
            sentinel_above=self._maybe("sentinel_above"),
            range=optional(reader, "range", limits),
            gates=common.gates + self._columns.gates(reader),
            zero=optional(reader, "zero", lambda zero: Zero(self._columns.one(zero), zero.integer("above"))),
            protective=reader.boolean("protective", False),
            optional=reader.boolean("optional", common.optional),
        )

    def _name(self, where: tuple[Match, ...]) -> str:
        name = self._reader.text("name", pattern=NAME)
        known = [*self._common.index, *(group for match in where for group in match.pattern.groupindex)]
        for part in PLACE.findall(name):
            if part not in known:
                self._reader.problem("name", f"cannot use {{{part}}}: the index has {', '.join(known)}")
        return name

    def _where(self) -> tuple[Match, ...]:
        where = self._matches("where", self._match)
        return where + self._matches("named_by", self._named_by)

    def _matches(self, name: str, match: Callable[[Reader, str], Match]) -> tuple[Match, ...]:
        reader, keys = self._reader.table(name), self._common.keys
        for key in set(reader.keys()) - set(keys):
            reader.problem(key, f"cannot use this key: the table's keys are {', '.join(keys) or 'none'}")
        return tuple(match(reader, key) for key in sorted(reader.keys()) if key in keys)

    def _named_by(self, reader: Reader, key: str) -> Match:
        column = self._columns.one(reader.table(key))
        return Match(key, exactly(column.oid), column)

    @staticmethod
    def _match(reader: Reader, key: str) -> Match:
        match = matching(reader, key)
        if len(re.findall(NUMBERED, match.pattern.pattern)) != len(match.pattern.groupindex):
            reader.problem(key, r"cannot use this pattern: its named groups must be numbers, as (?P<fan>\d+)")
        return match

    def _unit(self, reader: Reader) -> UnitChoice:
        units: dict[int | str, str] = {}
        if reader.has("units"):
            units |= dict(coded(reader.table("units"), UNITS, str).items())
        if reader.has("texts"):
            texts = reader.table("texts")
            units |= {text: texts.choice(text, UNITS) for text in sorted(texts.keys())}
        if not units:
            reader.problem("units", "cannot go on without the device's codes (units) or texts")
        return UnitChoice(self._columns.one(reader), units)

    def _integers(self, key: str) -> list[int]:
        return [int(text or 0) for text in self._reader.texts(key, pattern=r"-?\d{1,10}")]

    def _maybe(self, key: str) -> float | None:
        return self._reader.number(key) if self._reader.has(key) else None


def _texts(reader: Reader) -> Mapping[str, str]:
    return {text: reader.text(text, pattern=WORD) for text in sorted(reader.keys())}
