"""Thinning: what protects is read every second, and recorded as often as the rest, or when it says another word."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, Reason, Value

Said = tuple[Quality, Reason | None, Value | None]


@dataclass(slots=True)
class Thinning:
    """What was recorded of one group; ``every_s`` is how often a reading that only wanders is."""

    every_s: float
    _said: dict[PointId, Said] = field(default_factory=dict)
    _due_s: float = 0.0

    def keeps(self, readings: Iterable[Reading], now_s: float) -> bool:
        """Whether these are to be recorded."""
        said = {one.point: _said(one) for one in readings}
        if now_s < self._due_s and said == self._said:
            return False
        if now_s >= self._due_s:
            self._due_s = now_s + self.every_s * 0.95  # polls do not come to the millisecond
        self._said = said
        return True


def _said(reading: Reading) -> Said:
    """What is worth a record of its own: a number that wanders is not."""
    return reading.quality, reading.reason, None if type(reading.value) is float else reading.value
