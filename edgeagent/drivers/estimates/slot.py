"""A slot: what is known of one number now, whether it can be true by itself, and what others say against it."""

from edgeagent.drivers.estimates.ranges import range_of, rate_of
from edgeagent.model.points import Point
from edgeagent.model.reading import Quality, Reading, Reason

_GOOD = Quality.GOOD


class Slot:
    """The last GOOD value of a point, or None; ``alone`` is what is wrong with it by itself.

    ``accused`` says why its siblings contradict it, ``stuck`` that it does not move, ``doubted`` that a counter left
    its place; empty when they do not. ``fault`` is the reason of a last reading that was not GOOD.
    """

    __slots__ = (
        "_high",
        "_low",
        "_rate",
        "_settled",
        "accused",
        "alone",
        "doubted",
        "fault",
        "name",
        "point",
        "stuck",
        "time_s",
        "value",
    )

    def __init__(self, point: Point) -> None:
        self.point, self.name = point.id, point.name
        self._low, self._high = range_of(point)
        self._rate = rate_of(point)
        self._settled: float | None = None
        self.value: float | None = None
        self.time_s = 0.0
        self.alone: Reason | None = None
        self.fault: Reason | None = Reason.NEVER_READ
        self.accused = self.stuck = self.doubted = ""

    def take(self, reading: Reading) -> None:
        """Take a new reading; a value that is not GOOD, or cannot be true, is none to its siblings."""
        value = reading.value
        if value == self.value and self.alone is None and reading.quality is _GOOD:
            self.time_s = reading.time_s
            return
        if reading.quality is not _GOOD or isinstance(value, bool) or not isinstance(value, int | float):
            self.value = self._settled = self.alone = None
            self.fault = reading.reason or Reason.ABSENT
            return
        self.fault = None
        if not self._low <= value <= self._high:
            self.value, self.alone = None, Reason.OUT_OF_RANGE
        elif self._jumps(value, reading.time_s):
            self.value, self.alone = None, Reason.IMPLAUSIBLE
        else:
            self.value, self.alone = value, None
        self._settled, self.time_s = value, reading.time_s

    @property
    def why(self) -> str:
        """What is wrong with it, for people; empty when nothing is."""
        if self.alone is Reason.OUT_OF_RANGE:
            return f"it is not between {self._low:g} and {self._high:g}"
        return "it changes faster than it can" if self.alone else self.accused or self.stuck or self.doubted

    @property
    def reason(self) -> Reason | None:
        """What its reading is marked with."""
        return self.alone or (Reason.IMPLAUSIBLE if self.accused or self.stuck or self.doubted else None)

    def _jumps(self, value: float, time_s: float) -> bool:
        """Whether it cannot have come here from where it was last; a second reading beside it confirms it."""
        if self._rate is None or self._settled is None:
            return False
        return abs(value - self._settled) > self._rate * max(1.0, time_s - self.time_s)
