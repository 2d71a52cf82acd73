"""Workloads: what runs on computers of the pod and may be frozen, stopped, started or weighted, behind one interface.

`Workloads` is that interface. systemd units are behind it; whoever puts Kubernetes behind it changes nothing else.
Only what the configuration names can be touched, and only in the ways that it allows.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit
from edgeagent.model.errors import DeviceError, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Choice, Domain, Hold, Outcome, Output
from edgeagent.model.points import DeviceId, PointId, point_id
from edgeagent.model.reading import Value
from edgeagent.protocols.snmp_set import WriteOpen
from edgeagent.protocols.systemd_units import SystemdUnits, UnitState

DEVICE = DeviceId("workloads")
RUNNING, FROZEN, STOPPED, FAILING, CHANGING = "running", "frozen", "stopped", "failed", "changing"
Verb = Literal["freeze", "thaw", "stop", "start"]
WAYS: Mapping[tuple[str, str], tuple[Verb, ...]] = {
    (RUNNING, FROZEN): ("freeze",),
    (RUNNING, STOPPED): ("stop",),
    (FROZEN, RUNNING): ("thaw",),
    (FROZEN, STOPPED): ("thaw", "stop"),  # what is frozen cannot act on being told to stop
    (STOPPED, RUNNING): ("start",),
    (FAILING, RUNNING): ("start",),
}
"""From what it is to what it is to be; what is not here cannot be done."""
SETTLE_S = 30.0
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True, slots=True)
class WorkloadState:
    """What a workload is doing, and its share of the processor against others (1 to 10000, 100 is usual)."""

    word: str
    weight: int


class Workloads(Protocol):
    """What runs workloads, by the names that the configuration gives them. Each call has its own deadline."""

    async def look(self, name: str) -> WorkloadState:
        """What it is now. Raises DeviceError."""

    async def command(self, name: str, verb: Verb) -> None:
        """Have it done; the effect may take a while.

        Raises:
            DeviceRefused, DeviceUnreachable: it was not done.
            WriteOpen: it was asked for, and the answer is missing.
        """

    async def set_weight(self, name: str, weight: int) -> None:
        """Set its share. Raises as `command` does."""


class SystemdWorkloads:
    """Workloads that are units or slices of this computer's systemd; ``units`` says which one each name is."""

    def __init__(self, units: Mapping[str, str], systemd: SystemdUnits) -> None:
        self._units = dict(units)
        self._systemd = systemd

    async def look(self, name: str) -> WorkloadState:
        """What the unit is now."""
        unit = await self._systemd.show(self._units[name])
        return WorkloadState(_word(unit), unit.weight)

    async def command(self, name: str, verb: Verb) -> None:
        """Have systemd do it."""
        await self._systemd.command(verb, self._units[name])

    async def set_weight(self, name: str, weight: int) -> None:
        """Set its CPUWeight, until the next boot."""
        await self._systemd.set_weight(self._units[name], weight)


def _word(unit: UnitState) -> str:
    if unit.frozen:
        return FROZEN
    words = {"active": RUNNING, "reloading": RUNNING, "inactive": STOPPED, "failed": FAILING}
    return words.get(unit.active, CHANGING)


class WorkloadActuator:
    """An Actuator for what one workload does: running, frozen or stopped."""

    def __init__(
        self,
        workloads: Workloads,
        name: str,
        clock: Clock,
        *,
        words: frozenset[str] = frozenset((RUNNING, FROZEN, STOPPED)),
        settle_s: float = SETTLE_S,
    ) -> None:
        """``words`` is what it may be brought to."""
        self._workloads = workloads
        self._name = name
        self._clock = clock
        self._words = words
        self._settle_s = settle_s
        self._lock = asyncio.Lock()

    @property
    def target(self) -> PointId:
        """The point in which people name it."""
        return point_id(DEVICE, f"{self._name}.state")

    @property
    def domain(self) -> Domain:
        """What it may be brought to."""
        return Choice(self._words)

    @property
    def safe(self) -> Value | Hold:
        """As it is."""
        return Hold()

    @property
    def feedback(self) -> PointId | None:
        """No driver reads it: `apply` reads it back."""
        return None

    @property
    def settle_s(self) -> float:
        """How long the effect may take."""
        return self._settle_s

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Bring it there, unless it is there already.

        Raises:
            DeviceError: it was told, perhaps, and cannot be read: the outcome is open.
        """
        word = output.value
        if not isinstance(word, str) or word not in self._words:
            choice = ", ".join(sorted(self._words))
            return self._outcome(FAILED, f"cannot bring {self.target} to {word!r}: must be one of {choice}")
        async with self._lock:
            return await self._go(word, permit)

    async def _go(self, word: str, permit: Permit) -> Outcome:
        try:
            now = (await self._workloads.look(self._name)).word
        except DeviceError as error:
            return self._outcome(FAILED, f"cannot bring {self.target} to {word}; nothing was done: {error}")
        if now == word:
            return self._outcome(DONE, f"{self.target} is {word} already", now)
        verbs = WAYS.get((now, word))
        if verbs is None:
            return self._outcome(FAILED, f"cannot bring {self.target} to {word} while it is {now}", now)
        if refusal := await permit():
            return self._outcome(FAILED, refusal, now)
        return await self._do(word, verbs, now)

    async def _do(self, word: str, verbs: tuple[Verb, ...], now: str) -> Outcome:
        doubt = ""
        for verb in verbs:
            try:
                await self._workloads.command(self._name, verb)
            except WriteOpen as error:
                doubt = f" ({error})"
            except DeviceError as error:
                done = "nothing was done" if verb is verbs[0] else f"only {verbs[0]} was done"
                return self._outcome(FAILED, f"cannot bring {self.target} to {word}; {done}: {error}", now)
        return await self._read_back(word, doubt)

    async def _read_back(self, word: str, doubt: str) -> Outcome:
        until_s, pause_s = self._clock.now_s() + self._settle_s, FIRST_PAUSE_S
        while True:
            seen, trouble = await self._glance()
            if seen == word:
                return self._outcome(DONE, f"{self.target} is {word}{doubt}", seen)
            if self._clock.now_s() >= until_s:
                break
            await self._clock.sleep(min(pause_s, max(0.0, until_s - self._clock.now_s())))
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        if seen is None:
            raise DeviceUnreachable(f"cannot tell whether {self.target} is {word}: {trouble}{doubt}")
        text = f"{self.target} was to be {word} and is {seen} after {self._settle_s:g} s{doubt}"
        return self._outcome(UNVERIFIED, text, seen)

    async def _glance(self) -> tuple[str | None, DeviceError | None]:
        try:
            return (await self._workloads.look(self._name)).word, None
        except DeviceError as error:
            return None, error

    def _outcome(self, word: str, message: str, read_back: str | None = None) -> Outcome:
        return Outcome(self.target, word, message, read_back)


@dataclass(slots=True)
class WorkloadWeight:
    """A Settable: a workload's share of the processor, 1 to 10000."""

    workloads: Workloads
    name: str
    target: PointId = field(init=False)

    def __post_init__(self) -> None:
        self.target = point_id(DEVICE, f"{self.name}.cpu_weight")

    async def read(self) -> float:
        """Its weight now."""
        return (await self.workloads.look(self.name)).weight

    async def arm(self) -> None:
        """It has nothing to arm: what was set ends with the next boot."""

    async def write(self, value: float) -> None:
        """Set it once."""
        await self.workloads.set_weight(self.name, round(value))
