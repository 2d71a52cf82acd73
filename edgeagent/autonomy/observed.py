"""What targets are read to be now: a load by all its cords, anything else by itself."""

from collections.abc import Iterable
from functools import partial

from edgeagent.autonomy.compiled import state_point
from edgeagent.autonomy.standing import Seen
from edgeagent.model.intent import Output
from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, Reason
from edgeagent.model.site import Load, Site
from edgeagent.model.snapshot import Snapshot

PARTLY = "partly"
"""The word for a load whose cords say different things."""


def observed(snapshot: Snapshot, outputs: Iterable[Output], site: Site) -> dict[PointId, Seen]:
    """The targets of these outputs of which every reading is GOOD."""
    found: dict[PointId, Seen] = {}
    for output in outputs:
        points = _points(site, output.target)
        readings = [_good(snapshot.readings.get(point)) for point in points]
        known = [one for one in readings if one is not None]
        if len(known) == len(points):
            values = {one.value for one in known if one.value is not None}
            value = values.pop() if len(values) == 1 else PARTLY
            found[output.target] = Seen(value, min(one.time_s for one in known))
    return found


def read(snapshot: Snapshot, outputs: Iterable[Output], site: Site) -> list[Output]:
    """The outputs but those of what was not read since the start, and which can therefore not be set yet."""
    return [one for one in outputs if all(map(partial(_is_read, snapshot), _points(site, one.target)))]


def _is_read(snapshot: Snapshot, point: PointId) -> bool:
    reading = snapshot.readings.get(point)
    return reading is not None and reading.reason is not Reason.NEVER_READ


def _points(site: Site, target: PointId) -> list[PointId]:
    load = _load(site, target)
    return [target] if load is None else [state_point(cord) for cord in load.cords]


def _load(site: Site, target: PointId) -> Load | None:
    """The load that a target is, looked up by its name: there are hundreds, and this is done at each turn."""
    load = site.loads.get(target.removeprefix("load/").removesuffix(".power"))
    return load if load is not None and load.target == target else None


def _good(reading: Reading | None) -> Reading | None:
    return reading if reading is not None and reading.quality is Quality.GOOD else None
