"""A derived number, or why there is none."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.model.snapshot import Snapshot

SOURCE = "derived"
OLD_S = 150.0
"""An input that was read longer ago is stale here: two periods of the slowest group that power is read in, and some."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value and when its oldest input was read, or the reason why it cannot be known."""

    value: float | None
    time_s: float
    reason: Reason | None = None
    is_sure: bool = True
    """Whether all was measured, and nothing assumed."""

    def reading(self, point: PointId, value: float | None = None) -> Reading:
        """As a reading of a derived point; another value may be shown in its place."""
        shown = self.value if value is None else value
        if self.reason is not None or shown is None:
            return bad(point, self.reason or Reason.ABSENT, self.time_s, source=SOURCE)
        reading = Reading(point, round(shown, 2), self.time_s, source=SOURCE)
        return reading if self.is_sure else reading.marked(Quality.UNCERTAIN, Reason.ABSENT)


def known(snapshot: Snapshot, point: PointId) -> Found:
    """A point's number, if it is GOOD and fresh."""
    reading = snapshot.readings.get(point)
    now_s = snapshot.time_s
    if reading is None:
        return Found(None, now_s, Reason.ABSENT)
    if reading.quality is not Quality.GOOD:
        return Found(None, now_s, reading.reason)
    if now_s - reading.time_s > OLD_S:
        return Found(None, now_s, Reason.STALE)
    if isinstance(reading.value, bool) or not isinstance(reading.value, int | float):
        return Found(None, now_s, Reason.GARBLED)
    return Found(float(reading.value), reading.time_s)


def summed(parts: Iterable[Found], now_s: float) -> Found:
    """The sum, which is known when every part is; less than nothing is none."""
    total, oldest_s, is_sure = 0.0, math.inf, True
    for one in parts:  # one pass: this is done for every cord of a pod
        if one.value is None:
            return Found(None, now_s, one.reason)
        if one.value > 0:
            total += one.value
        oldest_s = min(oldest_s, one.time_s)
        is_sure = is_sure and one.is_sure
    return Found(total, now_s if oldest_s == math.inf else oldest_s, None, is_sure)
