"""The uplink's own figures, brought up to date when somebody looks."""

from collections.abc import Callable

from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Outbox
from edgeagent.model.journal import Stream
from edgeagent.uplink.rate import DayCount


class Gauges:
    """Counters of what is sent, and gauges of what waits."""

    def __init__(self, metrics: Metrics, outbox: Outbox, clock: Clock, last_ack_s: Callable[[], float | None]) -> None:
        self._outbox = outbox
        self._clock = clock
        self._last_ack_s = last_ack_s
        self._day = DayCount()
        self._frames = metrics.counter("edgeagent_uplink_frames", "Frames sent, by stream and whether live or backlog")
        self._bytes = metrics.counter("edgeagent_uplink_bytes", "Bytes of frames sent")
        self._refused = metrics.counter("edgeagent_uplink_refused_frames", "Frames that the broker refused")
        self._unwanted = metrics.counter(
            "edgeagent_uplink_unwanted_frames", "Frames taken while the NOC had no session"
        )
        self._day_bytes = metrics.gauge("edgeagent_uplink_bytes_last_day", "Bytes of frames sent in the last 24 hours")
        self._records = metrics.gauge("edgeagent_uplink_backlog_records", "Records that the NOC does not hold yet")
        self._pending = metrics.gauge("edgeagent_uplink_backlog_bytes", "Bytes of those records")
        self._age = metrics.gauge("edgeagent_uplink_backlog_age_seconds", "Age of the oldest of those records")
        self._ack_age = metrics.gauge(
            "edgeagent_uplink_last_ack_age_seconds", "Time since the NOC acknowledged anything"
        )
        metrics.collector(self.collect)

    def sent(self, stream: Stream, size: int, *, live: bool) -> None:
        """A frame went out."""
        self._frames.add(stream=stream, kind="live" if live else "backlog")
        self._bytes.add(size)
        self._day.add(self._clock.now_s(), size)

    def refused(self) -> None:
        """The broker refused a frame."""
        self._refused.add()

    def unwanted(self) -> None:
        """The broker took a frame and had nobody to give it to."""
        self._unwanted.add()

    def collect(self) -> None:
        """Bring the gauges up to date."""
        now_s, extents, last_s = self._clock.now_s(), self._outbox.extents(), self._last_ack_s()
        for stream in Stream:
            mine = [extent for extent in extents if extent.stream is stream]
            self._records.set(sum(extent.pending for extent in mine), stream=stream)
            self._pending.set(sum(extent.pending_bytes for extent in mine), stream=stream)
            self._age.set(max((extent.oldest_s or 0.0 for extent in mine), default=0.0), stream=stream)
        self._day_bytes.set(self._day.sum(now_s))
        if last_s is not None:
            self._ack_age.set(now_s - last_s)
