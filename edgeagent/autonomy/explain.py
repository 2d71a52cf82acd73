"""Explaining in plain words: what is off or held, since when, why, what limits it, and when it ends."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from edgeagent.autonomy.arbiter import told
from edgeagent.autonomy.executor import Executor
from edgeagent.autonomy.overview import Overview
from edgeagent.autonomy.past import lines
from edgeagent.autonomy.present import Present, local
from edgeagent.autonomy.terms import listed
from edgeagent.core.ports import AuditTrail
from edgeagent.model.intent import Domain
from edgeagent.model.interlock import Act, Interlock, ServiceState, Standing
from edgeagent.model.points import PointId
from edgeagent.model.site import Load, Rack

MAX_ENTRIES = 100


class Alarms(Protocol):
    """What is needed of the alarm desk."""

    def view(self) -> Mapping[str, object]:
        """All alarms as plain data; see `autonomy.alarms`."""


class Explainer:
    """Answers about everything (an empty name), a load, rack, interlock, alarm, setpoint, point, or a decision's id."""

    def __init__(
        self, now: Present, overview: Overview, executor: Executor, *, alarms: Alarms, trail: AuditTrail
    ) -> None:
        self.overview = overview
        self._now, self._executor = now, executor
        self._alarms, self._trail = alarms, trail

    async def explain(self, name: str) -> Mapping[str, object] | None:
        """``text`` (sentences) and ``history`` (newest first), or None where nothing has the name."""
        if not name:
            return {"name": "", "text": list(self.overview.overview()), "history": []}
        names, text = self._about(name)
        entries = await self._trail.audited(name, MAX_ENTRIES)
        history = lines(entries, names, self._now.wall_of)
        if not text and not history:
            return None
        return {
            "name": name,
            "text": text or [f"Nothing is decided about {name} now."],
            "history": [one.view() for one in history],
        }

    def _about(self, name: str) -> tuple[set[str], list[str]]:
        """All names of the thing, and what there is to say of it now."""
        site = self._now.cycle.site
        load = next((one for one in site.loads.values() if name in {one.name, one.target}), None)
        if load is not None:
            cords = [f"{cord}.state" for cord in load.cords]
            return {load.name, load.target, *cords}, list(self._load(load))
        rack = self._now.cycle.site.racks.get(name)
        if rack is not None:
            return {name}, list(self._rack(rack))
        interlock = self._now.interlock(name)
        if interlock is not None:
            return {name}, list(self._one_interlock(interlock))
        alarm = next((one for one in self._alarm_rows() if one.get("key") == name), None)
        if alarm is not None:
            return {name, str(alarm.get("cause"))}, list(self._alarm(alarm))
        return {name}, [*self._target(name), *self._point(name), *self._decision(name)]

    def _load(self, load: Load) -> Iterator[str]:
        shed = [one for one in self._now.cycle.memory.shed if one.load == load.name]
        for one in shed:
            is_off = one.returning_s is None
            yield " ".join(self.overview.off(one.interlock, shed)) if is_off else self.overview.returning(shed)
        told = [*self.overview.refused(), *self.overview.overrides(), *self.overview.locks()]
        yield from (text for text in told if text.startswith((f"{load.name} ", f"{load.target} ")))
        standing = self._executor.standings.get(load.target)
        if standing is not None and standing.outcome is not None:
            yield f"It was set {standing.output.value}: {standing.outcome.message or standing.outcome.word}."
        if not shed and standing is None:
            yield f"{load.name} ({load.service_class}, {load.rack}) is not held by the agent."
        for interlock in self._now.cycle.tables.interlocks:
            if _may_shed(interlock, load):
                condition = self._now.speech.condition(interlock)
                yield f"{interlock.id} ({interlock.state}) switches it off when {condition}."

    def _rack(self, rack: Rack) -> Iterator[str]:
        """How warm it is there, what is off, and where its interlocks stand."""
        yield from self._point(rack.inlet) if rack.inlet else (f"{rack.name} has no inlet probe.",)
        loads = [load for load in self._now.cycle.site.loads.values() if load.rack == rack.name]
        off = {one.load for one in self._now.cycle.memory.shed} & {load.name for load in loads}
        yield f"{len(off)} of its {len(loads)} loads {'is' if len(off) == 1 else 'are'} held off by interlocks."
        for interlock in self._now.cycle.tables.interlocks:
            if rack.name in interlock.racks:
                yield f"{interlock.id} ({interlock.state}) is {self._now.memory(interlock).standing}."

    def _one_interlock(self, interlock: Interlock) -> Iterator[str]:
        memory = self._now.memory(interlock)
        speech = self._now.speech
        yield f"{interlock.id} ({interlock.state}) {_does(interlock)} when {speech.condition(interlock)}."
        since = f" since {self._now.since(memory.changed_s)}" if memory.changed_s else ""
        why = f", because {memory.why}" if memory.why else ""
        yield f"It is {memory.standing}{since}{why}; {self._now.seen(interlock)}. It has tripped {memory.trips} times."
        if memory.standing is Standing.LATCHED:
            yield f"`edgeagent reset {interlock.id}` ends the latch."
        if interlock.state is ServiceState.MONITOR_ONLY:
            yield "It is in monitor only: it switches nothing."

    def _alarm(self, alarm: Mapping[str, object]) -> Iterator[str]:
        yield f"{str(alarm.get('severity')).capitalize()}: {alarm.get('text')}."
        wall_s = alarm.get("since_wall_s")
        if isinstance(wall_s, float | int):
            yield f"It stands since {local(float(wall_s), self._now.clock.wall_s())}."
        key = str(alarm.get("key"))
        kind, _, rest = key.partition("/")
        if kind == "interlock" and (interlock := self._now.interlock(rest)) is not None:
            yield from self._one_interlock(interlock)
            yield from (text for text in self.overview.shed() if rest in text)
        elif kind == "blind":
            yield "Blind is not hot: maximum cooling is asked for, and nothing is switched off by this alone."

    def _target(self, name: str) -> Iterator[str]:
        """A setpoint or outlet that somebody holds, or that goes to its safe value."""
        latest = self._now.cycle.latest
        output = next((one for one in latest.outputs if one.target == name), None) if latest else None
        if output is not None:
            wanted = self._now.speech.quantity(output.target, output.value)
            yield f"{name} is to be {wanted} by {output.source}: {output.reason}."
            if output.limited:
                yield f"That is not as {listed(output.limited)} asked. It takes {told(self._domain(output.target))}."
            standing = self._executor.standings.get(output.target)
            if standing is not None and standing.outcome is not None:
                yield f"It was set: {standing.outcome.message or standing.outcome.word}."
        yield from (text for text in self.overview.overrides() if text.startswith(f"{name} "))

    def _domain(self, target: PointId) -> Domain:
        return self._now.cycle.tables.targets[target].domain

    def _point(self, name: str) -> Iterator[str]:
        """A point that is read: what it says, how old that is, and what looks at it."""
        latest = self._now.cycle.latest
        reading = latest.snapshot.readings.get(PointId(name)) if latest else None
        if reading is None:
            return
        value = "unknown" if reading.value is None else self._now.speech.quantity(reading.point, reading.value)
        why = f" ({reading.reason.replace('_', ' ')})" if reading.reason else ""
        yield f"{name} is {value}, {reading.quality}{why}, as of {self._now.since(reading.time_s)}."
        limits = self._now.cycle.tables.watchers.get(reading.point, ())
        if limits:
            yield f"Limits that look at it: {listed([one.id for one in limits])}."

    def _decision(self, name: str) -> Iterator[str]:
        for one in () if self._now.cycle.latest is None else self._now.cycle.latest.outputs:
            if one.decision == name:
                yield f"{one.target} is {one.value} by {one.source}: {one.reason}."
                load = next((load for load in self._now.cycle.site.loads.values() if load.target == one.target), None)
                yield from self._load(load) if load is not None else ()

    def _alarm_rows(self) -> list[Mapping[str, object]]:
        found = self._alarms.view().get("alarms")
        return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _may_shed(one: Interlock, load: Load) -> bool:
    return one.act is Act.SHED and load.rack in one.racks and load.service_class in one.sheds


def _does(one: Interlock) -> str:
    if one.act is Act.SHED:
        return f"switches off {' and then '.join(one.sheds)} loads"
    return {Act.RESTORE: "lets loads return", Act.COOL: "asks for maximum cooling"}.get(one.act, "raises an alarm")
