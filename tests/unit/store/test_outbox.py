import asyncio
from collections.abc import Callable

import pytest

from edgeagent.model.errors import StoreError
from edgeagent.model.journal import MAX_RECORD_BYTES, Ack, Position, Stream
from edgeagent.store.records import RUN_SQL, SLICE_SQL
from edgeagent.store.store import Store
from edgeagent.store.telemetry import OLDEST_SQL
from edgeagent.wire.record import Lost

from .conftest import Opener, current, everything, records


async def fill(store: Store, count: int, size: int = 10) -> int:
    for _ in range(count):
        store.append(Stream.TELEMETRY, b"x" * size)
    await store.flush()
    return current(store)


def ack(epoch: int, watermark: int, *ranges: tuple[int, int]) -> Ack:
    return Ack("pod", Stream.TELEMETRY, epoch, watermark, ranges)


async def test_nothing_is_offered_before_it_is_committed(opened: Opener) -> None:
    async with opened() as store:
        store.append(Stream.TELEMETRY, b"x")
        assert store.extents()[-1].last_committed == 1
        assert await store.batch(Stream.TELEMETRY, current(store), 2, 10, 1000) is None
        await store.flush()
        assert store.extents()[-1].last_committed == 2


async def test_a_batch_ends_at_its_bounds_and_at_holes(opened: Opener) -> None:
    async with opened() as store:
        epoch = await fill(store, 20)
        batch = await store.batch(Stream.TELEMETRY, epoch, 2, 5, 65536)
        assert (batch.first_sequence, len(batch.records)) == (2, 5)
        batch = await store.batch(Stream.TELEMETRY, epoch, 2, 200, 3 * 14)
        assert len(batch.records) == 3
        assert await store.settle(ack(epoch, 0, (5, 6), (9, 9))) == 3
        starts = [(await store.batch(Stream.TELEMETRY, epoch, start, 200, 65536)) for start in (2, 5, 6, 9)]
        assert [(one.first_sequence, one.last_sequence) for one in starts] == [(2, 4), (7, 8), (7, 8), (10, 21)]
        assert await store.batch(Stream.TELEMETRY, epoch, 22, 200, 65536) is None


async def test_one_record_is_given_even_where_the_bytes_do_not_allow_it(opened: Opener) -> None:
    async with opened() as store:
        epoch = await fill(store, 2, MAX_RECORD_BYTES)
        batch = await store.batch(Stream.TELEMETRY, epoch, 2, 200, 10)
        assert len(batch.records) == 1


async def test_settling_twice_frees_nothing_more(opened: Opener) -> None:
    async with opened() as store:
        epoch = await fill(store, 700)
        assert await store.settle(ack(epoch, 600, (650, 660))) == 611
        assert await store.settle(ack(epoch, 600, (650, 660))) == 0
        assert await store.settle(ack(epoch, 10)) == 0
        assert await store.settle(ack(epoch, 701)) == 90
        counts = store.counts()[Stream.TELEMETRY]
        assert (counts.pending, counts.pending_bytes, counts.acknowledged, counts.appended) == (0, 0, 701, 701)
        assert store.extents()[-1].first_pending == 702


@pytest.mark.parametrize("claim", [(8,), (0, (8, 8)), (2**52,), (3, (5, 2**60))])
async def test_an_ack_above_the_last_committed_record_deletes_nothing(opened: Opener, claim: tuple) -> None:
    async with opened() as store:
        epoch = await fill(store, 6)
        with pytest.raises(StoreError, match="the last committed record is 7"):
            await store.settle(ack(epoch, *claim))
        assert len(await everything(store)) == 7


async def test_an_ack_for_an_epoch_that_never_was_is_refused(opened: Opener) -> None:
    async with opened() as store:
        epoch = await fill(store, 6)
        with pytest.raises(StoreError, match="never had epoch"):
            await store.settle(ack(epoch + 1, 1))
        with pytest.raises(StoreError, match="never had epoch"):
            await store.settle(Ack("pod", Stream.ALARM, epoch, 1))


async def test_an_ack_of_an_ended_epoch_may_come_again_and_again(
    opened: Opener, crash: Callable[[Store], None]
) -> None:
    async with opened() as store:
        epoch = await fill(store, 6)
        crash(store)
    async with opened() as store:
        assert await store.settle(ack(epoch, 7)) == 7
        assert await store.settle(ack(epoch, 7)) == 0
    async with opened() as store:
        assert await store.settle(ack(epoch, 7)) == 0
        assert epoch not in {extent.epoch for extent in store.extents()}


async def test_a_full_queue_drops_counts_and_tells(opened: Opener) -> None:
    async with opened(queue_records=10) as store:
        for _ in range(25):
            store.append(Stream.TELEMETRY, b"x")
        assert store.wake.is_set()
        await store.flush()
        assert store.counts()[Stream.TELEMETRY].dropped == {"queue_full": 15}
        assert await records(store, Lost) == [Lost("queue_full", 15)]
    async with opened() as store:
        assert store.counts()[Stream.TELEMETRY].dropped == {"queue_full": 15}


async def test_a_queue_is_also_full_by_its_bytes(opened: Opener) -> None:
    async with opened(queue_bytes=1000) as store:
        for _ in range(25):
            store.append(Stream.TELEMETRY, b"x" * 100)
        await store.flush()
        assert store.counts()[Stream.TELEMETRY].dropped == {"queue_full": 15}


async def test_a_record_that_no_stream_takes_is_refused_where_it_is_made(opened: Opener) -> None:
    async with opened() as store:
        with pytest.raises(ValueError, match="the longest is 32768"):
            store.append(Stream.TELEMETRY, b"x" * (MAX_RECORD_BYTES + 1))


@pytest.mark.parametrize("stream", list(Stream))
async def test_a_durable_record_is_on_the_disk_when_its_position_is_told(
    opened: Opener, crash: Callable[[Store], None], stream: Stream
) -> None:
    async with opened() as store:
        place = await store.append_durable(stream, b"xyz")
        assert place == Position(current(store, stream), 2)
        crash(store)
    async with opened() as store:
        assert (await everything(store, stream))[place.epoch, 2] == b"xyz"


async def test_many_durable_records_at_once_share_commits_and_keep_their_order(opened: Opener) -> None:
    async with opened() as store:
        places = await asyncio.gather(*(store.append_durable(Stream.ALARM, b"x%d" % n) for n in range(40)))
        assert [place.sequence for place in places] == list(range(2, 42))
        assert list((await everything(store, Stream.ALARM)).values())[1:] == [b"x%d" % n for n in range(40)]


async def test_whoever_waits_for_a_commit_is_woken_by_it(opened: Opener) -> None:
    async with opened() as store:
        waiting = asyncio.create_task(store.wait_committed())
        await asyncio.sleep(0)
        await store.flush()
        assert not waiting.done()
        store.append(Stream.TELEMETRY, b"x")
        await store.flush()
        async with asyncio.timeout(5):
            await waiting


async def test_a_cancelled_commit_still_counts_what_it_wrote(opened: Opener) -> None:
    async with opened() as store:
        for _ in range(300):
            store.append(Stream.TELEMETRY, b"x")
        task = asyncio.create_task(store.flush())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await store.flush()
        assert store.extents()[-1].pending == len(await everything(store)) == 301


@pytest.mark.parametrize("sql", [RUN_SQL, SLICE_SQL, OLDEST_SQL])
async def test_a_million_pending_rows_are_never_scanned(opened: Opener, sql: str) -> None:
    async with opened() as store:
        telemetry = store._files.telemetry
        plan = await telemetry.database.read(
            lambda connection: connection.execute(f"EXPLAIN QUERY PLAN {sql}", (3,) * sql.count("?")).fetchall()
        )
        (step,) = [detail for *_, detail in plan]
        assert step == "SEARCH records USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)"


async def test_counts_are_right_after_reopening_without_counting(
    opened: Opener, crash: Callable[[Store], None]
) -> None:
    async with opened() as store:
        epoch = await fill(store, 500)
        await store.settle(ack(epoch, 100, (200, 300)))
        before = store.counts()[Stream.TELEMETRY]
        crash(store)
    async with opened() as store:
        after = store.counts()[Stream.TELEMETRY]
        assert (after.pending, after.acknowledged) == (before.pending + 1, before.acknowledged)
        assert after.pending == len(await everything(store))
        assert store.extents()[-2].first_pending == 101
