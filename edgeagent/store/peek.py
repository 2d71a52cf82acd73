"""Reading the store from another process, whether the daemon runs or not; nothing is written and nothing is waited for.

Without the daemon the files are opened ``immutable`` when no write-ahead log stands beside them, so that a reader
without rights to the folder sees them too; with a log they are opened read-only through it.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from edgeagent.core.sqlite import named
from edgeagent.model.errors import StoreError, WireError
from edgeagent.model.journal import AuditEntry, Stream, StreamCounts
from edgeagent.store.ledger import ACKNOWLEDGED, APPENDED, DROPPED
from edgeagent.store.schema import (
    SAFETY_FILE,
    SAFETY_STREAMS,
    STREAM_OF_NUMBER,
    TELEMETRY_FILE,
    TELEMETRY_STREAMS,
)
from edgeagent.store.trail import trail
from edgeagent.wire.chain import GENESIS
from edgeagent.wire.record import ClockAnchor, Described, Sample, decode

LOOK_BACK_RECORDS = 2000
"""The newest telemetry records that are searched for each device's last sample."""
_NEWEST_SQL = "SELECT content FROM records ORDER BY place DESC LIMIT ?"


@dataclass(frozen=True, slots=True)
class Peek:
    """What the files tell. ``samples`` holds the last pending sample of each (device, group), newest first."""

    counts: Mapping[Stream, StreamCounts]
    audit_head: str
    facts: Mapping[str, object]
    samples: Mapping[tuple[str, str], Sample] = field(default_factory=dict)
    described: Mapping[str, Described] = field(default_factory=dict)
    anchor: ClockAnchor | None = None


def peek(folder: Path) -> Peek:
    """Read both files.

    Raises:
        StoreError: a file is missing or cannot be read; ``StoreDamaged`` when it is not a database.
    """
    with reading(folder / SAFETY_FILE) as safety:
        counts = _counts(safety, SAFETY_STREAMS)
        facts = {name: json.loads(value) for name, value in safety.execute("SELECT name, value FROM facts")}
    with reading(folder / TELEMETRY_FILE) as telemetry:
        counts |= _counts(telemetry, TELEMETRY_STREAMS)
        samples, described = _newest(telemetry)
    head = str(facts.get("store.audit_head", GENESIS.hex()))
    own = {name: value for name, value in facts.items() if not name.startswith("store.")}
    return Peek(counts, head, own, samples, described, anchor_of(own.get("clock.anchor")))


def audited(folder: Path, words: str, limit: int = 50) -> list[AuditEntry]:
    """What was audited, newest first; see `store.trail`.

    Raises:
        StoreError: the file is missing or cannot be read.
    """
    with reading(folder / SAFETY_FILE) as safety:
        return trail(safety, words, limit)


def anchor_of(fact: object) -> ClockAnchor | None:
    """The clock anchor that the recorder kept, or None."""
    match fact:
        case {
            "boot_id": str(boot_id),
            "boottime_s": float(boottime_s),
            "wall_s": float(wall_s),
            "trusted": bool(trusted),
        }:
            return ClockAnchor(boot_id, boottime_s, wall_s, trusted, "kept")
    return None


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A database opened for reading only.

    Raises:
        StoreError: it is missing or cannot be read.
    """
    if not path.exists():
        raise StoreError(f"cannot read {path}: it does not exist; has the agent run here?")
    with named(path, "read"):
        connection = sqlite3.connect(_uri(path), uri=True, timeout=1.0)
        try:
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()


def _uri(path: Path) -> str:
    logged = any(path.with_name(path.name + suffix).exists() for suffix in ("-wal", "-shm"))
    return f"file:{quote(str(path.absolute()))}?mode=ro{'' if logged else '&immutable=1'}"


def _counts(connection: sqlite3.Connection, streams: tuple[Stream, ...]) -> dict[Stream, StreamCounts]:
    totals: dict[Stream, dict[str, int]] = {stream: {} for stream in streams}
    for number, name, count in connection.execute("SELECT stream, name, count FROM totals"):
        totals.setdefault(STREAM_OF_NUMBER[number], {})[name] = count
    pending = {
        STREAM_OF_NUMBER[number]: (records, size)
        for number, records, size in connection.execute(
            "SELECT stream, sum(pending), sum(pending_bytes) FROM epochs GROUP BY stream"
        )
    }
    return {stream: _stream_counts(stream, totals[stream], *pending.get(stream, (0, 0))) for stream in streams}


def _stream_counts(stream: Stream, totals: dict[str, int], records: int, size: int) -> StreamCounts:
    dropped = {name.removeprefix(DROPPED): count for name, count in totals.items() if name.startswith(DROPPED)}
    return StreamCounts(stream, totals.get(APPENDED, 0), totals.get(ACKNOWLEDGED, 0), records, size, dropped)


def _newest(connection: sqlite3.Connection) -> tuple[dict[tuple[str, str], Sample], dict[str, Described]]:
    samples: dict[tuple[str, str], Sample] = {}
    described: dict[str, Described] = {}
    rows = connection.execute(_NEWEST_SQL, (LOOK_BACK_RECORDS,))
    for (content,) in rows:
        try:
            record = decode(content)
        except WireError:
            continue
        if isinstance(record, Sample):
            samples.setdefault((record.device, record.group), record)
        elif isinstance(record, Described):
            described.setdefault(record.device, record)
    return samples, described
