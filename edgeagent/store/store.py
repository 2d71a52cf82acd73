"""The store: the journal, the outbox and the audit chain over both files.

The event loop never waits for the disk: appending only queues, everything else is awaited. What the disk refuses is
counted as dropped and told by ``troubles``; the pod goes on.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from pathlib import Path

from edgeagent.core.clock import Clock
from edgeagent.core.lockfile import LockHeld
from edgeagent.core.migrations import TooNew
from edgeagent.model.errors import StoreDamaged, StoreError, StoreFull
from edgeagent.model.journal import Ack, Batch, Extent, Position, Stream, StreamCounts
from edgeagent.store.files import RESERVED_BLOCK, Files, Life
from edgeagent.store.ledger import ACKNOWLEDGED, APPENDED, DROPPED, Ledger
from edgeagent.store.queue import Losses, Queue, Queued
from edgeagent.store.records import Start
from edgeagent.store.safety import INNER, SafetyShelf
from edgeagent.store.schema import SAFETY_FILE, SAFETY_STREAMS, TELEMETRY_FILE
from edgeagent.store.settings import StoreSettings
from edgeagent.store.shelf import MAX_COMMIT_RECORDS, Shelf, Supply, batch_of, fail, refuse_oversize
from edgeagent.store.telemetry import TelemetryShelf
from edgeagent.wire.chain import GENESIS
from edgeagent.wire.record import Audited, encode

MAX_SUBJECT = 1024
Made = Callable[[str], bytes]
"""Makes a record from the audit head that stands before it."""
MAX_DETAIL = 8192
BROKEN_PER_BATCH = 8
"""Records that lost their check sum which one ``batch`` takes out before it gives up for now."""
MAX_SLICES = 400
"""Slices that one look at the budgets takes at most, so that commits are not starved."""


class Store:
    """Implements the ports Journal, Outbox and AuditHead; ``open`` before use, ``close`` after."""

    def __init__(self, folder: Path, settings: StoreSettings, clock: Clock) -> None:
        self.folder = folder
        self.settings = settings
        self.troubles: dict[str, str] = {}
        """File → why it does not take records now; empty when all is well."""
        self.wake = asyncio.Event()
        """Set when a queue is half full or a file is damaged: the service need not wait for its time."""
        self._clock = clock
        self._life = Life(clock.now_s)
        self._losses = Losses()
        self._safety_queue = Queue(settings.queue_records, settings.queue_bytes)
        self._telemetry_queue = Queue(settings.queue_records, settings.queue_bytes)
        supplies = (
            Supply(self._safety_queue, self._losses, self._life.seconds),
            Supply(self._telemetry_queue, self._losses, self._life.seconds),
        )
        self._files = Files(folder, self._life, settings.reserve_bytes, supplies)
        self._committed = asyncio.Event()
        self._damaged: set[str] = set()
        self._noted: dict[str, object] = {}
        self._healing = asyncio.Lock()
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
        self._note_absent()

    async def close(self) -> None:
        """Commit what waits, close the files and seal them; safe twice."""
        if self._closed:
            return
        self._closed = True
        await self.flush()
        async with self._healing:
            await asyncio.to_thread(self._files.close)

    @property
    def notices(self) -> list[str]:
        """What people should know of the last opening."""
        return self._files.notices

    @property
    def reserve_held(self) -> bool:
        """The bytes set apart for a full disk are there."""
        return self._files.reserve.held

    # -- Journal

    def append(self, stream: Stream, content: bytes) -> None:
        """Queue a record for the next group commit; see the port."""
        refuse_oversize(content)
        self._put(Queued(stream, content, len(content)))

    async def append_durable(self, stream: Stream, content: bytes) -> Position:
        """Keep a record for good; see the port."""
        refuse_oversize(content)
        return await self._put_durable(stream, content, len(content))

    def audit(self, subject: str, action: str, detail: str = "") -> None:
        """Queue one link of the audit chain: who or what, what it did, and why or with what."""
        self._put(Queued(Stream.AUDIT, self._audited(subject, action, detail), MAX_DETAIL))

    async def audit_durable(self, subject: str, action: str, detail: str = "") -> Position:
        """Keep one link of the audit chain for good, before the act that it tells of.

        Raises:
            StoreError: it could not be kept.
        """
        return await self._put_durable(Stream.AUDIT, self._audited(subject, action, detail), MAX_DETAIL)

    def count_lost(self, stream: Stream, reason: str, count: int) -> None:
        """Count records that were lost before they reached the journal; a Lost record will tell of them."""
        self._losses.add(stream, reason, count)

    async def flush(self) -> None:
        """Commit everything appended so far, or count it as dropped."""
        await self._commit_safety()
        await self._commit_telemetry()

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
        start = Start(stream, epoch, from_sequence)
        try:
            for _ in range(BROKEN_PER_BATCH):
                run = await shelf.database.read(lambda connection: shelf.run(connection, start, max_records, max_bytes))
                if run is None or run.records:
                    return batch_of(stream, epoch, run)
                await self._take_broken(epoch, run.broken)
        except StoreError as error:
            self._note(shelf, error)
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
        return freed

    async def wait_committed(self) -> None:
        """Return at the next group commit that made records pending."""
        await self._committed.wait()

    def counts(self) -> Mapping[Stream, StreamCounts]:
        """What happened to each stream's records so far."""
        return {stream: self._counts(stream) for stream in Stream}

    # -- AuditHead and facts

    def head(self) -> str:
        """The head of the audit chain over all committed records, in hexadecimal."""
        safety = self._files.safety
        return (safety.head if safety else GENESIS).hex()

    def fact(self, name: str) -> object | None:
        """A small fact that was kept (JSON), or None."""
        safety = self._files.safety
        return None if safety is None else safety.facts.get(name)

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
        """Keep a small fact with the next group commit; the caller never waits."""
        self._noted[name] = value

    # -- what the service does at its times

    async def thin(self) -> None:
        """Take out the oldest telemetry while it exceeds the byte budget."""
        telemetry, budget = self._files.telemetry, self.settings.telemetry_budget_bytes
        if telemetry is not None and telemetry.used_bytes > budget:
            relief = budget * 15 // 16  # some more goes at once, so that gaps are few
            await self._thin(telemetry, None, "budget_bytes", relief)

    async def expire(self) -> None:
        """Take out telemetry and acknowledged audit that are too old, and the audit beyond its budget."""
        telemetry, safety = self._files.telemetry, self._files.safety
        before_s = self._life.seconds() - self.settings.telemetry_age_s
        if telemetry is not None and before_s > 0:
            await self._thin(telemetry, before_s, "budget_age", 0)
        if safety is not None:
            await self._prune(safety)

    async def heal(self) -> None:
        """Set damaged files aside and open what is not open; tried again and again by the service."""
        # Its thread cannot be stopped half-way, so neither can the task that holds the lock until it ends.
        await asyncio.shield(asyncio.ensure_future(self._heal_once()))

    async def _heal_once(self) -> None:
        async with self._healing:
            if self._closed:
                return
            try:
                await asyncio.to_thread(self._heal)
            except StoreError as error:
                self.troubles[SAFETY_FILE if self._files.safety is None else TELEMETRY_FILE] = str(error)
            self._note_absent()

    @property
    def needs_healing(self) -> bool:
        """A file is damaged or not open."""
        return bool(self._damaged) or self._files.safety is None or self._files.telemetry is None

    def take_reserve(self) -> None:
        """Set the reserve apart again once the disk has room."""
        if self._files.safety is not None:
            self._files.reserve.take()

    # -- inner steps

    def _heal(self) -> None:
        files, why = self._files, f"{TELEMETRY_FILE} could not be opened"
        if SAFETY_FILE in self._damaged:
            files.abandon(damaged=SAFETY_FILE)
            self._damaged.discard(SAFETY_FILE)
        if TELEMETRY_FILE in self._damaged:
            files.abandon_telemetry(damaged=True)
            self._damaged.discard(TELEMETRY_FILE)
            why = f"{TELEMETRY_FILE} was damaged"
        files.notices.clear()
        if files.safety is None:
            files.open()
        elif files.telemetry is None:
            files.reopen_telemetry(why)

    def _note_absent(self) -> None:
        for name, shelf in ((SAFETY_FILE, self._files.safety), (TELEMETRY_FILE, self._files.telemetry)):
            if shelf is None:
                self.troubles.setdefault(name, f"{name} is not open")
            elif name not in self._damaged:
                self.troubles.pop(name, None)

    def _put(self, item: Queued) -> None:
        queue = self._safety_queue if item.stream in SAFETY_STREAMS else self._telemetry_queue
        if not queue.put(item):
            self._losses.add(item.stream, "queue_full")
        if queue.half_full:
            self.wake.set()

    async def _put_durable(self, stream: Stream, content: bytes | Made, size: int) -> Position:
        done: Future[Position] = Future()
        self._put(Queued(stream, content, size, done))
        await (self._commit_safety() if stream in SAFETY_STREAMS else self._commit_telemetry())
        return await asyncio.wrap_future(done)

    def _audited(self, subject: str, action: str, detail: str) -> Made:
        boot, time_s = self._clock.boot_id[:8], self._clock.now_s()
        texts = subject[:MAX_SUBJECT], action[:MAX_SUBJECT], detail[:MAX_DETAIL]
        return lambda head: encode(Audited(head, boot, time_s, *texts))

    async def _commit_safety(self) -> None:
        safety = self._files.safety
        if safety is None:
            self._drop(self._safety_queue, StoreError(self.troubles.get(SAFETY_FILE, "the store is not open")))
            return
        await self._keep_noted(safety)
        await self._commit(safety)

    async def _keep_noted(self, safety: SafetyShelf) -> None:
        if not self._noted:
            return
        noted, self._noted = self._noted, {}
        try:
            await safety.database.call(lambda: safety.put_facts(noted))
        except StoreError as error:
            self._noted = noted | self._noted
            self._note(safety, error)

    async def _commit_telemetry(self) -> None:
        safety, telemetry = self._files.safety, self._files.telemetry
        if safety is None or telemetry is None:
            self._drop(self._telemetry_queue, StoreError(self.troubles.get(TELEMETRY_FILE, "the store is not open")))
        elif not self._files.reserve.held:
            error = StoreFull("cannot keep telemetry: the disk is full, and what is left is for audit and alarms")
            self._drop(self._telemetry_queue, error)
            self.troubles[TELEMETRY_FILE] = str(error)
        else:
            await self._commit(telemetry)

    async def _commit(self, shelf: Shelf) -> None:
        waiting = len(shelf.queue)
        made = 0
        try:
            for _ in range(1 + waiting // MAX_COMMIT_RECORDS):
                await self._make_room(shelf)
                made += await shelf.database.call(shelf.commit)
        except StoreError as error:
            self._drop(shelf.queue, error)
            self._note(shelf, error)
        else:
            if made:
                self.troubles.pop(shelf.database.path.name, None)
        finally:
            if made:
                self._committed.set()
                self._committed = asyncio.Event()

    async def _make_room(self, shelf: Shelf) -> None:
        """Have ``safety.db`` let telemetry use the sequences that its next step may need."""
        safety = self._files.safety
        if not isinstance(shelf, TelemetryShelf) or safety is None or shelf.wanted <= shelf.reserved:
            return
        epoch, tally = shelf.current(Stream.TELEMETRY)
        upto = shelf.wanted + RESERVED_BLOCK
        await safety.database.call(lambda: safety.reserve_sequences(Stream.TELEMETRY, epoch, tally.last, upto))
        shelf.reserved = upto

    def _drop(self, queue: Queue, error: StoreError) -> None:
        fail(queue.take(len(queue)), self._losses, error)

    def _note(self, shelf: Shelf, error: StoreError) -> None:
        name = shelf.database.path.name
        self.troubles[name] = str(error)
        if isinstance(error, StoreDamaged):
            self._damaged.add(name)
            self.wake.set()

    async def _take_broken(self, epoch: int, sequence: int | None) -> None:
        telemetry = self._files.telemetry
        if telemetry is not None and sequence is not None:
            await self._make_room(telemetry)
            await telemetry.database.call(lambda: telemetry.take_broken(epoch, sequence))

    async def _thin(self, telemetry: TelemetryShelf, before_s: float | None, why: str, down_to: int) -> None:
        try:
            for _ in range(MAX_SLICES):
                await self._make_room(telemetry)
                freed = await telemetry.database.call(lambda: telemetry.thin(before_s, why))
                if freed <= 0 or telemetry.used_bytes <= down_to:
                    return
        except StoreError as error:
            self._note(telemetry, error)

    async def _prune(self, safety: SafetyShelf) -> None:
        keep_s, budget_bytes = self.settings.audit_keep_s, self.settings.audit_budget_bytes
        try:
            while await safety.database.call(lambda: safety.prune(keep_s, budget_bytes)):
                pass
        except StoreError as error:
            self._note(safety, error)

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
