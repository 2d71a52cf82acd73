"""Guards: what a number that is set is held to, whoever asks; and the ``[devices.<name>.set.<point>]`` tables."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from edgeagent.config.reader import Reader

MAX_INTERVAL_S = 3600.0
MAX_NUMBER = 1e9


@dataclass(frozen=True, slots=True)
class Guard:
    """What a number is held to; all in the point's own unit.

    ``max_step`` bounds one write, ``min_interval_s`` spaces writes, ``settle_s`` is how long the effect may take,
    ``tolerance`` how far from the wanted value it may then stand.

    Raises:
        ValueError: not ``low <= high``, or the safe value lies outside.
    """

    low: float
    high: float
    max_step: float | None = None
    min_interval_s: float = 0.0
    settle_s: float = 5.0
    tolerance: float = 0.5
    safe: float | None = None
    """Where it goes when nobody proposes anything; None leaves it as it is."""

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"cannot guard a setpoint from {self.low} to {self.high}")
        if self.safe is not None and not self.low <= self.safe <= self.high:
            raise ValueError(f"cannot call {self.safe} safe: it is outside {self.low} to {self.high}")

    def clamped(self, value: float) -> float:
        """The nearest value that is allowed."""
        return min(self.high, max(self.low, value))

    def stepped(self, now: float, wanted: float) -> float:
        """As far towards the wanted value as one write may go; from outside it first comes to the nearest edge."""
        start = self.clamped(now)
        if self.max_step is None:
            return wanted
        return start + math.copysign(min(abs(wanted - start), self.max_step), wanted - start)


def parse_guards(reader: Reader) -> Mapping[str, Guard]:
    """The points of one device that may be set, by name; mistakes go to the reader."""
    return {name: _guard(one) for name, one in reader.named_tables("set").items()}


def _guard(reader: Reader) -> Guard:
    low = reader.number("lowest", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    high = reader.number("highest", minimum=-MAX_NUMBER, maximum=MAX_NUMBER)
    if low > high:
        reader.problem("lowest", f"cannot use {low:g}: it is more than highest, {high:g}")
        high = low
    step = reader.number("max_step", minimum=0.001, maximum=MAX_NUMBER) if reader.has("max_step") else None
    return Guard(
        low,
        high,
        max_step=step,
        min_interval_s=reader.duration_s("every", 5.0, minimum=0.0, maximum=MAX_INTERVAL_S),
        settle_s=reader.duration_s("settle", 10.0, minimum=0.1, maximum=600.0),
        tolerance=reader.number("tolerance", 0.5, minimum=0.0, maximum=MAX_NUMBER),
        safe=_safe(reader, low, high),
    )


def _safe(reader: Reader, low: float, high: float) -> float | None:
    if not reader.has("safe"):
        return None
    safe = reader.number("safe")
    if not low <= safe <= high:
        reader.problem("safe", f"cannot use {safe:g}: it is not between {low:g} and {high:g}")
        return None
    return safe
