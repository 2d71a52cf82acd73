"""Questions to the NOC's database, read beside the process that writes it."""

import sqlite3
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from edgeagent.core.database import named
from edgeagent.model.errors import StoreError
from edgeagent.model.reading import Value
from edgeagent.noc.fleet import Fleet
from edgeagent.noc.schema import APPLICATION_ID, MIGRATIONS
from edgeagent.wire import presence, record
from edgeagent.wire.frame import STREAM_CODES
from edgeagent.wire.record import Described

EVERY_POD = 2**31


@dataclass(frozen=True, slots=True)
class PodRow:
    """One pod as the NOC knows it. ``records`` is by stream; ``missing`` should be 0 once a backlog is through.

    ``state`` is online, offline or unknown; ``lag_s`` is how old the newest telemetry is by the pod's own anchored
    time, None where that is not known.
    """

    site: str
    pod: str
    state: str
    why: str
    version: str
    last_seen_s: float
    devices: int
    points: int
    records: Mapping[str, int]
    gaps: int
    """Records announced as dropped before the NOC had them."""
    missing: int
    """Records below the highest held that are neither held nor announced as dropped: lost, or on their way."""
    lost: Mapping[str, int]
    """Records that never got a sequence, by reason."""
    conflicts: int
    chain_breaks: int
    """Links of the audit chain that do not hold."""
    lag_s: float | None


@dataclass(frozen=True, slots=True)
class PointRow:
    """The newest reading of one point; ``wall_s`` is when it was taken, None while no clock anchor is known."""

    site: str
    pod: str
    point: str
    kind: str
    value: Value | None
    unit: str
    quality: str
    reason: str
    wall_s: float | None
    received_s: float

    def age_s(self, now_s: float) -> float | None:
        """How old the reading is at this wall time."""
        return None if self.wall_s is None else max(0.0, now_s - self.wall_s)


class WallTimes:
    """Boot time to wall time, by each pod's clock anchors: the last trusted one before, else the first after."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._anchors: dict[tuple[int, str], list[tuple[float, float]]] = defaultdict(list)
        rows = "SELECT pod, boot, boottime_s, wall_s FROM anchor WHERE trusted ORDER BY boottime_s"
        for pod, boot, boottime_s, wall_s in connection.execute(rows):
            self._anchors[pod, boot].append((boottime_s, wall_s))

    def at(self, pod: int, boot: str, time_s: float) -> float | None:
        """The wall time of a moment of a boot (its first 8 digits); None without an anchor of that boot."""
        anchors = self._anchors.get((pod, boot[:8]))
        if not anchors:
            return None
        boottime_s, wall_s = anchors[max(0, bisect_right(anchors, time_s, key=lambda one: one[0]) - 1)]
        return wall_s + time_s - boottime_s


def pods(database: Path, now_s: float) -> list[PodRow]:
    """Every pod, by site and name.

    Raises:
        StoreError: the database is not there, or cannot be read.
    """
    with opened(database) as connection:
        fleet = Fleet(EVERY_POD)
        fleet.load(connection)
        facts = _Facts(connection, fleet, now_s)
        return [facts.row(*one) for one in connection.execute("SELECT * FROM pod ORDER BY site, name")]


def points(database: Path, *, site: str | None = None, pod: str | None = None) -> list[PointRow]:
    """The newest reading of every point, of one pod or of all.

    Raises:
        StoreError: the database is not there, or cannot be read.
    """
    with opened(database) as connection:
        times, specs = WallTimes(connection), _specs(connection)
        rows = connection.execute(
            "SELECT pod.id, site, name, point, value, quality, reason, boot, time_s, received_s"
            " FROM latest JOIN pod ON pod.id = latest.pod"
            " WHERE site = coalesce(?, site) AND name = coalesce(?, name) ORDER BY site, name, point",
            (site, pod),
        )
        return [_point(row, times, specs) for row in rows]


def refusals(database: Path) -> dict[str, int]:
    """How many messages and records made no sense, by reason.

    Raises:
        StoreError: the database is not there, or cannot be read.
    """
    with opened(database) as connection:
        return dict(connection.execute("SELECT reason, count FROM refused ORDER BY reason"))


def missing(database: Path, site: str, pod: str) -> list[tuple[str, int, int, int]]:
    """Every hole of a pod's journal that was not announced: stream, epoch, first and last sequence.

    Raises:
        StoreError: the database is not there, or cannot be read.
    """
    with opened(database) as connection:
        fleet = Fleet(EVERY_POD)
        fleet.load(connection)
        found = [
            (stream.value, epoch, first, last)
            for (number, stream, epoch), cover in fleet.covers.items()
            if (fleet.addresses[number].site, fleet.addresses[number].pod) == (site, pod)
            for first, last in cover.missing()
        ]
        return sorted(found)


@contextmanager
def opened(database: Path) -> Iterator[sqlite3.Connection]:
    """A connection that sees one committed state and changes nothing.

    Raises:
        StoreError: the database is not there, is not a NOC's, or cannot be read.
    """
    if not database.is_file():
        raise StoreError(f"cannot read {database}: there is no such file; `edgeagent noc serve` makes it")
    with named(database, "read"):
        connection = sqlite3.connect(f"file:{quote(str(database))}?mode=ro", uri=True, isolation_level=None)
        try:
            found = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            if (found, version) != (APPLICATION_ID, len(MIGRATIONS)):
                raise StoreError(f"cannot read {database}: it is not a NOC's database of this version")
            connection.execute("BEGIN")
            yield connection
        finally:
            connection.close()


class _Facts:
    """What the rows of pods are made of, gathered once for all pods."""

    def __init__(self, connection: sqlite3.Connection, fleet: Fleet, now_s: float) -> None:
        self._now_s = now_s
        self._streams = {code: stream.value for stream, code in STREAM_CODES.items()}
        self._words = {pod: presence.decode(word) for pod, word in connection.execute("SELECT pod, word FROM presence")}
        self._devices = _counts(connection, "SELECT pod, count(*) FROM device GROUP BY pod")
        self._points = _counts(connection, "SELECT pod, count(*) FROM latest GROUP BY pod")
        self._conflicts = _counts(connection, "SELECT pod, count(*) FROM conflict GROUP BY pod")
        self._breaks = _counts(connection, "SELECT pod, breaks FROM chain")
        self._held: dict[int, dict[str, int]] = defaultdict(dict)
        self._gaps: dict[int, int] = defaultdict(int)
        self._missing: dict[int, int] = defaultdict(int)
        self._lost: dict[int, dict[str, int]] = defaultdict(dict)
        self._add_covers(fleet)
        # Added up here: SQLite's sum() fails beyond 63 bits, and a pod can say any number.
        for pod, why, count in connection.execute("SELECT pod, why, count FROM lost"):
            self._lost[pod][why] = self._lost[pod].get(why, 0) + count
        self._newest = self._newest_walls(connection)

    def row(self, number: int, site: str, name: str, _first_seen_s: float, last_seen_s: float) -> PodRow:
        """One pod."""
        word, newest_s = self._words.get(number), self._newest.get(number)
        return PodRow(
            site=site,
            pod=name,
            state="unknown" if word is None else word.state.value,
            why="" if word is None else word.why,
            version="" if word is None else word.version,
            last_seen_s=last_seen_s,
            devices=self._devices.get(number, 0),
            points=self._points.get(number, 0),
            records=self._held[number],
            gaps=self._gaps[number],
            missing=self._missing[number],
            lost=self._lost[number],
            conflicts=self._conflicts.get(number, 0),
            chain_breaks=self._breaks.get(number, 0),
            lag_s=None if newest_s is None else max(0.0, self._now_s - newest_s),
        )

    def _add_covers(self, fleet: Fleet) -> None:
        for (pod, stream, _), cover in fleet.covers.items():
            held = self._held[pod]
            held[stream.value] = held.get(stream.value, 0) + cover.held.total
            self._gaps[pod] += cover.settled.total - cover.held.total
            self._missing[pod] += sum(last - first + 1 for first, last in cover.missing())

    def _newest_walls(self, connection: sqlite3.Connection) -> dict[int, float]:
        times, newest = WallTimes(connection), dict[int, float]()
        rows = connection.execute("SELECT pod, boot, max(time_s) FROM latest GROUP BY pod, boot")
        for pod, boot, time_s in rows:
            wall_s = times.at(pod, boot, time_s)
            if wall_s is not None:
                newest[pod] = max(wall_s, newest.get(pod, 0.0))
        return newest


def _counts(connection: sqlite3.Connection, statement: str) -> dict[int, int]:
    return dict(connection.execute(statement))


def _specs(connection: sqlite3.Connection) -> dict[tuple[int, str], tuple[str, str]]:
    """Kind and unit of every described point."""
    specs = {}
    for pod, content in connection.execute("SELECT pod, content FROM device"):
        described = record.decode(content)
        assert isinstance(described, Described)  # nothing else is written there
        for one in described.points:
            specs[pod, f"{described.device}/{one.name}"] = (one.kind, one.unit)
    return specs


def _point(row: tuple[Any, ...], times: WallTimes, specs: dict[tuple[int, str], tuple[str, str]]) -> PointRow:
    number, site, name, point, value, quality, reason, boot, time_s, received_s = row
    kind, unit = specs.get((number, point), ("", ""))
    return PointRow(
        site=site,
        pod=name,
        point=point,
        kind=kind,
        value=msgspec.json.decode(value),
        unit=unit,
        quality=quality,
        reason=reason,
        wall_s=times.at(number, boot, time_s),
        received_s=received_s,
    )
