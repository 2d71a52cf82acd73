import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import AuditHead, Journal, Outbox, Service
from edgeagent.model.journal import Stream
from edgeagent.store.meter import DAY_S
from edgeagent.store.service import StoreService
from edgeagent.store.store import Store

from .conftest import Opener, current, everything


@asynccontextmanager
async def running(service: Service) -> AsyncIterator[list[int]]:
    beats: list[int] = []
    task = asyncio.create_task(service.run(lambda: beats.append(1)))
    await asyncio.sleep(0)
    try:
        yield beats
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until(clock: ManualClock, condition: object) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await clock.advance(0.1)
            await asyncio.sleep(0.001)


def doors(store: Store) -> tuple[Journal, Outbox, AuditHead]:
    """The store fits the ports (mypy reads this)."""
    return store, store, store


async def test_what_is_appended_is_committed_at_the_pace_without_anybody_asking(
    opened: Opener, clock: ManualClock
) -> None:
    async with opened() as store:
        health, metrics = Health(clock), Metrics()
        async with running(StoreService(store, clock, health, metrics)) as beats:
            await until(clock, lambda: beats)
            store.append(Stream.TELEMETRY, b"x")
            before_s = clock.now_s()
            await until(clock, lambda: store.extents()[-1].pending == 2)
            assert clock.now_s() - before_s < 1.2
            assert health.get("store").level is Level.OK
            assert health.get("store damage").level is Level.OK


async def test_a_half_full_queue_is_committed_before_its_time(opened: Opener, clock: ManualClock) -> None:
    async with opened(queue_records=100) as store:
        async with running(StoreService(store, clock, Health(clock), Metrics())) as beats:
            await until(clock, lambda: beats)
            for _ in range(60):
                store.append(Stream.TELEMETRY, b"x")
            async with asyncio.timeout(5):
                await store.wait_committed()
        assert store.extents()[-1].pending == 61


async def test_damage_at_run_time_is_healed_and_stays_visible_until_people_looked(
    opened: Opener, clock: ManualClock, tmp_path: Path
) -> None:
    async with opened() as store:
        health = Health(clock)
        async with running(StoreService(store, clock, health, Metrics())) as beats:
            await until(clock, lambda: beats)
            epoch = current(store)
            store._committer.damaged.add("telemetry.db")
            await until(clock, lambda: not store.upkeep.needs_healing)
            assert current(store) > epoch
            await until(clock, lambda: health.get("store damage").level is Level.DEGRADED)
            assert "telemetry.db.damaged-1; look at them" in health.get("store damage").message
            for path in tmp_path.glob("*.damaged-*"):
                path.unlink()
            await until(clock, lambda: health.get("store damage").level is Level.OK)


async def test_budgets_are_kept_without_anybody_asking(opened: Opener, clock: ManualClock) -> None:
    async with (
        opened(telemetry_budget_bytes=64 * 1024) as store,
        running(StoreService(store, clock, Health(clock), Metrics())),
    ):
        for _ in range(2000):
            store.append(Stream.TELEMETRY, b"x" * 100)
        await until(clock, lambda: store.counts()[Stream.TELEMETRY].dropped)
        await until(clock, lambda: store._files.telemetry.used_bytes <= 64 * 1024)


async def test_a_closed_store_has_kept_what_was_appended_last(opened: Opener) -> None:
    async with opened() as store:
        store.append(Stream.TELEMETRY, b"x last")
    async with opened() as store:
        assert b"x last" in (await everything(store)).values()


async def test_the_metrics_tell_what_waits_what_was_lost_and_what_was_written(
    opened: Opener, clock: ManualClock, tmp_path: Path
) -> None:
    io = tmp_path / "io"
    io.write_text("rchar: 5\nwrite_bytes: 1000\n")
    metrics = Metrics()
    async with opened(queue_records=10) as store:
        StoreService(store, clock, Health(clock), metrics, io)
        for _ in range(12):
            store.append(Stream.TELEMETRY, b"xyz")
        await store.flush()
        io.write_text("rchar: 5\nwrite_bytes: 3000\n")
        await clock.advance(100)
        metrics.collect()
        families = {family.name: family for family in metrics.families()}
        assert families["edgeagent_journal_pending_records"].get(stream="telemetry") == 12
        assert families["edgeagent_journal_dropped"].get(stream="telemetry", reason="queue_full") == 2
        assert families["edgeagent_journal_oldest_seconds"].get(stream="telemetry") == 100
        assert families["edgeagent_written_bytes"].get() == 3000
        assert families["edgeagent_written_bytes_per_day"].get() == 2000 * DAY_S / 100
        assert families["edgeagent_store_reserve_held"].get() == 1
