import sqlite3
from pathlib import Path

import pytest

from edgeagent.core.lockfile import LockFile, LockHeld
from edgeagent.core.migrations import TooNew, migrate, version_of

FIRST = ("CREATE TABLE a (n INTEGER)",)
SECOND = ("CREATE TABLE b (n INTEGER)", "INSERT INTO a VALUES (2)")
BROKEN = ("CREATE TABLE c (n INTEGER)", "INSERT INTO nowhere VALUES (1)")


@pytest.fixture
def connection() -> object:
    made = sqlite3.connect(":memory:", isolation_level=None)
    yield made
    made.close()


def test_each_step_is_taken_once(connection: sqlite3.Connection) -> None:
    assert migrate(connection, "x", [FIRST]) == 1
    assert migrate(connection, "x", [FIRST, SECOND]) == 1
    assert migrate(connection, "x", [FIRST, SECOND]) == 0
    assert connection.execute("SELECT n FROM a").fetchall() == [(2,)]


def test_a_step_that_fails_is_not_taken_at_all(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError):
        migrate(connection, "x", [FIRST, BROKEN])
    assert version_of(connection) == 1
    assert connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'c'").fetchone() == (0,)


def test_a_newer_programs_database_is_refused_in_plain_words(connection: sqlite3.Connection) -> None:
    migrate(connection, "x", [FIRST, SECOND])
    with pytest.raises(TooNew, match="its schema is version 2 and this program knows 1; install"):
        migrate(connection, "x.db", [FIRST])


def test_a_second_owner_learns_who_the_first_is(tmp_path: Path) -> None:
    first, second = LockFile(tmp_path / "lock"), LockFile(tmp_path / "lock")
    first.acquire()
    first.acquire()
    with pytest.raises(LockHeld, match=r"another edgeagent \(process \d+\) runs there"):
        second.acquire()
    first.release()
    first.release()
    second.acquire()
    second.release()
