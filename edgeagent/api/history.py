"""The last hour of temperatures and powers, in memory, for the page's charts.

It stands in this room because only the page reads it: a restart begins anew, and the store and the NOC keep the rest.
"""

import math
from array import array
from collections.abc import Sequence

from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo
from edgeagent.model.points import DeviceId, Point, PointId
from edgeagent.model.reading import Quality, Reading
from edgeagent.model.units import Kind

STEP_S = 10
SLOTS = 360
"""One hour."""
MAX_POINTS = 512
"""512 rings of 360 floats of 4 bytes are 0.7 MiB."""


class History:
    """One ring per point; slot n holds the value at ``n * STEP_S`` of CLOCK_BOOTTIME, or a gap.

    ``left_out`` counts the points that found no room.
    """

    def __init__(self, state: State, max_points: int = MAX_POINTS) -> None:
        self._state = state
        self._max_points = max_points
        self._rings: dict[PointId, array[float]] = {}
        self._infos: dict[DeviceId, DeviceInfo] = {}
        self._kept: tuple[PointId, ...] = ()
        self._slot: int | None = None
        self.left_out = 0

    def __contains__(self, point: PointId) -> bool:
        return point in self._rings

    @property
    def end_s(self) -> int:
        """The time of the newest slot."""
        return (self._slot or 0) * STEP_S

    def sample(self, now_s: float) -> None:
        """Take one value of every kept point if a new slot has begun; slots that nobody sampled are gaps."""
        slot = int(now_s // STEP_S)
        if self._slot is not None and slot <= self._slot:
            return
        self._look_for_points()
        missed = range(slot if self._slot is None else max(self._slot + 1, slot - SLOTS + 1), slot)
        self._slot = slot
        self.left_out = 0
        for point in self._kept:
            self._keep(point, slot, missed)

    def values(self, point: PointId) -> Sequence[float | None]:
        """The last hour, oldest first; None is a gap.

        Raises:
            KeyError: nothing is kept of this point.
        """
        ring = self._rings[point]
        first = ((self._slot or 0) + 1) % SLOTS
        return [None if math.isnan(value) else round(value, 3) for value in (*ring[first:], *ring[:first])]

    def _keep(self, point: PointId, slot: int, missed: range) -> None:
        ring = self._rings.get(point)
        if ring is None:
            if len(self._rings) >= self._max_points:
                self.left_out += 1
                return
            ring = self._rings[point] = array("f", [math.nan]) * SLOTS
        for gap in missed:
            ring[gap % SLOTS] = math.nan
        ring[slot % SLOTS] = _number(self._state.reading(point))

    def _look_for_points(self) -> None:
        """Which points are kept, found anew only when a device is described otherwise: it has thousands."""
        if (infos := self._state.infos()) == self._infos:
            return
        self._infos = infos
        self._kept = tuple(point.id for point in self._state.points() if _is_kept(point))
        known = set(self._kept)
        for gone in [point for point in self._rings if point not in known]:
            del self._rings[gone]


def _is_kept(point: Point) -> bool:
    # Single outlets are hundreds and no chart shows them; the journal has them.
    return point.kind is Kind.TEMPERATURE or (point.kind is Kind.POWER and not point.name.startswith("outlet."))


def _number(reading: Reading | None) -> float:
    if reading is None or reading.quality is not Quality.GOOD or not isinstance(reading.value, int | float):
        return math.nan
    return float(reading.value)
