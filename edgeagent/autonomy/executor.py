"""The executor: the one place that acts. First the audit record, then the write, then what was read back."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Actuator, Audit, Beat
from edgeagent.model.errors import DeviceError, StoreError
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Outcome, Output, Rank
from edgeagent.model.points import PointId

LATE_S = 0.05
"""How long an act of the first three ranks waits for its record on the disk; then it goes first and is called late."""
TRIES = 3
BEAT_S = 1.0
PART = "executor"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """What is wanted of one target, and what became of it; times are CLOCK_BOOTTIME seconds."""

    output: Output
    since_s: float
    tries: int = 0
    late: bool = False
    outcome: Outcome | None = None


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
    ) -> None:
        self._actuators = actuators
        self._audit = audit
        self._clock = clock
        self._health = health
        self._acts = metrics.counter("edgeagent_acts", "Writes to devices, by what became of them")
        self._lates = metrics.counter("edgeagent_acts_late", "Protective writes that did not wait for their record")
        self._standing: dict[PointId, Standing] = {}
        self._lanes: dict[PointId, asyncio.Task[None]] = {}
        self._woken = asyncio.Event()

    @property
    def standings(self) -> Mapping[PointId, Standing]:
        """What is wanted of each target now, and what became of it."""
        return dict(self._standing)

    def submit(self, outputs: Sequence[Output], because: str = "") -> None:
        """Want these outputs; what was wanted of a target before and is wanted again costs nothing.

        ``because`` is the explanation that is audited with each changed output.
        """
        for output in outputs:
            before = self._standing.get(output.target)
            if output.target not in self._actuators:
                continue
            if before is not None and before.output.value == output.value:
                continue
            reason = f"{output.reason}; {because}" if because else output.reason
            self._standing[output.target] = Standing(replace(output, reason=reason), self._clock.now_s())
            self._woken.set()

    async def run(self, beat: Beat) -> None:
        """Act on what is wanted until cancelled; an act that has begun is finished in its own time."""
        try:
            while True:
                self._woken.clear()
                for target, standing in list(self._standing.items()):
                    lane = self._lanes.get(target)
                    if standing.outcome is None and (lane is None or lane.done()):
                        self._lanes[target] = asyncio.create_task(self._act(standing), name=f"act {target}")
                beat()
                await self._wait()
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(BEAT_S):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _act(self, standing: Standing) -> None:
        """Carry out one output, with bounded tries, unless something else is wanted meanwhile."""
        target, backoff = standing.output.target, Backoff(1.0, 5.0)
        for number in range(1, TRIES + 1):
            if not self._still_wanted(standing):
                return
            outcome, late = await self._once(standing.output)
            finished = outcome.word == DONE or number == TRIES
            if self._still_wanted(standing):
                kept = outcome if finished else None
                standing = replace(standing, tries=number, late=standing.late or late, outcome=kept)
                self._standing[target] = standing
            self._tell(standing.output, outcome)
            if finished:
                break
            await self._clock.sleep(backoff.next_s())
        self._woken.set()

    def _still_wanted(self, standing: Standing) -> bool:
        return self._standing[standing.output.target].output is standing.output

    async def _once(self, output: Output) -> tuple[Outcome, bool]:
        """One try: record, write, read back, record; whether the write went before its record."""
        recording = asyncio.create_task(self._audit.audit_durable(output.target, "act", _detail(output)))
        patience_s = LATE_S if output.rank <= Rank.SURVIVAL else None
        await asyncio.wait([recording], timeout=patience_s)
        late = not recording.done() or recording.exception() is not None
        if late and output.rank > Rank.SURVIVAL:
            return Outcome(
                output.target, FAILED, f"not done: it could not be recorded first ({recording.exception()})"
            ), False
        outcome = await self._apply(output)
        await self._record(recording, output, outcome, late=late)
        return outcome, late

    async def _apply(self, output: Output) -> Outcome:
        try:
            return await self._actuators[output.target].apply(output)
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

    def _tell(self, output: Output, outcome: Outcome) -> None:
        self._acts.add(outcome=outcome.word)
        if outcome.word == DONE:
            self._health.forget(f"{PART} {output.target}")
            log.info("set", target=output.target, value=output.value, reason=output.reason)
            return
        message = f"cannot set {output.target} to {output.value}: {outcome.message or outcome.word}"
        if self._health.set(f"{PART} {output.target}", Level.DEGRADED, message):
            log.warning("not set", target=output.target, value=output.value, error=outcome.message)


def _detail(output: Output) -> str:
    """What the audit keeps of an output, as JSON."""
    return json.dumps(
        {
            "value": output.value,
            "rank": output.rank.name.lower(),
            "source": output.source,
            "reason": output.reason,
            "decision": output.decision,
            "limited": list(output.limited),
        }
    )
