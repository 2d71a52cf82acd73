"""The store: the journal, the outbox and the audit chain over both files.

The event loop never waits for the disk: appending only queues, everything else is awaited. What the disk refuses is
counted as dropped and told by ``troubles``; the pod goes on.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from edgeagent.core.clock import Clock
from edgeagent.core.lockfile import LockHeld
from edgeagent.core.migrations import TooNew
from edgeagent.model.errors import StoreError
from edgeagent.model.journal import Ack, AuditEntry, Batch, Extent, Position, Stream, StreamCounts
from edgeagent.store.committer import Committer
from edgeagent.store.files import Files
from edgeagent.store.ledger import ACKNOWLEDGED, APPENDED, DROPPED, Ledger
from edgeagent.store.life import Life
from edgeagent.store.queue import Losses, Made, Queue, Queued
from edgeagent.store.records import MAX_SEQUENCE, Stretch
from edgeagent.store.safety import INNER
from edgeagent.store.schema import LOG_BYTES, SAFETY_FILE, SAFETY_STREAMS
from edgeagent.store.settings import StoreSettings
from edgeagent.store.shelf import Shelf, Supply, batch_of, refuse_oversize
from edgeagent.store.trail import trail
from edgeagent.store.upkeep import Upkeep
from edgeagent.wire.chain import GENESIS
from edgeagent.wire.record import Audited, encode

MAX_SUBJECT = 1024
MAX_DETAIL = 8192
BROKEN_PER_BATCH = 8
"""Records that lost their check sum which one ``batch`` takes out before it gives up for now."""


class Store:
    """Implements the ports Journal, Outbox and AuditHead; ``open`` before use, ``close`` after."""

    def __init__(self, folder: Path, settings: StoreSettings, clock: Clock) -> None:
        self.folder = folder
        self.settings = settings
        self._clock = clock
        self._life = Life(clock.now_s)
        self._losses = Losses()
        queues = [Queue(settings.queue_records, settings.queue_bytes) for _ in range(2)]
        safety, telemetry = (Supply(queue, self._losses, self._life.seconds) for queue in queues)
        self._files = Files(folder, self._life, settings.reserve_bytes, (safety, telemetry))
        self._committer = Committer(self._files, queues[0], queues[1], self._losses)
        self.upkeep = Upkeep(self._committer, settings, self._life)
        self._closed = False

    # -- opening and closing

    def open(self) -> None:
        """Open the files, waiting for the disk. Where it refuses, the store starts without; ``heal`` tries again.

        Raises:
            LockHeld: another process uses the folder.
            TooNew: a newer program wrote a file.
        """
        try:
            self._files.open()
        except (LockHeld, TooNew):
            self._files.close()
            raise
        except StoreError as error:
            self.troubles[SAFETY_FILE] = str(error)
        self._committer.note_absent()

    async def close(self) -> None:
        """Commit what waits, close the files and seal them; safe twice."""
        if self._closed:
            return
        self._closed = True
        await self.flush()
        await self.upkeep.close()

    @property
    def notices(self) -> list[str]:
        """What people should know of the last opening."""
        return self._files.notices

    @property
    def troubles(self) -> dict[str, str]:
        """File → why it does not take records now; empty when all is well."""
        return self._committer.troubles

    @property
    def wake(self) -> asyncio.Event:
        """Set when a queue is half full or a file is damaged: the service need not wait for its time."""
        return self._committer.wake

    @property
    def reserve_held(self) -> bool:
        """The bytes set apart for a full disk are there."""
        return self._files.reserve.held

    # -- Journal

    def append(self, stream: Stream, content: bytes) -> None:
        """Queue a record for the next group commit; see the port."""
        refuse_oversize(content)
        self._committer.put(Queued(stream, content, len(content)))

    async def append_durable(self, stream: Stream, content: bytes) -> Position:
        """Keep a record for good; see the port."""
        refuse_oversize(content)
        return await self._committer.put_durable(stream, content, len(content))

    def audit(self, subject: str, action: str, detail: str = "") -> None:
        """Queue one link of the audit chain: who or what, what it did, and why or with what."""
        self._committer.put(Queued(Stream.AUDIT, self._audited(subject, action, detail), MAX_DETAIL))

    async def audit_durable(self, subject: str, action: str, detail: str = "") -> Position:
        """Keep one link of the audit chain for good, before the act that it tells of.

        Raises:
            StoreError: it could not be kept.
        """
        return await self._committer.put_durable(Stream.AUDIT, self._audited(subject, action, detail), MAX_DETAIL)

    def count_lost(self, stream: Stream, reason: str, count: int) -> None:
        """Count records that were lost before they reached the journal; a Lost record will tell of them."""
        self._losses.add(stream, reason, count)

    async def flush(self) -> None:
        """Commit everything appended so far, or count it as dropped."""
        await self._committer.commit_safety()
        await self._committer.commit_telemetry()

    # -- Outbox

    def extents(self) -> Sequence[Extent]:
        """What is pending; see the port."""
        return [
            extent for shelf in self._shelves() for stream in shelf.streams for extent in self._extents(shelf, stream)
        ]

    async def batch(
        self, stream: Stream, epoch: int, from_sequence: int, max_records: int, max_bytes: int
    ) -> Batch | None:
        """The next run for a frame; see the port. One record is given even where it is longer than ``max_bytes``."""
        shelf = self._shelf(stream)
        if shelf is None:
            return None
        tally = shelf.ledger.epochs[stream].get(epoch)
        if tally is None or not tally.slot:
            return None
        stretch = Stretch(tally.slot, from_sequence, MAX_SEQUENCE, max_records)
        try:
            for _ in range(BROKEN_PER_BATCH):
                run = await shelf.database.read(lambda connection: shelf.run(connection, stretch, max_bytes))
                if run is None or run.records:
                    return batch_of(stream, epoch, run)
                await self._take_broken(epoch, run.broken)
        except StoreError as error:
            self._committer.note(shelf, error)
        return None

    async def settle(self, ack: Ack) -> int:
        """Delete what the NOC holds; see the port."""
        shelf = self._shelf(ack.stream)
        if shelf is None:
            raise StoreError(f"cannot settle {ack.stream}: the store is not open")
        tally = shelf.ledger.epochs[ack.stream].get(ack.epoch)
        if tally is None:
            raise StoreError(f"cannot settle {ack.stream}: this pod never had epoch {ack.epoch}")
        if ack.highest > tally.ceiling:
            raise StoreError(
                f"cannot settle {ack.stream}: the NOC speaks of {ack.highest} in epoch {ack.epoch}, "
                f"and the last committed record is {tally.last}"
            )
        freed = 0
        while (gone := await shelf.database.call(lambda: shelf.settle(ack))) is not None:
            freed += gone
            await shelf.database.relieve(LOG_BYTES)
        return freed

    async def wait_committed(self) -> None:
        """Return at the next group commit that made records pending."""
        await self._committer.committed.wait()

    def counts(self) -> Mapping[Stream, StreamCounts]:
        """What happened to each stream's records so far."""
        return {stream: self._counts(stream) for stream in Stream}

    # -- AuditHead and facts

    def head(self) -> str:
        """The head of the audit chain over all committed records, in hexadecimal."""
        safety = self._files.safety
        return (safety.head if safety else GENESIS).hex()

    async def audited(self, words: str, limit: int = 50) -> Sequence[AuditEntry]:
        """What was audited; see the port."""
        safety = self._files.safety
        if safety is None:
            return ()
        try:
            return await safety.database.read(lambda connection: trail(connection, words, limit))
        except StoreError as error:
            self._committer.note(safety, error)
            return ()

    @property
    def knows_facts(self) -> bool:
        """Whether the file with the facts is open."""
        return self._files.safety is not None

    def fact(self, name: str) -> object | None:
        """A small fact that was kept (JSON), or None."""
        safety = self._files.safety
        value = None if safety is None else safety.facts.get(name)
        return json.loads(value) if isinstance(value, bytes) else value

    async def put_fact(self, name: str, value: object) -> None:
        """Keep a small fact for good; it costs one synced write.

        Raises:
            StoreError: it could not be kept.
            ValueError: the name belongs to the store itself.
        """
        if name.startswith(INNER):
            raise ValueError(f"cannot keep the fact {name}: names beginning with {INNER} are the store's own")
        safety = self._files.safety
        if safety is None:
            raise StoreError(f"cannot keep the fact {name}: {SAFETY_FILE} is not open")
        await safety.database.call(lambda: safety.put_facts({name: value}))

    def note_fact(self, name: str, value: object) -> None:
        """Keep a small fact, or what a function makes, with the next group commit; the caller never waits."""
        self._committer.note_fact(name, value)

    # -- inner steps

    def _audited(self, subject: str, action: str, detail: str) -> Made:
        boot, time_s = self._clock.boot_id[:8], self._clock.now_s()
        texts = subject[:MAX_SUBJECT], action[:MAX_SUBJECT], detail[:MAX_DETAIL]
        return lambda head: encode(Audited(head, boot, time_s, *texts))

    async def _take_broken(self, epoch: int, sequence: int | None) -> None:
        telemetry = self._files.telemetry
        if telemetry is not None and sequence is not None:
            await self._committer.make_room(telemetry)
            await telemetry.database.call(lambda: telemetry.take_broken(epoch, sequence))

    def _shelves(self) -> list[Shelf]:
        return [shelf for shelf in (self._files.safety, self._files.telemetry) if shelf is not None]

    def _shelf(self, stream: Stream) -> Shelf | None:
        return self._files.safety if stream in SAFETY_STREAMS else self._files.telemetry

    def _extents(self, shelf: Shelf, stream: Stream) -> list[Extent]:
        life_s, current = self._life.seconds(), shelf.ledger.current[stream]
        return [
            Extent(
                stream,
                epoch,
                tally.first,
                tally.last,
                tally.pending,
                tally.pending_bytes,
                float(life_s - tally.oldest_at_s) if tally.pending else None,
            )
            for epoch, tally in shelf.ledger.epochs[stream].items()
            if tally.pending or epoch == current
        ]

    def _counts(self, stream: Stream) -> StreamCounts:
        shelf = self._shelf(stream)
        ledger = shelf.ledger if shelf else Ledger()
        totals, tallies = ledger.totals[stream], ledger.epochs[stream].values()
        dropped = {name.removeprefix(DROPPED): count for name, count in totals.items() if name.startswith(DROPPED)}
        for reason, count in self._losses.of(stream).items():
            dropped[reason] = dropped.get(reason, 0) + count
        return StreamCounts(
            stream,
            totals[APPENDED],
            totals[ACKNOWLEDGED],
            sum(tally.pending for tally in tallies),
            sum(tally.pending_bytes for tally in tallies),
            dropped,
        )
