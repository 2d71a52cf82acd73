"""The store's metrics, read when somebody asks for them."""

from pathlib import Path

from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Metrics
from edgeagent.model.journal import Stream
from edgeagent.store.store import Store

DAY_S = 86400.0
SETTLED_S = 60.0
"""A rate per day is said only after this long."""


class Meter:
    """Brings the journal's counters and gauges up to date before each rendering."""

    def __init__(self, store: Store, clock: Clock, metrics: Metrics, proc_io: Path) -> None:
        self._store = store
        self._clock = clock
        self._proc_io = proc_io
        self._start_s, self._start_bytes = clock.now_s(), _written(proc_io)
        self._pending = metrics.gauge("edgeagent_journal_pending_records", "Records that the NOC does not hold yet")
        self._pending_bytes = metrics.gauge("edgeagent_journal_pending_bytes", "Bytes that the NOC does not hold yet")
        self._oldest_s = metrics.gauge("edgeagent_journal_oldest_seconds", "Age of the oldest pending record")
        self._appended = metrics.counter("edgeagent_journal_appended", "Records committed")
        self._acknowledged = metrics.counter("edgeagent_journal_acknowledged", "Records that the NOC acknowledged")
        self._dropped = metrics.counter("edgeagent_journal_dropped", "Records lost before the NOC had them")
        self._written = metrics.counter("edgeagent_written_bytes", "Bytes that this process caused to be written")
        self._per_day = metrics.gauge("edgeagent_written_bytes_per_day", "Those bytes, at the pace since the start")
        self._reserve = metrics.gauge("edgeagent_store_reserve_held", "1 while bytes are set apart for a full disk")
        metrics.collector(self._collect)

    def _collect(self) -> None:
        ages: dict[Stream, float] = dict.fromkeys(Stream, 0.0)
        for extent in self._store.extents():
            ages[extent.stream] = max(ages[extent.stream], extent.oldest_s or 0.0)
        for stream, counts in self._store.counts().items():
            self._pending.set(counts.pending, stream=stream)
            self._pending_bytes.set(counts.pending_bytes, stream=stream)
            self._oldest_s.set(ages[stream], stream=stream)
            self._appended.set(counts.appended, stream=stream)
            self._acknowledged.set(counts.acknowledged, stream=stream)
            for reason, count in counts.dropped.items():
                self._dropped.set(count, stream=stream, reason=reason)
        self._reserve.set(float(self._store.reserve_held))
        self._collect_wear()

    def _collect_wear(self) -> None:
        written, elapsed_s = _written(self._proc_io), self._clock.now_s() - self._start_s
        self._written.set(written)
        if elapsed_s >= SETTLED_S:
            self._per_day.set((written - self._start_bytes) * DAY_S / elapsed_s)


def _written(proc_io: Path) -> int:
    """``write_bytes`` of proc(5) io; 0 where the kernel does not tell."""
    try:
        fields = dict(line.split(": ") for line in proc_io.read_text(encoding="ascii").splitlines())
        return int(fields["write_bytes"])
    except (OSError, ValueError, KeyError):
        return 0
