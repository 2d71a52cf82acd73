import os
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from edgeagent.model.errors import StoreError
from edgeagent.model.journal import Ack, Position, Stream
from edgeagent.store.aside import KEEP_DAMAGED, damaged_files
from edgeagent.store.store import Store
from edgeagent.wire.record import Gap

from .conftest import Opener, current, everything, records

DAMAGE = {
    "cut short": lambda good: good[: len(good) // 2],
    "emptied": lambda _: b"",
    "a text file": lambda _: b"I am a text file, and I am here by mistake.\n" * 100,
    "zeroed header": lambda good: bytes(100) + good[100:],
    "another database": lambda good: good[:68] + b"\0\0\0\7" + good[72:],
}


async def fill(store: Store, count: int = 400) -> None:
    for number in range(count):
        store.append(Stream.TELEMETRY, b"x%d" % number * 20)
    store.audit("test", "fill")
    await store.flush()


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", ["telemetry.db", "safety.db"])
async def test_a_damaged_file_is_set_aside_and_the_pod_goes_on(
    opened: Opener, tmp_path: Path, name: str, how: str
) -> None:
    async with opened() as store:
        await fill(store)
        before = {stream: current(store, stream) for stream in Stream}
    good = (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(DAMAGE[how](good))
    async with opened() as store:
        assert current(store) > max(before.values())
        if how != "emptied":
            assert [path.name for path in damaged_files(tmp_path)] == [f"{name}.damaged-1"]
            assert f"set aside as {name}.damaged-1" in " ".join(store.notices)
        await fill(store, 10)
        await store.append_durable(Stream.ALARM, b"fire")
        assert not store.troubles
        (extent,) = [one for one in store.extents() if one.epoch == current(store)]
        assert extent.pending >= 11


async def test_flipped_bytes_never_stop_the_pod_and_never_repeat_a_position(opened: Opener, tmp_path: Path) -> None:
    source, served = random.Random(11), dict[tuple[int, int], bytes]()
    for _ in range(15):
        async with opened() as store:
            await fill(store, 50)
            for place, content in (await everything(store)).items():
                assert served.setdefault(place, content) == content
        for name in ("telemetry.db", "safety.db"):
            content = bytearray((tmp_path / name).read_bytes())
            for _ in range(source.randrange(1, 6)):
                content[source.randrange(len(content))] ^= 1 << source.randrange(8)
            (tmp_path / name).write_bytes(content)


async def test_only_the_newest_damaged_files_are_kept(opened: Opener, tmp_path: Path) -> None:
    for _ in range(4):
        async with opened() as store:
            await fill(store, 1)
        (tmp_path / "telemetry.db").write_bytes(b"broken" * 1000)
    async with opened():
        names = [path.name for path in damaged_files(tmp_path)]
    assert names == ["telemetry.db.damaged-3", "telemetry.db.damaged-4"]
    assert len(names) == KEEP_DAMAGED


def ruin(path: Path) -> None:
    """Overwrite an open database and its log, as a failing disk does."""
    for name in (path.name, f"{path.name}-wal"):
        with path.with_name(name).open("r+b") as file:
            size = os.fstat(file.fileno()).st_size
            file.write(os.urandom(size))


@pytest.mark.parametrize("name", ["telemetry.db", "safety.db"])
async def test_damage_at_run_time_is_healed_without_stopping(opened: Opener, tmp_path: Path, name: str) -> None:
    async with opened() as store:
        await fill(store)
        old = {stream: current(store, stream) for stream in Stream}
        shelf = store._files.telemetry if name == "telemetry.db" else store._files.safety
        await shelf.database.call(lambda: shelf.database._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
        ruin(tmp_path / name)
        stream = Stream.TELEMETRY if name == "telemetry.db" else Stream.ALARM
        for database in (shelf.database._writer, shelf.database._reader):
            database.execute("PRAGMA cache_size = 0")
        with pytest.raises(StoreError):
            await store.append_durable(stream, b"lost")
        assert store.upkeep.needs_healing
        await store.upkeep.heal()
        assert not store.upkeep.needs_healing
        assert current(store, stream) > max(old.values())
        assert await store.append_durable(stream, b"kept") == Position(current(store, stream), 2)
        assert not store.troubles
        assert (tmp_path / f"{name}.damaged-1").exists()
        assert store.counts()[Stream.TELEMETRY] is not None


async def test_a_record_that_lost_its_check_sum_becomes_a_named_gap(opened: Opener) -> None:
    async with opened() as store:
        await fill(store, 5)
        epoch, telemetry = current(store), store._files.telemetry
        await telemetry.database.write(
            lambda connection: connection.execute("UPDATE records SET crc = crc + 1 WHERE place & 7 IN (2, 4)")
        )
        found = await everything(store)
        assert [sequence for _, sequence in found] == [1, 3, 5, 6, 7, 8]
        gaps = await records(store, Gap)
        assert gaps == [Gap(epoch, 2, 2, "damaged"), Gap(epoch, 4, 4, "damaged")]
        assert store.counts()[Stream.TELEMETRY].dropped == {"damaged": 2}
        assert await store.settle(Ack("pod", Stream.TELEMETRY, epoch, 8)) == 6


async def test_a_changed_audit_record_is_given_as_it_is_and_breaks_the_chain(
    opened: Opener, crash: Callable[[Store], None]
) -> None:
    async with opened() as store:
        await fill(store, 1)
        safety = store._files.safety
        await safety.database.write(
            lambda connection: connection.execute(
                "UPDATE records SET content = x'00' WHERE place = (SELECT slot << 40 | 2 FROM epochs WHERE stream = 1)"
            )
        )
        assert list((await everything(store, Stream.AUDIT)).values())[1] == b"\0"
