"""The journal's nouns: streams, positions, batches, acknowledgements."""

from dataclasses import dataclass, field
from enum import StrEnum


class Stream(StrEnum):
    """The ordered sequences of records that a pod keeps for its NOC."""

    AUDIT = "audit"
    ALARM = "alarm"
    TELEMETRY = "telemetry"


MAX_RECORD_BYTES = 32 * 1024
"""The longest record a stream takes; a longer one is refused where it is made."""


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """Where a record stands in its stream; sequences start at 1 in every epoch and never repeat."""

    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Committed records with consecutive sequences, ready for one frame."""

    stream: Stream
    epoch: int
    first_sequence: int
    records: tuple[bytes, ...]

    @property
    def last_sequence(self) -> int:
        """The sequence of the last record."""
        return self.first_sequence + len(self.records) - 1


@dataclass(frozen=True, slots=True)
class Extent:
    """What one epoch of a stream still holds for the NOC."""

    stream: Stream
    epoch: int
    first_pending: int
    last_committed: int
    pending: int
    pending_bytes: int
    oldest_s: float | None = None
    """Age of the oldest pending record in seconds, where it is known."""


@dataclass(frozen=True, slots=True)
class Ack:
    """What the NOC holds of one epoch: all up to ``watermark``, and the inclusive ``ranges`` above it."""

    pod: str
    stream: Stream
    epoch: int
    watermark: int
    ranges: tuple[tuple[int, int], ...] = ()
    audit_head: str = ""

    @property
    def highest(self) -> int:
        """The highest sequence that the acknowledgement speaks of."""
        return max([self.watermark, *(last for _, last in self.ranges)])


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One link of the audit chain, read back; ``time_s`` is CLOCK_BOOTTIME of the boot that ``boot`` begins."""

    boot: str
    time_s: float
    subject: str
    action: str
    detail: str


@dataclass(frozen=True, slots=True)
class StreamCounts:
    """What happened to a stream's records since the database was made."""

    stream: Stream
    appended: int
    acknowledged: int
    pending: int
    pending_bytes: int
    dropped: dict[str, int] = field(default_factory=dict)
    """Reason → records that were never stored, or deleted before the NOC had them."""
