"""The frozen image that decisions are made from."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Every point's reading at one moment; ``time_s`` is CLOCK_BOOTTIME, ``version`` counts publications.

    ``changed`` holds the points that may be otherwise than in the image of version ``since``; None means any.
    """

    time_s: float
    version: int
    readings: Mapping[PointId, Reading]
    since: int = -1
    changed: Collection[PointId] | None = field(default=None, repr=False)

    def age_s(self, point: PointId) -> float | None:
        """Seconds since the point was read, or None for an unknown point."""
        reading = self.readings.get(point)
        return None if reading is None else self.time_s - reading.time_s
