"""Schedules: when each group of a device is due. Devices start apart, and time that was missed is not caught up."""

import asyncio
import math
from collections.abc import Mapping

from edgeagent.core.clock import Clock

SLOT_S = 0.2
"""Devices whose times lie in one slot are polled in one wake-up; see `_in_slot`."""
MOST_SLOT = 0.2
"""How much of a period a slot may be."""
GOLDEN = 0.6180339887498949
"""Multiples of it, modulo one, spread evenly for any number of devices."""


def phase(place: int) -> float:
    """Where in its period the device at this place starts, from 0 to below 1."""
    return place * GOLDEN % 1.0


def _in_slot(time_s: float, period_s: float) -> float:
    """The same time or a little later, at the edge of a slot: only the phase moves, the period is kept.

    A pod of 24 racks has 60 polls a second. Waking for each costs more than the poll, because nothing is in the
    processor's caches then; five wake-ups for twelve each cost a third less, and hold the loop for 2 ms.
    """
    slot_s = min(SLOT_S, period_s * MOST_SLOT)
    return math.ceil(time_s / slot_s) * slot_s


def _first(now_s: float, period_s: float, offset: float) -> float:
    """The first time: within one period from now, also where the slot's edge would be beyond it."""
    first_s = _in_slot(now_s + period_s * offset, period_s)
    return first_s - period_s if first_s - now_s > period_s else first_s


class Schedule:
    """Due times on a fixed grid per group: a late poll never moves the next one, and a gap never makes a burst."""

    def __init__(self, periods_s: Mapping[str, float], offset: float, now_s: float) -> None:
        self._periods_s = dict(periods_s)
        self._due_s = {group: _first(now_s, period_s, offset) for group, period_s in periods_s.items()}
        for group in periods_s:
            self.done(group, now_s)

    @property
    def groups(self) -> list[str]:
        """All groups."""
        return list(self._periods_s)

    @property
    def next_s(self) -> float:
        """When the next group is due."""
        return min(self._due_s.values())

    def due(self, now_s: float) -> list[str]:
        """The groups to read now; those whose time is a whole period past wait for the next one on the grid."""
        found = []
        for group, period_s in self._periods_s.items():
            if now_s - self._due_s[group] >= period_s:
                self.done(group, now_s)
            if self._due_s[group] <= now_s:
                found.append(group)
        return found

    def done(self, group: str, now_s: float) -> None:
        """The group was read: its next time is the first one on the grid after now."""
        period_s = self._periods_s[group]
        late_s = now_s - self._due_s[group]
        if late_s >= 0:
            self._due_s[group] += (late_s // period_s + 1) * period_s


class Waker:
    """Waiting that a poke ends early."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._poked = False
        self._waiting: asyncio.Future[None] | None = None

    @property
    def poked(self) -> bool:
        """Whether somebody asked for an early end since the last wait."""
        return self._poked

    def poke(self) -> None:
        """End the present wait, or the next one at once."""
        self._poked = True
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    async def until(self, when_s: float) -> bool:
        """Return at the time, or when poked: true then."""
        self._waiting = asyncio.get_running_loop().create_future()
        wait_s = 0.0 if self._poked else when_s - self._clock.now_s()
        try:
            await self._clock.wait(self._waiting, wait_s)
        finally:
            self._waiting = None
        poked, self._poked = self._poked, False
        return poked
