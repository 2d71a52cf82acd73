"""The age of records is counted in the time that the agent ran: a wrong wall clock makes nothing old."""

from collections.abc import Callable


class Life:
    """How many seconds the agent has run with these files, over all its runs; it counts the ages of records."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._offset_s = -now_s()

    def resume(self, before_s: int) -> None:
        """Go on from what the files say, never back."""
        self._offset_s = max(self._offset_s, before_s - self._now_s())

    def seconds(self) -> int:
        """Seconds so far."""
        return int(self._now_s() + self._offset_s)
