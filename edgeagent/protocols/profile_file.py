"""Profile files: TOML in the folder ``profiles``, read once when the first device needs them.

An ``oid`` that begins with a dot stands below the profile's ``root``. Every row names its MIB object.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

from edgeagent.config.layers import Layer, load
from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.model.errors import ConfigError
from edgeagent.model.points import ValueType
from edgeagent.model.reading import Reason
from edgeagent.model.units import Kind
from edgeagent.protocols.profile import Column, Gate, Pace, PointRow, Profile, Switch, Table, UnitChoice

UNITS = ("Cel", "[degF]")
"""UCUM units that a device may switch between; `decode` converts them."""
SWITCH_WORDS = ("on", "off")
_OID = r"\.?\d{1,10}(\.\d{1,10}){0,127}"
_NAME = r"[a-z][a-z0-9_]*(\.([a-z0-9_]+|\{[a-z]+\}))*"
_PLACE = re.compile(r"\{([a-z]+)\}")

T = TypeVar("T")


class ProfileError(ConfigError):
    """A profile file that cannot be used; the text names file, line and row."""


class Profiles:
    """All families known to this release; ``folder`` is another place to read them from."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder

    @cached_property
    def all(self) -> Mapping[str, Profile]:
        """By name. Raises ProfileError."""
        folder = self._folder or files("edgeagent.protocols") / "profiles"
        found = sorted((file for file in folder.iterdir() if file.name.endswith(".toml")), key=lambda file: file.name)
        profiles = [parse_profile(file.name, file.read_text(encoding="utf-8")) for file in found]
        return {profile.name: profile for profile in profiles}

    def of_driver(self, driver: str) -> tuple[Profile, ...]:
        """The families that a driver reads."""
        return tuple(profile for profile in self.all.values() if profile.driver == driver)


def parse_profile(file: str, text: str) -> Profile:
    """The profile in a text. Raises ProfileError with every mistake."""
    loaded = load([], layers=[Layer(file, text)])
    profile = _File(loaded.root).profile()
    loaded.root.finish()
    if loaded.problems:
        raise ProfileError("cannot use a profile:\n" + "\n".join(map(str, loaded.problems)))
    return profile


class _File:
    """Reads one file; mistakes go to the readers' ledger."""

    def __init__(self, root: Reader) -> None:
        self._reader = root
        self._root = ""

    def profile(self) -> Profile:
        reader = self._reader
        self._root = reader.text("root", pattern=_OID)
        detect, identity = reader.table("detect"), reader.table("identity")
        tables = tuple(self._table(table) for table in reader.tables("table"))
        return Profile(
            name=reader.text("name", pattern="[a-z0-9-]+"),
            title=reader.text("title"),
            driver=reader.text("driver", pattern="[a-z]+"),
            mib=reader.text("mib"),
            object_id=detect.text("object_id", pattern=_OID),
            presence=self._column(detect.table("presence")),
            vendor=identity.text("vendor"),
            model=self._columns(identity, "model"),
            serial=self._columns(identity, "serial"),
            firmware=self._columns(identity, "firmware"),
            tables=tables,
            switches=tuple(self._switch(switch, tables) for switch in reader.tables("switch")),
        )

    def _switch(self, reader: Reader, tables: tuple[Table, ...]) -> Switch:
        index = reader.texts("index", REQUIRED, pattern="[a-z]+")
        fixed = self._optional(reader, "fixed", lambda given: _numbers(given, index)) or {}
        target = reader.text("target", pattern=_NAME)
        if target not in _switch_points(tables):
            reader.problem("target", "cannot switch this: no point of kind Switch has the name")
        if sorted([*_PLACE.findall(target), *fixed]) != sorted(index):
            reader.problem("index", "cannot use this index: target and fixed must give each part once")
        state = reader.table("state")
        return Switch(
            target=target,
            index=index,
            fixed=fixed,
            command=self._column(reader),
            commands=_commands(reader.table("commands")),
            state=self._column(state),
            states=_states(state),
        )

    def _table(self, reader: Reader) -> Table:
        index = reader.texts("index", REQUIRED, pattern="[a-z]+")
        gates = self._gates(reader)
        digits = self._optional(reader, "digits", self._column)
        rows = reader.tables("point")
        if not rows:
            reader.problem("point", "cannot use a table without points")
        return Table(
            rows=self._column(reader.table("rows")),
            index=index,
            points=tuple(self._point(row, index, gates, digits) for row in rows),
            type=self._optional(reader, "type", self._column),
        )

    def _point(
        self, reader: Reader, index: tuple[str, ...], gates: tuple[Gate, ...], digits: Column | None
    ) -> PointRow:
        codes = self._optional(reader, "codes", _words)
        name = reader.text("name", pattern=_NAME)
        for part in _PLACE.findall(name):
            if part not in index:
                reader.problem("name", f"cannot use {{{part}}}: the index has {', '.join(index)}")
        return PointRow(
            name=name,
            kind=Kind(reader.choice("kind", [kind.value for kind in Kind])),
            type=ValueType.NUMBER if codes is None else ValueType.CODE,
            column=self._column(reader),
            pace=Pace(reader.choice("pace", [pace.value for pace in Pace], "fast")),
            when=self._optional(reader, "when", lambda when: _numbers(when, index)),
            type_is=reader.integer("type_is") if reader.has("type_is") else None,
            multiply=reader.number("multiply", 1.0),
            divide=reader.number("divide", 1.0, minimum=1.0),
            digits=self._optional(reader, "digits", self._column) or (digits if codes is None else None),
            unit=self._optional(reader, "unit", self._unit),
            codes=codes,
            sentinels=frozenset(_integers(reader, "sentinels")),
            range=self._optional(reader, "range", _range),
            gates=gates + self._gates(reader),
            protective=reader.boolean("protective", False),
        )

    def _gates(self, reader: Reader) -> tuple[Gate, ...]:
        return tuple(
            Gate(self._column(gate), _coded(gate.table("refuse"), [r.value for r in Reason], Reason))
            for gate in reader.tables("gates")
        )

    def _unit(self, reader: Reader) -> UnitChoice:
        return UnitChoice(self._column(reader), _coded(reader.table("units"), UNITS, str))

    def _column(self, reader: Reader) -> Column:
        oid = reader.text("oid", pattern=_OID)
        name = reader.text("object", pattern="[a-z][A-Za-z0-9-]*")
        return Column(name, self._root + oid if oid.startswith(".") else oid, reader.boolean("scalar", False))

    def _columns(self, reader: Reader, key: str) -> tuple[Column, ...]:
        return tuple(self._column(one) for one in reader.tables(key))

    @staticmethod
    def _optional(reader: Reader, key: str, read: Callable[[Reader], T]) -> T | None:
        return read(reader.table(key)) if reader.has(key) else None


def _words(reader: Reader) -> Mapping[int, str]:
    return {code: reader.text(key, pattern="[a-z][a-z0-9_]*") for key, code in _codes(reader)}


def _coded(reader: Reader, words: Iterable[str], make: Callable[[str], T]) -> Mapping[int, T]:
    options = list(words)
    return {code: make(reader.choice(key, options)) for key, code in _codes(reader)}


def _switch_points(tables: Iterable[Table]) -> set[str]:
    """The names of points that can be on or off."""
    return {
        point.name
        for table in tables
        for point in table.points
        if point.kind is Kind.SWITCH and set(SWITCH_WORDS) <= set((point.codes or {}).values())
    }


def _commands(reader: Reader) -> Mapping[str, int]:
    words = [*SWITCH_WORDS, *(["cycle"] if reader.has("cycle") else [])]
    commands = {word: reader.integer(word) for word in words}
    if len(set(commands.values())) < len(words):
        reader.problem(None, "cannot use one code for two commands")
    return commands


def _states(reader: Reader) -> Mapping[int, str]:
    states = _coded(reader.table("codes"), SWITCH_WORDS, str)
    if set(states.values()) != set(SWITCH_WORDS):
        reader.problem("codes", "cannot read back without a code for on and one for off")
    return states


def _codes(reader: Reader) -> list[tuple[str, int]]:
    """The keys of a table of raw codes, as written and as numbers."""
    found = []
    for key in sorted(reader.keys()):
        if re.fullmatch(r"-?\d{1,10}", key):
            found.append((key, int(key)))
        else:
            reader.problem(key, "cannot use this key: a raw code is a whole number")
    return found


def _numbers(reader: Reader, index: tuple[str, ...]) -> Mapping[str, int]:
    for key in set(reader.keys()) - set(index):
        reader.problem(key, f"cannot use this key: the index has {', '.join(index)}")
    return {key: reader.integer(key) for key in sorted(reader.keys())}


def _integers(reader: Reader, key: str) -> list[int]:
    return [int(text or 0) for text in reader.texts(key, pattern=r"-?\d{1,10}")]


def _range(reader: Reader) -> tuple[float, float]:
    low, high = reader.number("low"), reader.number("high")
    if not low <= high:
        reader.problem("high", "cannot be below low")
    return low, high
