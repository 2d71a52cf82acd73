from collections.abc import Callable

from edgeagent.core.clock import ManualClock
from edgeagent.model.journal import Ack, Stream
from edgeagent.store.store import Store
from edgeagent.store.telemetry import merged, runs
from edgeagent.wire.record import EpochOpened, Gap

from .conftest import Opener, current, everything, records

KIB = 1024


async def fill(store: Store, count: int, size: int = 200) -> None:
    for _ in range(count):
        store.append(Stream.TELEMETRY, b"x" * size)
    await store.flush()


async def named(store: Store) -> set[tuple[int, int]]:
    """Every position that a Gap names."""
    gaps = await records(store, Gap)
    return {(gap.epoch, sequence) for gap in gaps for sequence in range(gap.first, gap.last + 1)}


async def test_beyond_the_budget_the_oldest_go_first_and_every_gap_has_a_name(opened: Opener) -> None:
    async with opened(telemetry_budget_bytes=256 * KIB) as store:
        await fill(store, 3000)
        epoch, last = current(store), store.extents()[-1].last_committed
        before = set(await everything(store))
        await store.upkeep.thin()
        after = await everything(store)
        assert store._files.telemetry.used_bytes <= 256 * KIB
        assert before - set(after) == await named(store)
        kept = [sequence for _, sequence in after]
        assert kept[0] == 1
        assert kept[1:] == list(range(kept[1], kept[-1] + 1))
        dropped = last - sum(sequence <= last for sequence in kept)
        assert store.counts()[Stream.TELEMETRY].dropped == {"budget_bytes": dropped}
        assert all(gap.why == "budget_bytes" and gap.epoch == epoch for gap in await records(store, Gap))


async def test_a_gap_that_is_itself_taken_comes_back_merged(opened: Opener) -> None:
    async with opened(telemetry_budget_bytes=256 * KIB) as store:
        seen: set[tuple[int, int]] = set()
        for _ in range(12):
            await fill(store, 1500)
            seen |= set(await everything(store))
            await store.upkeep.thin()
            seen |= set(await everything(store))
        assert seen - set(await everything(store)) == await named(store)
        assert len(await records(store, Gap)) < 20


async def test_thinning_goes_through_the_epochs_oldest_first_and_keeps_what_opened_them(
    opened: Opener, crash: Callable[[Store], None]
) -> None:
    for _ in range(2):
        async with opened() as store:
            await fill(store, 800)
            crash(store)
    async with opened(telemetry_budget_bytes=256 * KIB) as store:
        await fill(store, 800)
        before = set(await everything(store))
        await store.upkeep.thin()
        after = set(await everything(store))
        assert before - after == await named(store)
        assert len(await records(store, EpochOpened)) == 3
        first = min(epoch for epoch, _ in after)
        assert [sequence for epoch, sequence in after if epoch == first] == [1]
        assert sum(extent.pending for extent in store.extents() if extent.stream is Stream.TELEMETRY) == len(after)


async def test_what_waited_too_long_goes_and_what_did_not_stays(opened: Opener, clock: ManualClock) -> None:
    async with opened(telemetry_age_s=100.0) as store:
        await fill(store, 600)
        await clock.advance(90)
        await fill(store, 10)
        await store.upkeep.expire()
        assert "budget_age" not in store.counts()[Stream.TELEMETRY].dropped
        await clock.advance(60)
        await store.upkeep.expire()
        assert store.counts()[Stream.TELEMETRY].dropped == {"budget_age": 600}
        assert await named(store) == {(current(store), sequence) for sequence in range(2, 602)}


async def test_a_stepped_wall_clock_makes_nothing_old(opened: Opener, clock: ManualClock) -> None:
    async with opened(telemetry_age_s=100.0) as store:
        await fill(store, 10)
        clock.step_wall(1e9)
        await store.upkeep.expire()
        assert store.counts()[Stream.TELEMETRY].dropped == {}


async def test_age_goes_on_counting_over_a_restart(opened: Opener, clock: ManualClock) -> None:
    async with opened(telemetry_age_s=100.0) as store:
        await fill(store, 10)
        await clock.advance(60)
    async with opened(telemetry_age_s=100.0) as store:
        assert store.extents()[-1].oldest_s == 60
        await clock.advance(60)
        await store.upkeep.expire()
        assert store.counts()[Stream.TELEMETRY].dropped == {"budget_age": 10}


async def test_a_budget_never_takes_audit_or_alarms(opened: Opener, clock: ManualClock) -> None:
    async with opened(telemetry_budget_bytes=1, telemetry_age_s=1.0, audit_budget_bytes=1) as store:
        for number in range(50):
            store.audit("test", "act", str(number))
            store.append(Stream.ALARM, b"x")
        await store.flush()
        await clock.advance(10)
        await store.upkeep.thin()
        await store.upkeep.expire()
        counts = store.counts()
        assert (counts[Stream.AUDIT].pending, counts[Stream.ALARM].pending) == (51, 51)


async def test_acknowledged_audit_is_kept_for_its_time_and_then_pruned(opened: Opener, clock: ManualClock) -> None:
    def sealed(store: Store) -> int:
        database = store._files.safety.database
        return database.query(lambda connection: connection.execute("SELECT count(*) FROM sealed").fetchone()[0])

    async with opened(audit_keep_s=100.0) as store:
        for number in range(600):
            store.audit("test", "act", str(number))
        await store.flush()
        head = store.head()
        assert await store.settle(Ack("pod", Stream.AUDIT, current(store, Stream.AUDIT), 601)) == 601
        await store.upkeep.expire()
        assert sealed(store) == 601
        await clock.advance(101)
        await store.upkeep.expire()
        assert sealed(store) == 0
        assert store.head() == head
    async with opened(audit_keep_s=100.0, audit_budget_bytes=500) as store:
        for number in range(10):
            store.audit("test", "act", str(number))
        await store.flush()
        await store.settle(Ack("pod", Stream.AUDIT, current(store, Stream.AUDIT), 611))
        await store.upkeep.expire()
        assert 0 < sealed(store) < 10


def test_runs_and_merging_keep_every_sequence() -> None:
    assert runs(7, [1, 2, 3, 5, 9, 10], "a") == [Gap(7, 1, 3, "a"), Gap(7, 5, 5, "a"), Gap(7, 9, 10, "a")]
    gaps = [Gap(7, 4, 9, "a"), Gap(7, 1, 3, "a"), Gap(7, 10, 12, "b"), Gap(8, 10, 12, "b"), Gap(8, 11, 11, "b")]
    assert merged(gaps) == [Gap(7, 1, 9, "a"), Gap(7, 10, 12, "b"), Gap(8, 10, 12, "b")]
