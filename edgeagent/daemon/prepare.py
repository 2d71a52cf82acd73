"""Preparing to act: no protective act is the first use of anything, and what could not be switched is known before."""

import asyncio
from collections.abc import Callable

import structlog

from edgeagent.actuators.registry import Actuators
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.ports import Beat
from edgeagent.core.worker import Worker
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.errors import WorkerError
from edgeagent.model.points import DeviceId

WARM_S = 20.0
AGAIN_S = 30.0
"""How soon PDUs that cannot be switched are tried again."""
EVERY_S = 600.0
"""How often those that can are proven to be so still."""
PART = "switching"

log = structlog.get_logger(__name__)


class Prepare:
    """A Service: warms the child that writes, and proves one outlet of each switchable PDU without switching it."""

    name = "prepare"
    beat_every_s = 300.0
    critical = False

    def __init__(
        self,
        worker: Worker,
        clock: Clock,
        health: Health,
        *,
        is_acting: Callable[[], bool] = lambda: False,
        answers: Callable[[DeviceId], bool] = lambda _device: True,
    ) -> None:
        """``answers`` tells whether a device can be read: of one that cannot, more need not be told."""
        self._worker, self._clock, self._health = worker, clock, health
        self._is_acting, self._answers = is_acting, answers
        self._actuators = Actuators()
        self._former: list[Actuators] = []
        self._troubles: dict[str, str] = {}
        self._proven_s: dict[DeviceId, float] = {}
        """When each of those that answer was last proven."""
        self._changed = asyncio.Event()
        self.ready = asyncio.Event()
        """To be set once the daemon is ready: importing pysnmp in the child takes a second of processor time."""

    def take(self, actuators: Actuators) -> None:
        """Prepare these from now on."""
        self._actuators, self._proven_s = actuators, {}
        self._changed.set()

    def let_go(self, former: Actuators) -> None:
        """Close what was replaced, once no act is under way: it may have begun with it."""
        self._former.append(former)
        self._changed.set()

    def alarms(self) -> list[AlarmWanted]:
        """One for each PDU that could not be switched if it had to be; of one that went silent meanwhile it is void."""
        self._troubles = {device: why for device, why in self._troubles.items() if self._answers(DeviceId(device))}
        return [
            AlarmWanted(f"switch/{device}", "minor", f"{device} could not be switched now: {why}", f"blind/{device}")
            for device, why in sorted(self._troubles.items())
        ]

    async def run(self, beat: Beat) -> None:
        """Prepare, and look again from time to time, until cancelled."""
        await self.ready.wait()
        try:
            while True:
                self._changed.clear()
                if not self._is_acting():
                    await self._close_former()
                await self._look()
                beat()
                await self._rest(AGAIN_S if self._troubles or self._former or not self._is_complete else EVERY_S, beat)
        finally:
            await self._close_former()

    @property
    def _is_complete(self) -> bool:
        """Whether every PDU could be asked."""
        return all(map(self._answers, self._actuators.pdus))

    async def close(self) -> None:
        """Let go of all sessions, once nothing acts any more."""
        await self._close_former()
        await self._actuators.close()

    async def _look(self) -> None:
        if not self._actuators.pdus:
            self._say({})
            return
        try:
            await self._worker.warm(WARM_S)
        except WorkerError as error:
            self._say({str(device): str(error) for device in self._actuators.pdus})
            return
        actuators, proven_s, due = self._actuators, self._proven_s, self._due()
        found = await actuators.prepare(due.__contains__)
        proven_s.update(dict.fromkeys(due - found.keys(), self._clock.now_s()))
        self._say({str(device): why for device, why in found.items() if self._answers(device)})

    def _due(self) -> set[DeviceId]:
        """Those that answer and were not proven lately: one that cannot be switched does not cost a look at all others.

        One that went silent meanwhile has to be proven again.
        """
        now_s, answering = self._clock.now_s(), set(filter(self._answers, self._actuators.pdus))
        for silent in self._proven_s.keys() - answering:
            del self._proven_s[silent]
        return {one for one in answering if now_s - self._proven_s.get(one, -EVERY_S) >= EVERY_S * 0.99}

    def _say(self, troubles: dict[str, str]) -> None:
        if troubles.keys() != self._troubles.keys():
            for device, why in troubles.items():
                log.warning("cannot be switched", device=device, error=why)
            for device in self._troubles.keys() - troubles.keys():
                log.info("can be switched", device=device)
        self._troubles = troubles
        if troubles:
            device, why = next(iter(sorted(troubles.items())))
            more = f" and {len(troubles) - 1} more" if len(troubles) > 1 else ""
            self._health.set(PART, Level.DEGRADED, f"{device}{more} could not be switched now: {why}")
        else:
            self._health.forget(PART)

    async def _rest(self, for_s: float, beat: Beat) -> None:
        end_s = self._clock.now_s() + for_s
        while (left_s := end_s - self._clock.now_s()) > 0 and not self._changed.is_set():
            beat()
            try:
                async with asyncio.timeout(min(left_s, self.beat_every_s / 3)):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _close_former(self) -> None:
        former, self._former = self._former, []
        for one in former:
            await one.close()
