"""A budget that fills again with time: how often something may happen."""


class Bucket:
    """``burst`` at once, and ``per_s`` over time."""

    def __init__(self, burst: float, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._level = burst
        self._filled_s: float | None = None

    def take(self, now_s: float) -> bool:
        """Whether it may happen once more now."""
        since_s = 0.0 if self._filled_s is None else now_s - self._filled_s
        self._level = min(self._burst, self._level + max(0.0, since_s) * self._per_s)
        self._filled_s = now_s
        if self._level < 1.0:
            return False
        self._level -= 1.0
        return True
