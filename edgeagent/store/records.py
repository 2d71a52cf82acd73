"""Records in SQL: put in, read as runs, taken out in slices; each function is one step of its caller's transaction."""

import sqlite3
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from edgeagent.model.journal import Stream
from edgeagent.store.ledger import Tally, first_pending, store_tally
from edgeagent.store.schema import SEQUENCE_BITS, place_of, sequence_of

MAX_SEQUENCE = (1 << SEQUENCE_BITS) - 1
FRAME_BYTES_PER_RECORD = 4
"""What a frame adds to each record: its length."""
RUN_SQL = "SELECT place, crc, content FROM records WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?"
SLICE_SQL = "SELECT place, length(content) FROM records WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?"


@dataclass(frozen=True, slots=True)
class Stretch:
    """At most ``limit`` records of the epoch in a slot, from ``first`` to ``last``, both included."""

    slot: int
    first: int
    last: int
    limit: int

    @property
    def where(self) -> tuple[int, int, int]:
        """Its SQL parameters."""
        return (place_of(self.slot, self.first), place_of(self.slot, min(self.last, MAX_SEQUENCE)), self.limit)


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive records; ``broken`` is the sequence of one that no longer has its check sum, where the run ended."""

    first: int
    records: tuple[bytes, ...]
    broken: int | None = None


def insert(
    connection: sqlite3.Connection, where: tuple[Stream, int], tally: Tally, contents: Sequence[bytes], at_s: int
) -> Tally:
    """Put records behind the last one of an epoch; returns the epoch's new tally, which is written too."""
    connection.executemany(
        "INSERT INTO records VALUES (?, ?, ?, ?)",
        [
            (place_of(tally.slot, sequence), at_s, crc_of(sequence, content), content)
            for sequence, content in enumerate(contents, tally.last + 1)
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
    store_tally(connection, *where, after)
    return after


def run(connection: sqlite3.Connection, stretch: Stretch, max_bytes: int, *, checked: bool) -> Run | None:
    """The first run of consecutive records in the stretch, within ``max_bytes``; one record is always taken."""
    first, size, records = 0, 0, list[bytes]()
    for place, crc, content in connection.execute(RUN_SQL, stretch.where):
        sequence = sequence_of(place)
        first = first or sequence
        size += len(content) + FRAME_BYTES_PER_RECORD
        if sequence != first + len(records) or (records and size > max_bytes):
            break
        if checked and crc != crc_of(sequence, content):
            return Run(first, tuple(records), sequence)
        records.append(content)
    return Run(first, tuple(records)) if records else None


def delete(
    connection: sqlite3.Connection, where: tuple[Stream, int], tally: Tally, stretch: Stretch
) -> tuple[Tally, list[int]]:
    """Take out a stretch of an epoch's records; returns its new tally and the sequences that went."""
    rows = connection.execute(SLICE_SQL, stretch.where).fetchall()
    if not rows:
        return tally, []
    connection.execute("DELETE FROM records WHERE place BETWEEN ? AND ?", (rows[0][0], rows[-1][0]))
    pending = tally.pending - len(rows)
    start, at_s = first_pending(connection, tally.slot, tally.last) if pending else (tally.last + 1, 0)
    after = replace(
        tally,
        pending=pending,
        pending_bytes=tally.pending_bytes - sum(size for _, size in rows),
        first=start,
        oldest_at_s=at_s,
    )
    store_tally(connection, *where, after)
    return after, [sequence_of(place) for place, _ in rows]


def crc_of(sequence: int, content: bytes) -> int:
    """CRC-32 over the content, begun with the sequence: a record that moved does not fit either."""
    return zlib.crc32(content, sequence & 0xFFFF_FFFF)
