"""Replay: what to send next. Live records first, then the backlog; what is not acknowledged is sent again.

Pure of time and network: every call is given the moment. A frame leaves ``Replay`` only when the NOC's acknowledgement
covers it; the broker's PUBACK only tells how fast the link drains. Rules:

- live is what was committed after the connection came up; it never waits for the backlog;
- of each kind: alarms, then audit, then telemetry; the alarm backlog newest first, in chunks;
- the backlog starts after a random wait, keeps to a token bucket, and has no more in flight than drains in 0.5 s;
- a frame that is not acknowledged in time is sent again, ever less often while nothing is acknowledged at all.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from edgeagent.model.journal import Ack, Batch, Extent, Stream
from edgeagent.uplink.rate import DrainRate, TokenBucket
from edgeagent.wire.frame import MAX_BODY_BYTES, MAX_RECORDS

ORDER = (Stream.ALARM, Stream.AUDIT, Stream.TELEMETRY)
DRAIN_S = 0.5
"""The most that waits in front of a live alarm on the same connection."""
UNWANTED_WAIT_S = 1.0
"""A frame that the broker threw away, for want of a subscriber, is lost for sure: the NOC may be there in a moment."""
LONGEST_PATIENCE = 32
"""An unheard frame is sent again after at most this many times the time-out."""

Key = tuple[Stream, int]


@dataclass(frozen=True, slots=True)
class Want:
    """What to ask the outbox for: the first run at or after ``first``, nothing above ``last``."""

    stream: Stream
    epoch: int
    first: int
    last: int
    live: bool


@dataclass(slots=True)
class Frame:
    """A frame that the NOC has not acknowledged."""

    key: Key
    first: int
    last: int
    size: int
    sent_s: float
    wait_s: float
    live: bool
    taken: bool = False
    """The broker answered."""


@dataclass(slots=True)
class Lane:
    """What is to be sent of one epoch of one stream. Spans are inclusive; the top one is next."""

    stream: Stream
    spans: list[tuple[int, int]] = field(default_factory=list)
    live_next: int | None = None
    """The next live sequence; None when the epoch is over."""

    def next(self) -> tuple[int, int] | None:
        """The span to go on with: of alarms only the newest chunk."""
        if not self.spans:
            return None
        first, last = self.spans[-1]
        if self.stream is Stream.ALARM and last - first >= MAX_RECORDS:
            self.spans[-1:] = [(first, last - MAX_RECORDS), (last - MAX_RECORDS + 1, last)]
        return self.spans[-1]

    def passed(self, last: int) -> None:
        """All of the top span up to ``last`` is dealt with."""
        _, end = self.spans.pop()
        if last < end:
            self.spans.append((last + 1, end))


class Replay:
    """The state of sending over one connection; a new connection begins with ``rejoin``."""

    def __init__(self, window: int, backlog_bytes_per_s: float, ack_timeout_s: float) -> None:
        self._window = window
        self._timeout_s = ack_timeout_s
        self._lanes: dict[Key, Lane] = {}
        self._frames: dict[int, Frame] = {}
        self._numbers = 0
        self._patience = 1
        self._bucket = TokenBucket(backlog_bytes_per_s, MAX_BODY_BYTES)
        self._drain = DrainRate()
        self._backlog_from_s = 0.0
        self._unheard = False

    # -- events

    def rejoin(self, now_s: float, extents: Iterable[Extent], live_after: dict[Key, int], wait_s: float) -> None:
        """A connection came up: all that is pending is to be sent; live is what lies above ``live_after``."""
        self._frames.clear()
        self._lanes.clear()
        self._patience, self._unheard = 1, False
        self._drain = DrainRate()
        self._bucket.level, self._bucket.filled_s = self._bucket.burst, now_s
        self._backlog_from_s = now_s + wait_s
        current = _current(extents)
        for extent in extents:
            key = (extent.stream, extent.epoch)
            mark = live_after.get(key, 0) if current[extent.stream] == extent.epoch else extent.last_committed
            self._lanes[key] = self._lane(extent, min(mark, extent.last_committed), current)

    def _lane(self, extent: Extent, mark: int, current: dict[Stream, int]) -> Lane:
        is_current = current[extent.stream] == extent.epoch
        lane = Lane(extent.stream, live_next=max(mark + 1, extent.first_pending) if is_current else None)
        if extent.pending and extent.first_pending <= mark:
            lane.spans.append((extent.first_pending, mark))
        return lane

    def refresh(self, extents: Sequence[Extent]) -> None:
        """Look at what is committed now: a new epoch is live, and closes the one before it."""
        current = _current(extents)
        for extent in extents:
            key = (extent.stream, extent.epoch)
            if key not in self._lanes:
                self._lanes[key] = self._lane(extent, 0, current)
            lane = self._lanes[key]
            if current[extent.stream] != extent.epoch and lane.live_next is not None:
                if lane.live_next <= extent.last_committed:
                    lane.spans.insert(0, (lane.live_next, extent.last_committed))
                lane.live_next = None

    def next(self, now_s: float, extents: Sequence[Extent]) -> Want | None:
        """What to send now, or None when everything waits."""
        self.refresh(extents)
        committed = {(extent.stream, extent.epoch): extent.last_committed for extent in extents}
        if self._resend(now_s):
            self._demote(committed)
        return self._next_live(committed) or self._next_backlog(now_s, committed)

    def sent(self, want: Want, batch: Batch, size: int, now_s: float) -> int:
        """A frame went out; its number names it in ``taken`` and ``refused``."""
        self._passed(want, batch.last_sequence)
        self._numbers += 1
        key = (batch.stream, batch.epoch)
        self._frames[self._numbers] = Frame(
            key, batch.first_sequence, batch.last_sequence, size, now_s, self._timeout_s, want.live
        )
        self._drain.sent(now_s)
        if not want.live:
            self._bucket.take(size)
        return self._numbers

    def nothing(self, want: Want) -> None:
        """The outbox has nothing pending of what was wanted."""
        self._passed(want, want.last)

    def taken(self, number: int, now_s: float, *, wanted: bool = True) -> None:
        """The broker took a frame: it still stands until the NOC has it. An unwanted one was thrown away by then."""
        frame = self._frames.get(number)
        if frame is not None:
            frame.taken = True
            frame.wait_s = frame.wait_s if wanted else min(frame.wait_s, UNWANTED_WAIT_S)
            self._drain.answered(now_s, frame.size, more=any(not other.taken for other in self._frames.values()))

    def refused(self, number: int) -> None:
        """The broker refused a frame: it is sent again in its time, as one unheard."""
        frame = self._frames.get(number)
        if frame is not None:
            frame.taken = self._unheard = True

    def acknowledged(self, ack: Ack) -> int:
        """The NOC holds this: frames that it covers are done; returns how many."""
        held = [(1, ack.watermark), *ack.ranges]
        done = [
            number
            for number, frame in self._frames.items()
            if frame.key == (ack.stream, ack.epoch)
            and any(first <= frame.first and frame.last <= last for first, last in held)
        ]
        for number in done:
            del self._frames[number]
        if done:
            self._patience, self._unheard = 1, False
        return len(done)

    # -- what others want to know

    @property
    def unheard(self) -> bool:
        """Whether a frame had to be sent again since the NOC was last heard."""
        return self._unheard

    @property
    def in_flight(self) -> int:
        """Frames that the NOC has not acknowledged."""
        return len(self._frames)

    @property
    def caught_up(self) -> bool:
        """Whether all of the backlog has been sent and acknowledged."""
        return not any(lane.spans for lane in self._lanes.values()) and all(
            frame.live for frame in self._frames.values()
        )

    def unanswered_s(self, now_s: float) -> float:
        """For how long the broker has owed an answer to the oldest frame."""
        return now_s - min((frame.sent_s for frame in self._frames.values() if not frame.taken), default=now_s)

    @property
    def drain_bytes_per_s(self) -> float:
        """How fast the broker takes bytes."""
        return self._drain.bytes_per_s

    def wait_s(self, now_s: float) -> float:
        """How long until time alone brings something to send."""
        waits = [self._due_s(frame) - now_s for frame in self._frames.values()]
        if any(lane.spans for lane in self._lanes.values()):
            waits.append(max(self._backlog_from_s - now_s, self._bucket.wait_s()))
        return max(0.0, min(waits, default=1.0))

    # -- inner steps

    def _next_live(self, committed: dict[Key, int]) -> Want | None:
        flying = self._flying(live=True)
        for key, lane in self._ordered():
            end = committed.get(key, 0)
            room = self._window * (2 if lane.stream is Stream.ALARM else 1) - flying
            if room > 0 and lane.live_next is not None and lane.live_next <= end:
                return Want(lane.stream, key[1], lane.live_next, end, live=True)
        return None

    def _next_backlog(self, now_s: float, committed: dict[Key, int]) -> Want | None:
        if now_s < self._backlog_from_s or self._flying(live=False) >= self._window:
            return None
        if self._bucket.available(now_s) < 0 or self._waiting_bytes() > self._drain.bytes_per_s * DRAIN_S:
            return None
        for key, lane in self._ordered():
            span = lane.next()
            while span is not None and key not in committed:
                lane.passed(span[1])  # the store let the epoch go: nothing of it is pending
                span = lane.next()
            if span is not None:
                return Want(lane.stream, key[1], *span, live=False)
        return None

    def _resend(self, now_s: float) -> bool:
        """Take back what was not acknowledged in time; true when there was any."""
        late = [number for number, frame in self._frames.items() if self._due_s(frame) <= now_s]
        for number in sorted(late, reverse=True):
            frame = self._frames.pop(number)
            lane = self._lanes.get(frame.key)
            if lane is not None:
                lane.spans.append((frame.first, frame.last))
        if late:
            self._patience, self._unheard = min(self._patience * 2, LONGEST_PATIENCE), True
        return bool(late)

    def _due_s(self, frame: Frame) -> float:
        return frame.sent_s + frame.wait_s * self._patience

    def _demote(self, committed: dict[Key, int]) -> None:
        """What could not be sent while nobody acknowledged is not live any more."""
        for key, lane in self._lanes.items():
            end = committed.get(key, 0)
            if lane.live_next is not None and lane.live_next <= end:
                lane.spans.insert(0, (lane.live_next, end))
                lane.live_next = end + 1

    def _passed(self, want: Want, last: int) -> None:
        lane = self._lanes[want.stream, want.epoch]
        if want.live:
            lane.live_next = last + 1
        else:
            lane.passed(last)

    def _ordered(self) -> Iterator[tuple[Key, Lane]]:
        """By stream, then the oldest epoch first."""
        return iter(sorted(self._lanes.items(), key=lambda item: (ORDER.index(item[0][0]), item[0][1])))

    def _flying(self, *, live: bool) -> int:
        return sum(frame.live is live for frame in self._frames.values())

    def _waiting_bytes(self) -> int:
        """Backlog bytes that the broker has not answered."""
        return sum(frame.size for frame in self._frames.values() if not frame.live and not frame.taken)


def _current(extents: Iterable[Extent]) -> dict[Stream, int]:
    """The epoch of each stream that still grows: its highest."""
    current: dict[Stream, int] = {}
    for extent in extents:
        current[extent.stream] = max(extent.epoch, current.get(extent.stream, extent.epoch))
    return current
