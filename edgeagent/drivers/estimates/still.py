"""Two numbers that belong together: whether one stands still, to the last bit, while the other moves."""

from typing import Final

from edgeagent.drivers.estimates.bands import half_step

WINDOW_S: Final = 1800.0
MOVED_SHARE: Final = 0.25
LEAST_STEPS: Final = 20.0
LEAST_SAMPLES: Final = 20


class Still:
    """``stuck`` has for both whether it is; a value that moves again is free at once."""

    __slots__ = ("_first", "_high", "_low", "_samples", "_since_s", "stuck")

    def __init__(self) -> None:
        self.stuck = (False, False)
        self._since_s: float | None = None
        self._first = self._low = self._high = (0.0, 0.0)
        self._samples = 0

    def see(self, one: float, other: float, now_s: float) -> bool:
        """Both values now; true when ``stuck`` has changed."""
        low, high = self._low, self._high
        if self._since_s is None or now_s - self._since_s >= WINDOW_S:
            return self._turn(one, other, now_s)
        self._samples += 1
        if not (low[0] <= one <= high[0] and low[1] <= other <= high[1]):
            self._low = (min(low[0], one), min(low[1], other))
            self._high = (max(high[0], one), max(high[1], other))
        if self.stuck != (False, False):
            free = (self.stuck[0] and one == self._first[0], self.stuck[1] and other == self._first[1])
            if free != self.stuck:
                self.stuck = free
                return True
        return False

    def _turn(self, one: float, other: float, now_s: float) -> bool:
        before = self.stuck
        if self._since_s is not None and self._samples >= LEAST_SAMPLES:
            self.stuck = (self._stands(0) and self._moves(1), self._stands(1) and self._moves(0))
        self._since_s, self._samples = now_s, 0
        self._first = self._low = self._high = (one, other)
        return self.stuck != before

    def _stands(self, place: int) -> bool:
        value = self._low[place]
        return value == self._high[place] and value > 2 * LEAST_STEPS * half_step(value)

    def _moves(self, place: int) -> bool:
        return self._high[place] - self._low[place] > MOVED_SHARE * self._high[place]
