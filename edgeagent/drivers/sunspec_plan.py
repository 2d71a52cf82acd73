"""The points of one SunSpec device: the rows of `sunspec_points` laid over the models that it was found to have."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from edgeagent.drivers.sunspec_points import BATTERIES, METERS, PHASES_OF, Aspect, Row, rows
from edgeagent.model.points import DeviceId, Point, ValueType
from edgeagent.model.reading import Reading, Reason, Value, bad
from edgeagent.model.units import Kind
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.sunspec import Block, Image
from edgeagent.protocols.sunspec_models import Model

MAX_REPEATS = 32
"""Repetitions of one model that become points, whatever a device claims."""

Images = Mapping[int, Image]
"""What was read, by the address of the block."""


@dataclass(frozen=True, slots=True)
class Part:
    """One model of the device that we know, and which of its kind it is, from 1."""

    block: Block
    model: Model
    ordinal: int = 1


@dataclass(frozen=True, slots=True)
class Cell:
    """One place that a point can be read from. ``share`` is the block of what it is a share of."""

    row: Row
    part: Part
    repetition: int | None = None
    share: Block | None = None

    @property
    def pace(self) -> Pace:
        """How often it is read."""
        return self.row.pace(self.part.model.number)

    @property
    def blocks(self) -> tuple[Block, ...]:
        """What must be read for it."""
        return (self.part.block,) if self.share is None else (self.part.block, self.share)

    def value(self, images: Images) -> Value | Reason:
        """Its value in our unit, or why there is none."""
        image = images[self.part.block.address]
        for point, word in self.row.only_if:
            said = image.value(point)
            if said != word:
                return said if isinstance(said, Reason) else Reason.ABSENT
        value = image.value(self.row.point, self.repetition)
        if isinstance(value, Reason | str):
            return value
        if self.row.mirror is not None and image.value(self.row.mirror) != -value:
            return Reason.ABSENT
        share = self._share(images)
        return share if isinstance(share, Reason) else float(value) * share

    def raw(self, images: Images) -> Value | None:
        """What stood there."""
        return images[self.part.block.address].raw(self.row.point, self.repetition)

    @property
    def source(self) -> str:
        """Where it stands."""
        return f"holding {self.part.block.address + self.part.model.place(self.row.point, self.repetition)[1]}"

    def _share(self, images: Images) -> float | Reason:
        if self.row.times is None:
            return self.row.factor
        if self.share is None:
            return Reason.ABSENT
        whole = images[self.share.address].value(self.row.times[1])
        return whole if isinstance(whole, Reason) else self.row.factor * float(whole)


@dataclass(frozen=True, slots=True)
class Step:
    """One point, and the place that it is read from."""

    point: Point
    cell: Cell

    def reading(self, images: Images, time_s: float) -> Reading:
        """What it says now."""
        value, raw = self.cell.value(images), self.cell.raw(images)
        if isinstance(value, Reason):
            return bad(self.point.id, value, time_s, source=self.cell.source, raw=raw)
        return Reading(self.point.id, value, time_s, source=self.cell.source, raw=raw)


def parts(blocks: Iterable[Block], models: Mapping[int, Model]) -> tuple[Part, ...]:
    """The blocks whose models we know; meters are counted together, all others by model."""
    counts: dict[object, int] = {}
    found = []
    for block in blocks:
        if block.number in models:
            kind = Aspect.METER if block.number in METERS else block.number
            counts[kind] = counts.get(kind, 0) + 1
            found.append(Part(block, models[block.number], counts[kind]))
    return tuple(found)


def candidates(main: str, known: Sequence[Part]) -> dict[str, list[Cell]]:
    """By the name of the point: every place that it can be read from, the best first."""
    numbers = {part.model.number for part in known}
    found: dict[str, list[Cell]] = {}
    for row in rows():
        if numbers.intersection(row.unless) or (row.aspect is Aspect.BATTERY and not numbers & BATTERIES):
            continue
        for part in _of(row, known):
            for cell, name in _cells(row, part, known):
                found.setdefault(_prefix(main, row.aspect, part.ordinal) + name, []).append(cell)
    return found


def steps(device: DeviceId, names: Mapping[str, Sequence[Cell]], images: Images) -> list[Step]:
    """Each point from the first place that says something now; where none does, from the best."""
    return [
        Step(_point(device, name, cell.row, cell.part.model), cell)
        for name, cells in names.items()
        for cell in (next((one for one in cells if not _is_blank(one.value(images))), cells[0]),)
    ]


def needed(cells: Iterable[Cell]) -> dict[Block, int]:
    """How many registers of which blocks must be read, the scale factors included."""
    found: dict[Block, int] = {}
    for cell in cells:
        for block in cell.blocks:
            found[block] = max(found.get(block, 0), _end(cell, block))
    return found


def _end(cell: Cell, block: Block) -> int:
    """The registers up to the last one that a cell needs; all fixed ones, which hold the scale factors."""
    model = cell.part.model
    if block is not cell.part.block or cell.repetition is None:
        return _fixed_end(block, model if block is cell.part.block else None)
    point, offset = model.place(cell.row.point, cell.repetition)
    return offset + point.size


def _fixed_end(block: Block, model: Model | None) -> int:
    if model is None:
        return block.registers
    ends = [point.offset + point.size for point in model.points.values() if point.type != "string"]
    return min(block.registers, max(ends))


def _of(row: Row, known: Sequence[Part]) -> list[Part]:
    """The models that a row speaks of, those that it names first before the others."""
    mine = [part for part in known if part.model.number in row.models]
    wired = [part for part in mine if row.phase <= PHASES_OF.get(part.model.number, row.phase)]
    return sorted(wired, key=lambda part: row.models.index(part.model.number))


def _cells(row: Row, part: Part, known: Sequence[Part]) -> Iterator[tuple[Cell, str]]:
    if row.repeats:
        for number in range(min(part.model.repetitions(part.block.registers), MAX_REPEATS)):
            if part.model.repeat is not None and row.point in part.model.repeat.points:
                yield Cell(row, part, number), row.name.format(n=number + 1)
    elif row.point in part.model.points:
        share = next((one.block for one in known if row.times and one.model.number == row.times[0]), None)
        yield Cell(row, part, None, share), row.name


def _prefix(main: str, aspect: Aspect, ordinal: int) -> str:
    """What tells the parts of a device apart: nothing for what the device is, a word for what it also is."""
    number = f"{ordinal}." if ordinal > 1 else ""
    if aspect in (main, Aspect.DEVICE):
        return f"{aspect or 'device'}.{number}" if number else ""
    return f"{aspect}.{number}"


def _point(device: DeviceId, name: str, row: Row, model: Model) -> Point:
    if row.kind is Kind.STATE:
        points = model.repeat.points if row.repeats and model.repeat is not None else model.points
        return Point(device, name, row.kind, ValueType.CODE, tuple(dict.fromkeys(points[row.point].codes.values())))
    return Point(device, name, row.kind, ValueType.TEXT if row.kind is Kind.TEXT else ValueType.NUMBER)


def _is_blank(value: Value | Reason) -> bool:
    return value is Reason.SENTINEL or value is Reason.ABSENT
