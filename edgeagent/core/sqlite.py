"""What every user of SQLite here shares: the profile of a file, the check for damage, and errors with their meaning.

No space is ``StoreFull``, a file that is not what was written is ``StoreDamaged``, anything else that the disk refuses
(EIO, read-only, locked) is ``StoreError``. Light: the command line imports it without asyncio.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edgeagent.core.migrations import Migration
from edgeagent.model.errors import StoreDamaged, StoreError, StoreFull


@dataclass(frozen=True, slots=True)
class Profile:
    """What kind of database a file is.

    ``durable`` syncs every commit (FULL); else a power cut may cost the last commits (NORMAL), a crash never.
    A file of at most ``check_pages`` is checked whole at opening; of a longer one only the ``vital`` tables are, and
    ``examine`` checks the rest when there is time.
    """

    application_id: int
    migrations: Sequence[Migration]
    durable: bool = False
    vital: tuple[str, ...] = ()
    check_pages: int = 1024
    busy_timeout_ms: int = 2000
    journal_limit_bytes: int = 4 * 1024 * 1024
    checkpoint_pages: int = 1000
    cache_kib: int = 2048
    max_pages: int | None = None


def quick_check(connection: sqlite3.Connection, path: Path, table: str = "") -> None:
    """Look for damage in a table, or in all.

    Raises:
        StoreDamaged: some was found.
    """
    (found,) = connection.execute(f"PRAGMA quick_check({table or 1})").fetchone()
    if found != "ok":
        raise StoreDamaged(f"cannot trust {path.name}: {found}")


@contextmanager
def named(path: Path, verb: str) -> Iterator[None]:
    """SQLite's errors as ours."""
    try:
        yield
    except sqlite3.Error as error:
        kind = _kind(error)
        if kind is None:
            raise
        raise kind(f"cannot {verb} {path.name}: {error}") from error


_PRIMARY_CODE = 0xFF
_FULL = {sqlite3.SQLITE_FULL}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT}
_REFUSED = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_NOMEM,
}


def _kind(error: sqlite3.Error) -> type[StoreError] | None:
    """Which of our errors it is; None for a bug (wrong SQL, misuse)."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # Python's own: the only OperationalError without a code is a text that is not UTF-8.
        return StoreDamaged if isinstance(error, sqlite3.OperationalError) else None
    primary = code & _PRIMARY_CODE
    if primary in _FULL or code == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StoreFull
    if primary in _DAMAGED:
        return StoreDamaged
    return StoreError if primary in _REFUSED else None
