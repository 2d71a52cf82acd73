"""The NOC's database: every pod's records as they came, what is held and what is announced as lost, and the latest.

``stream`` is a number of ``wire.frame.STREAM_CODES``.
"""

from collections.abc import Sequence
from typing import Final

from edgeagent.core.database import Profile
from edgeagent.core.migrations import Migration

APPLICATION_ID: Final = 0x45504E43  # "EPNC"

_POD = """
    CREATE TABLE pod (
        id INTEGER PRIMARY KEY, site TEXT NOT NULL, name TEXT NOT NULL,
        first_seen_s REAL NOT NULL, last_seen_s REAL NOT NULL, UNIQUE (site, name)
    ) STRICT"""
# The key is the identity of a record in the whole fleet.
_RECORD = """
    CREATE TABLE record (
        pod INTEGER NOT NULL, stream INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        content BLOB NOT NULL, PRIMARY KEY (pod, stream, epoch, sequence)
    ) STRICT, WITHOUT ROWID"""
# What is held, as ranges: true also for records that are pruned here later.
_HELD = """
    CREATE TABLE held (
        pod INTEGER NOT NULL, stream INTEGER NOT NULL, epoch INTEGER NOT NULL, first INTEGER NOT NULL,
        last INTEGER NOT NULL, PRIMARY KEY (pod, stream, epoch, first)
    ) STRICT, WITHOUT ROWID"""
# What the pod said that it dropped before we had it.
_GAP = """
    CREATE TABLE gap (
        pod INTEGER NOT NULL, stream INTEGER NOT NULL, epoch INTEGER NOT NULL, first INTEGER NOT NULL,
        last INTEGER NOT NULL, why TEXT NOT NULL, PRIMARY KEY (pod, stream, epoch, first, last)
    ) STRICT, WITHOUT ROWID"""
# Where an epoch ended, by the word of the one that follows.
_EPOCH_END = """
    CREATE TABLE epoch_end (
        pod INTEGER NOT NULL, stream INTEGER NOT NULL, epoch INTEGER NOT NULL, last INTEGER NOT NULL,
        why TEXT NOT NULL, PRIMARY KEY (pod, stream, epoch)
    ) STRICT, WITHOUT ROWID"""
_LOST = """
    CREATE TABLE lost (
        pod INTEGER NOT NULL, stream INTEGER NOT NULL, why TEXT NOT NULL, count INTEGER NOT NULL,
        PRIMARY KEY (pod, stream, why)
    ) STRICT, WITHOUT ROWID"""
# A second copy of a record with other content: kept beside the first, never in its place.
_CONFLICT = """
    CREATE TABLE conflict (
        pod INTEGER NOT NULL, stream INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        content BLOB NOT NULL, received_s REAL NOT NULL, PRIMARY KEY (pod, stream, epoch, sequence, content)
    ) STRICT, WITHOUT ROWID"""
_PRESENCE = "CREATE TABLE presence (pod INTEGER PRIMARY KEY, word BLOB NOT NULL, received_s REAL NOT NULL) STRICT"
_DEVICE = """
    CREATE TABLE device (
        pod INTEGER NOT NULL, device TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        content BLOB NOT NULL, PRIMARY KEY (pod, device)
    ) STRICT, WITHOUT ROWID"""
# The newest reading, by (epoch, sequence) of the record that brought it: backlog never hides live.
_LATEST = """
    CREATE TABLE latest (
        pod INTEGER NOT NULL, point TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        boot TEXT NOT NULL, time_s REAL NOT NULL, value BLOB NOT NULL, quality TEXT NOT NULL, reason TEXT NOT NULL,
        received_s REAL NOT NULL, PRIMARY KEY (pod, point)
    ) STRICT, WITHOUT ROWID"""
_ANCHOR = """
    CREATE TABLE anchor (
        pod INTEGER NOT NULL, boot TEXT NOT NULL, boottime_s REAL NOT NULL, wall_s REAL NOT NULL,
        trusted INTEGER NOT NULL, PRIMARY KEY (pod, boot, boottime_s)
    ) STRICT, WITHOUT ROWID"""
# How far the audit chain of each pod has been followed, its head there, and where it did not hold.
_CHAIN = """
    CREATE TABLE chain (
        pod INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, head BLOB NOT NULL,
        breaks INTEGER NOT NULL
    ) STRICT"""
# What could not be used: the newest few, for people to look at; the counts are kept for good.
_ASIDE = """
    CREATE TABLE aside (
        id INTEGER PRIMARY KEY AUTOINCREMENT, received_s REAL NOT NULL, topic TEXT NOT NULL, reason TEXT NOT NULL,
        content BLOB NOT NULL
    ) STRICT"""
_REFUSED = "CREATE TABLE refused (reason TEXT PRIMARY KEY, count INTEGER NOT NULL) STRICT, WITHOUT ROWID"

# The newest word on each alarm, also where it no longer stands: an older word that comes late changes nothing.
_ALARM = """
    CREATE TABLE alarm (
        pod INTEGER NOT NULL, key TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
        stands INTEGER NOT NULL, severity TEXT NOT NULL, text TEXT NOT NULL, parent TEXT NOT NULL,
        word TEXT NOT NULL, by TEXT NOT NULL, boot TEXT NOT NULL, time_s REAL NOT NULL, PRIMARY KEY (pod, key)
    ) STRICT, WITHOUT ROWID"""
_STANDING = "CREATE INDEX alarm_standing ON alarm (pod) WHERE stands"

# What was told and happened once: the newest of each pod, for people; the records stay among the others.
_EVENT = """
    CREATE TABLE event (
        pod INTEGER NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL, origin TEXT NOT NULL,
        word TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, severity TEXT NOT NULL, boot TEXT NOT NULL,
        time_s REAL NOT NULL, PRIMARY KEY (pod, epoch, sequence)
    ) STRICT, WITHOUT ROWID"""

_FIRST: Migration = (
    *(_POD, _RECORD, _HELD, _GAP, _EPOCH_END, _LOST, _CONFLICT),
    *(_PRESENCE, _DEVICE, _LATEST, _ANCHOR, _CHAIN, _ASIDE, _REFUSED),
)

_ALARMS: Migration = (_ALARM, _STANDING)

_EVENTS: Migration = (_EVENT,)

MIGRATIONS: Sequence[Migration] = (_FIRST, _ALARMS, _EVENTS)
PROFILE = Profile(APPLICATION_ID, MIGRATIONS, durable=True, cache_kib=16 * 1024, journal_limit_bytes=64 * 1024 * 1024)
"""Durable: an acknowledgement makes the pod delete its copy."""
