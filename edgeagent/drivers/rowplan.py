"""Row plans: a profile laid over the rows that a device has, so that a poll is one lookup and one Reading per point."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from edgeagent.model.points import DeviceId, Point, PointId, point_id
from edgeagent.model.reading import Quality, Reading, Reason, Value
from edgeagent.protocols.decode import Decoder, converted, decoder, text_of
from edgeagent.protocols.profile import PointRow
from edgeagent.protocols.profile_rows import Place

Values = Mapping[str, object]
Units = Mapping[int | str, str]
Gates = tuple[tuple[str, Mapping[int, Reason], Reason | None], ...]
"""Where a companion stands, what its codes take, and what it takes where it is missing."""
GOOD, BAD = Quality.GOOD, Quality.BAD  # an attribute of an enumeration costs more than the decoding


class Step(NamedTuple):
    """How one point is read; a tuple, because every poll unpacks each of them."""

    point: PointId
    oid: str
    decode: Decoder
    gates: Gates
    unit: tuple[str, Units] | None
    zero: tuple[str, int] | None


class RowPlan:
    """The steps of one group; ``oids`` is what must be asked, each once, companions beside their values."""

    def __init__(self, steps: Iterable[Step]) -> None:
        self._steps = tuple(steps)
        self.oids = tuple(dict.fromkeys(oid for step in self._steps for oid in _needs(step)))

    def readings(self, values: Values, time_s: float) -> list[Reading]:
        """One Reading per point, from the values that the device gave."""
        found = []
        for point, oid, decode, gates, unit, zero in self._steps:
            raw = values.get(oid)
            value = (_refusal(gates, values) or decode(raw)) if gates else decode(raw)
            if zero is not None and raw == 0:
                value = _measured(zero, values, value)
            if unit is not None and type(value) is float:
                value = _in_unit(unit, values, value)
            shown = raw if raw is None or type(raw) is int else _shown(raw)
            if type(value) is Reason:
                found.append(Reading(point, None, time_s, BAD, value, oid, shown))
            else:
                found.append(Reading(point, value, time_s, GOOD, None, oid, shown))
        return found


def point_at(device: DeviceId, place: Place) -> Point:
    """The point that a place makes."""
    row = place.row
    return Point(device, place.name, row.kind, row.type, row.words, row.protective)


def step(device: DeviceId, place: Place, scale: object) -> Step:
    """How a place is read, given what its scale column says."""
    row, index = place.row, place.index
    return Step(
        point=point_id(device, place.name),
        oid=place.oid,
        decode=decoder(row, scale),
        gates=tuple(_gates(row, index)),
        unit=None if row.unit is None else (row.unit.column.instance(index), row.unit.units),
        zero=None if row.zero is None else (row.zero.column.instance(index), row.zero.above),
    )


def _gates(row: PointRow, index: str) -> Iterator[tuple[str, Mapping[int, Reason], Reason | None]]:
    for gate in row.gates:
        yield gate.column.instance(index), gate.refuse, None if gate.optional else Reason.ABSENT


def _needs(step: Step) -> Iterator[str]:
    yield step.oid
    for oid, _, _ in step.gates:
        yield oid
    for companion in (step.unit, step.zero):
        if companion is not None:
            yield companion[0]


def _refusal(gates: Gates, values: Values) -> Reason | None:
    for oid, refuse, missing in gates:
        code = values.get(oid)
        if type(code) is not int:
            if code is not None:
                return Reason.GARBLED
            if missing is not None:
                return missing
        elif code in refuse:
            return refuse[code]
    return None


def _measured(zero: tuple[str, int], values: Values, value: Value | Reason) -> Value | Reason:
    """What is not measured reads 0 on some devices, beside a companion that says otherwise."""
    oid, above = zero
    companion = values.get(oid)
    doubtful = type(companion) is int and companion > above and type(value) is not Reason
    return Reason.SENTINEL if doubtful else value


def _in_unit(unit: tuple[str, Units], values: Values, value: float) -> Value | Reason:
    oid, units = unit
    code = values.get(oid)
    if code is None:
        return Reason.ABSENT
    return converted(value, units.get(code if isinstance(code, int) else text_of(code)))


def _shown(raw: object) -> str:
    return text_of(raw) if isinstance(raw, bytes) else str(raw)
