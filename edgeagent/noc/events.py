"""The events of the whole fleet: what pods heard of, newest first."""

from dataclasses import dataclass
from pathlib import Path

from edgeagent.noc.query import WallTimes, opened


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of one pod; ``wall_s`` is when it was heard of, None without a clock anchor."""

    site: str
    pod: str
    origin: str
    word: str
    subject: str
    text: str
    severity: str
    wall_s: float | None


def newest(database: Path, limit: int, *, site: str | None = None, pod: str | None = None) -> list[EventRow]:
    """The newest events, of one pod or of all.

    Raises:
        StoreError: the database is not there, or cannot be read.
    """
    with opened(database) as connection:
        times = WallTimes(connection)
        rows = connection.execute(
            "SELECT pod.id, site, name, origin, word, subject, text, severity, boot, time_s"
            " FROM event JOIN pod ON pod.id = event.pod"
            " WHERE site = coalesce(?, site) AND name = coalesce(?, name) ORDER BY epoch DESC, sequence DESC",
            (site, pod),
        ).fetchall()
        found = [
            EventRow(at_site, name, origin, word, subject, text, severity, times.at(number, boot, time_s))
            for number, at_site, name, origin, word, subject, text, severity, boot, time_s in rows
        ]
    return sorted(found, key=lambda one: -(one.wall_s or 0.0))[:limit]
