"""The committer: brings what waits into the files, and knows what they refuse.

What the disk refuses is counted as dropped and told by ``troubles``; the pod goes on.
"""

import asyncio
from collections import Counter
from concurrent.futures import Future

from edgeagent.model.errors import StoreDamaged, StoreError, StoreFull
from edgeagent.model.journal import Position, Stream
from edgeagent.store.files import RESERVED_BLOCK, Files
from edgeagent.store.queue import Losses, Made, Queue, Queued
from edgeagent.store.schema import SAFETY_FILE, SAFETY_STREAMS, TELEMETRY_FILE
from edgeagent.store.shelf import MAX_COMMIT_RECORDS, Shelf, fail
from edgeagent.store.telemetry import TelemetryShelf


class Committer:
    """Both queues and the way from them to the disk."""

    def __init__(self, files: Files, safety: Queue, telemetry: Queue, losses: Losses) -> None:
        self.files = files
        self.losses = losses
        self.troubles: dict[str, str] = {}
        """File → why it does not take records now; empty when all is well."""
        self.commits = Counter[str]()
        """File → how often something was written to it."""
        self.damaged: set[str] = set()
        """Files that turned out to be damaged and are still open."""
        self.wake = asyncio.Event()
        self.committed = asyncio.Event()
        """Set, and replaced by a new one, at each commit that made records pending."""
        self._safety_queue = safety
        self._telemetry_queue = telemetry

    def put(self, item: Queued) -> None:
        """Queue a record, or count it as dropped."""
        queue = self._safety_queue if item.stream in SAFETY_STREAMS else self._telemetry_queue
        if not queue.put(item):
            self.losses.add(item.stream, "queue_full")
        if queue.half_full:
            self.wake.set()

    async def put_durable(self, stream: Stream, content: bytes | Made, size: int) -> Position:
        """Queue a record and commit at once; returns its position.

        Raises:
            StoreError: it could not be kept.
        """
        done: Future[Position] = Future()
        self.put(Queued(stream, content, size, done))
        await (self.commit_safety() if stream in SAFETY_STREAMS else self.commit_telemetry())
        return await asyncio.wrap_future(done)

    def note_fact(self, name: str, value: object) -> None:
        """Keep a fact with the next commit: never before the records queued until now, never after those to come.

        A function makes the fact there, in the thread that writes. Bytes are JSON already.
        """
        self._safety_queue.note({name: value})

    async def commit_safety(self) -> None:
        """Commit what waits for ``safety.db``, or count it as dropped."""
        safety = self.files.safety
        if safety is None:
            self._drop(self._safety_queue, self._absent(SAFETY_FILE))
            return
        await self._commit(safety)

    async def commit_telemetry(self) -> None:
        """Commit what waits for ``telemetry.db``, or count it as dropped."""
        telemetry = self.files.telemetry
        if self.files.safety is None or telemetry is None:
            self._drop(self._telemetry_queue, self._absent(TELEMETRY_FILE))
        elif not self.files.reserve.held:
            error = StoreFull("cannot keep telemetry: the disk is full, and what is left is for audit and alarms")
            self._drop(self._telemetry_queue, error)
            self.troubles[TELEMETRY_FILE] = str(error)
        else:
            await self._commit(telemetry)

    async def make_room(self, telemetry: TelemetryShelf) -> None:
        """Have ``safety.db`` let telemetry use the sequences that its next step may need.

        Raises:
            StoreError: it refused; the trouble is noted where it belongs.
        """
        safety = self.files.safety
        if safety is None:
            raise self._absent(SAFETY_FILE)
        if telemetry.wanted <= telemetry.reserved:
            return
        epoch, tally = telemetry.current(Stream.TELEMETRY)
        upto = telemetry.wanted + RESERVED_BLOCK
        try:
            await safety.database.call(lambda: safety.reserve_sequences(Stream.TELEMETRY, epoch, tally.last, upto))
        except StoreFull:
            raise
        except StoreError as error:
            self.note(safety, error)
            raise StoreError(f"cannot reserve sequences for telemetry: {error}") from error
        telemetry.reserved = upto

    def note(self, shelf: Shelf, error: StoreError) -> None:
        """Remember what a file refused; a damaged one wakes the service to heal it."""
        name = shelf.database.path.name
        self.troubles[name] = str(error)
        if isinstance(error, StoreDamaged):
            self.damaged.add(name)
            self.wake.set()

    def note_absent(self) -> None:
        """Bring the troubles in line with which files are open."""
        for name, shelf in ((SAFETY_FILE, self.files.safety), (TELEMETRY_FILE, self.files.telemetry)):
            if shelf is None:
                self.troubles.setdefault(name, f"{name} is not open")
            elif name not in self.damaged:
                self.troubles.pop(name, None)

    async def _commit(self, shelf: Shelf) -> None:
        made = 0
        try:
            for _ in range(1 + len(shelf.queue) // MAX_COMMIT_RECORDS):
                if isinstance(shelf, TelemetryShelf):
                    await self.make_room(shelf)
                made += await shelf.database.call(shelf.commit)
        except StoreError as error:
            self._drop(shelf.queue, error)
            self.note(shelf, error)
        else:
            if made:
                self.troubles.pop(shelf.database.path.name, None)
                self.commits[shelf.database.path.name] += 1
        finally:
            if made:
                self.committed.set()
                self.committed = asyncio.Event()

    def _absent(self, name: str) -> StoreError:
        return StoreError(self.troubles.get(name, f"{name} is not open"))

    def _drop(self, queue: Queue, error: StoreError) -> None:
        fail(queue.take(len(queue)), self.losses, error)
