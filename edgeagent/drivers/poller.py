"""The poller: every device on its own task and schedule, so that none waits for another."""

import asyncio
from collections.abc import Iterable

import structlog

from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat, Driver
from edgeagent.core.state import State
from edgeagent.drivers.identity import IdentityBook
from edgeagent.drivers.poll_metrics import PollMetrics
from edgeagent.drivers.polled import DevicePlan, Known, PolledDevice, Surroundings
from edgeagent.model.points import DeviceId

WATCH_EVERY_S = 1.0
START_STEP_S = 0.05
"""Devices first connect this far apart: learning one of hundreds of points takes tens of milliseconds of the loop."""

log = structlog.get_logger(__name__)


class Poller:
    """A Service that connects, reads and publishes every device; `apply` changes which they are, also while it runs."""

    def __init__(
        self,
        devices: Iterable[tuple[DevicePlan, Driver]],
        *,
        state: State,
        clock: Clock,
        metrics: Metrics,
        book: IdentityBook,
    ) -> None:
        self._around = Surroundings(state, clock, book, PollMetrics(metrics, state, clock))
        self._clock = clock
        self._places = 0
        self._devices: dict[DeviceId, PolledDevice] = {}
        self._group: asyncio.TaskGroup | None = None
        """What the tasks run in, while the poller runs."""
        self._tasks: dict[DeviceId, asyncio.Task[None]] = {}
        self.apply((), devices)

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

    def apply(self, removed: Iterable[DeviceId], fresh: Iterable[tuple[DevicePlan, Driver]]) -> None:
        """Close and forget some devices, and start others; a fresh one takes the place of one that has its name.

        All others go on untouched. It never waits: what does not close in time is left behind, and said.
        """
        for name in removed:
            self._remove(name)
        for turn, (plan, driver) in enumerate(fresh):
            self._take(plan, driver, turn * START_STEP_S)

    async def run(self, beat: Beat) -> None:
        """Poll until cancelled."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                for turn, device in enumerate(self._devices.values()):
                    self._start(device, turn * START_STEP_S, None)
                await self._watch(beat)
            finally:
                self._group = None
                self._tasks.clear()

    def _remove(self, name: DeviceId) -> None:
        if name in self._devices:
            self._stop(name)
            self._around.state.forget(name)
            self._around.metrics.forget(name)

    def _take(self, plan: DevicePlan, driver: Driver, start_after_s: float) -> None:
        if plan.name in self._devices:
            place, known, task = self._stop(plan.name)
        else:
            place, known, task = self._places, None, None
            self._places += 1
        device = PolledDevice(plan, driver, place, self._around, known)
        self._devices[plan.name] = device
        self._start(device, start_after_s, task)

    def _stop(self, name: DeviceId) -> tuple[int, Known, asyncio.Task[None] | None]:
        """Let go of a device; its place, what it knew, and its task, which ends by itself."""
        device, task = self._devices.pop(name), self._tasks.pop(name, None)
        if task is not None:
            task.cancel()
        return device.place, device.let_go(), task

    def _start(self, device: PolledDevice, start_after_s: float, before: asyncio.Task[None] | None) -> None:
        if self._group is None:
            return  # `run` starts it
        name = device.plan.name
        self._tasks[name] = self._group.create_task(_one_after(before, device, start_after_s), name=f"poll {name}")

    async def _watch(self, beat: Beat) -> None:
        """Beat, and look for devices whose task stands still: theirs is the only loss."""
        while True:
            beat()
            for device in self._devices.values():
                device.mark_stale()
            await self._clock.sleep(WATCH_EVERY_S)


async def _one_after(before: asyncio.Task[None] | None, device: PolledDevice, start_after_s: float) -> None:
    """Let one task end, then run the device: the session that they may share is closed before it is opened again."""
    if before is not None:
        limit_s = 2 * device.plan.close_deadline_s
        await asyncio.wait([before], timeout=limit_s)
        if not before.done():
            log.warning("device does not let itself be stopped", device=device.plan.name, limit_s=limit_s)
    await device.run(start_after_s)
