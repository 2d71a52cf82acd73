"""The two databases' schemas, as migrations, and the numbers that streams have in them.

Both files share four tables. ``epochs`` holds every epoch that the file knows of: exact for its own streams, a mirror
for those of the other file. ``records`` holds what the NOC has not acknowledged; ``at_s`` is how
long the agent had run.
"""

from collections.abc import Mapping
from types import MappingProxyType

from edgeagent.core.database import Profile
from edgeagent.core.migrations import Migration
from edgeagent.model.journal import Stream

NUMBER_OF_STREAM: Mapping[Stream, int] = MappingProxyType({Stream.AUDIT: 1, Stream.ALARM: 2, Stream.TELEMETRY: 3})
STREAM_OF_NUMBER: Mapping[int, Stream] = MappingProxyType({number: name for name, number in NUMBER_OF_STREAM.items()})

SAFETY_FILE = "safety.db"
TELEMETRY_FILE = "telemetry.db"
SAFETY_STREAMS = (Stream.AUDIT, Stream.ALARM)
TELEMETRY_STREAMS = (Stream.TELEMETRY,)

_COMMON: Migration = (
    "CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID",
    """CREATE TABLE epochs (
        stream INTEGER NOT NULL, epoch INTEGER NOT NULL, last INTEGER NOT NULL, ceiling INTEGER NOT NULL,
        pending INTEGER NOT NULL, pending_bytes INTEGER NOT NULL, PRIMARY KEY (stream, epoch)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE totals (
        stream INTEGER NOT NULL, name TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (stream, name)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE records (
        stream INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        at_s INTEGER NOT NULL, crc INTEGER NOT NULL, content BLOB NOT NULL, PRIMARY KEY (stream, epoch, sequence)
    ) STRICT, WITHOUT ROWID""",
)
_SEALED: Migration = (
    """CREATE TABLE sealed (
        epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, at_s INTEGER NOT NULL, content BLOB NOT NULL,
        PRIMARY KEY (epoch, sequence)
    ) STRICT, WITHOUT ROWID""",
)

TELEMETRY_MIGRATIONS: tuple[Migration, ...] = (_COMMON,)
SAFETY_MIGRATIONS: tuple[Migration, ...] = ((*_COMMON, *_SEALED),)

SAFETY = Profile(
    application_id=0x45415331,  # "EAS1"
    migrations=SAFETY_MIGRATIONS,
    durable=True,
    checkpoint_pages=64,  # a short log: one that took the whole reserve could not be brought into the file any more
    journal_limit_bytes=256 * 1024,
)
TELEMETRY = Profile(application_id=0x45415431, migrations=TELEMETRY_MIGRATIONS)  # "EAT1"
