"""The supervisor keeps every Service running, and one that fails never takes another down."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.daemon.supervisor import CANCEL_GRACE_S, Phase, Policy, Supervisor
from edgeagent.model.errors import StoreFull

Work = Callable[[Beat], Awaitable[None]]


class Scripted:
    """A Service whose work a test writes."""

    def __init__(self, name: str, work: Work, *, beat_every_s: float = 5.0, critical: bool = False) -> None:
        self.name = name
        self.beat_every_s = beat_every_s
        self.critical = critical
        self.starts = 0
        self._work = work

    async def run(self, beat: Beat) -> None:
        self.starts += 1
        await self._work(beat)


def beating(clock: ManualClock) -> Work:
    async def work(beat: Beat) -> None:
        while True:
            beat()
            await clock.sleep(1.0)

    return work


async def silent(_beat: Beat) -> None:
    await asyncio.get_running_loop().create_future()


async def failing(_beat: Beat) -> None:
    raise StoreFull("cannot store a record: the disk is full")


async def returning(_beat: Beat) -> None:
    return


async def broken(_beat: Beat) -> None:
    raise ZeroDivisionError


@asynccontextmanager
async def running(supervisor: Supervisor) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(supervisor.run(stop))
    await asyncio.sleep(0)
    yield
    stop.set()
    await task


def made(clock: ManualClock, *services: Scripted, policy: Policy = Policy.PERMANENT) -> tuple[Supervisor, Health]:
    health = Health(clock)
    supervisor = Supervisor(clock, health, Metrics())
    for service in services:
        supervisor.add(service, policy)
    return supervisor, health


async def test_a_failing_service_is_restarted_and_costs_its_neighbour_nothing() -> None:
    clock = ManualClock()
    bad, good = Scripted("bad", failing), Scripted("good", beating(clock))
    supervisor, health = made(clock, bad, good)
    async with running(supervisor):
        await clock.advance(30)
        assert bad.starts >= 3
        assert good.starts == 1
        condition = health.get("service bad")
        assert condition is not None
        assert condition.level is not Level.OK
        assert "the disk is full" in condition.message


async def test_a_bug_is_logged_with_its_traceback_and_restarted() -> None:
    clock = ManualClock()
    service = Scripted("buggy", broken)
    supervisor, _ = made(clock, service)
    async with running(supervisor):
        await clock.advance(3)
        assert service.starts >= 2
        assert supervisor.services[0].last_error.startswith("ZeroDivisionError")


async def test_restarts_beyond_the_intensity_are_failed_and_still_tried() -> None:
    clock = ManualClock()
    service = Scripted("bad", failing)
    supervisor, health = made(clock, service)
    async with running(supervisor):
        await clock.advance(150)
        condition = health.get("service bad")
        assert condition is not None
        assert condition.level is Level.FAILED
        before = service.starts
        await clock.advance(120)
        assert service.starts > before


async def test_a_service_that_misses_its_beat_is_cancelled_and_started_again() -> None:
    clock = ManualClock()
    service = Scripted("silent", silent, beat_every_s=3)
    supervisor, _ = made(clock, service)
    async with running(supervisor):
        await clock.advance(2.5)
        assert service.starts == 1
        await clock.advance(5)
        assert service.starts == 2
        assert "no beat for 3 s" in supervisor.services[0].last_error


async def test_waiting_in_backoff_counts_as_beating() -> None:
    clock = ManualClock()
    service = Scripted("bad", failing, beat_every_s=0.5, critical=True)
    supervisor, _ = made(clock, service)
    async with running(supervisor):
        for _ in range(60):
            await clock.advance(1)
            assert supervisor.fault() is None


async def test_a_critical_service_that_does_not_let_itself_be_cancelled_is_a_fault() -> None:
    clock = ManualClock()
    released = asyncio.Event()

    async def stubborn(_beat: Beat) -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    service = Scripted("cycle", stubborn, beat_every_s=2, critical=True)
    supervisor, _ = made(clock, service)
    async with running(supervisor):
        await clock.advance(2 + CANCEL_GRACE_S + 2)
        assert supervisor.services[0].phase is Phase.STUCK
        fault = supervisor.fault()
        assert fault is not None
        assert "cycle cannot be brought back" in fault
        released.set()
        await clock.advance(3)
        assert supervisor.fault() is None


async def test_a_stuck_service_that_is_not_critical_is_no_fault() -> None:
    clock = ManualClock()
    released = asyncio.Event()

    async def stubborn(_beat: Beat) -> None:
        while not released.is_set():
            try:
                await released.wait()
            except asyncio.CancelledError:
                continue

    supervisor, health = made(clock, Scripted("uplink", stubborn, beat_every_s=2))
    async with running(supervisor):
        await clock.advance(60)
        assert supervisor.services[0].phase is Phase.STUCK
        assert supervisor.fault() is None
        condition = health.get("service uplink")
        assert condition is not None
        assert condition.level is Level.FAILED
        released.set()


async def test_a_temporary_service_runs_once() -> None:
    clock = ManualClock()
    service = Scripted("once", failing)
    supervisor, _ = made(clock, service, policy=Policy.TEMPORARY)
    async with running(supervisor):
        await clock.advance(100)
        assert service.starts == 1


async def test_a_transient_service_that_ends_by_itself_is_left_alone() -> None:
    clock = ManualClock()
    service = Scripted("task", returning)
    supervisor, _ = made(clock, service, policy=Policy.TRANSIENT)
    async with running(supervisor):
        await clock.advance(100)
        assert service.starts == 1
        assert supervisor.services[0].phase is Phase.ENDED


async def test_nobody_is_blamed_for_silence_while_the_machine_slept() -> None:
    clock = ManualClock()
    service = Scripted("good", beating(clock), beat_every_s=5)
    supervisor, _ = made(clock, service)
    async with running(supervisor):
        await clock.advance(2)
        clock._now_s += 3600  # a suspended machine moves boot time without waking anybody
        await clock.advance(2)
        assert service.starts == 1


async def test_stopping_cancels_every_service_in_reverse_order() -> None:
    clock = ManualClock()
    ended: list[str] = []

    def noting(name: str) -> Work:
        async def work(_beat: Beat) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append(name)

        return work

    supervisor, _ = made(clock, Scripted("store", noting("store")), Scripted("uplink", noting("uplink")))
    async with running(supervisor):
        await clock.advance(1)
    assert ended == ["uplink", "store"]
