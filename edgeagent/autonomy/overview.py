"""What the pod does by itself and what people hold, in sentences."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.orders import Orders
from edgeagent.autonomy.permissive import SHARE
from edgeagent.autonomy.present import Present
from edgeagent.autonomy.terms import listed, seconds
from edgeagent.model.decision import ShedLoad
from edgeagent.model.site import Load

MANY = 4
"""The sentence names so many racks, and counts more."""


class Overview:
    """Each method tells one part; `overview` all of it, and `sentence` the most important in one line."""

    def __init__(self, now: Present, orders: Orders) -> None:
        self._now, self._orders = now, orders

    def overview(self) -> Iterator[str]:
        """Everything that is not as it is when nobody asks for anything."""
        told = [*self.shed(), *self.refused(), *self.cooling(), *self.overrides(), *self.locks()]
        state = _state(self._now.cycle.tables)
        yield from told or [f"Nothing is switched off or held by the agent. {state}"]
        yield from self._would()

    def sentence(self) -> str:
        """What the pod does by itself now, in one sentence for its headline, or nothing."""
        off = [one for one in self._now.cycle.memory.shed if one.load in self._now.cycle.site.loads]
        if not off:
            return ""
        racks = sorted({self._now.cycle.site.loads[one.load].rack for one in off})
        returning = sum(one.returning_s is not None for one in off)
        count = f"{len(off)} load{'' if len(off) == 1 else 's'}"
        since = self._now.time_of_day(min(one.since_s for one in off))
        coming = f", {returning} of them returning" if returning else ""
        verb = "is" if len(off) == 1 else "are"
        where = listed(racks) if len(racks) <= MANY else f"{len(racks)} racks"
        return f"{count} in {where} {verb} off since {since}{coming}"

    def shed(self) -> Iterator[str]:
        """The loads that interlocks hold off, by interlock."""
        off = sorted((one for one in self._now.cycle.memory.shed if one.load in self._now.cycle.site.loads), key=_group)
        for (interlock_id, returning), group in groupby(off, key=_group):
            some = list(group)
            yield self.returning(some) if returning else " ".join(self.off(interlock_id, some))

    def off(self, interlock_id: str, some: Sequence[ShedLoad]) -> Iterator[str]:
        """One group of loads that one interlock holds off: since when, why, and when they return."""
        loads = [self._now.cycle.site.loads[one.load] for one in some]
        speech = self._now.speech
        verb, when = ("is", "It returns") if len(some) == 1 else ("are", "They return")
        yield f"{_loads(loads)} {verb} off since {self._now.since(min(one.since_s for one in some))}"
        interlock = self._now.interlock(interlock_id)
        if interlock is not None:
            yield f"because {speech.condition(interlock)} ({interlock_id}; {self._now.seen(interlock)})."
        else:
            yield f"because of {interlock_id}, which is no longer in the tables."
        stagger = seconds(self._now.cycle.tables.pace.stagger_s)
        yield f"{when} when {speech.returns_when(loads[0])}, one every {stagger},"
        yield f"as far as each rack PDU stays at or below {SHARE:.0%} of its rating."
        kept = {step.text for step in self._now.steps("kept off") if step.subject in {load.name for load in loads}}
        if kept:
            yield f"Until then: {listed(sorted(kept))}."

    def returning(self, some: Sequence[ShedLoad]) -> str:
        """Loads that are on their way back."""
        names = listed([one.load for one in some])
        return f"{names} {'is' if len(some) == 1 else 'are'} being switched on again, and not yet read as on."

    def refused(self) -> Iterator[str]:
        """What was wanted and may not be."""
        for step in self._now.steps("refused"):
            yield f"{step.subject} is not switched off: {step.text}."
        for step in self._now.steps("vetoed"):
            yield f"{step.subject} is not set: {step.text}."

    def cooling(self) -> Iterator[str]:
        """Where maximum cooling is asked for."""
        for step in self._now.steps("maximum cooling"):
            where = step.subject if step.subject == "the pod" else f"aisle {step.subject}"
            yield f"Maximum cooling is asked for in {where} {step.text}."

    def overrides(self) -> Iterator[str]:
        """What people hold, until when, and what limits it."""
        now_s = self._now.clock.now_s()
        limited = {source: step for step in self._now.steps("limited") for source in (step.subject,)}
        for one in self._orders.overrides():
            why = f": {one.why}" if one.why else ""
            if one.begins_s > now_s:
                at = self._now.time_of_day(one.begins_s)
                yield f"{one.target} is to be {one.value} again at {at}: {one.by} cycles it{why} ({one.id})."
                continue
            yield (
                f"{one.target} is held {one.value} by {one.by} until {self._now.time_of_day(one.until_s)}, "
                f"{seconds(one.until_s - now_s)} from now{why} ({one.id})."
            )
            if one.source in limited:
                yield f"It is limited: {limited[one.source].text}."

    def locks(self) -> Iterator[str]:
        """What people locked out."""
        for one in self._orders.locks.values():
            why = f": {one.why}" if one.why else ""
            yield f"{one.name} is locked out by {one.by} since {self._now.since(one.at_s)}{why}. Nobody switches it."

    def _would(self) -> Iterator[str]:
        """What monitor-only interlocks would do."""
        would = [step for step in self._now.trace() if step.what in {"would shed", "would return"}]
        for what, group in groupby(sorted(would, key=lambda step: step.what), key=lambda step: step.what):
            some = list(group)
            yield f"In service it {what} {listed([step.subject for step in some])} now ({some[0].text}; monitor only)."


def _group(one: ShedLoad) -> tuple[str, bool]:
    return one.interlock, one.returning_s is not None


def _loads(loads: Sequence[Load]) -> str:
    """``rack r1's P3 loads a and b``."""
    classes = listed(sorted({str(load.service_class) for load in loads}))
    racks = listed(sorted({load.rack for load in loads}))
    return f"{racks}: {classes} load{'' if len(loads) == 1 else 's'} {listed([load.name for load in loads])}"


def _state(tables: Tables) -> str:
    armed = sum(one.armed for one in tables.interlocks)
    if not tables.interlocks:
        return "There are no interlocks: the configuration has no racks."
    if not armed:
        return f"All {len(tables.interlocks)} interlocks are in monitor only or out of service: they switch nothing."
    return f"{armed} of {len(tables.interlocks)} interlocks are in service."
