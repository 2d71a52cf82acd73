"""The supervisor: each Service runs in a loop of its own, so that one that fails never takes another down."""

import asyncio
from collections import deque
from dataclasses import dataclass, field
from enum import StrEnum

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Service
from edgeagent.model.errors import EdgeAgentError

CHECK_EVERY_S = 0.5
CANCEL_GRACE_S = 5.0
"""How long a cancelled Service may take to end before it counts as stuck."""
INTENSITY_RESTARTS = 5
INTENSITY_WINDOW_S = 300.0
"""More restarts than this within the window: degraded, and still tried."""

log = structlog.get_logger(__name__)


class Policy(StrEnum):
    """Whether a Service that ended is started again."""

    PERMANENT = "permanent"
    """Always."""
    TRANSIENT = "transient"
    """Only when it failed."""
    TEMPORARY = "temporary"
    """Never."""


class Phase(StrEnum):
    """Where a supervised Service stands."""

    WAITING = "waiting"
    RUNNING = "running"
    BACKOFF = "backoff"
    STUCK = "stuck"
    ENDED = "ended"


@dataclass(slots=True)
class Supervised:
    """One Service and what happened to it; times are CLOCK_BOOTTIME seconds."""

    service: Service
    policy: Policy
    backoff: Backoff
    phase: Phase = Phase.WAITING
    since_s: float = 0.0
    last_beat_s: float = 0.0
    restarts: int = 0
    last_error: str = ""
    missed_beat: bool = False
    task: asyncio.Task[None] | None = None
    recent: deque[float] = field(default_factory=lambda: deque(maxlen=INTENSITY_RESTARTS + 1))


class Supervisor:
    """Runs Services until told to stop; restarts with jittered backoff, cancels one that misses its beat."""

    def __init__(self, clock: Clock, health: Health, metrics: Metrics) -> None:
        self._clock = clock
        self._health = health
        self._restarts = metrics.counter("edgeagent_service_restarts", "Starts after a Service ended or was cancelled")
        self._supervised: list[Supervised] = []
        self._checked_s = clock.now_s()
        self.started = asyncio.Event()
        """Set once every Service has been started."""

    def add(self, service: Service, policy: Policy = Policy.PERMANENT) -> None:
        """Have the Service run from the next ``run`` on."""
        self._supervised.append(Supervised(service, policy, Backoff(1.0, 60.0)))

    @property
    def services(self) -> tuple[Supervised, ...]:
        """Every Service with its fate so far."""
        return tuple(self._supervised)

    def fault(self) -> str | None:
        """Why the watchdog must be withheld: a critical Service cannot be brought back, or nobody looks; else None."""
        late_s = self._clock.now_s() - self._checked_s
        if late_s > CANCEL_GRACE_S:
            return f"the supervisor has not looked for {late_s:.1f} s"
        stuck = [one.service.name for one in self._supervised if one.service.critical and one.phase is Phase.STUCK]
        return f"critical service {stuck[0]} cannot be brought back" if stuck else None

    async def run(self, stop: asyncio.Event) -> None:
        """Run every Service until ``stop``; then cancel them in reverse order of adding, each with a grace time."""
        keepers = [asyncio.create_task(self._keep(one), name=f"keep {one.service.name}") for one in self._supervised]
        checker = asyncio.create_task(self._check(), name="supervisor check")
        try:
            await stop.wait()
        finally:
            checker.cancel()
            for keeper in reversed(keepers):
                keeper.cancel()
                await asyncio.wait([keeper], timeout=CANCEL_GRACE_S)
            await asyncio.wait([checker], timeout=CANCEL_GRACE_S)

    async def _keep(self, one: Supervised) -> None:
        while True:
            self._move(one, Phase.RUNNING)
            if all(other.phase is not Phase.WAITING for other in self._supervised):
                self.started.set()
            one.last_beat_s, one.missed_beat = self._clock.now_s(), False
            failed = await self._run_once(one)
            if one.policy is Policy.TEMPORARY or (one.policy is Policy.TRANSIENT and not failed):
                self._move(one, Phase.ENDED)
                return
            await self._wait_before_restart(one)

    async def _run_once(self, one: Supervised) -> bool:
        """Run until the Service ends; true when it failed."""
        one.task = asyncio.create_task(one.service.run(lambda: self._beat(one)), name=one.service.name)
        try:
            await asyncio.wait([one.task])
        except asyncio.CancelledError:
            await self._end(one.task)
            raise
        return self._outcome(one, one.task)

    async def _end(self, task: asyncio.Task[None]) -> None:
        task.cancel()
        await asyncio.wait([task], timeout=CANCEL_GRACE_S)
        if task.done() and not task.cancelled() and (error := task.exception()) is not None:
            log.warning("service failed while stopping", service=task.get_name(), error=str(error))

    def _outcome(self, one: Supervised, task: asyncio.Task[None]) -> bool:
        name = one.service.name
        if task.cancelled():
            one.last_error = f"no beat for {one.service.beat_every_s:g} s" if one.missed_beat else "cancelled"
            log.error("service cancelled", service=name, error=one.last_error)
            return True
        error = task.exception()
        if error is None:
            one.last_error = "ended by itself"
            return False
        one.last_error = f"{type(error).__name__}: {error}"
        if isinstance(error, EdgeAgentError):
            log.error("service failed", service=name, error=str(error))
        else:
            log.error("service failed by a bug", service=name, exc_info=error)
        return True

    async def _wait_before_restart(self, one: Supervised) -> None:
        now_s = self._clock.now_s()
        if now_s - one.since_s > one.backoff.last_s * 2:
            one.backoff.reset()
        one.restarts += 1
        one.recent.append(now_s)
        self._restarts.add(service=one.service.name)
        wait_s = one.backoff.next_s()
        often = len(one.recent) > INTENSITY_RESTARTS and now_s - one.recent[0] <= INTENSITY_WINDOW_S
        level = Level.FAILED if often else Level.DEGRADED
        self._move(one, Phase.BACKOFF)
        self._health.set(f"service {one.service.name}", level, f"{one.last_error}; starts again in {wait_s:.0f} s")
        await self._clock.sleep(wait_s)

    def _beat(self, one: Supervised) -> None:
        one.last_beat_s = self._clock.now_s()
        if one.phase is Phase.STUCK:
            one.missed_beat = False
            self._move(one, Phase.RUNNING)
        condition = self._health.get(f"service {one.service.name}")
        if condition is None or condition.level is not Level.OK:
            self._health.set(f"service {one.service.name}", Level.OK)

    def _move(self, one: Supervised, phase: Phase) -> None:
        one.phase, one.since_s = phase, self._clock.now_s()

    async def _check(self) -> None:
        while True:
            now_s = self._clock.now_s()
            if now_s - self._checked_s > CHECK_EVERY_S * 4:
                # The machine slept or the loop stood still: nobody could beat, so nobody is blamed.
                for one in self._supervised:
                    one.last_beat_s = now_s
            self._checked_s = now_s
            for one in self._supervised:
                self._check_one(one, now_s)
            await self._clock.sleep(CHECK_EVERY_S)

    def _check_one(self, one: Supervised, now_s: float) -> None:
        silent_s = now_s - one.last_beat_s
        if one.phase not in (Phase.RUNNING, Phase.STUCK) or one.task is None or silent_s <= one.service.beat_every_s:
            return
        if not one.missed_beat:
            one.missed_beat = True
            one.task.cancel()
        elif one.phase is Phase.RUNNING and silent_s > one.service.beat_every_s + CANCEL_GRACE_S:
            self._move(one, Phase.STUCK)
            message = f"no beat for {silent_s:.0f} s, and it does not let itself be cancelled"
            self._health.set(f"service {one.service.name}", Level.FAILED, message)
            log.error("service stuck", service=one.service.name, critical=one.service.critical, error=message)
