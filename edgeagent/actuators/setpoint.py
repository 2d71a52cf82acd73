"""One number that a device takes: clamped, stepped, spaced in time, armed, written once, read back."""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Domain, Hold, Outcome, Output, Range
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.snmp_set import WriteOpen

__all__ = ["Begin", "Guard", "SetpointActuator", "Settable"]

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0
SEEN_S = 0.5
"""For how long what was read before a write holds: others may set it too."""
Begin = Callable[[Permit], Awaitable[str]]
"""What an act does before it reads: why nothing may be set, or nothing. Raises DeviceError."""


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


@dataclass(eq=False, slots=True)
class _Way:
    """One act on its way."""

    wanted: float
    permit: Permit
    writes: int = 0
    doubt: str = ""

    @property
    def nothing(self) -> str:
        """What was written when it ends now without another write."""
        return "nothing more was written" if self.writes else "nothing was written"


async def _no_begin(_permit: Permit) -> str:
    return ""


class SetpointActuator:
    """An Actuator for one number. One `apply` goes all the way, in as many steps as its guard asks for.

    A flood of outputs cannot become a flood of writes: they wait for each other, and each write for its interval.
    """

    def __init__(
        self,
        settable: Settable,
        guard: Guard,
        clock: Clock,
        *,
        begin: Begin = _no_begin,
        say: Callable[[float], str] = "{:g}".format,
    ) -> None:
        """``say`` is how people are told a value."""
        self._settable = settable
        self._guard = guard
        self._clock = clock
        self._begin, self._say = begin, say
        self._lock = asyncio.Lock()
        self._written_s = -math.inf
        self._newest: _Way | None = None
        """The act that came last: an older one that is still on its way gives way to it."""

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
        return self._steps * max(self._guard.min_interval_s, FIRST_PAUSE_S) + self._guard.settle_s

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Bring it there.

        Raises:
            DeviceError: it was written, perhaps, and cannot be read: the outcome is open.
        """
        value = output.value
        if isinstance(value, bool | str) or not math.isfinite(value):
            return self._outcome(FAILED, f"cannot set {self.target} to {value!r}: must be a number")
        self._newest = way = _Way(self._guard.clamped(float(value)), permit)
        async with self._lock:
            return self._overtaken(way) or await self._refused(way) or await self._go(way)

    @property
    def _steps(self) -> int:
        """How many writes the longest way takes."""
        guard = self._guard
        return 1 if guard.max_step is None else max(1, math.ceil((guard.high - guard.low) / guard.max_step))

    async def _refused(self, way: _Way) -> Outcome | None:
        try:
            refusal = await self._begin(way.permit)
        except WriteOpen:
            raise
        except DeviceError as error:
            return self._not_set(way, error)
        return self._outcome(FAILED, refusal) if refusal else None

    async def _go(self, way: _Way) -> Outcome:
        """A device that shows each step only as far as its tolerance needs twice as many, and is lost after that."""
        while True:
            now, outcome = await self._ready(way)
            if outcome is None and way.writes > 2 * self._steps:
                text = f"{self.target} does not come to {self._say(way.wanted)}: after {way.writes} writes it says"
                outcome = self._outcome(UNVERIFIED, f"{text} {self._say(now)}", now)
            outcome = outcome or await self._step(way, now)
            if outcome is not None:
                return outcome

    async def _ready(self, way: _Way) -> tuple[float, Outcome | None]:
        """What stands there when the next write may go; and how it ends, where there is none to go."""
        while True:
            if outcome := self._overtaken(way):
                return math.nan, outcome
            try:
                now = await self._read()
            except DeviceError as error:
                return math.nan, self._not_set(way, error)
            seen_s = self._clock.now_s()
            if self._is_there(now, way.wanted):
                return now, self._outcome(DONE, f"{self.target} is {self._say(now)}{way.doubt}", now)
            if refusal := await way.permit():
                return now, self._outcome(FAILED, refusal, now)
            await self._clock.sleep(max(0.0, self._written_s + self._guard.min_interval_s - self._clock.now_s()))
            if self._clock.now_s() - seen_s <= SEEN_S and self._newest is way:
                return now, None

    async def _step(self, way: _Way, now: float) -> Outcome | None:
        """Write one step and see it; the outcome when that is where it ends."""
        step, way.doubt = self._guard.stepped(now, way.wanted), ""
        try:
            await self._settable.arm()
            await self._write(step)
        except WriteOpen as error:
            way.doubt = f" ({error})"
        except DeviceError as error:
            return self._not_set(way, error, now)
        way.writes += 1
        seen = await self._seen(step, way.doubt)
        if self._is_there(seen, step):
            return None
        said = f"was set to {self._say(step)} and says {self._say(seen)} after {self._guard.settle_s:g} s"
        return self._outcome(UNVERIFIED, f"{self.target} {said}{way.doubt}", seen)

    async def _write(self, step: float) -> None:
        try:
            await self._settable.write(step)
        finally:  # whatever came of it, the device was spoken to
            self._written_s = self._clock.now_s()

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
                said = self._say(step)
                raise DeviceUnreachable(f"cannot tell whether {self.target} is {said}: {trouble}{doubt}")
            await self._clock.sleep(min(pause_s, max(0.0, until_s - self._clock.now_s())))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _glance(self) -> tuple[float | None, DeviceError | None]:
        try:
            return await self._read(), None
        except DeviceError as error:
            return None, error

    async def _read(self) -> float:
        """What stands there now. Raises DeviceError."""
        now = await self._settable.read()
        if not math.isfinite(now):
            raise DeviceGarbled(f"cannot read {self.target}: it says {now}")
        return now

    def _is_there(self, now: float, wanted: float) -> bool:
        return abs(now - wanted) <= self._guard.tolerance

    def _overtaken(self, way: _Way) -> Outcome | None:
        if self._newest is way:
            return None
        text = f"{self.target} was not set to {self._say(way.wanted)}: a newer output took its place"
        return self._outcome(FAILED, text)

    def _not_set(self, way: _Way, error: DeviceError, now: float | None = None) -> Outcome:
        text = f"cannot set {self.target} to {self._say(way.wanted)}; {way.nothing}: {error}"
        return self._outcome(FAILED, text, now)

    def _outcome(self, word: str, message: str, read_back: float | None = None) -> Outcome:
        return Outcome(self.target, word, message, read_back, self._guard.tolerance)
