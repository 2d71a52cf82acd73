"""What the demo proved: the pod's journal against what the NOC holds."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edgeagent.cli import table
from edgeagent.cli.demo_story import Told


@dataclass(frozen=True, slots=True)
class Summary:
    """Figures of one demo. ``missing`` counts records that the pod journalled and the NOC's database does not hold."""

    devices: int
    points: int
    readings: int
    readings_per_second: float
    journalled: int
    acknowledged: int
    held_by_noc: int
    missing: int
    dropped: int
    seconds: float
    shed: tuple[str, ...] = ()
    returned: tuple[str, ...] = ()
    explanation: tuple[str, ...] = ()
    """What the pod said of it while the loads were off."""

    def lines(self) -> Iterator[str]:
        """The figures for people."""
        yield ""
        rows = [
            ("devices", str(self.devices)),
            ("points", str(self.points)),
            (
                "readings",
                f"{self.readings} in {table.duration(self.seconds)}, {self.readings_per_second:.1f} per second",
            ),
            ("records journalled", str(self.journalled)),
            ("records held by the NOC", str(self.held_by_noc)),
            ("missing", str(self.missing)),
            ("loads shed and returned", f"{len(self.shed)} and {len(self.returned)}"),
        ]
        width = max(len(name) for name, _ in rows)
        yield from (f"{name.ljust(width)}  {value}" for name, value in rows)
        if self.dropped:
            yield f"{self.dropped} records were dropped on the pod, and counted"
        yield "nothing is missing" if not self.missing else f"{self.missing} records are missing"


def count(status: dict[str, Any], state: Path, noc_db: Path, seconds: float, told: Told) -> Summary:
    """Count on both ends, after the agent has stopped."""
    from edgeagent.store.peek import peek
    from edgeagent.wire.record import Sample, decode

    streams = peek(state).counts.values()
    with sqlite3.connect(f"file:{noc_db}?mode=ro", uri=True) as noc:
        contents = [content for (content,) in noc.execute("SELECT content FROM record")]
    noc.close()
    readings = sum(len(record.readings) for record in map(decode, contents) if isinstance(record, Sample))
    journalled = sum(one.appended for one in streams)
    return Summary(
        devices=len(status["devices"]),
        points=sum(status["points"].values()),
        readings=readings,
        readings_per_second=round(readings / seconds, 1),
        journalled=journalled,
        acknowledged=sum(one.acknowledged for one in streams),
        held_by_noc=len(contents),
        missing=journalled - len(contents),
        dropped=sum(sum(one.dropped.values()) for one in streams),
        seconds=round(seconds, 1),
        shed=tuple(told.shed),
        returned=tuple(told.returned),
        explanation=tuple(told.explanation),
    )
