"""The recorder: what the state publishes becomes records of the telemetry stream."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, replace
from typing import TypeVar

from edgeagent.core.clock import Anchor, Clock
from edgeagent.core.ports import Beat
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo
from edgeagent.model.journal import MAX_RECORD_BYTES, Stream
from edgeagent.model.points import Point
from edgeagent.model.reading import ReadingBatch
from edgeagent.store.store import Store
from edgeagent.wire.record import ClockAnchor, Described, PointSpec, encode, happened_of, sample_of

T = TypeVar("T")
ANCHOR_FACT = "clock.anchor"
"""The fact that holds the last anchor: boot_id, boottime_s, wall_s, trusted."""
ANCHOR_EVERY_S = 900.0
STEP_S = 1.0
TURN_S = 0.25
YIELD_EVERY = 200
"""Polls that are recorded in one go; then the rest of the loop has its turn."""
MAX_BATCHES = 5000
"""Polls that may wait for one turn; beyond it the oldest is lost, and counted."""
MAX_EVENTS = 1000
"""Events that may wait for one turn; the same holds."""


class Recorder:
    """Writes a clock anchor, the description of each device, then its samples, always in this order; and events.

    Events go with telemetry: what anybody on the network can make up must never cost an alarm its place.
    """

    name = "recorder"
    beat_every_s = 30.0
    critical = False

    def __init__(self, state: State, store: Store, clock: Clock) -> None:
        self._state = state
        self._store = store
        self._clock = clock
        self._anchor: Anchor | None = None
        self._lost = 0
        # For as long as the recorder lives: what is published while the supervisor waits to start it again is not lost.
        self._listening = listening = ExitStack()
        self._batches = listening.enter_context(state.batches.subscribe(self.name, MAX_BATCHES))
        self._described = listening.enter_context(state.described.subscribe(self.name))
        self._events = listening.enter_context(state.events.subscribe(self.name, MAX_EVENTS))

    async def run(self, beat: Beat) -> None:
        """Record until cancelled; what is published by then is recorded too."""
        self._write_anchor("start")
        self._described.drain()  # what stands there is also among the following
        for device, info in self._state.infos().items():
            self._describe(device, info)
        try:
            while True:
                self._keep_anchor()
                while self._record():
                    await self._clock.sleep(0)
                beat()
                await self._clock.sleep(TURN_S)
        finally:
            while self._record():
                pass

    def _record(self) -> bool:
        """Record what waits, at most YIELD_EVERY polls of it; true when more may wait."""
        for device, info in self._described.drain():
            self._describe(device, info)
        for event in self._events.drain():
            self._store.append(Stream.TELEMETRY, encode(happened_of(self._clock.boot_id, event)))
        dropped = self._batches.dropped + self._described.dropped + self._events.dropped
        if dropped > self._lost:
            self._store.count_lost(Stream.TELEMETRY, "recorder_late", dropped - self._lost)
        self._lost = dropped
        for _ in range(YIELD_EVERY):
            batch = self._batches.take()
            if batch is None:
                return False
            if batch.is_kept:
                self._sample(batch)
        return True

    def _keep_anchor(self) -> None:
        before, now = self._anchor, Anchor.of(self._clock)
        if before is None or abs(before.stepped_s(now)) > STEP_S:
            self._write_anchor("step")
        elif now.boottime_s - before.boottime_s >= ANCHOR_EVERY_S:
            self._write_anchor("periodic")

    def _write_anchor(self, why: str) -> None:
        anchor = self._anchor = Anchor.of(self._clock)
        record = ClockAnchor(anchor.boot_id, anchor.boottime_s, anchor.wall_s, anchor.trusted, why)
        self._store.append(Stream.TELEMETRY, encode(record))
        self._store.note_fact(ANCHOR_FACT, asdict(anchor))

    def _describe(self, device: str, info: DeviceInfo) -> None:
        specs = tuple(map(_spec, info.points))
        identity = info.identity
        for part in _parts(
            Described(
                self._clock.boot_id[:8],
                self._clock.now_s(),
                device,
                identity.vendor,
                identity.model,
                identity.serial,
                identity.firmware,
                specs,
            )
        ):
            self._store.append(Stream.TELEMETRY, part)

    def _sample(self, batch: ReadingBatch) -> None:
        content = encode(sample_of(self._clock.boot_id, batch))
        if len(content) <= MAX_RECORD_BYTES:
            self._store.append(Stream.TELEMETRY, content)
        elif len(batch.readings) > 1:
            for half in _halves(batch.readings):
                self._sample(replace(batch, readings=half))
        else:
            self._store.count_lost(Stream.TELEMETRY, "too_long", 1)


def _parts(described: Described) -> Iterator[bytes]:
    """The description in as many records as it needs; each holds some of the points."""
    content = encode(described)
    if len(content) <= MAX_RECORD_BYTES:
        yield content
    elif len(described.points) > 1:
        for half in _halves(described.points):
            yield from _parts(_with_points(described, tuple(half)))


def _with_points(described: Described, points: tuple[PointSpec, ...]) -> Described:
    return Described(
        described.boot,
        described.time_s,
        described.device,
        described.vendor,
        described.model,
        described.serial,
        described.firmware,
        points,
    )


def _halves(items: Sequence[T]) -> tuple[Sequence[T], Sequence[T]]:
    middle = len(items) // 2
    return items[:middle], items[middle:]


def _spec(point: Point) -> PointSpec:
    return PointSpec(point.name, point.kind.value, point.unit, point.type.value, point.codes, point.label)
