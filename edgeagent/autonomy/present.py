"""The present, in words: what decisions, limits and clocks say at this moment."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from edgeagent.autonomy.cycle import Cycle
from edgeagent.autonomy.terms import Speech, listed, seconds
from edgeagent.core.clock import Anchor, Clock
from edgeagent.model.decision import Step
from edgeagent.model.interlock import Interlock, InterlockMemory
from edgeagent.model.journal import AuditEntry
from edgeagent.model.points import PointId

DAY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Present:
    """The cycle's last decision and the clock; ``unit_of`` gives the UCUM unit of a point."""

    cycle: Cycle
    clock: Clock
    unit_of: Callable[[PointId], str]

    @property
    def speech(self) -> Speech:
        """For this site and these tables."""
        return Speech(self.cycle.site, self.cycle.tables, self.unit_of)

    def interlock(self, name: str) -> Interlock | None:
        """The interlock of this id."""
        return next((one for one in self.cycle.tables.interlocks if one.id == name), None)

    def memory(self, interlock: Interlock) -> InterlockMemory:
        """What is remembered of it."""
        return self.cycle.memory.interlocks.get(interlock.id, InterlockMemory())

    def seen(self, interlock: Interlock) -> str:
        """What its limits say now."""
        limits = self.cycle.memory.limits
        points = {one.id: one.point for one in self.cycle.tables.limits}
        known = [name for name in interlock.watches if name in limits]
        told = [f"{self.speech.place(points[name])}: {limits[name].why}" for name in known]
        return listed(told) if told else "it has not been looked at yet"

    def trace(self) -> Sequence[Step]:
        """The steps of the last decision."""
        return () if self.cycle.latest is None else self.cycle.latest.decision.trace

    def steps(self, what: str) -> Iterator[Step]:
        """Those of one word."""
        return (step for step in self.trace() if step.what == what)

    def since(self, boottime_s: float) -> str:
        """``14:02:11, 4 min ago``; only how long ago where the wall clock cannot be trusted."""
        ago_s = self.clock.now_s() - boottime_s
        ago = f"{seconds(ago_s)} ago" if ago_s >= 1 else "just now"
        return f"{self.time_of_day(boottime_s)}, {ago}" if Anchor.of(self.clock).trusted else ago

    def time_of_day(self, boottime_s: float) -> str:
        """The local time of a moment; how far it is where the wall clock cannot be trusted."""
        now = Anchor.of(self.clock)
        if not now.trusted:
            return f"{seconds(abs(now.boottime_s - boottime_s))} {'from now' if boottime_s > now.boottime_s else 'ago'}"
        return local(now.wall_s + boottime_s - now.boottime_s, now.wall_s)

    def wall_of(self, entry: AuditEntry) -> float | None:
        """The wall time of an entry of this boot, where it can be trusted."""
        now = Anchor.of(self.clock)
        if not now.trusted or not now.boot_id.startswith(entry.boot):
            return None
        return now.wall_s + entry.time_s - now.boottime_s


def local(wall_s: float, now_s: float) -> str:
    """A local time of day; with its date where it is another day."""
    near = abs(now_s - wall_s) < DAY_S and time.localtime(wall_s).tm_yday == time.localtime(now_s).tm_yday
    return time.strftime("%H:%M:%S" if near else "%Y-%m-%d %H:%M:%S", time.localtime(wall_s))
