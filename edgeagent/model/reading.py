"""Readings: a value, how far it can be trusted, when it was taken and where it came from."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from edgeagent.model.points import DeviceId, PointId

Value = float | int | bool | str
"""A str is a code of the point's enumeration, or text; a Counter64 stays int."""


class Quality(StrEnum):
    """How far a value can be trusted."""

    GOOD = "GOOD"
    UNCERTAIN = "UNCERTAIN"
    BAD = "BAD"


class Reason(StrEnum):
    """Why a reading is not GOOD."""

    STALE = "stale"
    SENTINEL = "sentinel"
    OUT_OF_RANGE = "out_of_range"
    IMPLAUSIBLE = "implausible"
    ABSENT = "absent"
    DISCONNECTED = "disconnected"
    GARBLED = "garbled"
    REFUSED = "refused"
    IDENTITY = "identity"
    FORCED = "forced"
    NEVER_READ = "never_read"


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one point.

    ``time_s`` is CLOCK_BOOTTIME of this boot in seconds, when the device answered.
    ``value`` is None exactly when there is nothing to show; a failed read is never 0.
    ``source`` names the raw origin (``1.3.6.1.4.1…``, a register, a path, ``derived``); ``raw`` is what stood there.

    Raises:
        ValueError: quality and reason contradict each other, a GOOD reading has no value, or a number is not finite.
    """

    point: PointId
    value: Value | None
    time_s: float
    quality: Quality = Quality.GOOD
    reason: Reason | None = None
    source: str = ""
    raw: Value | None = None

    def __post_init__(self) -> None:
        if (self.quality is Quality.GOOD) is not (self.reason is None):
            raise ValueError(f"cannot make a reading of {self.point}: {self.quality} with reason {self.reason}")
        if self.value is None and self.quality is Quality.GOOD:
            raise ValueError(f"cannot make a GOOD reading of {self.point} without a value")
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise ValueError(f"cannot make a reading of {self.point}: {self.value} is not a number")

    def marked(self, quality: Quality, reason: Reason) -> "Reading":
        """The same value under less trust; it never gains trust."""
        if self.quality is Quality.BAD:
            return self
        return replace(self, quality=quality, reason=reason)


def bad(point: PointId, reason: Reason, time_s: float, *, source: str = "", raw: Value | None = None) -> Reading:
    """A reading that failed: no value, and why."""
    return Reading(point, None, time_s, Quality.BAD, reason, source, raw)


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """What one poll of one group of one device gave, or one change of quality of its points."""

    device: DeviceId
    group: str
    time_s: float
    readings: Sequence[Reading]
