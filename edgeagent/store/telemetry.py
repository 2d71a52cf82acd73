"""``telemetry.db``: readings until the NOC has them, within a budget of bytes and of age.

What the budget takes is told by ``Gap`` records in the same transaction, so no gap is ever without its name. A Gap that
is itself taken comes back merged with its neighbours; the record that opens an epoch is never taken.
"""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import takewhile

from edgeagent.core.database import Database
from edgeagent.model.errors import WireError
from edgeagent.model.journal import Stream
from edgeagent.store import records
from edgeagent.store.ledger import APPENDED, DROPPED, Ledger, Tally, store_tally, store_total
from edgeagent.store.queue import Queued
from edgeagent.store.records import Stretch
from edgeagent.store.schema import TELEMETRY_STREAMS, sequence_of
from edgeagent.store.shelf import MAX_COMMIT_RECORDS, Shelf, Supply
from edgeagent.wire.record import Gap, decode, encode

MAX_ANNOUNCEMENTS = 512
"""Sequences kept free for records that the store itself makes: more than one slice can need."""
ROW_BYTES = 32
"""What the file adds to each record, for the byte budget."""
THIN_RECORDS = 200
EPOCH_OPENED_AT = 1
"""The sequence of the record that opens an epoch."""
OLDEST_SQL = """SELECT place, at_s, CASE WHEN substr(content, 2, 4) = x'a3676170' THEN content END
    FROM records WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?"""  # msgpack "gap"

Mirror = Callable[[], dict[tuple[Stream, int], Tally]]
"""What the other file's streams hold, by stream and epoch."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What one slice changed: tallies by epoch, records dropped for good, Gaps written."""

    tallies: dict[int, Tally]
    dropped: int
    written: int
    freed_bytes: int


class TelemetryShelf(Shelf):
    """The stream ``telemetry``; ``reserved`` is the highest sequence that ``safety.db`` lets it use."""

    streams = TELEMETRY_STREAMS

    def __init__(self, database: Database, ledger: Ledger, supply: Supply, mirror: Mirror) -> None:
        super().__init__(database, ledger, supply)
        self.reserved = 0
        self._mirror = mirror
        self._mirrored: dict[tuple[Stream, int], Tally] = {}

    @property
    def wanted(self) -> int:
        """The highest sequence that the next step may need; for any thread."""
        return self.current(Stream.TELEMETRY)[1].last + min(len(self.queue), MAX_COMMIT_RECORDS) + MAX_ANNOUNCEMENTS

    @property
    def used_bytes(self) -> int:
        """What the pending records take of the budget; for any thread."""
        tallies = self.ledger.epochs[Stream.TELEMETRY].values()
        return sum(tally.pending_bytes + ROW_BYTES * tally.pending for tally in tallies)

    def thin(self, before_s: float | None, why: str) -> int:
        """Take out one slice of the oldest records, or of those older than ``before_s``; returns the bytes that freed.

        Raises:
            StoreError: the disk refused.
        """
        for epoch, tally in self.ledger.epochs[Stream.TELEMETRY].items():
            if tally.pending > (tally.first == EPOCH_OPENED_AT):
                taken = self._take_out(epoch, before_s, why)
                if taken is not None:
                    return taken.freed_bytes
        return 0

    def take_broken(self, epoch: int, sequence: int) -> None:
        """Take out one record that lost its check sum.

        Raises:
            StoreError: the disk refused.
        """
        self._apply_taken(
            self.database.transact(lambda connection: self._replace(connection, epoch, [sequence], [], "damaged")),
            "damaged",
        )

    def _take_out(self, epoch: int, before_s: float | None, why: str) -> Taken | None:
        taken = self.database.transact(lambda connection: self._thin(connection, epoch, before_s, why))
        if taken is not None:
            self._apply_taken(taken, why)
        return taken

    def _thin(self, connection: sqlite3.Connection, epoch: int, before_s: float | None, why: str) -> Taken | None:
        tally = self.ledger.tally(Stream.TELEMETRY, epoch)
        stretch = Stretch(tally.slot, EPOCH_OPENED_AT + 1, tally.last, THIN_RECORDS)
        rows = connection.execute(OLDEST_SQL, stretch.where).fetchall()
        if before_s is not None:
            rows = list(takewhile(lambda row: row[1] < before_s, rows))
        if not rows:
            return None
        carried = [gap for _, _, content in rows if content is not None and (gap := _gap(content)) is not None]
        return self._replace(connection, epoch, [sequence_of(place) for place, _, _ in rows], carried, why)

    def _replace(
        self, connection: sqlite3.Connection, epoch: int, sequences: list[int], carried: list[Gap], why: str
    ) -> Taken:
        """Delete the records and put Gaps in their place, behind the last record of the current epoch."""
        stream, before = Stream.TELEMETRY, self.ledger.tally(Stream.TELEMETRY, epoch)
        stretch = Stretch(before.slot, sequences[0], sequences[-1], len(sequences))
        after, gone = records.delete(connection, (stream, epoch), before, stretch)
        gaps = [encode(gap) for gap in merged([*carried, *runs(epoch, gone, why)])]
        tallies = {epoch: after}
        current = self.ledger.current[stream]
        standing = tallies.get(current, self.ledger.tally(stream, current))
        tallies[current] = records.insert(connection, (stream, current), standing, gaps, self._life_s())
        dropped = len(gone) - len(carried)
        store_total(connection, stream, DROPPED + why, dropped)
        store_total(connection, stream, APPENDED, len(gaps))
        return Taken(tallies, dropped, len(gaps), before.pending_bytes - after.pending_bytes - sum(map(len, gaps)))

    def _apply_taken(self, taken: Taken, why: str) -> None:
        for epoch, tally in taken.tallies.items():
            self.ledger.put(Stream.TELEMETRY, epoch, tally)
        self.ledger.add(Stream.TELEMETRY, DROPPED + why, taken.dropped)
        self.ledger.add(Stream.TELEMETRY, APPENDED, taken.written)

    def _commit_limit(self) -> int:
        room = self.reserved - self.current(Stream.TELEMETRY)[1].last - MAX_ANNOUNCEMENTS
        return max(0, min(MAX_COMMIT_RECORDS, room))

    def _contents(self, connection: sqlite3.Connection, stream: Stream, items: Sequence[Queued]) -> list[bytes]:
        mirrored = self._mirror()
        if mirrored != self._mirrored:
            for (name, epoch), tally in mirrored.items():
                store_tally(connection, name, epoch, tally)
            self._mirrored = mirrored
        return super()._contents(connection, stream, items)


def runs(epoch: int, sequences: Sequence[int], why: str) -> list[Gap]:
    """Ascending sequences as gaps of consecutive ones."""
    gaps: list[Gap] = []
    for sequence in sequences:
        if gaps and gaps[-1].last + 1 == sequence:
            gaps[-1] = Gap(epoch, gaps[-1].first, sequence, why)
        else:
            gaps.append(Gap(epoch, sequence, sequence, why))
    return gaps


def merged(gaps: Sequence[Gap]) -> list[Gap]:
    """The same sequences in as few gaps as can be; neighbours with another reason stay apart."""
    result: list[Gap] = []
    for gap in sorted(gaps, key=lambda one: (one.epoch, one.first)):
        before = result[-1] if result else None
        if before and (before.epoch, before.why) == (gap.epoch, gap.why) and gap.first <= before.last + 1:
            result[-1] = Gap(gap.epoch, before.first, max(before.last, gap.last), gap.why)
        else:
            result.append(gap)
    return result


def _gap(content: bytes) -> Gap | None:
    try:
        record = decode(content)
    except WireError:
        return None
    return record if isinstance(record, Gap) else None
