"""The rows that a device has, and which point each of them is, by a profile; for who reads and for who writes."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from edgeagent.protocols.decode import key_of, text_of
from edgeagent.protocols.point_names import names
from edgeagent.protocols.profile import Column, Label, Match, PointRow, Profile, Table
from edgeagent.protocols.snmp import MAX_ROWS, Raw

MAX_DESCRIPTION = 512
"""A sysDescr may hold 255 octets (RFC 3418); some hold more."""
SCALAR = "0"
"""The index of what stands in no table (RFC 2578 section 7.7)."""


class Agent(Protocol):
    """What is needed of an SNMP session; see `protocols.snmp.SnmpSession`."""

    async def get(self, oids: Sequence[str]) -> dict[str, Raw]:
        """The values of those objects that exist."""

    async def walk(self, prefix: str, max_rows: int = MAX_ROWS) -> dict[str, Raw]:
        """The objects below a prefix."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row that was found: where, what its type and key columns say, and whose it is, where it is one point's."""

    table: Table
    index: str
    type: object = None
    keys: Mapping[str, str] = field(default_factory=dict)
    only: PointRow | None = None

    @property
    def place(self) -> tuple[int, int, str]:
        """What tells it from every other row of the profile while the profile lives."""
        return id(self.table), id(self.only), self.index


@dataclass(frozen=True, slots=True)
class Place:
    """Where a point of that name may be read; several places may make one name, then the first counts."""

    name: str
    row: PointRow
    index: str

    @property
    def oid(self) -> str:
        """Its value."""
        return self.row.column.instance(self.index)

    @property
    def scale_oid(self) -> str | None:
        """Its own scale, if it has one."""
        return None if self.row.scale is None else self.row.scale.column.instance(self.index)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A row that is a point of the profile, and the numbers for its name."""

    row: PointRow
    index: str
    numbers: Mapping[str, int]
    home: Mapping[str, int]


async def find_rows(agent: Agent, profile: Profile) -> list[Row]:
    """The rows of every table. Raises DeviceError."""
    return [row for table in profile.tables for row in await _table_rows(agent, table)]


def places(profile: Profile, rows: Iterable[Row]) -> list[Place]:
    """Every place of every point, in the profile's order."""
    found: dict[int, list[_Fit]] = {}
    for row in rows:
        for fit in _fits(row):
            found.setdefault(id(fit.row), []).append(fit)
    points = (point for table in profile.tables for point in table.points)
    return [place for point in points for place in _places(found.get(id(point), []))]


async def find_place(agent: Agent, profile: Profile, name: str) -> Place | None:
    """Where a point stands that a profile's device has, for who writes. Raises DeviceError."""
    named = [place for place in places(profile, await find_rows(agent, profile)) if place.name == name]
    there = await agent.get([place.oid for place in named if place.row.optional])
    return next((place for place in named if not place.row.optional or place.oid in there), None)


def keys_of(profile: Profile, place: Place) -> dict[str, Match]:
    """Where the texts stand that make a row this point's, and what each must be; a device may shift its rows."""
    keys = next(table.keys for table in profile.tables if any(point is place.row for point in table.points))
    return {keys[match.key].instance(place.index): match for match in place.row.where}


@dataclass(frozen=True, slots=True)
class Known:
    """Where a text that says who a device is was found, and what counts of it; both empty where it says nothing."""

    oid: str = ""
    text: str = ""
    label: Label | None = None

    def now(self, values: Mapping[str, Raw]) -> str:
        """What it says now, among values just read."""
        text = text_of(values.get(self.oid), MAX_DESCRIPTION)
        return text if self.label is None else self.label.part(text)


async def find_label(agent: Agent, labels: Iterable[Label]) -> Known:
    """The first of the labels that the device has. Raises DeviceError."""
    for label in labels:
        for oid, raw in (await _labelled(agent, label)).items():
            if text := label.part(text_of(raw, MAX_DESCRIPTION)):
                return Known(oid, text, label)
    return Known()


async def _labelled(agent: Agent, label: Label) -> dict[str, Raw]:
    if label.beside is None:
        return await agent.walk(label.oid, 1)
    column, match = label.beside
    named = await _column(agent, column)
    indexes = (index for index, raw in named.items() if match.pattern.search(key_of(raw)))
    return await agent.get([label.column.instance(index) for index in indexes])


async def _table_rows(agent: Agent, table: Table) -> list[Row]:
    if table.rows is not None:
        indexes = list(await _column(agent, table.rows))
        types = await _column(agent, table.type) if table.type and indexes else {}
        keys = {key: await _column(agent, column) for key, column in table.keys.items() if indexes}
        return [_row(table, index, types, keys) for index in indexes]
    if not table.index:
        return [Row(table, SCALAR)]
    return [Row(table, index, only=row) for row in table.points for index in await _column(agent, row.column)]


def _row(table: Table, index: str, types: Mapping[str, Raw], keys: Mapping[str, Mapping[str, Raw]]) -> Row:
    kind = None if table.type is None else types.get(table.type.index(index))
    return Row(table, index, kind, {key: key_of(column.get(index)) for key, column in keys.items()})


async def _column(agent: Agent, column: Column) -> dict[str, Raw]:
    """Row index → value."""
    prefix = column.oid + "."
    return {
        oid.removeprefix(prefix): raw for oid, raw in (await agent.walk(column.oid)).items() if oid.startswith(prefix)
    }


def _places(fits: Sequence[_Fit]) -> list[Place]:
    """Those of one point of the profile, whose names depend on each other."""
    if not fits:
        return []
    named = names(fits[0].row.name, [fit.numbers for fit in fits], fits[0].home)
    return [Place(name, fit.row, fit.index) for name, fit in zip(named, fits, strict=True)]


def _fits(row: Row) -> Iterator[_Fit]:
    numbers = row.index.split(".")
    if row.table.index and len(numbers) != len(row.table.index):
        return  # a row of another shape than the MIB's: not ours to read
    parts = dict(zip(row.table.index, map(int, numbers), strict=False))
    for point in row.table.points if row.only is None else (row.only,):
        fits = all(parts[key] == number for key, number in (point.when or {}).items())
        if not fits or point.type_is not in (None, row.type):
            continue
        if (named := _named(point, row.keys)) is not None:
            yield _Fit(point, row.index, parts | named, row.table.home)


def _named(point: PointRow, keys: Mapping[str, str]) -> dict[str, int] | None:
    """The numbers that the keys give to the point's name, or None where they are not the point's."""
    found: dict[str, int] = {}
    for match in point.where:
        numbers = match.numbers(keys.get(match.key, ""))
        if numbers is None:
            return None
        found |= numbers
    return found
