"""The executor: the one place that acts. First the audit record, then the write, then what was read back."""

import asyncio
import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace

import structlog

from edgeagent.autonomy.chronicle import told_at
from edgeagent.autonomy.record_first import RecordFirst
from edgeagent.autonomy.standing import NOTHING, Seen, Standing
from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Actuator, Audit, Beat, Permit
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.errors import DeviceError, StoreError
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Outcome, Output
from edgeagent.model.points import PointId

OVERTAKEN = "something else is wanted by now"
TRIES = 3
BEAT_S = 1.0
PART = "executor"

log = structlog.get_logger(__name__)


class Executor:
    """A critical Service. ``submit`` takes the outputs of a decision; each target has a lane of its own."""

    name = PART
    beat_every_s = 10.0
    critical = True

    def __init__(
        self,
        actuators: Mapping[PointId, Actuator],
        *,
        audit: Audit,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        acted: Callable[[PointId], None] = lambda _target: None,
    ) -> None:
        """``acted`` is told each target that was written to: an act is seen as the next reading, which may hurry."""
        self._actuators, self._acted = actuators, acted
        self._audit = audit
        self._clock = clock
        self._health = health
        self._acts = metrics.counter("edgeagent_acts", "Writes to devices, by what became of them")
        self._lates = metrics.counter("edgeagent_acts_late", "Protective writes that did not wait for their record")
        self._standing: dict[PointId, Standing] = {}  # changed by `_put` and `_drop` alone
        self._lanes: dict[PointId, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()
        self.changes = 0
        """How often something else was wanted, or came of what was wanted."""

    @property
    def standings(self) -> Mapping[PointId, Standing]:
        """What is wanted of each target now, and what became of it."""
        return dict(self._standing)

    @property
    def is_acting(self) -> bool:
        """Whether an act is under way."""
        return any(not lane.done() for lane in self._lanes.values())

    @property
    def targets(self) -> Collection[PointId]:
        """What can be set."""
        return self._actuators.keys()

    def adopt(self, actuators: Mapping[PointId, Actuator]) -> None:
        """Act by these from now on; an act that has begun is finished by the one it began with.

        What was set by one that is gone is set again by its successor, which may have to keep it alive.
        """
        before, self._actuators = self._actuators, actuators
        for target, one in list(self._standing.items()):
            if target not in actuators:
                self._drop(target)
            elif actuators[target] is not before.get(target):
                self._put(replace(one, tries=0, outcome=None))

    def submit(self, outputs: Sequence[Output], seen: Mapping[PointId, Seen] = NOTHING) -> bool:
        """Want these outputs and no others; whether any is new. What is wanted already costs nothing.

        ``seen`` says what targets are read to be, and since when: one that does not stay as it was set is set again.
        """
        wanted = {output.target: output for output in outputs if output.target in self._actuators}
        for target in [target for target in self._standing if target not in wanted]:
            self._drop(target)
        now_s, is_fresh = self._clock.now_s(), False
        for target, output in wanted.items():
            before = self._standing.get(target)
            if before is None or before.output.value != output.value:
                self._put(Standing(output, now_s))
                is_fresh = True
                continue
            if before.output != output:
                before = replace(before, output=output)
                self._put(before)
            if before.is_due_again(seen.get(target), now_s):
                self._put(replace(before, tries=0, outcome=None))
        return is_fresh

    def alarms(self) -> list[AlarmWanted]:
        """One for each target that is not as it should be."""
        return [
            AlarmWanted(
                f"act/{target}",
                "major",
                f"{target} is not {one.output.value}: {one.outcome.message or one.outcome.word}",
                cause=one.output.decision,
            )
            for target, one in sorted(self._standing.items())
            if one.outcome is not None and one.is_failed
        ]

    async def run(self, beat: Beat) -> None:
        """Act on what is wanted until cancelled; an act that has begun is finished in its own time."""
        try:
            while True:
                self._woken.clear()
                self._tidy()
                for target, standing in list(self._standing.items()):
                    if standing.outcome is None and target not in self._lanes:
                        self._lanes[target] = asyncio.create_task(self._act(standing), name=f"act {target}")
                beat()
                await self._wait()
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    def _tidy(self) -> None:
        """Let go of the lanes that have ended; what ended by a bug ends this Service too, and is told."""
        for target, lane in list(self._lanes.items()):
            if lane.done():
                del self._lanes[target]
                lane.result()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(BEAT_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _act(self, standing: Standing) -> None:
        """Carry out one output, with bounded tries, unless something else is wanted meanwhile."""
        backoff = Backoff(1.0, 5.0)
        try:
            for number in range(1, TRIES + 1):
                if not self._still_wanted(standing):  # any more, after a pause
                    return
                outcome, late = await self._once(standing)
                finished = outcome.word == DONE or number == TRIES
                self._came(standing, number, outcome if finished else None, late=late)
                self._tell(standing, outcome)
                if finished or not self._still_wanted(standing):
                    return
                await self._clock.sleep(backoff.next_s())
        finally:
            self._woken.set()

    def _came(self, standing: Standing, number: int, outcome: Outcome | None, *, late: bool) -> None:
        """Note what became of a try, if it is still of interest."""
        if self._still_wanted(standing):
            target = standing.output.target
            now = self._standing[target]
            self._put(replace(now, tries=number, late=now.late or late, outcome=outcome, ended_s=self._clock.now_s()))

    def _put(self, standing: Standing) -> None:
        self._standing[standing.output.target] = standing
        self.changes += 1
        self._woken.set()

    def _drop(self, target: PointId) -> None:
        del self._standing[target]
        self._health.forget(f"{PART} {target}")
        self.changes += 1

    def _still_wanted(self, standing: Standing) -> bool:
        now = self._standing.get(standing.output.target)
        return now is not None and now.since_s == standing.since_s and now.output.value == standing.output.value

    async def _once(self, standing: Standing) -> tuple[Outcome, bool]:
        """One try: record, write, read back, record; whether the write went before its record.

        What was noted and queued before the record is on the disk with it: the memory of the decision, and why.
        An act of many writes asks before each, and ends where something else is wanted by then.
        """
        output = standing.output
        recording = asyncio.create_task(self._audit.audit_durable(output.target, "act", _detail(output, self._clock)))
        first = RecordFirst(recording, output.rank)

        async def permit() -> str:
            return await first.permit() if self._still_wanted(standing) else OVERTAKEN

        outcome = await self._apply(output, permit)
        if first.refused:
            return outcome, False
        await self._record(recording, output, outcome, late=first.late)
        return outcome, first.late

    async def _apply(self, output: Output, permit: Permit) -> Outcome:
        actuator = self._actuators.get(output.target)
        if actuator is None:
            return Outcome(output.target, FAILED, "it can no longer be set: the configuration has changed")
        try:
            return await actuator.apply(output, permit)
        except DeviceError as error:
            return Outcome(output.target, UNVERIFIED, str(error))

    async def _record(self, recording: "asyncio.Task[object]", output: Output, outcome: Outcome, *, late: bool) -> None:
        if late:
            self._lates.add()
        try:
            await recording
        except StoreError as error:
            log.critical("act without a record", target=output.target, value=output.value, error=str(error))
            self._health.set(PART, Level.FAILED, f"{output.target} was set without a record: {error}")
        word = f"{outcome.word}, late" if late else outcome.word
        self._audit.audit(output.target, word, outcome.message)

    def _tell(self, standing: Standing, outcome: Outcome) -> None:
        output = standing.output
        self._acts.add(outcome=outcome.word)
        self._acted(output.target)
        if outcome.word == DONE:
            self._health.forget(f"{PART} {output.target}")
            log.info("set", target=output.target, value=output.value, reason=output.reason)
            return
        message = f"cannot set {output.target} to {output.value}: {outcome.message or outcome.word}"
        is_news = self._still_wanted(standing)  # what was overtaken did not fail
        if is_news and self._health.set(f"{PART} {output.target}", Level.DEGRADED, message):
            log.warning("not set", target=output.target, value=output.value, error=outcome.message)


def _detail(output: Output, clock: Clock) -> str:
    """What the audit keeps of an output, as JSON."""
    return json.dumps(
        {
            "value": output.value,
            "rank": output.rank.name.lower(),
            "source": output.source,
            "reason": output.reason,
            "decision": output.decision,
            "limited": list(output.limited),
            **told_at(clock),
        }
    )
