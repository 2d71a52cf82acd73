"""The desk of estimates: it puts a judge before each device, keeps totals, and tells what is marked."""

from collections.abc import Collection

import structlog

from edgeagent.core.clock import Anchor, Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Driver, Facts
from edgeagent.drivers.estimates.judge import Judge
from edgeagent.drivers.estimates.judged import Judged
from edgeagent.drivers.estimates.kept_totals import kept, resumed
from edgeagent.drivers.estimates.totals import WHOLE_W, resume
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.points import DeviceId, PointId

NAMED = 3
"""Points that one sentence names; the rest are counted."""

log = structlog.get_logger(__name__)


class Desk:
    """One for the daemon. ``around`` is given to every driver's making; ``alarms`` is a watcher of the cycle."""

    def __init__(self, facts: Facts, clock: Clock, metrics: Metrics) -> None:
        self._facts, self._clock = facts, clock
        self._marked: dict[DeviceId, dict[PointId, str]] = {}
        self._gauge = gauge = metrics.gauge(
            "edgeagent_implausible_points", "Points whose readings are marked implausible, by device"
        )

        def collect() -> None:
            for device, marks in self._marked.items():
                gauge.set(len(marks), device=device)

        metrics.collector(collect)

    @property
    def marked(self) -> dict[PointId, str]:
        """Every point that is marked now, and why."""
        return {point: why for marks in self._marked.values() for point, why in marks.items()}

    def alarms(self, besides: Collection[PointId] = ()) -> list[AlarmWanted]:
        """One for each device with implausible readings, ``besides`` those points that have an alarm of their own."""
        found = []
        for device, marks in sorted(self._marked.items()):
            if rest := {point: why for point, why in marks.items() if point not in besides}:
                text = _sentence(device, rest)
                found.append(AlarmWanted(f"implausible/{device}", "warning", text, cause=next(iter(rest))))
        return found

    def tell(self, device: DeviceId, marks: dict[PointId, str]) -> None:
        """Remember what is marked of a device; people hear of each point once."""
        before = self._marked.get(device, {})
        fresh = {point: marks[point] for point in sorted(marks.keys() - before.keys())}
        if fresh:
            log.warning("readings are implausible", device=device, error=_sentence(device, fresh))
        if gone := sorted(before.keys() - marks.keys()):
            log.info("readings are plausible again", device=device, count=len(gone), first=gone[0])
        self._marked[device] = marks

    def forget(self, device: DeviceId) -> None:
        """Nothing is marked of what is not read."""
        self._marked.pop(device, None)
        self._gauge.forget(device=device)

    def recall(self, device: DeviceId, judge: Judge, serial: str) -> bool:
        """Have the totals go on from what was kept; false as long as that cannot be known."""
        if not self._facts.knows_facts:
            return False
        found, notice = resumed(self._facts.fact(_fact(device)), serial, Anchor.of(self._clock), WHOLE_W)
        if notice:
            log.error("what was kept cannot be used", device=device, error=notice)
        resume(judge.totals, found)
        return True

    def keep(self, device: DeviceId, judge: Judge, serial: str) -> None:
        """Keep the totals of a device."""
        counters = {one.slot.name: one.running for one in judge.totals if one.running is not None}
        self._facts.note_fact(_fact(device), kept(counters, serial, Anchor.of(self._clock)))

    def now_s(self) -> float:
        """CLOCK_BOOTTIME in seconds."""
        return self._clock.now_s()

    def around(self, device: DeviceId, driver: Driver) -> Driver:
        """A driver whose readings are judged."""
        return Judged(device, driver, self)


def _fact(device: DeviceId) -> str:
    return f"estimates.{device}"


def _sentence(device: DeviceId, marks: dict[PointId, str]) -> str:
    names = [f"{point.removeprefix(f'{device}/')} ({why})" for point, why in list(marks.items())[:NAMED]]
    more = f" and {len(marks) - NAMED} more" if len(marks) > NAMED else ""
    return f"{device} has implausible readings: {', '.join(names)}{more}"
