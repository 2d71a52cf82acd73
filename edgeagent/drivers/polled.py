"""One device in the poller's hands: connected, read on its schedule, marked BAD when it fails, and brought back."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.core.state import State
from edgeagent.drivers.identity import DeviceChanged, IdentityBook, mismatch
from edgeagent.drivers.poll_metrics import PollMetrics
from edgeagent.drivers.schedule import Schedule, Waker, phase
from edgeagent.drivers.thinning import Thinning
from edgeagent.model.device import DeviceInfo, DeviceState, DeviceStatus, Group
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.points import DeviceId, point_id
from edgeagent.model.reading import Quality, Reading, ReadingBatch, Reason

MAX_BATCH = 256
"""Readings per batch, so that its record stays below journal.MAX_RECORD_BYTES."""
FIRST_RETRY_S = 1.0

log = structlog.get_logger(__name__)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """How a device is polled. Its driver may ask for slower groups; ``period_s`` bounds how long a return is missed."""

    name: DeviceId
    period_s: float
    connect_deadline_s: float
    serial: str | None = None
    close_deadline_s: float = 2.0
    kind: str = ""
    """The driver's word, for people."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every polled device shares."""

    state: State
    clock: Clock
    book: IdentityBook
    metrics: PollMetrics


@dataclass(frozen=True, slots=True)
class Known:
    """What one polled device leaves to the one that takes its place."""

    info: DeviceInfo | None = None
    answered_s: Mapping[str, float] = field(default_factory=dict)
    """When each group was last read."""
    reason: Reason | None = None
    """Why all points are BAD now, if they are."""


class PolledDevice:
    """The life of one device. Whatever its driver does, `run` ends only by cancellation, and then in bounded time.

    It answers for the points in ``known``: until it connects itself, they age or turn BAD.
    """

    def __init__(
        self, plan: DevicePlan, driver: Driver, place: int, around: Surroundings, known: Known | None = None
    ) -> None:
        known = known or Known()
        self.plan = plan
        self.place = place
        self._driver = driver
        self._around = around
        self._clock = around.clock
        self._waker = Waker(around.clock)
        self._backoff = Backoff(min(FIRST_RETRY_S, plan.period_s), plan.period_s)
        self._info = known.info
        self._answered_s = dict(known.answered_s)
        self._reason = known.reason
        self._stale: set[str] = set()
        self._thinnings: dict[str, Thinning] = {}
        self._mismatch = ""
        self._down_since_s: float | None = None
        self._attempt_s = self._clock.now_s()
        self._status = DeviceStatus(plan.name, DeviceState.CONNECTING, self._attempt_s, kind=plan.kind)
        self._closing: asyncio.Task[None] | None = None
        self._let_go = False

    def poke(self) -> None:
        """Read, or try to reach, the device now."""
        self._waker.poke()

    def let_go(self) -> Known:
        """Publish and report nothing more, even if the driver keeps its task from being cancelled."""
        self._let_go = True
        return Known(self._info, self._answered_s, self._reason)

    async def run(self, start_after_s: float = 0.0) -> None:
        """Poll until cancelled; the first connect comes after some time, and never later than one period."""
        self._reset()
        await self._waker.until(self._clock.now_s() + start_after_s % self.plan.period_s)
        try:
            while True:
                wait_s = await self._life()
                retry_s = self._attempt_s + wait_s  # from its begin: a slow failure does not delay the return
                self._report(retry_at_s=retry_s)
                await self._waker.until(retry_s)
        finally:
            await self._close()

    def mark_stale(self) -> None:
        """Turn readings BAD that are older than two periods and a deadline: somebody stands still, and not loudly."""
        now_s = self._clock.now_s()
        for group in () if self._info is None or self._reason is not None else self._info.groups:
            limit_s = 2 * group.period_s + group.deadline_s
            if group.name not in self._stale and now_s - self._answered_s[group.name] > limit_s:
                say = log.debug if self._stale else log.warning
                say("readings are stale", device=self.plan.name, group=group.name, limit_s=limit_s)
                self._stale.add(group.name)
                self._fail(group, Reason.STALE)

    async def _life(self) -> float:
        """From connecting to the first failure; returns how long after its begin to try again."""
        try:
            schedule = await self._connected()
            while True:
                poked = await self._waker.until(schedule.next_s)
                now_s = self._clock.now_s()
                for group in schedule.groups if poked else schedule.due(now_s):
                    schedule.done(group, now_s)
                    await self._poll(group)
        except DeviceError as error:
            await self._failed(error)
            return 0.0 if isinstance(error, DeviceChanged) else self._backoff.next_s()
        except Exception as error:
            # The one wide except of this room: a bug in one driver must not cost the other devices. It keeps its
            # traceback, and the device is treated as one that makes no sense.
            log.exception("driver failed by a bug", device=self.plan.name)
            await self._failed(DeviceGarbled(f"cannot read {self.plan.name}: its driver has a bug ({error!r})"))
            return self._backoff.next_s()

    async def _connected(self) -> Schedule:
        """Connect, describe, read every group once; then the schedule goes on."""
        self._attempt_s = self._clock.now_s()
        info = await self._in_time(self.plan.connect_deadline_s, "connect to", self._driver.connect)
        await asyncio.sleep(0)  # of hundreds of points all this takes long: let others have their turns
        self._info = info
        self._around.state.describe(self.plan.name, info)
        self._stale.clear()
        often = (group.name for group in info.groups if group.period_s < self.plan.period_s)
        self._thinnings = {name: Thinning(self.plan.period_s) for name in often}
        self._answered_s = {group.name: self._clock.now_s() for group in info.groups}
        wrong = mismatch(self._around.book, self.plan.name, self.plan.serial, info.identity.serial)
        self._mismatch = wrong
        for group in info.groups:
            await self._poll(group.name)
        periods_s = {group.name: group.period_s for group in info.groups}
        return Schedule(periods_s, phase(self.place), self._clock.now_s())

    async def _poll(self, name: str) -> None:
        group = next(group for group in self._groups() if group.name == name)
        self._attempt_s = begin_s = self._clock.now_s()
        self._around.metrics.polls.add(device=self.plan.name)
        readings = await self._in_time(group.deadline_s, "read", lambda: self._driver.read(name))
        took_s = self._clock.now_s() - begin_s
        if self._mismatch:
            readings = [reading.marked(Quality.UNCERTAIN, Reason.IDENTITY) for reading in readings]
        self._publish(name, readings)
        self._around.metrics.read(self.plan.name, took_s, len(readings))
        self._succeeded(name, took_s)

    async def _in_time(self, deadline_s: float, verb: str, act: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(deadline_s):
                return await act()
        except TimeoutError:
            raise DeviceUnreachable(f"cannot {verb} {self.plan.name}: not done within {deadline_s:g} s") from None
        finally:
            self._stop_if_let_go()  # a driver can swallow a cancellation

    async def _close(self) -> None:
        """Close the driver, which may hang or fail in that: then it is left behind."""
        if self._closing is None or self._closing.done():
            self._closing = asyncio.create_task(self._driver.close(), name=f"close {self.plan.name}")
        closing, limit_s = self._closing, self.plan.close_deadline_s
        await asyncio.wait([closing], timeout=limit_s)
        if not closing.done():
            closing.cancel()
            log.warning("device does not let itself be closed", device=self.plan.name, limit_s=limit_s)
        elif not closing.cancelled() and (error := closing.exception()) is not None:
            log.warning("device failed while closing", device=self.plan.name, exc_info=error)
        self._stop_if_let_go()

    def _stop_if_let_go(self) -> None:
        if self._let_go:
            raise asyncio.CancelledError

    def _publish(self, group: str, readings: Sequence[Reading]) -> None:
        now_s = self._clock.now_s()
        thinning = self._thinnings.get(group)
        kept = thinning is None or thinning.keeps(readings, now_s)
        for start in range(0, len(readings), MAX_BATCH):
            part = readings[start : start + MAX_BATCH]
            self._around.state.publish(ReadingBatch(self.plan.name, group, now_s, part, kept))

    def _succeeded(self, group: str, took_s: float) -> None:
        now_s = self._clock.now_s()
        self._answered_s[group] = now_s
        self._stale.discard(group)
        self._reason = None
        self._backoff.reset()
        if self._down_since_s is not None:
            log.info("device answers again", device=self.plan.name, down_s=round(now_s - self._down_since_s, 1))
            self._down_since_s = None
        state = DeviceState.MISMATCH if self._mismatch else DeviceState.ONLINE
        if self._mismatch and self._status.state is not DeviceState.MISMATCH:
            log.warning("device is not who it was", device=self.plan.name, error=self._mismatch)
        self._report(
            state=state,
            message=self._mismatch,
            polls=self._status.polls + 1,
            last_poll_s=now_s,
            last_duration_s=took_s,
            retry_at_s=None,
        )

    async def _failed(self, error: DeviceError) -> None:
        """Every point of the device turns BAD, once per reason; people hear of it once."""
        reason = reason_of(error)
        if self._reason is not reason:
            self._reason = reason
            for group in self._groups():
                self._fail(group, reason)
        self._around.metrics.failed(self.plan.name, reason.value)
        if self._down_since_s is None:
            self._down_since_s = self._attempt_s
            log.warning("device failed", device=self.plan.name, error=str(error))
        else:
            log.debug("device still fails", device=self.plan.name, error=str(error))
        self._report(state=DeviceState.OFFLINE, message=str(error), failures=self._status.failures + 1)
        await self._close()

    def _fail(self, group: Group, reason: Reason) -> None:
        names = [point_id(self.plan.name, name) for name in sorted(group.points)]
        for start in range(0, len(names), MAX_BATCH):
            self._around.state.fail(self.plan.name, group.name, names[start : start + MAX_BATCH], reason)

    def _groups(self) -> tuple[Group, ...]:
        return () if self._info is None else self._info.groups

    def _reset(self) -> None:
        self._attempt_s = self._clock.now_s()
        self._status = replace(self._status, state=DeviceState.CONNECTING, since_s=self._attempt_s)
        self._report()

    def _report(self, **changes: Any) -> None:
        state = changes.get("state", self._status.state)
        if state is not self._status.state:
            changes["since_s"] = self._clock.now_s()
        if self._info is not None:
            changes["identity"] = self._info.identity
        self._status = replace(self._status, **changes)
        self._around.state.report(self._status)


def reason_of(error: DeviceError) -> Reason:
    """What a failure of the whole device says about its points."""
    if isinstance(error, DeviceGarbled):
        return Reason.GARBLED
    if isinstance(error, DeviceRefused):
        return Reason.REFUSED
    return Reason.DISCONNECTED
