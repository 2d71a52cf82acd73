"""Loads and outlets that people cycled and that do not come back: nobody may learn of that by chance."""

from collections.abc import Iterable

from edgeagent.autonomy.compiled import OFF, ON, state_point
from edgeagent.autonomy.latest import Latest
from edgeagent.autonomy.orders import Override
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality
from edgeagent.model.site import Site
from edgeagent.model.snapshot import Snapshot

AFTER_S = 60.0


def alarms(overrides: Iterable[Override], latest: Latest | None, site: Site) -> list[AlarmWanted]:
    """One for each that is not read as on a minute after it was to be, unless something holds it off since."""
    if latest is None:
        return []
    off = {one.target for one in latest.outputs if one.value == OFF}
    snapshot = latest.snapshot
    return [
        AlarmWanted(f"cycled/{one.target}", "major", f"{one.target} does not come back: {_why(latest, cords)}")
        for one in overrides
        if one.begins_s and snapshot.time_s - one.begins_s >= AFTER_S and one.target not in off
        for cords in [_cords(one.target, site)]
        if not all(_is_on(snapshot, cord) for cord in cords)
    ]


def _cords(target: PointId, site: Site) -> list[PointId]:
    load = next((load for load in site.loads.values() if load.target == target), None)
    return [target] if load is None else [state_point(cord) for cord in load.cords]


def _is_on(snapshot: Snapshot, cord: PointId) -> bool:
    reading = snapshot.readings.get(cord)
    return reading is not None and reading.quality is Quality.GOOD and reading.value in {ON, True}


def _why(latest: Latest, cords: Iterable[PointId]) -> str:
    vetoed = {step.subject: step.text for step in latest.decision.trace if step.what == "vetoed"}
    return next((vetoed[cord] for cord in cords if cord in vetoed), "it is not read as on a minute after it was cycled")
