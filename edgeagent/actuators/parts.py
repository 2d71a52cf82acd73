"""What the actuators of a daemon share."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from edgeagent.core.clock import Clock
from edgeagent.model.points import DeviceId
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.snmp import SnmpSession
from edgeagent.protocols.snmp_set import Asks

Identify = Callable[[DeviceId, str], str]
"""Told a device and the serial that answers there, it says what is wrong with that, or nothing."""


@dataclass(frozen=True, slots=True)
class Parts:
    """``snmp`` and ``profiles`` are those of the drivers: a write and the polls of one address share a Turn."""

    clock: Clock
    snmp: Sessions[SnmpSession]
    profiles: Profiles
    worker: Asks
    identify: Identify


class Stagger:
    """Slots that are at least some time apart, handed out in the order of asking."""

    def __init__(self, clock: Clock, every_s: float) -> None:
        self._clock = clock
        self._every_s = every_s
        self._next_s = clock.now_s()
        self._lock = asyncio.Lock()

    async def slot(self) -> None:
        """Return when it is one's turn; who is cancelled while waiting takes none."""
        async with self._lock:
            wait_s = self._next_s - self._clock.now_s()
            if wait_s > 0:
                await self._clock.sleep(wait_s)
            self._next_s = self._clock.now_s() + self._every_s
