"""What must have arrived, from what the simulated devices served; independent of the product's profiles.

Scales are from the MIBs: PowerNet-MIB rPDU2DeviceStatusPower is hundredths of kW; PDU2-MIB
measurementsInletSensorValue of the active power sensor has the decimal digits of its configuration (0 here).
"""

import json
import sqlite3
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeagent.wire.record import Sample, decode
from tests.e2e.tail import Key

APC_POWER = "1.3.6.1.4.1.318.1.1.26.4.3.1.5.1"
RARITAN_POWER = "1.3.6.1.4.1.13742.6.5.2.3.1.4.1.1.5"
POINTS = {APC_POWER: ("inlet.power", 10.0), RARITAN_POWER: ("inlet.power", 1.0)}
"""OID → the point that shows it, and watts per unit."""


TELEMETRY = 3
"""The stream's number in the NOC's tables."""


@dataclass(frozen=True)
class Served:
    """One answer that a device sent and that nobody spoiled."""

    device: str
    point: str
    value: float
    time_s: float


def served(path: Path) -> Iterator[Served]:
    """Every served value of the watched objects."""
    for file in (path.with_name(path.name + ".1"), path):
        if file.exists():
            yield from _served_in(file)


def _served_in(path: Path) -> Iterator[Served]:
    for line in path.read_text().splitlines():
        entry = json.loads(line)
        if "fault" in entry:
            continue
        for oid, _type, raw in entry["varbinds"]:
            if oid in POINTS and isinstance(raw, int):
                point, scale = POINTS[oid]
                yield Served(entry["device"], point, raw * scale, entry["t"])


def noc_rows(database: Path, stream: int = TELEMETRY) -> dict[Key, bytes]:
    """What the NOC holds, by (epoch, sequence)."""
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT epoch, sequence, content FROM record WHERE stream = ?", (stream,)).fetchall()
    connection.close()
    return {(epoch, sequence): content for epoch, sequence, content in rows}


def shown(rows: Iterable[bytes]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    """(device, point) → the (time, value) pairs that GOOD readings of these records tell, by time."""
    found: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for content in rows:
        record = decode(content)
        if isinstance(record, Sample):
            for entry in record.readings:
                if not entry.quality and isinstance(entry.value, int | float):
                    found[record.device, entry.name].append((record.time_s, float(entry.value)))
    return {key: sorted(pairs) for key, pairs in found.items()}


def invented(rows: Iterable[bytes], truth: list[Served], within_s: float = 3.0) -> list[str]:
    """Readings at the NOC that no device served at that time."""
    by_point: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    for one in truth:
        by_point[one.device, one.point].append((one.time_s, one.value))
    wrong = []
    for key, pairs in shown(rows).items():
        if key not in by_point:
            continue
        wrong += [
            f"{key} = {value} at {at_s:.3f}" for at_s, value in pairs if not _near(by_point[key], at_s, value, within_s)
        ]
    return wrong


def lost(rows: Iterable[bytes], truth: list[Served], deaths_s: list[float], within_s: float = 3.0) -> list[Served]:
    """Served values that are not at the NOC although the agent lived for more than a second after it."""
    there = shown(rows)
    return [
        one
        for one in truth
        if not any(-0.5 <= death_s - one.time_s <= 1.6 for death_s in deaths_s)
        and not _near(there.get((one.device, one.point), []), one.time_s, one.value, within_s)
    ]


def _near(pairs: list[tuple[float, float]], at_s: float, value: float, within_s: float) -> bool:
    start = bisect_left(pairs, (at_s - within_s, float("-inf")))
    for time_s, found in pairs[start:]:
        if time_s > at_s + within_s:
            return False
        if abs(found - value) < 1e-6:
            return True
    return False
