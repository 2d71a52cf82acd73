"""The two databases' schemas, as migrations, and the numbers that streams have in them.

Both files share four tables. ``epochs`` holds every epoch that the file knows of: exact for its own streams, a mirror
for those of the other file. ``records`` holds what the NOC has not acknowledged; ``at_s`` is how long the agent had
run. A record's ``place`` is its epoch's ``slot`` and its sequence in one number, so that records are only ever appended
to one tree, and found without an index.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edgeagent.core.migrations import Migration
from edgeagent.core.sqlite import Profile
from edgeagent.model.journal import Stream

NUMBER_OF_STREAM: Mapping[Stream, int] = MappingProxyType({Stream.AUDIT: 1, Stream.ALARM: 2, Stream.TELEMETRY: 3})
STREAM_OF_NUMBER: Mapping[int, Stream] = MappingProxyType({number: name for name, number in NUMBER_OF_STREAM.items()})

LOG_BYTES = 1024 * 1024
"""A write-ahead log longer than this is brought into its file beside the writer."""
SEQUENCE_BITS = 40
"""A thousand records a second fill them in 34 years; the 23 bits above hold the slot."""

SAFETY_FILE = "safety.db"
TELEMETRY_FILE = "telemetry.db"
SAFETY_STREAMS = (Stream.AUDIT, Stream.ALARM)
TELEMETRY_STREAMS = (Stream.TELEMETRY,)

_COMMON: Migration = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE epochs (
        stream INTEGER NOT NULL, epoch INTEGER NOT NULL, last INTEGER NOT NULL, ceiling INTEGER NOT NULL,
        pending INTEGER NOT NULL, pending_bytes INTEGER NOT NULL, slot INTEGER NOT NULL, PRIMARY KEY (stream, epoch)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE totals (
        stream INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (stream, name)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE records (
        place INTEGER PRIMARY KEY, at_s INTEGER NOT NULL, crc INTEGER NOT NULL, content BLOB NOT NULL
    ) STRICT""",
)
_SEALED: Migration = (
    """CREATE TABLE sealed (
        number INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        at_s INTEGER NOT NULL, content BLOB NOT NULL
    ) STRICT""",
)

TELEMETRY_MIGRATIONS: tuple[Migration, ...] = (_COMMON,)
SAFETY_MIGRATIONS: tuple[Migration, ...] = ((*_COMMON, *_SEALED),)

_VITAL = ("facts", "epochs", "totals")

SAFETY = Profile(
    application_id=0x45415331,  # "EAS1"
    migrations=SAFETY_MIGRATIONS,
    vital=_VITAL,
    durable=True,
    # The upkeep brings the log in earlier, off the writer thread: an act waits for its record. Were there no upkeep,
    # the log and what it adds to the file would still fit into the least reserve (1 MiB), for a full disk.
    checkpoint_pages=96,
    journal_limit_bytes=384 * 1024,
)
TELEMETRY = Profile(
    application_id=0x45415431,  # "EAT1"
    migrations=TELEMETRY_MIGRATIONS,
    vital=_VITAL,
    checkpoint_pages=2000,  # the upkeep brings the log in earlier, off the writer thread
)


def place_of(slot: int, sequence: int) -> int:
    """Where a record of an epoch stands in ``records``."""
    return (slot << SEQUENCE_BITS) | sequence


def sequence_of(place: int) -> int:
    """The sequence in a place."""
    return place & ((1 << SEQUENCE_BITS) - 1)
