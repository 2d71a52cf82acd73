"""Coverage of one epoch of one stream of one pod: what is held, what was announced as lost, and what is missing."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from edgeagent.model.journal import Ack, Stream
from edgeagent.noc.ranges import Ranges
from edgeagent.wire.ack import MAX_RANGES

CoverKey = tuple[int, Stream, int]
"""Pod number, stream, epoch."""


@dataclass(slots=True)
class Coverage:
    """``gaps`` were announced by the pod; ``end`` is the epoch's last sequence, once the next one has told."""

    held: Ranges = field(default_factory=Ranges)
    gaps: Ranges = field(default_factory=Ranges)
    end: int | None = None

    def copy(self) -> "Coverage":
        """A coverage of its own."""
        return Coverage(self.held.copy(), self.gaps.copy(), self.end)

    @property
    def settled(self) -> Ranges:
        """What needs no more sending: held, or announced as lost."""
        settled = self.held.copy()
        for first, last in self.gaps:
            settled.add(first, last)
        return settled

    @property
    def watermark(self) -> int:
        """The end of what needs no more sending, from 1 on."""
        return self.settled.watermark

    def missing(self) -> Iterator[tuple[int, int]]:
        """What should be here, is not, and was not announced as lost."""
        return self.settled.holes(1, max(self.held.highest, self.end or 0))

    def ack(self, pod: str, stream: Stream, epoch: int, audit_head: str = "") -> Ack:
        """What to tell the pod: nothing above what is held, which it would refuse as forged.

        Of more ranges than fit, the lowest and the highest: backlog and live both move on.
        """
        settled = self.settled
        watermark = min(settled.watermark, self.held.highest)
        ranges = [span for span in settled if span[0] > watermark]
        if len(ranges) > MAX_RANGES:
            ranges = ranges[: MAX_RANGES // 2] + ranges[-MAX_RANGES // 2 :]
        return Ack(pod, stream, epoch, watermark, tuple(_within(ranges, self.held.highest)), audit_head)


def _within(ranges: list[tuple[int, int]], highest: int) -> Iterator[tuple[int, int]]:
    for first, last in ranges:
        if first <= highest:
            yield first, min(last, highest)
