"""A setting that takes words, such as a relay's ``on`` and ``off``: an Actuator over one that takes numbers."""

from collections.abc import Mapping
from dataclasses import replace

from edgeagent.actuators.setpoint import SetpointActuator
from edgeagent.core.ports import Permit
from edgeagent.model.intent import FAILED, Choice, Domain, Hold, Outcome, Output
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value


class WordedActuator:
    """An Actuator whose ``codes`` say which number each word is."""

    def __init__(self, inner: SetpointActuator, codes: Mapping[str, float]) -> None:
        self._inner = inner
        self._codes = dict(codes)

    @property
    def target(self) -> PointId:
        """The point that also shows its effect."""
        return self._inner.target

    @property
    def domain(self) -> Domain:
        """The words."""
        return Choice(frozenset(self._codes))

    @property
    def safe(self) -> Value | Hold:
        """Where it goes when nobody proposes anything."""
        safe = self._inner.safe
        return safe if isinstance(safe, Hold) else self._word(safe) or Hold()

    @property
    def feedback(self) -> PointId | None:
        """The same point."""
        return self._inner.feedback

    @property
    def settle_s(self) -> float:
        """How long the effect may take to be read."""
        return self._inner.settle_s

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Bring it there. Raises DeviceError as `SetpointActuator.apply`."""
        code = self._codes.get(output.value) if isinstance(output.value, str) else None
        if code is None:
            known = ", ".join(sorted(self._codes))
            text = f"cannot set {self.target} to {output.value!r}: must be one of {known}"
            return Outcome(self.target, FAILED, text)
        outcome = await self._inner.apply(replace(output, value=code), permit)
        return replace(outcome, read_back=self._word(outcome.read_back))

    def _word(self, value: Value | None) -> str | None:
        return next((word for word, code in self._codes.items() if code == value), None)
