"""Alarms of what cannot be seen: one root each, with its children folded under it."""

from collections.abc import Iterable

from edgeagent.autonomy.compiled import Tables
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.limit import Limit, LimitMemory
from edgeagent.model.points import DeviceId, device_of
from edgeagent.model.reading import Quality, Reason
from edgeagent.model.snapshot import Snapshot

AFTER_S = 5.0
"""A point is blind for so long before people are told and cooling is asked for: one late poll is no news."""
NETWORK = "blind/network"
_DEVICE = frozenset({Reason.DISCONNECTED, Reason.NEVER_READ})


def alarms(tables: Tables, snapshot: Snapshot, blind: Iterable[tuple[Limit, LimitMemory]]) -> list[AlarmWanted]:
    """One alarm per blind point, under its device's if that is silent, under the network's if most devices are."""
    points = {limit.point: memory.why for limit, memory in blind if memory.blind_s >= AFTER_S and memory.blind}
    if not points:
        return []
    mute = [device for device in sorted(tables.near) if _silent(tables, snapshot, device)]
    network = len(mute) > 1 and 2 * len(mute) >= len(tables.near)
    silent = [device for device in mute if any(device_of(point) == device for point in points)]
    found = [AlarmWanted(NETWORK, "critical", f"{len(mute)} devices cannot be read")] if network else []
    above = NETWORK if network else ""
    found.extend(AlarmWanted(f"blind/{device}", "major", f"{device} cannot be read", above) for device in silent)
    for point, why in sorted(points.items()):
        parent = f"blind/{device_of(point)}" if device_of(point) in silent else ""
        found.append(AlarmWanted(f"blind/{point}", "major", f"{point} is not known: {why}", parent))
    return found


def _silent(tables: Tables, snapshot: Snapshot, device: DeviceId) -> bool:
    """Whether no point of a device can be read, and it is not just the one sensor that is looked at."""
    found = [snapshot.readings.get(point) for point in tables.near[device]]
    if any(reading is not None and reading.quality is Quality.GOOD for reading in found):
        return False
    return len(found) > 1 or all(reading is None or reading.reason in _DEVICE for reading in found)
