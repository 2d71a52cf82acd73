"""The witness of energy counters: the integral of power, and how much of the time it covers."""

from typing import Final

LIVELY_S: Final = 30.0
"""Samples that are no further apart than this, or three periods, are joined by a line."""


class Witness:
    """``wh`` and ``gap_s`` only grow: energy that was seen to flow, and time in which nobody looked."""

    __slots__ = ("_limit_s", "_power_w", "_time_s", "gap_s", "peak_w", "period_s", "samples", "wh")

    def __init__(self, period_s: float) -> None:
        self._limit_s = max(LIVELY_S, 3 * period_s)
        self.period_s = period_s
        self._power_w: float | None = None
        self._time_s: float | None = None
        self.wh = self.gap_s = self.peak_w = 0.0
        self.samples = 0

    def see(self, power_w: float | None, time_s: float) -> None:
        """The power now, or that it is not known."""
        before_s, before_w = self._time_s, self._power_w
        if before_s is not None and time_s > before_s:
            took_s = time_s - before_s
            if power_w is None or before_w is None or took_s > self._limit_s:
                self.gap_s += took_s
            else:
                self.wh += (power_w + before_w) * took_s / 7200
        if power_w is not None and time_s != before_s:
            self.peak_w = max(self.peak_w, power_w)
            self.samples += 1
        self._time_s, self._power_w = time_s, power_w
