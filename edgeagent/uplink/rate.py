"""Rates: how fast the link drains, how much backlog it may be given, and the bytes of a day."""

from collections import deque
from dataclasses import dataclass, field

HOUR_S = 3600.0
TELLING_BYTES = 1024
"""A smaller message tells of the round trip, not of the rate."""


@dataclass(slots=True)
class TokenBucket:
    """Bytes that may be sent: ``rate_per_s`` come in, up to one second's worth or ``burst`` wait."""

    rate_per_s: float
    burst: float
    level: float = 0.0
    filled_s: float = 0.0

    def available(self, now_s: float) -> float:
        """What may be sent now; below zero there is a debt to wait off."""
        self.level = min(max(self.burst, self.rate_per_s), self.level + (now_s - self.filled_s) * self.rate_per_s)
        self.filled_s = now_s
        return self.level

    def take(self, amount: float) -> None:
        """Spend, into debt if need be: a frame is not cut to fit."""
        self.level -= amount

    def wait_s(self) -> float:
        """How long until the debt is gone."""
        return max(0.0, -self.level / self.rate_per_s)


@dataclass(slots=True)
class DrainRate:
    """Bytes per second that the broker takes while there is something to take; smoothed over some answers."""

    bytes_per_s: float = 0.0
    _busy_since_s: float | None = None

    def sent(self, now_s: float) -> None:
        """Something is in flight from now."""
        if self._busy_since_s is None:
            self._busy_since_s = now_s

    def answered(self, now_s: float, size: int, *, more: bool) -> None:
        """The broker took ``size`` bytes; ``more`` says whether others are in flight."""
        if self._busy_since_s is not None and size >= TELLING_BYTES:
            fresh = size / max(now_s - self._busy_since_s, 1e-4)
            self.bytes_per_s += (fresh - self.bytes_per_s) * (0.2 if self.bytes_per_s else 1.0)
        self._busy_since_s = now_s if more else None


@dataclass(slots=True)
class DayCount:
    """A sum over the last 24 hours, by the hour."""

    total: float = 0.0
    _hours: deque[tuple[int, float]] = field(default_factory=deque)

    def add(self, now_s: float, amount: float) -> None:
        """Count an amount now."""
        hour = int(now_s // HOUR_S)
        if self._hours and self._hours[-1][0] == hour:
            self._hours[-1] = (hour, self._hours[-1][1] + amount)
        else:
            self._hours.append((hour, amount))
        self.total += amount

    def sum(self, now_s: float) -> float:
        """The amounts of the last 24 hours."""
        while self._hours and self._hours[0][0] <= now_s // HOUR_S - 24:
            self.total -= self._hours.popleft()[1]
        return self.total
