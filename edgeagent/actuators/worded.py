"""A setting that takes words, such as a relay's ``on`` and ``off``: an Actuator over the numbers that they are."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Protocol

from edgeagent.actuators.setpoint import SetpointActuator, Settable
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit
from edgeagent.model.errors import DeviceError
from edgeagent.model.intent import FAILED, Choice, Domain, Hold, Outcome, Output
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value
from edgeagent.protocols.guard import Guard, WordGuard


class Coded(Settable, Protocol):
    """A Settable whose numbers are codes."""

    async def codes(self) -> Mapping[str, float]:
        """The number that each word is, at the device that this is. Raises DeviceError: nothing was written."""


class WordedActuator:
    """An Actuator for words; which number each of them is, the device's family says once it is known."""

    def __init__(self, setting: Coded, guard: WordGuard, clock: Clock) -> None:
        self._setting, self._guard = setting, guard
        self._codes: Mapping[str, float] = {}
        # A code is one that the family knows: there is nothing to clamp.
        spaced = Guard(-math.inf, math.inf, None, guard.min_interval_s, guard.settle_s, tolerance=0.0)
        self._inner = SetpointActuator(setting, spaced, clock, say=lambda code: self._word(code) or f"{code:g}")

    @property
    def target(self) -> PointId:
        """The point that also shows its effect."""
        return self._setting.target

    @property
    def domain(self) -> Domain:
        """The words that may be asked for."""
        return Choice(self._guard.words)

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
        """How long the effect may take to be read."""
        return self._inner.settle_s

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Bring it there. Raises DeviceError as `SetpointActuator.apply`."""
        word = output.value
        if not isinstance(word, str) or word not in self._guard.words:
            return self._failed(output, f"must be one of {', '.join(sorted(self._guard.words))}")
        try:
            self._codes = await self._setting.codes()
        except DeviceError as error:
            return self._failed(output, f"nothing was written: {error}")
        if word not in self._codes:
            return self._failed(output, f"the device knows {', '.join(sorted(self._codes))}")
        outcome = await self._inner.apply(replace(output, value=self._codes[word]), permit)
        return replace(outcome, read_back=self._word(outcome.read_back))

    def _word(self, value: Value | None) -> str | None:
        return next((word for word, code in self._codes.items() if code == value), None)

    def _failed(self, output: Output, why: str) -> Outcome:
        return Outcome(self.target, FAILED, f"cannot set {self.target} to {output.value!r}: {why}")
