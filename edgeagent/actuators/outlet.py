"""One outlet: looked at, written, read back."""

import asyncio
from typing import Protocol

from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit, granted
from edgeagent.model.errors import DeviceError, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Choice, Domain, Hold, Outcome, Output
from edgeagent.model.points import DeviceId, PointId, point_id
from edgeagent.model.reading import Value
from edgeagent.protocols.snmp_set import WriteOpen

WORDS = frozenset(("on", "off"))
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class Switches(Protocol):
    """What is needed of a rack PDU; see `actuators.pdu.SwitchedPdu`."""

    @property
    def device(self) -> DeviceId:
        """Its name."""

    @property
    def settle_s(self) -> float:
        """How long an effect may take to show."""

    @property
    def off_on_interval_s(self) -> float:
        """The least time between opposite commands."""

    async def look(self, name: str, *, insist: bool = False) -> str:
        """On or off, now; who insists has it asked even if it just did not answer."""

    async def command(self, name: str, word: str) -> None:
        """Write the command."""


class OutletActuator:
    """An Actuator for one outlet. What it decides from is read at that moment, never remembered."""

    def __init__(self, pdu: Switches, number: int, clock: Clock) -> None:
        self._pdu = pdu
        self._name = f"outlet.{number}.state"
        self._clock = clock
        self._lock = asyncio.Lock()
        self._last: tuple[str, float] | None = None
        """What was written last, and when; a command that was refused does not count."""

    @property
    def target(self) -> PointId:
        """The point that also shows its state."""
        return point_id(self._pdu.device, self._name)

    @property
    def domain(self) -> Domain:
        """On or off."""
        return Choice(WORDS)

    @property
    def safe(self) -> Value | Hold:
        """As it is."""
        return Hold()

    @property
    def feedback(self) -> PointId | None:
        """The same point."""
        return self.target

    @property
    def settle_s(self) -> float:
        """How long the effect may take to be read."""
        return self._pdu.settle_s

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Switch, unless it is there already.

        Raises:
            DeviceError: it was written, perhaps, and cannot be read: the outcome is open.
        """
        word = output.value
        if not isinstance(word, str) or word not in WORDS:
            return self._outcome(FAILED, f"cannot switch {self.target} to {word!r}: must be on or off")
        return await self.switch(word, permit=permit)

    async def look(self, *, insist: bool = False) -> str:
        """On or off, now. Raises DeviceError."""
        return await self._pdu.look(self._name, insist=insist)

    def wait_s(self, word: str) -> float:
        """How long the least time between opposite commands still forbids this one; zero when it does not."""
        if self._last is None or self._last[0] == word:
            return 0.0
        return max(0.0, self._last[1] + self._pdu.off_on_interval_s - self._clock.now_s())

    async def switch(
        self, word: str, *, undo: bool = False, seen: str | None = None, permit: Permit = granted
    ) -> Outcome:
        """As `apply`; ``undo`` takes a command back and does not wait for the least time between commands.

        ``seen`` is what was read of it at this moment; without it is looked.
        """
        async with self._lock:
            try:
                now = seen or await self.look(insist=undo)
            except DeviceError as error:
                return self._outcome(FAILED, f"cannot switch {self.target} {word}; nothing was written: {error}")
            if now == word:
                return self._outcome(DONE, f"{self.target} is {word} already", now)
            if not undo and (wait_s := self.wait_s(word)):
                return self._outcome(FAILED, self._too_soon(word, wait_s), now)
            if refusal := await permit():
                return self._outcome(FAILED, refusal, now)
            return await self._write(word, now)

    async def _write(self, word: str, now: str) -> Outcome:
        doubt = ""
        try:
            await self._pdu.command(self._name, word)
        except WriteOpen as error:
            doubt = f" ({error})"
        except DeviceError as error:
            return self._outcome(FAILED, f"cannot switch {self.target} {word}; nothing was written: {error}", now)
        self._last = (word, self._clock.now_s())
        return await self._read_back(word, doubt)

    async def _read_back(self, word: str, doubt: str) -> Outcome:
        until_s = self._clock.now_s() + self.settle_s
        pause_s = FIRST_PAUSE_S
        while True:
            seen, trouble = await self._glance()
            if seen == word:
                return self._outcome(DONE, f"{self.target} is {word}{doubt}", seen)
            if self._clock.now_s() >= until_s:
                return self._unseen(word, seen, doubt, trouble)
            await self._clock.sleep(min(pause_s, max(0.0, until_s - self._clock.now_s())))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)

    async def _glance(self) -> tuple[str | None, DeviceError | None]:
        try:
            return await self.look(insist=True), None
        except DeviceError as error:
            return None, error

    def _unseen(self, word: str, seen: str | None, doubt: str, trouble: DeviceError | None) -> Outcome:
        if seen is not None:
            text = f"{self.target} was switched {word} and says {seen} after {self.settle_s:g} s{doubt}"
            return self._outcome(UNVERIFIED, text, seen)
        if doubt:
            raise DeviceUnreachable(f"cannot tell whether {self.target} is {word}: {trouble}{doubt}")
        return self._outcome(UNVERIFIED, f"{self.target} took the command {word}, but cannot be read back: {trouble}")

    def _too_soon(self, word: str, wait_s: float) -> str:
        assert self._last is not None
        ago_s = self._clock.now_s() - self._last[1]
        return (
            f"cannot switch {self.target} {word} so soon: it was switched {self._last[0]} {ago_s:.0f} s ago; "
            f"wait {wait_s:.0f} s (off_on_interval)"
        )

    def _outcome(self, word: str, message: str, read_back: str | None = None) -> Outcome:
        return Outcome(self.target, word, message, read_back)
