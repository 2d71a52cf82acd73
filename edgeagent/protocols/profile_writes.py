"""The write half of a profile file: what can be switched, and what can be set."""

import re
from collections.abc import Iterable, Mapping

from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind
from edgeagent.protocols.point_names import NAME, PLACE
from edgeagent.protocols.profile import Command, PointRow, Setting, Switch, Table
from edgeagent.protocols.profile_columns import Columns, coded, limits, numbers, optional

SWITCH_WORDS = ("on", "off")
SETTLE_S = 5.0


def read_switch(reader: Reader, columns: Columns, tables: Iterable[Table]) -> Switch:
    """One kind of Switch point; mistakes go to the reader."""
    index = reader.texts("index", REQUIRED, pattern="[a-z]+")
    home = optional(reader, "home", lambda given: numbers(given, index)) or {}
    target = reader.text("target", pattern=NAME)
    if target not in _switch_points(tables):
        reader.problem("target", "cannot switch this: no point of kind Switch has the name")
    if not _gives_each_part(target, index, home):
        reader.problem("index", "cannot use this index: target and home must give each part once")
    state = reader.table("state")
    return Switch(
        target=target,
        index=index,
        home=home,
        commands=_commands(reader, columns),
        state=columns.one(state),
        states=_states(state),
    )


def _gives_each_part(target: str, index: Iterable[str], home: Iterable[str]) -> bool:
    """What always stands in the name needs no home; what may go unsaid may have one."""
    always = PLACE.findall(re.sub(r"\[[^]]*\]", "", target))
    said = set(PLACE.findall(target))
    return said | set(home) == set(index) and not set(always) & set(home)


def read_setting(reader: Reader, columns: Columns, tables: Iterable[Table]) -> Setting | None:
    """One kind of number that can be set, or None where its point is not there; mistakes go to the reader."""
    target = reader.text("target", pattern=NAME)
    column = columns.one(reader)
    low, high = limits(reader)
    row = next((row for row in _numbers(tables) if (row.name, row.column) == (target, column)), None)
    max_step = reader.number("max_step", minimum=0.0) if reader.has("max_step") else None
    safe = reader.number("safe", minimum=low, maximum=high) if reader.has("safe") else None
    settle_s = reader.number("settle_s", SETTLE_S, minimum=0.1, maximum=600.0)
    gates, unsigned = columns.gates(reader), reader.boolean("unsigned", default=False)
    if row is None:
        reader.problem("target", "cannot set this: no whole number of the name is read from this object")
        return None
    return Setting(target, row, low, high, max_step, safe, settle_s, gates, unsigned)


def _numbers(tables: Iterable[Table]) -> Iterable[PointRow]:
    """What can be written as a whole number, and read back."""
    rows = (row for table in tables for row in table.points)
    return (row for row in rows if row.type is ValueType.NUMBER and not row.decimal and row.unit is None)


def _switch_points(tables: Iterable[Table]) -> set[str]:
    """The names of points that can be on or off."""
    return {
        point.name
        for table in tables
        for point in table.points
        if point.kind is Kind.SWITCH and set(SWITCH_WORDS) <= set((point.codes or {}).values())
    }


def _commands(reader: Reader, columns: Columns) -> Mapping[str, Command]:
    """One object that takes a code for each word, or an object for each word."""
    if not reader.has("object"):
        there = (reader.table(word) for word in _words(reader))
        commands = [Command(columns.one(one), one.integer("value")) for one in there]
    else:
        column, codes = columns.one(reader), reader.table("commands")
        commands = [Command(column, codes.integer(word)) for word in _words(codes)]
    if len({(command.column.oid, command.code) for command in commands}) < len(commands):
        reader.problem("commands", "cannot use one code for two commands")
    return dict(zip((*SWITCH_WORDS, "cycle"), commands, strict=False))


def _words(reader: Reader) -> tuple[str, ...]:
    return (*SWITCH_WORDS, "cycle") if reader.has("cycle") else SWITCH_WORDS


def _states(reader: Reader) -> Mapping[int, str]:
    states = coded(reader.table("codes"), SWITCH_WORDS, str)
    if set(states.values()) != set(SWITCH_WORDS):
        reader.problem("codes", "cannot read back without a code for on and one for off")
    return states
