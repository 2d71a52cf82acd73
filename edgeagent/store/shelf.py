"""A shelf: one open database and its streams. Its methods run on the writer thread, except where they say so.

Frames hold committed rows only, and the ledger changes only after a commit; so what the event loop sees is on the disk.
"""

import json
import sqlite3
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TypeVar

from edgeagent.core.database import Database
from edgeagent.model.errors import StoreDamaged, StoreError, StoreFull
from edgeagent.model.journal import MAX_RECORD_BYTES, Ack, Batch, Position, Stream
from edgeagent.store import records
from edgeagent.store.ledger import ACKNOWLEDGED, APPENDED, DROPPED, Ledger, Tally, store_tally, store_total
from edgeagent.store.opening import Opening
from edgeagent.store.queue import Losses, Queue, Queued
from edgeagent.store.records import Stretch
from edgeagent.wire.record import EpochOpened, Lost, encode

MAX_COMMIT_RECORDS = 5000
"""Records in one transaction; the rest waits for the next, so that a durable record is not held up."""
DELETE_RECORDS = 200
"""Records taken out in one transaction: about 2 ms of a writer thread, measured at 1 KiB a record."""
LOST_EVERY_S = 10
NO_FACTS: Mapping[str, object] = MappingProxyType({})
T = TypeVar("T")
Tallies = Mapping[tuple[Stream, int], Tally]


@dataclass(frozen=True, slots=True)
class Supply:
    """What outlives a shelf: its queue, the count of losses, and the seconds that the agent has run."""

    queue: Queue
    losses: Losses
    life_s: Callable[[], int]


class Shelf:
    """The streams of one file: group commit from the queue, runs for frames, deletion of what the NOC holds."""

    streams: tuple[Stream, ...] = ()
    checked = True
    """A record that lost its check sum is not given to the NOC."""

    def __init__(self, database: Database, ledger: Ledger, supply: Supply) -> None:
        self.database = database
        self.ledger = ledger
        self.queue = supply.queue
        self._losses = supply.losses
        self._life_s = supply.life_s
        self._announced_s = -LOST_EVERY_S

    def current(self, stream: Stream) -> tuple[int, Tally]:
        """The epoch that new records join, and what it holds; for any thread."""
        epoch = self.ledger.current[stream]
        return epoch, self.ledger.tally(stream, epoch)

    def begin(self, openings: Mapping[Stream, Opening], tallies: Tallies, facts: Mapping[str, object]) -> None:
        """Start a run: keep its facts and what is known of all epochs, then open the epochs that are new.

        Raises:
            StoreError: the disk refused; the shelf must not be used.
        """
        self.database.transact(lambda connection: _begin(connection, tallies, facts), durable=True)
        for (stream, epoch), tally in tallies.items():
            self.ledger.put(stream, epoch, tally)
        for stream in self.streams:
            epoch = openings[stream].epoch
            if not self.ledger.tally(stream, epoch).slot:
                self.ledger.put(stream, epoch, replace(self.ledger.tally(stream, epoch), slot=self.ledger.free_slot()))
            self.ledger.current[stream] = openings[stream].epoch
        fresh = [(stream, openings[stream]) for stream in self.streams if openings[stream].why]
        contents = [(stream, encode(EpochOpened(opening.why, opening.earlier))) for stream, opening in fresh]
        if contents:
            self._commit([Queued(stream, content, len(content)) for stream, content in contents], {})

    def keep(self, facts: Mapping[str, object]) -> None:
        """Write facts of the run.

        Raises:
            StoreError: the disk refused.
        """
        self._insist(lambda: self.database.transact(lambda connection: put_facts(connection, facts), durable=True))

    def commit(self) -> int:
        """Write the records and facts that wait, in one transaction; returns how many records that made.

        Raises:
            StoreError: nothing was written; what waited is counted as dropped, and whoever waits for one is told.
        """
        items, noted = self.queue.take_all(self._commit_limit())
        facts = {name: value() if callable(value) else value for name, value in noted.items()}
        lost = self._lost_due()
        if not items and not lost and not facts:
            return 0
        try:
            return self._insist(lambda: self._commit(items, lost, facts))
        except StoreError as error:
            self.queue.note_again(facts)
            fail(items, self._losses, error)
            raise

    def settle(self, ack: Ack) -> int | None:
        """Take one slice of what the ack covers; returns how many went, None when nothing is left to take.

        Raises:
            StoreError: the disk refused.
        """
        tally = self.ledger.tally(ack.stream, ack.epoch)
        for first, last in ((1, ack.watermark), *ack.ranges):
            if tally.pending and last >= tally.first:
                gone = self._settle((ack.stream, ack.epoch), tally, Stretch(tally.slot, first, last, DELETE_RECORDS))
                if gone:
                    return gone
        return None

    def run(self, connection: sqlite3.Connection, stretch: Stretch, max_bytes: int) -> records.Run | None:
        """The first run in the stretch; on the reader thread."""
        return records.run(connection, stretch, max_bytes, checked=self.checked)

    def _insist(self, work: Callable[[], T]) -> T:
        """Do it; on a full disk find space and do it once more."""
        try:
            return work()
        except StoreFull:
            self._find_space()
            return work()

    def _find_space(self) -> None:
        self.database.checkpoint()

    def _commit_limit(self) -> int:
        return MAX_COMMIT_RECORDS

    def _contents(self, connection: sqlite3.Connection, stream: Stream, items: Sequence[Queued]) -> list[bytes]:  # noqa: ARG002 -- the audit chain overrides it and needs all three
        return [item.made("") for item in items]

    def _applied(self) -> None:
        """The transaction is committed."""

    def _learned(self, facts: Mapping[str, object]) -> None:
        """Facts were committed."""

    def _commit(
        self, items: list[Queued], lost: dict[Stream, dict[str, int]], facts: Mapping[str, object] = NO_FACTS
    ) -> int:
        grouped: dict[Stream, list[Queued]] = defaultdict(list)
        for item in items:
            grouped[item.stream].append(item)
        for stream, counts in lost.items():
            grouped[stream].extend(self._announce_lost(stream, counts))
        awaited = any(item.done is not None for item in items)

        def write(connection: sqlite3.Connection) -> dict[Stream, Tally]:
            put_facts(connection, facts)
            return self._write(connection, grouped, lost)

        after = self.database.transact(write, durable=awaited)
        before = {stream: self.current(stream)[1].last for stream in grouped}
        self._apply(grouped, after, lost)
        self._learned(facts)
        for stream, members in grouped.items():
            _tell(members, self.ledger.current[stream], before[stream] + 1)
        return sum(map(len, grouped.values()))

    def _write(
        self,
        connection: sqlite3.Connection,
        grouped: dict[Stream, list[Queued]],
        lost: dict[Stream, dict[str, int]],
    ) -> dict[Stream, Tally]:
        after = {}
        for stream, members in grouped.items():
            epoch, tally = self.current(stream)
            contents = self._contents(connection, stream, members)
            after[stream] = records.insert(connection, (stream, epoch), tally, contents, self._life_s())
            store_total(connection, stream, APPENDED, len(contents))
        for stream, counts in lost.items():
            for reason, count in counts.items():
                store_total(connection, stream, DROPPED + reason, count)
        return after

    def _apply(
        self, grouped: dict[Stream, list[Queued]], after: dict[Stream, Tally], lost: dict[Stream, dict[str, int]]
    ) -> None:
        for stream, tally in after.items():
            self.ledger.put(stream, self.ledger.current[stream], tally)
            self.ledger.add(stream, APPENDED, len(grouped[stream]))
        for stream, counts in lost.items():
            self._announced_s = self._life_s()
            self._losses.written(stream, counts)
            for reason, count in counts.items():
                self.ledger.add(stream, DROPPED + reason, count)
        self._applied()

    def _settle(self, where: tuple[Stream, int], tally: Tally, stretch: Stretch) -> int:
        after, gone = self.database.transact(lambda connection: self._take(connection, where, tally, stretch))
        if gone:
            self.ledger.put(*where, after)
            self.ledger.add(where[0], ACKNOWLEDGED, gone)
        return gone

    def _take(
        self, connection: sqlite3.Connection, where: tuple[Stream, int], tally: Tally, stretch: Stretch
    ) -> tuple[Tally, int]:
        self._seal(connection, where, stretch)
        after, gone = records.delete(connection, where, tally, stretch)
        if gone:
            store_total(connection, where[0], ACKNOWLEDGED, len(gone))
        return after, len(gone)

    def _seal(self, connection: sqlite3.Connection, where: tuple[Stream, int], stretch: Stretch) -> None:
        """Keep a copy of what is about to be taken out, where the stream wants one."""

    def _lost_due(self) -> dict[Stream, dict[str, int]]:
        if self._life_s() - self._announced_s < LOST_EVERY_S:
            return {}
        lost = {stream: self._losses.of(stream) for stream in self.streams}
        return {stream: counts for stream, counts in lost.items() if counts}

    def _announce_lost(self, stream: Stream, counts: dict[str, int]) -> list[Queued]:
        totals = self.ledger.totals[stream]
        contents = [encode(Lost(reason, totals[DROPPED + reason] + count)) for reason, count in counts.items()]
        return [Queued(stream, content, len(content)) for content in contents]


def fail(items: Sequence[Queued], losses: Losses, error: StoreError) -> None:
    """Count records that could not be written; whoever waits for one is told instead."""
    reason = reason_of(error)
    for item in items:
        if item.done is None:
            losses.add(item.stream, reason)
        elif item.done.set_running_or_notify_cancel():
            item.done.set_exception(error)


def _begin(connection: sqlite3.Connection, tallies: Tallies, facts: Mapping[str, object]) -> None:
    put_facts(connection, facts)
    for (stream, epoch), tally in tallies.items():
        store_tally(connection, stream, epoch, tally)


def _tell(members: Sequence[Queued], epoch: int, first: int) -> None:
    """Whoever waits for a record learns its position."""
    for sequence, item in enumerate(members, first):
        if item.done is not None and item.done.set_running_or_notify_cancel():
            item.done.set_result(Position(epoch, sequence))


def reason_of(error: StoreError) -> str:
    """The reason under which a failed write's records are counted."""
    if isinstance(error, StoreFull):
        return "disk_full"
    return "damaged" if isinstance(error, StoreDamaged) else "io_error"


def batch_of(stream: Stream, epoch: int, run: records.Run | None) -> Batch | None:
    """A run as the port's noun."""
    return None if run is None or not run.records else Batch(stream, epoch, run.first, run.records)


def put_fact(connection: sqlite3.Connection, name: str, value: object) -> None:
    """Write one small fact as JSON; bytes are JSON already."""
    text = value.decode() if isinstance(value, bytes) else json.dumps(value)
    connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, text))


def put_facts(connection: sqlite3.Connection, facts: Mapping[str, object]) -> None:
    """Write several."""
    for name, value in facts.items():
        put_fact(connection, name, value)


def refuse_oversize(content: bytes) -> None:
    """Raises ValueError for a record that no stream takes."""
    if len(content) > MAX_RECORD_BYTES:
        raise ValueError(f"cannot keep a record of {len(content)} bytes: the longest is {MAX_RECORD_BYTES}")
