"""The judge of one device: its readings come in, and go out marked and with what is derived from them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from edgeagent.drivers.estimates.dew import dew_point_c
from edgeagent.drivers.estimates.electric import Electric
from edgeagent.drivers.estimates.layout import Air, layout_of
from edgeagent.drivers.estimates.slot import Slot
from edgeagent.drivers.estimates.totals import Total, totals_of
from edgeagent.drivers.estimates.whole import Frozen, Parts, heats
from edgeagent.model.device import DeviceInfo, Group
from edgeagent.model.points import DeviceId, Point, PointId, point_id
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.model.units import Kind

DERIVED = "derived"
"""The source of every reading that no device gave."""
OLD_PERIODS = 3.0

T = TypeVar("T")


class Judge:
    """Made for one description of a device. `info` is that description with the derived points."""

    def __init__(self, device: DeviceId, info: DeviceInfo) -> None:
        self._device = device
        layout = layout_of(info)
        self._slots = {slot.point: slot for slot in layout.slots.values()}
        groups = [Electric(one) for one in layout.groups]
        self.totals = totals_of(layout.counters, groups)
        self._read_in = {name: group for group in info.groups for name in group.points}
        self._electric = _by_group(info.groups, [(one, [slot.name for slot in one.it.slots]) for one in groups])
        self._totals = _by_group(info.groups, [(one, [one.slot.name]) for one in self.totals])
        self._airs = _by_group(info.groups, [(one, [one.humidity.name]) for one in layout.airs])
        self._parts = _by_group(info.groups, [(Parts(one), [one.total.name]) for one in layout.sums])
        self._heats = _by_group(info.groups, [(one, [one.heat.name]) for one in heats(layout.streams)])
        temperatures = [
            layout.slots[point.name]
            for point in info.points
            if point.kind is Kind.TEMPERATURE and point.name in layout.slots
        ]
        self._frozen = Frozen(temperatures)
        self._marked: dict[Slot, str] = {}
        self.info = self._described(info)

    @property
    def marked(self) -> dict[PointId, str]:
        """What is marked now, and why."""
        return {slot.point: why for slot, why in self._marked.items()}

    def take(
        self, group: str, readings: Sequence[Reading], now_s: float, *, counts: bool = True
    ) -> tuple[list[Reading], bool]:
        """One poll of one group, marked and with what is derived; and whether totals should be kept at once.

        ``counts`` is false while it cannot be known where the totals were.
        """
        slots = self._slots
        found = [slots.get(reading.point) for reading in readings]
        for slot, reading in zip(found, readings, strict=True):
            if slot is not None:
                slot.take(reading)
        for one in self._electric.get(group, ()):
            one.judge(now_s)
        for parts in self._parts.get(group, ()):
            parts.judge()
        for heat in self._heats.get(group, ()):
            heat.judge()
        self._frozen.judge(now_s)
        must_keep = [one.read() for one in self._totals.get(group, ())] if counts else []
        marked = [self._mark(slot, reading) for slot, reading in zip(found, readings, strict=True)]
        marked.extend(self._derived(group, now_s))
        return marked, any(must_keep)

    def _mark(self, slot: Slot | None, reading: Reading) -> Reading:
        if slot is None or not (slot.alone or slot.accused or slot.stuck or slot.doubted):
            if self._marked and slot is not None:
                self._marked.pop(slot, None)
            return reading
        reason = slot.reason
        if reason is None or reading.quality is not Quality.GOOD:
            return reading
        self._marked[slot] = slot.why
        return reading.marked(Quality.UNCERTAIN, reason)

    def _derived(self, group: str, now_s: float) -> Iterable[Reading]:
        for air in self._airs.get(group, ()):
            yield from self._air(air, now_s)
        for total in self._totals.get(group, ()):
            yield self._total(total, now_s)

    def _air(self, air: Air, now_s: float) -> Iterable[Reading]:
        """Dew point, and how far above it the air is."""
        dew, margin = (point_id(self._device, _joined(air.stem, leaf)) for leaf in _AIR_LEAVES)
        temperature, humidity = air.temperature, air.humidity
        reason = next((why for one in (temperature, humidity) if (why := self._fault(one, now_s))), None)
        value = None
        if reason is None and temperature.value is not None and humidity.value is not None:
            value = dew_point_c(temperature.value, humidity.value)
            time_s = min(temperature.time_s, humidity.time_s)
        if value is None or temperature.value is None:
            yield bad(dew, reason or Reason.OUT_OF_RANGE, now_s, source=DERIVED)
            yield bad(margin, reason or Reason.OUT_OF_RANGE, now_s, source=DERIVED)
            return
        yield Reading(dew, round(value, 2), time_s, source=DERIVED)
        yield Reading(margin, round(temperature.value - value, 2), time_s, source=DERIVED)

    def _fault(self, slot: Slot, now_s: float) -> Reason | None:
        """Why nothing may be derived from it now."""
        if slot.fault or slot.reason:
            return slot.fault or slot.reason
        group = self._read_in.get(slot.name)
        is_old = group is not None and now_s - slot.time_s > OLD_PERIODS * group.period_s + group.deadline_s
        return Reason.STALE if is_old else None

    def _total(self, total: Total, now_s: float) -> Reading:
        point, slot, value = point_id(self._device, total.name), total.slot, total.total_wh
        if slot.fault is not None or value is None:
            return bad(point, slot.fault or slot.reason or Reason.NEVER_READ, now_s, source=DERIVED)
        reading = Reading(point, value, slot.time_s, source=DERIVED)
        reason = slot.alone or (Reason.IMPLAUSIBLE if slot.accused else None)
        return reading if reason is None else reading.marked(Quality.UNCERTAIN, reason)

    def _described(self, info: DeviceInfo) -> DeviceInfo:
        """With the derived points, each in the group that it is derived in."""
        derived: dict[str, list[Point]] = {}
        for name, airs in self._airs.items():
            derived.setdefault(name, []).extend(point for air in airs for point in self._air_points(air))
        for name, totals in self._totals.items():
            points = [Point(self._device, one.name, Kind.ENERGY, label="total that survives resets") for one in totals]
            derived.setdefault(name, []).extend(points)
        groups = tuple(
            replace(one, points=one.points | {point.name for point in derived.get(one.name, ())}) for one in info.groups
        )
        return replace(
            info, points=(*info.points, *(point for some in derived.values() for point in some)), groups=groups
        )

    def _air_points(self, air: Air) -> Iterable[Point]:
        labels = ("dew point", "how far the air is above its dew point")
        for leaf, label in zip(_AIR_LEAVES, labels, strict=True):
            yield Point(self._device, _joined(air.stem, leaf), Kind.TEMPERATURE, label=label)


_AIR_LEAVES = ("dew_point", "condensation_margin")


def _by_group(groups: Iterable[Group], items: Iterable[tuple[T, Sequence[str]]]) -> dict[str, list[T]]:
    """The items, by each group that reads any of their points."""
    found: dict[str, list[T]] = {}
    for group in groups:
        mine = [item for item, names in items if not group.points.isdisjoint(names)]
        if mine:
            found[group.name] = mine
    return found


def _joined(stem: str, leaf: str) -> str:
    return f"{stem}.{leaf}" if stem else leaf
