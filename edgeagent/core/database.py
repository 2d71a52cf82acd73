"""One SQLite file (WAL) behind two threads of its own: one writes, one reads; the event loop never waits for the disk.

Errors keep their meaning (see ``core.sqlite``).
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from edgeagent.core.migrations import migrate
from edgeagent.core.sqlite import Profile, named, quick_check
from edgeagent.model.errors import StoreDamaged, StoreError

__all__ = ["Database", "Profile", "named"]

T = TypeVar("T")
SMALLEST_BYTES = 512
"""The smallest page that SQLite writes."""


class Database:
    """An open database. ``transact`` and ``query`` are for jobs that ``write`` and ``read`` run on the threads."""

    def __init__(self, path: Path, profile: Profile) -> None:
        """Open or create the file, check it and migrate it.

        Raises:
            StoreDamaged: it is not a database of this kind, or the check found damage.
            StoreFull: there is no space to make or migrate it.
            StoreError: it cannot be opened, or a newer program wrote it.
        """
        self.path = path
        self.checked = False
        """The whole file was seen to be sound at opening."""
        self._profile = profile
        _refuse_scraps(path)
        self._writer = self._connect()
        try:
            with named(path, "open"):
                self._prepare()
            self._reader = self._connect()
            with named(path, "open"):
                self._reader.execute("PRAGMA query_only = ON")
        except (StoreError, sqlite3.Error):
            self._writer.close()
            raise
        self._write_lane = ThreadPoolExecutor(1, f"write {path.name}")
        self._read_lane = ThreadPoolExecutor(1, f"read {path.name}")
        self._closed = False

    async def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` in one transaction on the writer thread; it is kept whole or not at all.

        Raises:
            StoreError: the disk or the file did not take it.
        """
        return await self.call(lambda: self.transact(work))

    async def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the reader thread; it sees one committed state.

        Raises:
            StoreError: the file could not be read.
        """
        self._refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._read_lane, lambda: self.query(work))

    async def call(self, job: Callable[[], T]) -> T:
        """Run a job that makes its own transactions on the writer thread."""
        self._refuse_when_closed()
        return await asyncio.get_running_loop().run_in_executor(self._write_lane, job)

    def call_now(self, job: Callable[[], T]) -> T:
        """As ``call``, for callers without an event loop: waits for the writer thread."""
        self._refuse_when_closed()
        return self._write_lane.submit(job).result()

    def transact(self, work: Callable[[sqlite3.Connection], T], *, durable: bool = False) -> T:
        """One transaction, in a job on the writer thread; ``durable`` syncs it to the disk also in a NORMAL file."""
        synced = durable and not self._profile.durable
        with named(self.path, "write"):
            if synced:
                self._writer.execute("PRAGMA synchronous = FULL")
            try:
                with self._writer:
                    self._writer.execute("BEGIN IMMEDIATE")
                    return work(self._writer)
            finally:
                if synced:
                    self._writer.execute("PRAGMA synchronous = NORMAL")

    def query(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """One read on the calling thread, while nobody else reads."""
        with named(self.path, "read"), self._reader:
            self._reader.execute("BEGIN")
            return work(self._reader)

    def checkpoint(self) -> bool:
        """On the writer thread: bring the log into the file and give its space back; false when the disk refused."""
        try:
            self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.Error:
            return False
        return True

    async def relieve(self, above_bytes: int) -> bool:
        """Bring a log longer than this into the file, on the reader thread: the writer does not wait for that sync.

        Raises:
            StoreError: the disk refused.
        """
        log = self.path.with_name(f"{self.path.name}-wal")
        if not log.exists() or log.stat().st_size <= above_bytes:
            return False
        await self.read_outside(lambda connection: connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone())
        return True

    async def read_outside(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run ``work`` on the reader thread outside of any transaction."""
        self._refuse_when_closed()

        def job() -> T:
            with named(self.path, "read"):
                return work(self._reader)

        return await asyncio.get_running_loop().run_in_executor(self._read_lane, job)

    def examine(self) -> None:
        """Look through the whole file on a connection of its own, on the calling thread; takes seconds for gigabytes.

        Raises:
            StoreDamaged: damage was found.
            StoreError: the file cannot be read.
        """
        connection = self._connect()
        try:
            with named(self.path, "check"):
                quick_check(connection, self.path)
        finally:
            connection.close()

    async def close(self) -> None:
        """Finish what is queued, bring the log into the file and close it; safe twice."""
        if self._closed:
            return
        self._closed = True
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._read_lane, self._reader.close)
        await loop.run_in_executor(self._write_lane, self._finish)
        self._shut()

    def close_now(self) -> None:
        """As ``close``, for callers without an event loop; waits for the disk."""
        if self._closed:
            return
        self._closed = True
        self._read_lane.submit(self._reader.close).result()
        self._write_lane.submit(self._finish).result()
        self._shut()

    def _shut(self) -> None:
        self._read_lane.shutdown()
        self._write_lane.shutdown()

    def _finish(self) -> None:
        self.checkpoint()  # where it fails the log stays beside the file and is read at the next opening
        self._writer.close()

    def _refuse_when_closed(self) -> None:
        if self._closed:
            raise StoreError(f"cannot use {self.path.name}: it is closed")

    def _connect(self) -> sqlite3.Connection:
        with named(self.path, "open"):
            connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
            connection.execute(f"PRAGMA busy_timeout = {self._profile.busy_timeout_ms:d}")
            connection.execute(f"PRAGMA cache_size = -{self._profile.cache_kib:d}")
            return connection

    def _prepare(self) -> None:
        pragma = self._writer.execute
        pragma("PRAGMA mmap_size = 0")
        pragma("PRAGMA foreign_keys = ON")
        pragma("PRAGMA trusted_schema = OFF")
        pragma("PRAGMA temp_store = MEMORY")
        self._recognise()
        self.checked = self._check()
        pragma("PRAGMA journal_mode = WAL").fetchone()
        pragma(f"PRAGMA synchronous = {'FULL' if self._profile.durable else 'NORMAL'}")
        pragma(f"PRAGMA journal_size_limit = {self._profile.journal_limit_bytes:d}")
        pragma(f"PRAGMA wal_autocheckpoint = {self._profile.checkpoint_pages:d}")
        if self._profile.max_pages is not None:
            pragma(f"PRAGMA max_page_count = {self._profile.max_pages:d}")
        migrate(self._writer, self.path.name, self._profile.migrations)

    def _check(self) -> bool:
        """Look for damage; true when the whole file was seen."""
        (pages,) = self._writer.execute("PRAGMA page_count").fetchone()
        if pages <= self._profile.check_pages:
            quick_check(self._writer, self.path)
            return True
        (tables,) = self._writer.execute("SELECT json_group_array(name) FROM sqlite_master").fetchone()
        for table in self._profile.vital:
            if table in tables:
                quick_check(self._writer, self.path, table)
        return False

    def _recognise(self) -> None:
        """The file carries this kind's application id; an empty one is given it."""
        (found,) = self._writer.execute("PRAGMA application_id").fetchone()
        if found == self._profile.application_id:
            return
        (tables,) = self._writer.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if found or tables:
            raise StoreDamaged(f"cannot open {self.path.name}: it is another program's database")
        self._writer.execute(f"PRAGMA application_id = {self._profile.application_id:d}")


def _refuse_scraps(path: Path) -> None:
    """SQLite would silently write over a file that is too short to be a database."""
    if path.exists() and 0 < path.stat().st_size < SMALLEST_BYTES:
        raise StoreDamaged(f"cannot open {path.name}: {path.stat().st_size} bytes are no database")
