import asyncio
import os
import random
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from edgeagent.core.database import Database
from edgeagent.core.sqlite import Profile
from edgeagent.model.errors import StoreDamaged, StoreError, StoreFull

PLAIN = Profile(application_id=77, migrations=(("CREATE TABLE t (n INTEGER, b BLOB)",),), vital=("t",))


@contextmanager
def database(path: Path, profile: Profile = PLAIN) -> Iterator[Database]:
    made = Database(path, profile)
    try:
        yield made
    finally:
        made.close_now()


def put(number: int, blob: bytes = b"") -> object:
    return lambda connection: connection.execute("INSERT INTO t VALUES (?, ?)", (number, blob))


def numbers(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT n FROM t ORDER BY n")]


async def test_what_is_written_is_read_now_and_after_reopening(tmp_path: Path) -> None:
    with database(tmp_path / "a.db") as first:
        await first.write(put(1))
        assert await first.read(numbers) == [1]
    with database(tmp_path / "a.db") as second:
        assert await second.read(numbers) == [1]


async def test_work_that_raises_leaves_nothing_behind(tmp_path: Path) -> None:
    def half(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO t VALUES (1, '')")
        raise LookupError

    with database(tmp_path / "a.db") as one:
        with pytest.raises(LookupError):
            await one.write(half)
        await one.write(put(2))
        assert await one.read(numbers) == [2]


async def test_writes_keep_their_order(tmp_path: Path) -> None:
    order: list[int] = []
    with database(tmp_path / "a.db") as one:
        await asyncio.gather(*(one.write(lambda _, n=n: order.append(n)) for n in range(50)))
    assert order == list(range(50))


async def test_closing_brings_the_log_into_the_file(tmp_path: Path) -> None:
    one = Database(tmp_path / "a.db", PLAIN)
    await one.write(put(1))
    assert (tmp_path / "a.db-wal").exists()
    await one.close()
    await one.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.db"]


async def test_a_closed_database_says_so(tmp_path: Path) -> None:
    one = Database(tmp_path / "a.db", PLAIN)
    one.close_now()
    with pytest.raises(StoreError, match="is closed"):
        await one.read(numbers)


@pytest.mark.parametrize("durable", [True, False])
async def test_the_profile_decides_how_commits_are_synced(tmp_path: Path, durable: bool) -> None:
    def pragma(name: str) -> object:
        return lambda connection: connection.execute(f"PRAGMA {name}").fetchone()[0]

    with database(tmp_path / "a.db", replace(PLAIN, durable=durable)) as one:
        assert await one.call(lambda: pragma("synchronous")(one._writer)) == (2 if durable else 1)
        await one.call(lambda: one.transact(put(1), durable=True))
        assert await one.call(lambda: pragma("synchronous")(one._writer)) == (2 if durable else 1)
        assert await one.read(pragma("journal_mode")) == "wal"
        assert await one.read(pragma("mmap_size")) == 0


async def test_a_full_database_raises_store_full_and_goes_on_reading(tmp_path: Path) -> None:
    with database(tmp_path / "a.db", replace(PLAIN, max_pages=8)) as one:
        await one.write(put(1))
        with pytest.raises(StoreFull, match=r"cannot write a\.db"):
            await one.write(put(2, b"x" * 100_000))
        assert await one.read(numbers) == [1]
        await one.write(put(3))


async def test_a_locked_database_is_a_store_error_and_no_damage(tmp_path: Path) -> None:
    with database(tmp_path / "a.db", replace(PLAIN, busy_timeout_ms=10)) as one:
        other = sqlite3.connect(tmp_path / "a.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="locked") as caught:
            await one.write(put(1))
        other.close()
        assert type(caught.value) is StoreError


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with database(tmp_path / "a.db", replace(PLAIN, application_id=1)):
        pass
    with pytest.raises(StoreDamaged, match="another program's"):
        Database(tmp_path / "a.db", PLAIN)


@pytest.mark.parametrize("content", [b"not a database, " * 300, b"x", os.urandom(8192)])
def test_a_file_that_is_no_database_is_damage(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.db").write_bytes(content)
    with pytest.raises(StoreDamaged):
        Database(tmp_path / "a.db", PLAIN)


def test_a_file_cut_short_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with database(path) as one:
        for number in range(50):
            one.transact(put(number, b"x" * 1000))
    os.truncate(path, path.stat().st_size // 2)
    with pytest.raises(StoreDamaged):
        Database(path, PLAIN)


def test_no_flipped_byte_makes_opening_fail_in_an_unnamed_way(tmp_path: Path) -> None:
    path, source = tmp_path / "a.db", random.Random(7)
    with database(path) as one:
        for number in range(50):
            one.transact(put(number, b"x" * 300))
    good = path.read_bytes()
    for _ in range(60):
        bad = bytearray(good)
        for _ in range(4):
            bad[source.randrange(len(bad))] ^= 1 << source.randrange(8)
        path.write_bytes(bad)
        with suppress(StoreError):
            Database(path, PLAIN).close_now()


def test_a_long_file_is_checked_in_its_vital_tables_and_examined_later(tmp_path: Path) -> None:
    path, short = tmp_path / "a.db", replace(PLAIN, check_pages=4, vital=())
    rows = [(n, b"x" * 900) for n in range(2000)]
    with database(path, short) as one:
        one.transact(lambda connection: connection.executemany("INSERT INTO t VALUES (?, ?)", rows))
        assert one.checked
    with database(path, short) as again:
        assert not again.checked
        again.examine()
    content = bytearray(path.read_bytes())
    content[200 * 4096 : 201 * 4096] = os.urandom(4096)
    path.write_bytes(content)
    with database(path, short) as damaged, pytest.raises(StoreDamaged):
        damaged.examine()
    with pytest.raises(StoreDamaged):
        Database(path, replace(short, vital=("t",)))


def test_a_folder_that_does_not_exist_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot open"):
        Database(tmp_path / "no" / "a.db", PLAIN)


async def test_a_long_log_is_brought_in_beside_the_writer_and_used_again(tmp_path: Path) -> None:
    log = tmp_path / "a.db-wal"
    with database(tmp_path / "a.db", replace(PLAIN, checkpoint_pages=100_000)) as one:
        for number in range(100):
            await one.write(put(number, b"x" * 4000))
        length = log.stat().st_size
        assert not await one.relieve(length)
        assert await one.relieve(1000)
        for number in range(50):
            await one.write(put(number, b"x" * 4000))
        assert log.stat().st_size == length
