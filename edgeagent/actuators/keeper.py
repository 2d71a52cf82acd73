"""Keeps held setpoints alive as long as they are wanted. It stops with the daemon, and that is the point of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Protocol

import structlog

from edgeagent.core.clock import Clock
from edgeagent.core.ports import Beat
from edgeagent.model.errors import DeviceError
from edgeagent.model.points import PointId

EVERY_S = 1.0
"""SunSpec models 715 and 802: a controller's heartbeat counts seconds."""

log = structlog.get_logger(__name__)


class Kept(Protocol):
    """What is needed of a held setpoint; see `actuators.storage.Held`."""

    @property
    def target(self) -> PointId:
        """What it sets."""

    @property
    def caveat(self) -> str:
        """What a person should know of it although it was done, or nothing."""

    async def feed(self) -> None:
        """Keep it alive, if it is held. Raises DeviceError."""

    async def let_go(self) -> None:
        """Keep it alive no longer. Raises DeviceError."""


class Keeper:
    """A Service. ``is_wanted`` says whether somebody decides, now, that a target stays as it was set.

    It must turn false by itself when deciding stops: a keeper that outlives the cycle would hold what nobody wants.
    """

    name = "keeper"
    beat_every_s = 10.0
    critical = False

    def __init__(self, held: Iterable[Kept], is_wanted: Callable[[PointId], bool], clock: Clock) -> None:
        self._held: dict[PointId, Kept] = {}
        self.take(held)
        self._is_wanted = is_wanted
        self._clock = clock
        self._troubles: dict[PointId, str] = {}

    def take(self, held: Iterable[Kept]) -> None:
        """Keep these alive from now on, and no others: those go back by themselves."""
        self._held = {one.target: one for one in held}

    @property
    def troubles(self) -> Mapping[PointId, str]:
        """What cannot be kept alive, and why."""
        return dict(self._troubles)

    @property
    def caveats(self) -> Mapping[PointId, str]:
        """What was set and would not go back by itself if this agent died, and why."""
        return {one.target: one.caveat for one in self._held.values() if one.caveat}

    async def run(self, beat: Beat) -> None:
        """Feed each by itself, so that a dead device delays no other; until cancelled."""
        feeding: dict[PointId, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as group:
            while True:
                for target, one in self._held.items():
                    if target not in feeding or feeding[target].done():
                        feeding[target] = group.create_task(self._once(one), name=f"keep {target}")
                beat()
                await self._clock.sleep(EVERY_S)

    async def _once(self, one: Kept) -> None:
        try:
            await (one.feed() if self._is_wanted(one.target) else one.let_go())
        except DeviceError as error:
            if one.target not in self._troubles:
                log.warning("setpoint not kept alive", target=one.target, error=str(error))
            self._troubles[one.target] = str(error)
            return
        if self._troubles.pop(one.target, None) is not None:
            log.info("setpoint kept alive again", target=one.target)
