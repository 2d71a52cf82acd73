"""The ledger: what a file holds of each epoch, kept in memory and written with every change of the records.

Only the writer thread changes it; the event loop reads it at any time, since every entry is frozen and replaced whole.
"""

import sqlite3
from collections import Counter
from dataclasses import dataclass, field, replace

from edgeagent.model.journal import Stream
from edgeagent.store.schema import NUMBER_OF_STREAM, STREAM_OF_NUMBER, place_of, sequence_of

APPENDED = "appended"
ACKNOWLEDGED = "acknowledged"
DROPPED = "dropped."
"""What the names of the drop counters begin with; the reason follows."""


@dataclass(frozen=True, slots=True)
class Tally:
    """One epoch of a stream.

    ``ceiling`` is the highest sequence that may ever have been sent; above ``last`` only where a power cut or a lost
    file may have taken committed records back. ``first`` is the first pending sequence, ``last + 1`` when none is.
    ``slot`` tells where the epoch's records stand in their own file; it is 0 in the mirror that the other file keeps.
    """

    last: int = 0
    ceiling: int = 0
    pending: int = 0
    pending_bytes: int = 0
    first: int = 1
    oldest_at_s: int = 0
    slot: int = 0

    def ended(self, last: int, ceiling: int) -> "Tally":
        """The same epoch with what another file knows of its end."""
        last = max(self.last, last)
        first = self.first if self.pending else last + 1
        return replace(self, last=last, ceiling=max(self.ceiling, last, ceiling), first=first)


@dataclass(slots=True)
class Ledger:
    """The epochs and totals of one file; ``current`` names the epoch that new records of a stream join."""

    epochs: dict[Stream, dict[int, Tally]] = field(default_factory=lambda: {stream: {} for stream in Stream})
    current: dict[Stream, int] = field(default_factory=dict)
    totals: dict[Stream, Counter[str]] = field(default_factory=lambda: {stream: Counter() for stream in Stream})

    def tally(self, stream: Stream, epoch: int) -> Tally:
        """What one epoch holds."""
        return self.epochs[stream][epoch]

    def free_slot(self) -> int:
        """A slot that no epoch of the file has."""
        return 1 + max((tally.slot for epochs in self.epochs.values() for tally in epochs.values()), default=0)

    def put(self, stream: Stream, epoch: int, tally: Tally) -> None:
        """Replace one entry; the map is replaced too, so that a reader's loop over it never breaks."""
        if epoch in self.epochs[stream]:
            self.epochs[stream][epoch] = tally
        else:
            self.epochs[stream] = dict(sorted({**self.epochs[stream], epoch: tally}.items()))

    def add(self, stream: Stream, name: str, count: int) -> None:
        """Grow a total."""
        totals = self.totals[stream].copy()
        totals[name] += count
        self.totals[stream] = totals


def load(connection: sqlite3.Connection) -> Ledger:
    """The ledger as the file has it; reads one record per epoch that has pending ones."""
    ledger = Ledger()
    rows = connection.execute(
        "SELECT stream, epoch, last, ceiling, pending, pending_bytes, slot FROM epochs"
    ).fetchall()
    for number, epoch, last, ceiling, pending, pending_bytes, slot in rows:
        first, at_s = first_pending(connection, slot, last) if pending else (last + 1, 0)
        ledger.put(STREAM_OF_NUMBER[number], epoch, Tally(last, ceiling, pending, pending_bytes, first, at_s, slot))
    for number, name, count in connection.execute("SELECT stream, name, count FROM totals"):
        ledger.totals[STREAM_OF_NUMBER[number]][name] = count
    return ledger


def first_pending(connection: sqlite3.Connection, slot: int, last: int) -> tuple[int, int]:
    """The first pending record's sequence and time."""
    found = connection.execute(
        "SELECT place, at_s FROM records WHERE place BETWEEN ? AND ? ORDER BY place LIMIT 1",
        (place_of(slot, 0), place_of(slot, last)),
    ).fetchone()
    return (last + 1, 0) if found is None else (sequence_of(found[0]), found[1])


def store_tally(connection: sqlite3.Connection, stream: Stream, epoch: int, tally: Tally) -> None:
    """Write one entry."""
    connection.execute(
        "INSERT OR REPLACE INTO epochs VALUES (?, ?, ?, ?, ?, ?, ?)",
        (NUMBER_OF_STREAM[stream], epoch, tally.last, tally.ceiling, tally.pending, tally.pending_bytes, tally.slot),
    )


def store_total(connection: sqlite3.Connection, stream: Stream, name: str, count: int) -> None:
    """Grow a total in the file."""
    connection.execute(
        "INSERT INTO totals VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count",
        (NUMBER_OF_STREAM[stream], name, count),
    )
