"""The alarms of the whole fleet: what each pod's alarm records say stands now."""

from dataclasses import dataclass
from pathlib import Path

from edgeagent.noc.query import WallTimes, opened

_SEVERITY = {"critical": 0, "major": 1, "minor": 2, "warning": 3}


@dataclass(frozen=True, slots=True)
class AlarmRow:
    """One alarm that stands at one pod; ``wall_s`` is when that was last told, None without a clock anchor."""

    site: str
    pod: str
    key: str
    severity: str
    text: str
    parent: str
    word: str
    by: str
    wall_s: float | None


def standing(database: Path, *, site: str | None = None, pod: str | None = None) -> list[AlarmRow]:
    """Every alarm that stands, of one pod or of all, worst first, then the newest.

    Raises:
        StoreError: the database is not there, or cannot be read.
    """
    with opened(database) as connection:
        times = WallTimes(connection)
        rows = connection.execute(
            "SELECT pod.id, site, name, key, severity, text, parent, word, by, boot, time_s"
            " FROM alarm JOIN pod ON pod.id = alarm.pod"
            " WHERE stands AND site = coalesce(?, site) AND name = coalesce(?, name)",
            (site, pod),
        ).fetchall()
        found = [
            AlarmRow(at_site, name, key, severity, text, parent, word, by, times.at(number, boot, time_s))
            for number, at_site, name, key, severity, text, parent, word, by, boot, time_s in rows
        ]
    return sorted(
        found, key=lambda one: (_SEVERITY.get(one.severity, 4), -(one.wall_s or 0.0), one.site, one.pod, one.key)
    )
