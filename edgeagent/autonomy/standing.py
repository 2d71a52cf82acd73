"""What is wanted of a target and what came of it: pure, so that it can be asked whether it is still so."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edgeagent.model.intent import DONE, Outcome, Output
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value

AGAIN_S = 30.0
"""What could not be set, or did not stay so, is tried again after this, as long as it is wanted."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What a target is read to be, and when its oldest reading was taken (CLOCK_BOOTTIME)."""

    value: Value
    read_s: float


NOTHING: Mapping[PointId, Seen] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Standing:
    """What is wanted of one target, and what became of it; times are CLOCK_BOOTTIME seconds.

    ``outcome`` is None until the tries are over, ``ended_s`` is when they were.
    """

    output: Output
    since_s: float
    tries: int = 0
    late: bool = False
    outcome: Outcome | None = None
    ended_s: float = 0.0

    @property
    def is_failed(self) -> bool:
        """Whether it was tried and is not so."""
        return self.outcome is not None and self.outcome.word != DONE

    def is_due_again(self, seen: Seen | None, now_s: float) -> bool:
        """Whether it failed, or is read to be otherwise since it was set; and not too soon."""
        if self.outcome is None or now_s - self.ended_s < AGAIN_S:
            return False
        if self.is_failed:
            return True
        return seen is not None and seen.read_s > self.ended_s and not self._is_so(seen.value, self.outcome)

    def _is_so(self, value: Value, outcome: Outcome) -> bool:
        """Whether this is what was wanted, or what was read back: a device may round it, its guard may clamp it."""
        known = [self.output.value, *([] if outcome.read_back is None else [outcome.read_back])]
        if isinstance(value, bool | str):
            return value in known
        numbers = [each for each in known if not isinstance(each, bool | str)]
        return any(abs(value - each) <= outcome.tolerance for each in numbers)
