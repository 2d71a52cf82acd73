"""Workers: what can hang, crash or hog runs in a supervised child process that is killed and replaced.

A worker is a Service: its ``run`` keeps one child alive from the first call (or ``warm``) on. Calls run one at a time,
in the order they were made, each at most once. A child that dies, answers garbage or misses a deadline is ended; the
call it was at fails with a ``WorkerError`` that says why, and a new child is started after a backoff. Calls that had
not begun wait for the new child until their own deadlines.
"""

import asyncio
import itertools
import os
from collections import deque
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.child import Child
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.pipe import Reply, Request, pack
from edgeagent.core.ports import Beat
from edgeagent.core.worker_main import Options
from edgeagent.model import errors
from edgeagent.model.errors import EdgeAgentError, WorkerError

BEAT_S = 5.0
EXIT_PATIENCE_S = 0.5
"""How long a child may take to go by itself once we hang up, before SIGTERM."""
MAX_UNKILLABLE = 3
"""Children that survive SIGKILL, beyond which no other is started until one of them is gone."""
FAILED_AFTER = 3
"""Losses without a long life between them, beyond which the worker counts as failed."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class WorkerSpec:
    """What a worker is; ``handlers`` is ``package.module:NAME`` of a mapping name → function, loaded in the child.

    ``memory_bytes`` bounds the child's address space (RLIMIT_AS); ``nice`` lowers its priority.
    """

    name: str
    handlers: str
    start_s: float = 20.0
    longest_call_s: float = 60.0
    max_message_bytes: int = 1 << 20
    max_pending: int = 64
    memory_bytes: int | None = None
    nice: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Call:
    """One call that waits for its answer; ``deadline_s`` is the event loop's time."""

    number: int
    name: str
    packed: bytes
    timeout_s: float
    deadline_s: float
    answer: asyncio.Future[Any]


class Worker:
    """One supervised child at a time, and the calls to it."""

    def __init__(
        self,
        spec: WorkerSpec,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        *,
        on_line: Callable[[str], None],
        backoff: Backoff | None = None,
    ) -> None:
        self._spec = spec
        self._clock = clock
        self._health = health
        self._on_line = on_line
        self._backoff = backoff or Backoff(0.1, 30.0)
        self._starts = metrics.counter("edgeagent_worker_starts", "Child processes started")
        self._losses = metrics.counter("edgeagent_worker_losses", "Child processes that died or had to be killed")
        self._stuck = metrics.gauge("edgeagent_worker_unkillable", "Child processes that survive SIGKILL")
        self._refused = metrics.counter("edgeagent_worker_calls_refused", "Calls refused because too many waited")
        self._dropped = metrics.counter("edgeagent_worker_lines_dropped", "Lines of standard error left out")
        self._numbers = itertools.count(1)
        self._calls: deque[Call] = deque()
        self._current: Call | None = None
        self._child: Child | None = None
        self._unkillable: list[Child] = []
        self._cause = "it has not been started"
        self._wanted = asyncio.Event()
        self._serving = asyncio.Event()
        self._stirred = asyncio.Event()

    @property
    def name(self) -> str:
        """Its name in logs, status and metrics."""
        return f"worker {self._spec.name}"

    @property
    def beat_every_s(self) -> float:
        """Longer than any single wait."""
        return max(self._spec.start_s, self._spec.longest_call_s) + 2 * BEAT_S

    @property
    def critical(self) -> bool:
        """The agent goes on without it."""
        return False

    @property
    def pid(self) -> int | None:
        """The process id of the child that serves now."""
        return self._child.pid if self._child is not None else None

    async def warm(self, timeout_s: float) -> None:
        """Have a child running, with its handlers loaded, ahead of the first call.

        Raises:
            WorkerError: none was ready in time.
        """
        self._wanted.set()
        try:
            async with asyncio.timeout(timeout_s):
                await self._serving.wait()
        except TimeoutError:
            raise WorkerError(f"cannot warm {self.name}: not ready within {timeout_s:g} s; {self._cause}") from None

    async def call(self, name: str, args: Mapping[str, Any] | None = None, *, timeout_s: float) -> Any:
        """What the handler ``name`` returns for the keyword arguments ``args``, within ``timeout_s``, waiting included.

        Raises:
            WorkerError: the child died, hung or answered garbage, or too many calls wait; the call may have had effect.
            EdgeAgentError: the named error that the handler raised in the child, of the same class.
            ValueError: ``timeout_s`` is beyond the worker's longest call.
        """
        if not 0 < timeout_s <= self._spec.longest_call_s:
            raise ValueError(f"cannot call {name} of {self.name}: {timeout_s:g} s is no deadline it can keep")
        call = self._queue(name, dict(args or {}), timeout_s)
        try:
            async with asyncio.timeout_at(call.deadline_s):
                return await call.answer
        except TimeoutError:
            raise self._error(name, self._why_late(call)) from None
        finally:
            with suppress(ValueError):
                self._calls.remove(call)

    async def run(self, beat: Beat) -> None:
        """Keep a child alive from the first call or ``warm`` on; cancelled, end it."""
        while not self._wanted.is_set():
            beat()
            await _wait(self._wanted, BEAT_S)
        while True:
            await self._live(beat)
            wait_s = self._backoff.next_s()
            while wait_s > 0:
                beat()
                await self._clock.sleep(min(wait_s, BEAT_S))
                wait_s -= BEAT_S

    def _queue(self, name: str, args: dict[str, Any], timeout_s: float) -> Call:
        if len(self._calls) >= self._spec.max_pending:
            self._refused.add(worker=self._spec.name)
            raise self._error(name, f"{len(self._calls)} calls wait already")
        loop = asyncio.get_running_loop()
        number = next(self._numbers)
        try:
            packed = pack(Request(number, name, args), self._spec.max_message_bytes)
        except WorkerError as error:
            raise self._error(name, str(error)) from None
        call = Call(number, name, packed, timeout_s, loop.time() + timeout_s, loop.create_future())
        self._calls.append(call)
        self._wanted.set()
        self._stirred.set()
        return call

    def _why_late(self, call: Call) -> str:
        if call is self._current:
            return f"no answer within {call.timeout_s:g} s"
        if self._serving.is_set():
            return f"other calls kept it busy for {call.timeout_s:g} s"
        return f"it is not running: {self._cause}"

    async def _live(self, beat: Beat) -> None:
        """One child, from its start until it is gone."""
        beat()
        self._count_unkillable()
        if len(self._unkillable) >= MAX_UNKILLABLE:
            self._lose(f"{len(self._unkillable)} of its children cannot be killed")
            return
        try:
            child = await Child.start(self._options(), self._on_line)
        except OSError as error:
            self._lose(f"its process cannot be started: {error}")
            return
        self._starts.add(worker=self._spec.name)
        trouble = None  # nothing is wrong when we are cancelled
        try:
            trouble = await self._trouble(child, beat)
        finally:
            await self._bury(child, trouble)

    async def _trouble(self, child: Child, beat: Beat) -> str:
        """Serve calls until something is wrong, and say what; empty when the child just went."""
        try:
            async with asyncio.timeout(self._spec.start_s):
                await child.ready()
            self._child = child
            self._serving.set()
            self._health.set(self.name, Level.OK)
            await self._serve(child, beat, self._clock.now_s() + self._backoff.last_s)
        except TimeoutError:
            call = self._current
            if call is None:
                return f"not ready within {self._spec.start_s:g} s"
            return f"no answer to {call.name} within {call.timeout_s:g} s"
        except WorkerError as error:
            return str(error)
        except (EOFError, OSError):
            pass
        return ""

    async def _serve(self, child: Child, beat: Beat, proven_s: float) -> None:
        child.exited.add_done_callback(lambda _: self._stirred.set())
        while not child.exited.done():
            beat()
            if self._clock.now_s() > proven_s:
                self._backoff.reset()
            self._stirred.clear()
            if self._calls:
                await self._do(child, self._calls.popleft())
            else:
                await _wait(self._stirred, BEAT_S)

    async def _do(self, child: Child, call: Call) -> None:
        self._current = call
        # The child has the whole time from its own start: it is not killed for what others made the call wait.
        async with asyncio.timeout(call.timeout_s):
            reply = await child.ask(call.number, call.packed)
        self._current = None
        if call.answer.done():  # its caller waits no more
            return
        if reply.error:
            call.answer.set_exception(self._named(call.name, reply))
        else:
            call.answer.set_result(reply.result)

    async def _bury(self, child: Child, trouble: str | None) -> None:
        """End the child and fail the call it was at; when ``trouble`` is None all is to stop, and no call waits on."""
        self._child = None
        self._serving.clear()
        try:
            gone = await _see_through(child.end(0.0 if trouble else EXIT_PATIENCE_S))
        finally:
            self._dropped.add(child.relay.dropped, worker=self._spec.name)
            if trouble is None:
                self._cause = "it was stopped"
                self._fail(self._current, *self._calls)
            else:
                hung_up = "it hung up" if child.signalled else ""
                self._lose("; ".join(filter(None, [trouble or hung_up, child.fate])))
        if not gone:
            self._unkillable.append(child)
            self._count_unkillable()
            log.error("worker cannot be killed", worker=self._spec.name, pid=child.pid)

    def _lose(self, cause: str) -> None:
        self._cause = cause
        self._losses.add(worker=self._spec.name)
        self._fail(self._current)
        level = Level.FAILED if self._backoff.failures >= FAILED_AFTER else Level.DEGRADED
        if self._health.set(self.name, level, cause):
            log.warning("worker lost", worker=self._spec.name, cause=cause)

    def _fail(self, *calls: Call | None) -> None:
        self._current = None
        for call in calls:
            if call is not None and not call.answer.done():
                call.answer.set_exception(self._error(call.name, self._cause))

    def _count_unkillable(self) -> None:
        self._unkillable = [child for child in self._unkillable if child.alive]
        self._stuck.set(len(self._unkillable), worker=self._spec.name)

    def _options(self) -> Options:
        spec = self._spec
        return Options(spec.handlers, os.getpid(), spec.max_message_bytes, spec.memory_bytes, spec.nice)

    def _error(self, call: str, why: str) -> WorkerError:
        return WorkerError(f"cannot call {call} of {self.name}: {why}")

    def _named(self, call: str, reply: Reply) -> EdgeAgentError:
        kind = getattr(errors, reply.error, None)
        if isinstance(kind, type) and issubclass(kind, EdgeAgentError) and kind is not WorkerError:
            return kind(reply.message)
        return self._error(call, reply.message)


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()


async def _see_through(work: Coroutine[Any, Any, bool]) -> bool:
    """Finish work that is bounded in time, also when cancelled meanwhile; then be cancelled."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
