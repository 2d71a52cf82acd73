"""The poller: every device on its own task and schedule, so that none waits for another."""

import asyncio
from collections.abc import Iterable

from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat, Driver
from edgeagent.core.state import State
from edgeagent.drivers.identity import IdentityBook
from edgeagent.drivers.poll_metrics import PollMetrics
from edgeagent.drivers.polled import DevicePlan, PolledDevice, Surroundings
from edgeagent.model.points import DeviceId

WATCH_EVERY_S = 1.0


class Poller:
    """A Service that connects, reads and publishes every device."""

    def __init__(
        self,
        devices: Iterable[tuple[DevicePlan, Driver]],
        *,
        state: State,
        clock: Clock,
        metrics: Metrics,
        book: IdentityBook,
    ) -> None:
        around = Surroundings(state, clock, book, PollMetrics(metrics, state, clock))
        self._clock = clock
        self._devices = {
            plan.name: PolledDevice(plan, driver, place, around) for place, (plan, driver) in enumerate(devices)
        }

    @property
    def name(self) -> str:
        """Its name in logs, status and metrics."""
        return "poller"

    @property
    def beat_every_s(self) -> float:
        """The longest silence between two beats."""
        return 10.0

    @property
    def critical(self) -> bool:
        """Without it the pod is blind, and says so; that is no reason to restart the machine."""
        return False

    def poke(self, device: DeviceId) -> bool:
        """Poll a device now, as after a trap; false when there is none of this name."""
        polled = self._devices.get(device)
        if polled is None:
            return False
        polled.poke()
        return True

    async def run(self, beat: Beat) -> None:
        """Poll until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name, device in self._devices.items():
                tasks.create_task(device.run(), name=f"poll {name}")
            tasks.create_task(self._watch(beat), name="poller watch")

    async def _watch(self, beat: Beat) -> None:
        """Beat, and look for devices whose task stands still: theirs is the only loss."""
        while True:
            beat()
            for device in self._devices.values():
                device.mark_stale()
            await self._clock.sleep(WATCH_EVERY_S)
