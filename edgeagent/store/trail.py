"""The audit trail, read back: what was written of a subject, newest first; what waits for the NOC and what it has."""

import sqlite3
from collections.abc import Iterator

from edgeagent.model.errors import WireError
from edgeagent.model.journal import AuditEntry, Stream
from edgeagent.store.records import MAX_SEQUENCE
from edgeagent.store.schema import NUMBER_OF_STREAM, place_of
from edgeagent.wire.record import Audited, decode

_SLOTS_SQL = "SELECT slot FROM epochs WHERE stream = ? AND slot > 0 ORDER BY epoch DESC"
_PENDING_SQL = (
    "SELECT content FROM records WHERE place BETWEEN ? AND ? AND instr(content, ?) ORDER BY place DESC LIMIT ?"
)
_SEALED_SQL = "SELECT content FROM sealed WHERE instr(content, ?) ORDER BY number DESC LIMIT ?"


def trail(connection: sqlite3.Connection, words: str, limit: int) -> list[AuditEntry]:
    """The newest entries in which these words stand, newest first; empty words find all."""
    needle = words.encode()
    found: list[AuditEntry] = []
    for content in _contents(connection, needle, limit):
        if len(found) >= limit:
            break
        try:
            record = decode(content)
        except WireError:
            continue  # evidence is kept as it is, also where it was damaged
        if isinstance(record, Audited):
            found.append(AuditEntry(record.boot, record.time_s, record.subject, record.action, record.detail))
    return found


def _contents(connection: sqlite3.Connection, needle: bytes, limit: int) -> Iterator[bytes]:
    """Epoch by epoch what the NOC has not acknowledged, then what was sealed; in SQLite an empty needle is at 1."""
    for (slot,) in connection.execute(_SLOTS_SQL, (NUMBER_OF_STREAM[Stream.AUDIT],)).fetchall():
        places = (place_of(slot, 0), place_of(slot, MAX_SEQUENCE))
        yield from (content for (content,) in connection.execute(_PENDING_SQL, (*places, needle, limit)))
    yield from (content for (content,) in connection.execute(_SEALED_SQL, (needle, limit)))
