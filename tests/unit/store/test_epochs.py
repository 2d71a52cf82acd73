import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeagent.core.lockfile import LockHeld
from edgeagent.model.journal import Ack, Stream
from edgeagent.store.store import Store
from edgeagent.wire.record import EpochOpened, decode

from .conftest import Opener, current, everything, records

FILES = ("telemetry.db", "safety.db", "closed.json")


async def fill(store: Store, count: int = 5) -> None:
    for number in range(count):
        store.append(Stream.TELEMETRY, b"x%d" % number)
    store.audit("test", "fill")
    await store.flush()


def copy(folder: Path, to: Path, *names: str) -> None:
    to.mkdir(exist_ok=True)
    for name in names or FILES:
        shutil.copy2(folder / name, to / name)


async def opening_of(store: Store, stream: Stream = Stream.TELEMETRY) -> EpochOpened:
    batch = await store.batch(stream, current(store, stream), 1, 1, 65536)
    assert batch is not None
    assert batch.first_sequence == 1
    record = decode(batch.records[0])
    assert isinstance(record, EpochOpened)
    return record


async def test_a_new_pod_announces_its_first_epoch_in_every_stream(opened: Opener) -> None:
    async with opened() as store:
        for stream in Stream:
            assert await opening_of(store, stream) == EpochOpened("first start", ())
        assert len({extent.epoch for extent in store.extents()}) == 3


async def test_a_clean_stop_and_start_goes_on_in_the_same_epochs(opened: Opener) -> None:
    async with opened() as store:
        await fill(store)
        before = store.extents()
    async with opened() as store:
        assert store.extents() == before
        await fill(store, 1)
        extent = store.extents()[-1]
        assert (extent.epoch, extent.last_committed) == (before[-1].epoch, before[-1].last_committed + 1)
        assert len(await records(store, EpochOpened)) == 1


async def test_a_crash_opens_an_epoch_that_names_the_end_of_the_one_before(
    opened: Opener, crash: Callable[[Store], None]
) -> None:
    async with opened() as store:
        await fill(store)
        old = store.extents()[-1]
        crash(store)
    async with opened() as store:
        opening = await opening_of(store)
        assert opening == EpochOpened("unclean stop", ((old.epoch, old.last_committed),))
        assert current(store) > old.epoch
        assert (await opening_of(store, Stream.AUDIT)).why == "unclean stop"


async def test_pending_records_of_earlier_epochs_stay_deliverable_under_their_own_names(
    opened: Opener, crash: Callable[[Store], None]
) -> None:
    async with opened() as store:
        await fill(store)
        before = await everything(store)
        old = current(store)
        crash(store)
    async with opened() as store:
        assert before.items() <= (await everything(store)).items()
        assert [extent.epoch for extent in store.extents() if extent.stream is Stream.TELEMETRY] == [
            old,
            current(store),
        ]
        assert await store.settle(Ack("pod", Stream.TELEMETRY, old, 6)) == 6
        assert not before.keys() & (await everything(store)).keys()


async def test_an_ack_for_records_that_a_power_cut_took_back_is_believed(
    opened: Opener, crash: Callable[[Store], None], tmp_path: Path
) -> None:
    async with opened() as store:
        await fill(store, 2)
        old = current(store)
        crash(store)
    copy(tmp_path, tmp_path / "early", "telemetry.db")
    async with opened() as store:
        await fill(store, 300)
        lost, last = current(store), store.extents()[-1].last_committed
        crash(store)
    shutil.copy2(tmp_path / "early" / "telemetry.db", tmp_path / "telemetry.db")
    async with opened() as store:
        assert await store.settle(Ack("pod", Stream.TELEMETRY, lost, last)) == 0
        assert await store.settle(Ack("pod", Stream.TELEMETRY, old, 3)) == 3


@pytest.mark.parametrize("stop", ["clean", "crash"])
async def test_an_older_telemetry_db_opens_an_epoch_above_the_forgotten_one(
    opened: Opener, tmp_path: Path, crash: Callable[[Store], None], stop: str
) -> None:
    async with opened() as store:
        await fill(store)
    copy(tmp_path, tmp_path / "early", "telemetry.db")
    async with opened() as store:
        await fill(store, 50)
        old, last = current(store), store.extents()[-1].last_committed
        if stop == "crash":
            crash(store)
    for name in ("telemetry.db-wal", "telemetry.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    shutil.copy2(tmp_path / "early" / "telemetry.db", tmp_path / "telemetry.db")
    async with opened() as store:
        opening = await opening_of(store)
        assert opening.why == "an older telemetry.db was restored"
        assert current(store) > old
        assert opening.earlier[-1][0] == old
        assert opening.earlier[-1][1] <= last
        await fill(store, 3)
        assert all(epoch != old or sequence <= last for epoch, sequence in await everything(store))


async def test_an_older_safety_db_opens_epochs_in_all_streams(opened: Opener, tmp_path: Path) -> None:
    async with opened() as store:
        await fill(store)
    copy(tmp_path, tmp_path / "early", "safety.db")
    async with opened() as store:
        await fill(store)
        audit = [one for one in store.extents() if one.stream is Stream.AUDIT][-1]
        epochs = {extent.epoch for extent in store.extents()}
    shutil.copy2(tmp_path / "early" / "safety.db", tmp_path / "safety.db")
    async with opened() as store:
        for stream in Stream:
            opening = await opening_of(store, stream)
            assert opening.why == "an older safety.db was restored"
            assert current(store, stream) > max(epochs)
        assert (await opening_of(store, Stream.AUDIT)).earlier[-1] == (audit.epoch, audit.last_committed)


async def test_both_files_and_the_seal_restored_together_still_open_new_epochs(opened: Opener, tmp_path: Path) -> None:
    async with opened() as store:
        await fill(store)
        used = {extent.epoch for extent in store.extents()}
    copy(tmp_path, tmp_path / "early")
    for _ in range(2):
        async with opened() as store:
            await fill(store)
            used |= {extent.epoch for extent in store.extents()}
    copy(tmp_path / "early", tmp_path)
    async with opened() as store:
        for stream in Stream:
            assert (await opening_of(store, stream)).why == "a file was replaced while the agent was stopped"
            assert current(store, stream) not in used


@pytest.mark.parametrize("name", ["telemetry.db", "safety.db"])
async def test_a_missing_file_opens_epochs_and_the_other_file_goes_on(
    opened: Opener, tmp_path: Path, name: str
) -> None:
    async with opened() as store:
        await fill(store)
        before = {stream: current(store, stream) for stream in Stream}
    (tmp_path / name).unlink()
    async with opened() as store:
        assert (await opening_of(store)).why == f"{name} was missing"
        assert (await opening_of(store)).earlier[-1][0] == before[Stream.TELEMETRY]
        assert (current(store, Stream.AUDIT) == before[Stream.AUDIT]) is (name == "telemetry.db")
        assert min(current(store, stream) for stream in Stream if current(store, stream) not in before.values()) > max(
            before.values()
        )


async def test_a_second_process_is_refused_and_disturbs_nothing(opened: Opener) -> None:
    async with opened() as store:
        await fill(store)
        with pytest.raises(LockHeld):
            async with opened():
                pass
        await fill(store)
        assert len(await everything(store)) == 11
