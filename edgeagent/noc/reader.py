"""Reading records: what each kind means to the NOC, written to the tables that questions are asked of.

Values are upserted once per transaction: of many samples of one point only the newest is written.
"""

import sqlite3
from dataclasses import dataclass, field

import msgspec

from edgeagent.model.errors import WireError
from edgeagent.noc.coverage import CoverKey
from edgeagent.wire import presence, record
from edgeagent.wire.frame import STREAM_CODES
from edgeagent.wire.record import (
    AlarmChanged,
    ClockAnchor,
    Described,
    EpochOpened,
    Gap,
    Happened,
    Lost,
    Sample,
)

_json = msgspec.json.Encoder()
_LATEST = """
    INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (pod, point) DO UPDATE SET
    epoch = excluded.epoch, sequence = excluded.sequence, boot = excluded.boot, time_s = excluded.time_s,
    value = excluded.value, quality = excluded.quality, reason = excluded.reason, received_s = excluded.received_s
    WHERE (excluded.epoch, excluded.sequence) > (latest.epoch, latest.sequence)"""
_DEVICE = """
    INSERT INTO device VALUES (?, ?, ?, ?, ?) ON CONFLICT (pod, device) DO UPDATE SET
    epoch = excluded.epoch, sequence = excluded.sequence, content = excluded.content
    WHERE (excluded.epoch, excluded.sequence) > (device.epoch, device.sequence)"""

_ALARM = """
    INSERT INTO alarm VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (pod, key) DO UPDATE SET
    epoch = excluded.epoch, sequence = excluded.sequence, stands = excluded.stands, severity = excluded.severity,
    text = excluded.text, parent = excluded.parent, word = excluded.word, by = excluded.by, boot = excluded.boot,
    time_s = excluded.time_s WHERE (excluded.epoch, excluded.sequence) > (alarm.epoch, alarm.sequence)"""
MOST_ALARMS = 2000
"""Keys that are remembered of one pod; beyond them those that ended first are forgotten."""
_FORGET_ALARMS = """
    DELETE FROM alarm WHERE pod = ? AND NOT stands AND (epoch, sequence) <= (
        SELECT epoch, sequence FROM alarm WHERE pod = ? ORDER BY epoch DESC, sequence DESC LIMIT 1 OFFSET ?)"""
MOST_EVENTS = 2000
"""Events that are listed of one pod; beyond them the oldest are forgotten, and stay among the records."""
_FORGET_EVENTS = """
    DELETE FROM event WHERE pod = ? AND (epoch, sequence) <= (
        SELECT epoch, sequence FROM event WHERE pod = ? ORDER BY epoch DESC, sequence DESC LIMIT 1 OFFSET ?)"""


@dataclass(frozen=True, slots=True)
class Found:
    """What a record tells of its stream: gaps, and (epoch, last sequence) of epochs that ended."""

    gaps: tuple[Gap, ...] = ()
    ends: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Reader:
    """Reads the records of one transaction."""

    connection: sqlite3.Connection
    _latest: dict[tuple[int, str], tuple[int, int, str, float, bytes, str, str, float]] = field(default_factory=dict)
    _eased: set[int] = field(default_factory=set)
    """The pods of which an alarm ended."""
    _told: set[int] = field(default_factory=set)
    """The pods that told events."""

    def read(self, key: CoverKey, sequence: int, content: bytes, received_s: float) -> Found | None:
        """Take in what a record says; None when it is of no kind that this program knows."""
        pod, stream, epoch = key
        code = STREAM_CODES[stream]
        try:
            found = record.decode(content)
        except WireError:
            return None
        match found:
            case Sample():
                self._sample(pod, epoch, sequence, found, received_s)
            case Described():
                self.connection.execute(_DEVICE, (pod, found.device, epoch, sequence, content))
            case ClockAnchor():
                place = (pod, found.boot_id[:8], found.boottime_s, found.wall_s, found.trusted)
                self.connection.execute("INSERT OR IGNORE INTO anchor VALUES (?, ?, ?, ?, ?)", place)
            case Gap():
                return self._gap(pod, code, found)
            case EpochOpened():
                rows = [(pod, code, *pair, found.why) for pair in found.earlier]
                self.connection.executemany("INSERT OR REPLACE INTO epoch_end VALUES (?, ?, ?, ?, ?)", rows)
                return Found(ends=found.earlier)
            case Lost():
                self.connection.execute(
                    "INSERT INTO lost VALUES (?, ?, ?, ?) ON CONFLICT (pod, stream, why)"
                    " DO UPDATE SET count = max(count, excluded.count)",
                    (pod, code, found.why, found.count),
                )
            case AlarmChanged():
                self._alarm(pod, epoch, sequence, found)
            case Happened():
                self._event(pod, epoch, sequence, found)
        return Found()  # an audited link is followed in `chain`

    def _alarm(self, pod: int, epoch: int, sequence: int, alarm: AlarmChanged) -> None:
        row = (pod, alarm.key, epoch, sequence, alarm.stands, alarm.severity, alarm.text, alarm.parent)
        self.connection.execute(_ALARM, (*row, alarm.word, alarm.by, alarm.boot, alarm.time_s))
        if not alarm.stands:
            self._eased.add(pod)

    def _event(self, pod: int, epoch: int, sequence: int, event: Happened) -> None:
        words = (event.origin, event.word, event.subject, event.text, event.severity, event.boot, event.time_s)
        row = (pod, epoch, sequence, *words)
        self.connection.execute("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
        self._told.add(pod)

    def presence(self, pod: int, payload: bytes, received_s: float) -> None:
        """Keep a pod's word on being there, unless it is the late will of an older connection."""
        row = self.connection.execute("SELECT word FROM presence WHERE pod = ?", (pod,)).fetchone()
        if presence.decode(payload).supersedes(None if row is None else presence.decode(row[0])):
            self.connection.execute("INSERT OR REPLACE INTO presence VALUES (?, ?, ?)", (pod, payload, received_s))

    def finish(self) -> None:
        """Write the newest value of each point; of pods that have too many, forget events, and alarms that ended."""
        self.connection.executemany(_LATEST, [(*key, *row) for key, row in self._latest.items()])
        self.connection.executemany(_FORGET_ALARMS, [(pod, pod, MOST_ALARMS) for pod in sorted(self._eased)])
        self.connection.executemany(_FORGET_EVENTS, [(pod, pod, MOST_EVENTS) for pod in sorted(self._told)])

    def _sample(self, pod: int, epoch: int, sequence: int, sample: Sample, received_s: float) -> None:
        for entry in sample.readings:
            key = (pod, f"{sample.device}/{entry.name}")
            before = self._latest.get(key)
            if before is None or before[:2] < (epoch, sequence):
                words = (sample.boot, sample.time_s, _json.encode(entry.value), entry.quality or "GOOD", entry.reason)
                self._latest[key] = (epoch, sequence, *words, received_s)

    def _gap(self, pod: int, code: int, gap: Gap) -> Found:
        if not 1 <= gap.first <= gap.last:
            return Found()
        self.connection.execute(
            "INSERT OR IGNORE INTO gap VALUES (?, ?, ?, ?, ?, ?)", (pod, code, gap.epoch, gap.first, gap.last, gap.why)
        )
        return Found(gaps=(gap,))
