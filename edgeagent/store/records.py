"""Records in SQL: put in, read as runs, taken out in slices; each function is one step of its caller's transaction."""

import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeagent.model.journal import Stream
from edgeagent.store.ledger import Tally, first_pending, store_tally
from edgeagent.store.schema import NUMBER_OF_STREAM

FRAME_BYTES_PER_RECORD = 4
"""What a frame adds to each record: its length."""
RUN_SQL = (
    "SELECT sequence, crc, content FROM records WHERE stream = ? AND epoch = ? AND sequence >= ? "
    "ORDER BY sequence LIMIT ?"
)
SLICE_SQL = (
    "SELECT sequence, length(content) FROM records WHERE stream = ? AND epoch = ? AND sequence BETWEEN ? AND ? "
    "ORDER BY sequence LIMIT ?"
)


@dataclass(frozen=True, slots=True)
class Start:
    """Where a run may begin."""

    stream: Stream
    epoch: int
    sequence: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """At most ``limit`` records of an epoch from ``first`` to ``last``, both included."""

    stream: Stream
    epoch: int
    first: int
    last: int
    limit: int

    @property
    def where(self) -> tuple[int, int, int, int, int]:
        """Its SQL parameters."""
        return (NUMBER_OF_STREAM[self.stream], self.epoch, self.first, self.last, self.limit)


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive records; ``broken`` is the sequence of one that no longer has its check sum, where the run ended."""

    first: int
    records: tuple[bytes, ...]
    broken: int | None = None


def insert(
    connection: sqlite3.Connection, place: tuple[Stream, int], tally: Tally, contents: Sequence[bytes], at_s: int
) -> Tally:
    """Put records behind the last one of an epoch; returns the epoch's new tally, which is written too."""
    stream, epoch = place
    number, start = NUMBER_OF_STREAM[stream], tally.last + 1
    connection.executemany(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?)",
        [
            (number, epoch, sequence, at_s, crc_of(sequence, content), content)
            for sequence, content in enumerate(contents, start)
        ],
    )
    last = tally.last + len(contents)
    after = replace(
        tally,
        last=last,
        ceiling=max(last, tally.ceiling),
        pending=tally.pending + len(contents),
        pending_bytes=tally.pending_bytes + sum(map(len, contents)),
        oldest_at_s=tally.oldest_at_s if tally.pending else at_s,
    )
    store_tally(connection, stream, epoch, after)
    return after


def run(connection: sqlite3.Connection, start: Start, max_records: int, max_bytes: int, *, checked: bool) -> Run | None:
    """The first run of consecutive records at or after ``start``, within the bounds; one record is always taken."""
    rows = connection.execute(RUN_SQL, (NUMBER_OF_STREAM[start.stream], start.epoch, start.sequence, max_records))
    first, size, records = 0, 0, list[bytes]()
    for sequence, crc, content in rows:
        first = first or sequence
        size += len(content) + FRAME_BYTES_PER_RECORD
        if sequence != first + len(records) or (records and size > max_bytes):
            break
        if checked and crc != crc_of(sequence, content):
            return Run(first, tuple(records), sequence)
        records.append(content)
    return Run(first, tuple(records)) if records else None


def delete(connection: sqlite3.Connection, stretch: Stretch, tally: Tally) -> tuple[Tally, list[int]]:
    """Take out a stretch of records; returns the epoch's new tally and the sequences that went."""
    number, epoch = NUMBER_OF_STREAM[stretch.stream], stretch.epoch
    rows = connection.execute(SLICE_SQL, stretch.where).fetchall()
    if not rows:
        return tally, []
    connection.execute(
        "DELETE FROM records WHERE stream = ? AND epoch = ? AND sequence BETWEEN ? AND ?",
        (number, epoch, rows[0][0], rows[-1][0]),
    )
    pending = tally.pending - len(rows)
    start, at_s = first_pending(connection, number, epoch, tally.last) if pending else (tally.last + 1, 0)
    after = replace(
        tally,
        pending=pending,
        pending_bytes=tally.pending_bytes - sum(size for _, size in rows),
        first=start,
        oldest_at_s=at_s,
    )
    store_tally(connection, stretch.stream, epoch, after)
    return after, [sequence for sequence, _ in rows]


def crc_of(sequence: int, content: bytes) -> int:
    """CRC-32 over the content, begun with the sequence: a record that moved does not fit either."""
    return zlib.crc32(content, sequence & 0xFFFF_FFFF)
