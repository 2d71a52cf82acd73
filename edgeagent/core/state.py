"""State: the one present image of the pod. Drivers publish into it; everything else reads from it."""

from collections.abc import Iterable
from types import MappingProxyType

from edgeagent.core.bus import Channel
from edgeagent.core.clock import Clock
from edgeagent.model.device import DeviceInfo, DeviceStatus
from edgeagent.model.event import Event
from edgeagent.model.points import DeviceId, Point, PointId, ValueType, device_of
from edgeagent.model.reading import Quality, Reading, ReadingBatch, Reason, bad
from edgeagent.model.snapshot import Snapshot
from edgeagent.model.units import Kind

NO_VALUE = frozenset({Reason.SENTINEL, Reason.ABSENT})
"""How a device answers for a point that it does not give."""


class Follower:
    """Images for one who takes them one after another: each tells what may have changed since the one before."""

    def __init__(self, state: "State") -> None:
        self._state = state
        self._version = -1
        self.changed: set[PointId] | None = None
        """The points that were published since; None when any may be otherwise."""

    def snapshot(self) -> Snapshot:
        """A frozen image of all readings now."""
        image, since, changed = self._state.snapshot(), self._version, self.changed
        self._version, self.changed = image.version, set()
        return Snapshot(image.time_s, image.version, image.readings, since, changed)


class State:
    """Points, their latest readings and the devices' status.

    ``batches`` carries every published batch, ``devices`` every change of a device's description, ``events`` what was
    told and happened once.
    """

    def __init__(self, clock: Clock) -> None:
        self.batches: Channel[ReadingBatch] = Channel("readings")
        self.described: Channel[tuple[DeviceId, DeviceInfo]] = Channel("described")
        self.events: Channel[Event] = Channel("events")
        self._clock = clock
        self._version = 0
        self._readings: dict[PointId, Reading] = {}
        self._points: dict[PointId, Point] = {}
        self._blank: dict[DeviceId, set[PointId]] = {}
        """By device, the points that have had no value since they were described; a protective one is always missed."""
        self._infos: dict[DeviceId, DeviceInfo] = {}
        self._statuses: dict[DeviceId, DeviceStatus] = {}
        self._followers: list[Follower] = []

    def describe(self, device: DeviceId, info: DeviceInfo) -> None:
        """Make the device's points known; a new one starts as BAD ``never_read``, a vanished one leaves.

        A point that means something else than before (kind, type, codes) is new.
        """
        now_s = self._clock.now_s()
        fresh = {point.id: point for point in info.points}
        for gone in [known for known, point in self._points.items() if point.device == device and known not in fresh]:
            del self._points[gone], self._readings[gone]
        blank = {name for name in self._blank.get(device, ()) if name in fresh}
        for name, point in fresh.items():
            known = self._points.get(name)
            if known is None or _meaning(known) != _meaning(point):
                self._readings[name] = bad(name, Reason.NEVER_READ, now_s)
                blank |= set() if point.protective else {name}
        self._blank[device] = blank
        self._points.update(fresh)
        self._another_image()
        if self._infos.get(device) != info:
            self._infos[device] = info
            self.described.publish((device, info))

    def publish(self, batch: ReadingBatch) -> None:
        """Take readings of described points, all or none; an unknown point is a bug and raises KeyError."""
        for reading in batch.readings:
            if reading.point not in self._points:
                raise KeyError(reading.point)
        fresh = {reading.point: reading for reading in batch.readings}
        self._readings.update(fresh)
        if blank := self._blank.get(batch.device):
            blank -= {name for name in blank if name in fresh and fresh[name].value is not None}
        self._version += 1
        for follower in self._followers:
            if follower.changed is not None:
                follower.changed.update(fresh)
        self.batches.publish(batch)

    def fail(self, device: DeviceId, group: str, names: Iterable[PointId], reason: Reason) -> None:
        """Mark points BAD that could not be read; their last value is kept out of the image."""
        now_s = self._clock.now_s()
        readings = [bad(point, reason, now_s) for point in names if point in self._points]
        if readings:
            self.publish(ReadingBatch(device, group, now_s, readings))

    def forget(self, device: DeviceId) -> None:
        """Let go of a device that is no longer read: its points, their readings, its description and its status."""
        info = self._infos.pop(device, None)
        for point in info.points if info else ():
            self._points.pop(point.id, None)
            self._readings.pop(point.id, None)
        self._blank.pop(device, None)
        self._statuses.pop(device, None)
        self._another_image()

    def report(self, status: DeviceStatus) -> None:
        """Remember how a device is doing."""
        self._statuses[DeviceId(status.device)] = status

    def follow(self) -> Follower:
        """Take images one after another."""
        follower = Follower(self)
        self._followers.append(follower)
        return follower

    def snapshot(self) -> Snapshot:
        """A frozen image of all readings now."""
        return Snapshot(self._clock.now_s(), self._version, MappingProxyType(dict(self._readings)))

    def reading(self, point: PointId) -> Reading | None:
        """The latest reading of one point."""
        return self._readings.get(point)

    def unit_of(self, point: PointId) -> str:
        """The UCUM unit of a point; empty for one that has none or is not known."""
        known = self._points.get(point)
        return "" if known is None else known.unit

    def is_missed(self, reading: Reading) -> bool:
        """False where a device answers that it has no value, and never had one: none gives all its family knows."""
        return reading.reason not in NO_VALUE or reading.point not in self._blank.get(device_of(reading.point), ())

    def points(self) -> tuple[Point, ...]:
        """Every known point, in the order of description."""
        return tuple(self._points.values())

    def infos(self) -> dict[DeviceId, DeviceInfo]:
        """What each device told on connecting."""
        return dict(self._infos)

    def statuses(self) -> dict[DeviceId, DeviceStatus]:
        """How each device is doing."""
        return dict(self._statuses)

    def counts(self) -> dict[Quality, int]:
        """How many points have each quality."""
        counts = dict.fromkeys(Quality, 0)
        for reading in self._readings.values():
            counts[reading.quality] += 1
        return counts

    def _another_image(self) -> None:
        """Other points than before."""
        self._version += 1
        for follower in self._followers:
            follower.changed = None


def _meaning(point: Point) -> tuple[Kind, ValueType, tuple[str, ...]]:
    return point.kind, point.type, point.codes
