"""Row plans: a profile laid over the rows that a device has, so that a poll is one lookup and one Reading per point."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from edgeagent.model.points import DeviceId, Point, PointId
from edgeagent.model.reading import Quality, Reading, Reason, Value
from edgeagent.protocols.decode import Decoder, converted, decoder
from edgeagent.protocols.profile import PointRow, Profile, Table

Values = Mapping[str, object]
Gates = tuple[tuple[str, Mapping[int, Reason]], ...]
GOOD, BAD = Quality.GOOD, Quality.BAD  # an attribute of an enumeration costs more than the decoding


@dataclass(frozen=True, slots=True)
class Row:
    """One row that was found: where, and what its type column says."""

    table: Table
    index: str
    type: object = None


@dataclass(frozen=True, slots=True)
class Cell:
    """One point of one row."""

    point: Point
    row: PointRow
    index: str

    @property
    def digits_oid(self) -> str | None:
        """Where the number of decimal digits stands, if anywhere."""
        return None if self.row.digits is None else self.row.digits.instance(self.index)


class Step(NamedTuple):
    """How one point is read; a tuple, because every poll unpacks each of them."""

    point: PointId
    oid: str
    decode: Decoder
    gates: Gates
    unit: tuple[str, Mapping[int, str]] | None


class RowPlan:
    """The steps of one group; ``oids`` is what must be asked, each once, companions beside their values."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = tuple(steps)
        self.oids = tuple(dict.fromkeys(oid for step in self._steps for oid in _needs(step)))

    def readings(self, values: Values, time_s: float) -> list[Reading]:
        """One Reading per point, from the values that the device gave."""
        found = []
        for point, oid, decode, gates, unit in self._steps:
            raw = values.get(oid)
            value = (_refusal(gates, values) or decode(raw)) if gates else decode(raw)
            if unit is not None and type(value) is float:
                value = _in_unit(unit, values, value)
            shown = raw if raw is None or type(raw) is int else str(raw)
            if type(value) is Reason:
                found.append(Reading(point, None, time_s, BAD, value, oid, shown))
            else:
                found.append(Reading(point, value, time_s, GOOD, None, oid, shown))
        return found


def cells(device: DeviceId, profile: Profile, rows: Iterable[Row]) -> list[Cell]:
    """The points that a device with these rows has, in the profile's order; a name comes once."""
    found: dict[str, Cell] = {}
    order = {id(point): place for place, point in enumerate(p for table in profile.tables for p in table.points)}
    for row in rows:
        for point_row, name in _points(row):
            found.setdefault(name, Cell(_point(device, point_row, name), point_row, row.index))
    return sorted(found.values(), key=lambda cell: order[id(cell.row)])


def step(cell: Cell, digits: object) -> Step:
    """How a cell is read, given what its digits column says."""
    row, index = cell.row, cell.index
    return Step(
        point=cell.point.id,
        oid=row.column.instance(index),
        decode=decoder(row, 0 if row.digits is None else digits),
        gates=tuple((gate.column.instance(index), gate.refuse) for gate in row.gates),
        unit=None if row.unit is None else (row.unit.column.instance(index), row.unit.units),
    )


def _points(row: Row) -> Iterator[tuple[PointRow, str]]:
    numbers = row.index.split(".")
    if len(numbers) != len(row.table.index):
        return  # a row of another shape than the MIB's: not ours to read
    parts = dict(zip(row.table.index, map(int, numbers), strict=True))
    for point in row.table.points:
        fits = all(parts[key] == number for key, number in (point.when or {}).items())
        if fits and point.type_is in (None, row.type):
            yield point, point.name.format(**parts)


def _point(device: DeviceId, row: PointRow, name: str) -> Point:
    codes = tuple(dict.fromkeys((row.codes or {}).values()))
    return Point(device, name, row.kind, row.type, codes, row.protective)


def _needs(step: Step) -> Iterator[str]:
    yield step.oid
    for oid, _ in step.gates:
        yield oid
    if step.unit is not None:
        yield step.unit[0]


def _refusal(gates: Gates, values: Values) -> Reason | None:
    for oid, refuse in gates:
        code = values.get(oid)
        if type(code) is not int:
            return Reason.ABSENT if code is None else Reason.GARBLED
        if code in refuse:
            return refuse[code]
    return None


def _in_unit(unit: tuple[str, Mapping[int, str]], values: Values, value: float) -> Value | Reason:
    oid, units = unit
    code = values.get(oid)
    if code is None:
        return Reason.ABSENT
    return converted(value, units.get(code) if isinstance(code, int) else None)
