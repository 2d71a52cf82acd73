"""The audit chain as the NOC follows it: every link checked, the head there sent back in the acknowledgement.

A link that does not hold is counted and shown; the chain is then followed from there. Behind an announced gap the head
is not known until the next audited record tells it.
"""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

from edgeagent.model.errors import WireError
from edgeagent.model.journal import Stream
from edgeagent.noc.coverage import Coverage
from edgeagent.wire import chain, record
from edgeagent.wire.frame import STREAM_CODES
from edgeagent.wire.record import Audited

MOST_LINKS = 5000
"""Followed in one transaction; the next goes on from there."""
_AUDIT = STREAM_CODES[Stream.AUDIT]


@dataclass(slots=True)
class Followed:
    """How far a pod's chain was followed; an empty head is not known."""

    epoch: int
    sequence: int
    head: bytes
    breaks: int = 0

    def link(self, sequence: int, content: bytes) -> None:
        """Take the next record that is held."""
        told = _previous(content)
        if sequence != self.sequence + 1:
            self.head = b""  # what lies between was announced as lost
        if told is not None and self.head not in (b"", told):
            self.breaks += 1
        known = told if told is not None else self.head
        self.head = chain.link(known, content) if known else b""
        self.sequence = sequence


def follow(connection: sqlite3.Connection, pod: int, covers: Mapping[int, Coverage]) -> Followed:
    """Go on along a pod's audit stream, whose epochs ``covers`` has, as far as it is complete."""
    row = connection.execute("SELECT epoch, sequence, head, breaks FROM chain WHERE pod = ?", (pod,)).fetchone()
    followed = Followed(min(covers), 0, chain.GENESIS) if row is None else Followed(*row)
    links = MOST_LINKS
    for epoch in sorted(epoch for epoch in covers if epoch >= followed.epoch):
        if epoch > followed.epoch:
            before = covers[followed.epoch]
            if links <= 0 or before.end is None or before.watermark < before.end:
                break
            if followed.sequence != before.end:
                followed.head = b""  # its end was announced as lost
            followed.epoch, followed.sequence = epoch, 0
        links -= _follow_epoch(connection, pod, followed, covers[epoch].watermark, links)
    place = (pod, followed.epoch, followed.sequence, followed.head, followed.breaks)
    connection.execute("INSERT OR REPLACE INTO chain VALUES (?, ?, ?, ?, ?)", place)
    return followed


def _follow_epoch(connection: sqlite3.Connection, pod: int, followed: Followed, watermark: int, most: int) -> int:
    """Take the records of one epoch up to its watermark; returns how many there were."""
    rows = connection.execute(
        "SELECT sequence, content FROM record WHERE (pod, stream, epoch) = (?, ?, ?)"
        " AND sequence > ? AND sequence <= ? ORDER BY sequence LIMIT ?",
        (pod, _AUDIT, followed.epoch, followed.sequence, watermark, most),
    ).fetchall()
    for sequence, content in rows:
        followed.link(sequence, content)
    return len(rows)


def _previous(content: bytes) -> bytes | None:
    """The head that a record says was before it, where it is one that says so."""
    try:
        found = record.decode(content)
        return bytes.fromhex(found.previous) if isinstance(found, Audited) else None
    except (WireError, ValueError):
        return None
