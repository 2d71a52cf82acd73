"""Where water would condense: how far the coldest coolant that reaches the racks is above the dew point. Pure."""

from collections.abc import Iterable

from edgeagent.autonomy.estimates.found import Found, known
from edgeagent.model.decision import AlarmWanted, Severity
from edgeagent.model.points import DeviceId, PointId, device_of, name_of
from edgeagent.model.reading import Reason
from edgeagent.model.snapshot import Snapshot

SUPPLY = "secondary.supply.temperature"
"""The loop that runs through the racks; facility water comes in insulated pipes."""
DEW = "dew_point"
WARN_K, CLEAR_K = 2.0, 2.5


def margins(snapshot: Snapshot, points: Iterable[PointId]) -> dict[DeviceId, Found]:
    """For every coolant supply among the points, its distance from the highest dew point that is known, in kelvin."""
    mine = tuple(points)
    dews = [known(snapshot, point) for point in mine if name_of(point).rpartition(".")[2] == DEW]
    supplies = [point for point in mine if name_of(point) == SUPPLY]
    return {device_of(point): _margin(known(snapshot, point), dews, snapshot.time_s) for point in supplies}


def _margin(supply: Found, dews: Iterable[Found], now_s: float) -> Found:
    if supply.value is None:
        return Found(None, now_s, supply.reason)
    every = tuple(dews)
    readable = [one for one in every if one.value is not None]
    if not readable:
        reason = next((one.reason for one in every if one.reason), Reason.ABSENT)
        return Found(None, now_s, reason)
    wettest = max(readable, key=lambda one: one.value or 0.0)
    is_sure = len(readable) == len(every)
    return Found(supply.value - (wettest.value or 0.0), min(supply.time_s, wettest.time_s), is_sure=is_sure)


class CondensationAlarms:
    """Which alarms stand; blindness does not end one."""

    def __init__(self) -> None:
        self._standing: dict[DeviceId, AlarmWanted] = {}

    def update(self, found: dict[DeviceId, Found]) -> None:
        """Look at all coolant loops."""
        after = {device: self._alarm(device, one) for device, one in found.items()}
        self._standing = {device: alarm for device, alarm in after.items() if alarm is not None}

    def alarms(self) -> list[AlarmWanted]:
        """One for each loop."""
        return list(self._standing.values())

    def _alarm(self, device: DeviceId, one: Found) -> AlarmWanted | None:
        before = self._standing.get(device)
        if one.value is None:
            return before
        if one.value > (WARN_K if before is None else CLEAR_K):
            return None
        text = f"the coolant of {device} is {one.value:.1f} K above the dew point: water may condense; supply it warmer"
        if one.value <= 0:
            text = (
                f"the coolant of {device} is {-one.value:.1f} K below the dew point: water condenses; supply it warmer"
            )
        severity: Severity = "major" if one.value <= 0 else "warning"
        return AlarmWanted(f"condensation/{device}", severity, text, cause=f"derived/{device}.condensation_margin")
