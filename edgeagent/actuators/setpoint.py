"""One number that a device takes: clamped, stepped, spaced in time, armed, written once, read back."""

import asyncio
import math
from typing import Protocol

from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit
from edgeagent.model.errors import DeviceError, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Domain, Hold, Outcome, Output, Range
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.snmp_set import WriteOpen

__all__ = ["Guard", "SetpointActuator", "Settable"]

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class Settable(Protocol):
    """What a family of devices gives: one number that can be read and written."""

    @property
    def target(self) -> PointId:
        """The point that it is, which also shows its effect."""

    async def read(self) -> float:
        """What stands there now. Raises DeviceError."""

    async def arm(self) -> None:
        """Have the device itself return to its safe value when it hears nothing more, where it can; before the write.

        Raises:
            DeviceError: it could not be armed; nothing is written then.
        """

    async def write(self, value: float) -> None:
        """Send it once.

        Raises:
            DeviceRefused: the device said no; nothing was written.
            DeviceUnreachable: it did not answer before the write; nothing was written.
            WriteOpen: it was asked, and its answer is missing.
        """


class SetpointActuator:
    """An Actuator for one number. One `apply` goes all the way, in as many steps as its guard asks for.

    A flood of outputs cannot become a flood of writes: they wait for each other, and each write for its interval.
    """

    def __init__(self, settable: Settable, guard: Guard, clock: Clock) -> None:
        self._settable = settable
        self._guard = guard
        self._clock = clock
        self._lock = asyncio.Lock()
        self._written_s = -math.inf
        self._wanted: object | None = None
        """The output that came last: an older one that still waits gives way to it."""

    @property
    def target(self) -> PointId:
        """The point that also shows its effect."""
        return self._settable.target

    @property
    def domain(self) -> Domain:
        """What may be asked for."""
        return Range(self._guard.low, self._guard.high)

    @property
    def safe(self) -> Value | Hold:
        """Where it goes when nobody proposes anything."""
        return Hold() if self._guard.safe is None else self._guard.safe

    @property
    def feedback(self) -> PointId | None:
        """The same point."""
        return self.target

    @property
    def settle_s(self) -> float:
        """How long the whole way may take: every step waits for its interval."""
        guard = self._guard
        steps = 1 if guard.max_step is None else math.ceil((guard.high - guard.low) / guard.max_step)
        return steps * max(guard.min_interval_s, FIRST_PAUSE_S) + guard.settle_s

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Bring it there.

        Raises:
            DeviceError: it was written, perhaps, and cannot be read: the outcome is open.
        """
        value = output.value
        if isinstance(value, bool | str) or not math.isfinite(value):
            return self._outcome(FAILED, f"cannot set {self.target} to {value!r}: must be a number")
        self._wanted = mine = object()
        async with self._lock:
            return await self._go(self._guard.clamped(float(value)), mine, permit)

    async def _go(self, wanted: float, mine: object, permit: Permit) -> Outcome:
        doubt = ""
        while True:
            if self._wanted is not mine:
                return self._outcome(FAILED, f"{self.target} was not set to {wanted:g}: a newer output took its place")
            try:
                now = await self._settable.read()
            except DeviceError as error:
                return self._outcome(FAILED, f"cannot set {self.target} to {wanted:g}; nothing was written: {error}")
            if self._is_there(now, wanted):
                return self._outcome(DONE, f"{self.target} is {now:g}{doubt}", now)
            if refusal := await permit():
                return self._outcome(FAILED, refusal, now)
            await self._clock.sleep(max(0.0, self._written_s + self._guard.min_interval_s - self._clock.now_s()))
            step = self._guard.stepped(now, wanted)
            outcome, doubt = await self._step(step, now)
            if outcome is not None:
                return outcome

    async def _step(self, step: float, now: float) -> tuple[Outcome | None, str]:
        """Write one step and see it; the outcome when that is where it ends, and what is doubtful."""
        doubt = ""
        try:
            await self._settable.arm()
            self._written_s = self._clock.now_s()
            await self._settable.write(step)
        except WriteOpen as error:
            doubt = f" ({error})"
        except DeviceError as error:
            text = f"cannot set {self.target} to {step:g}; nothing was written: {error}"
            return self._outcome(FAILED, text, now), ""
        seen = await self._seen(step, doubt)
        if self._is_there(seen, step):
            return None, doubt
        text = f"{self.target} was set to {step:g} and says {seen:g} after {self._guard.settle_s:g} s{doubt}"
        return self._outcome(UNVERIFIED, text, seen), doubt

    async def _seen(self, step: float, doubt: str) -> float:
        """What it says once it is there, or after its time."""
        until_s, pause_s = self._clock.now_s() + self._guard.settle_s, FIRST_PAUSE_S
        while True:
            seen, trouble = await self._glance()
            if seen is not None and self._is_there(seen, step):
                return seen
            if self._clock.now_s() >= until_s:
                if seen is not None:
                    return seen
                raise DeviceUnreachable(f"cannot tell whether {self.target} is {step:g}: {trouble}{doubt}")
            await self._clock.sleep(min(pause_s, max(0.0, until_s - self._clock.now_s())))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _glance(self) -> tuple[float | None, DeviceError | None]:
        try:
            return await self._settable.read(), None
        except DeviceError as error:
            return None, error

    def _is_there(self, now: float, wanted: float) -> bool:
        return abs(now - wanted) <= self._guard.tolerance

    def _outcome(self, word: str, message: str, read_back: float | None = None) -> Outcome:
        return Outcome(self.target, word, message, read_back)
