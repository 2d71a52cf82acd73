"""Guards: what a setting is held to, whoever asks; and the ``[devices.<name>.set.<point>]`` tables."""

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
        """As far towards the wanted value as one write may go; what stands outside counts as at the nearest edge."""
        start = self.clamped(now)
        if self.max_step is None or abs(wanted - start) <= self.max_step:
            return wanted
        return start + math.copysign(self.max_step, wanted - start)


@dataclass(frozen=True, slots=True)
class WordGuard:
    """What a setting that takes words is held to: those that may be asked for, and times as in a `Guard`.

    Raises:
        ValueError: there is no word, or the safe one is none of them.
    """

    words: frozenset[str]
    min_interval_s: float = 0.0
    settle_s: float = 5.0
    safe: str | None = None
    """Where it goes when nobody proposes anything; None leaves it as it is."""

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("cannot guard a setting that takes no word")
        if self.safe is not None and self.safe not in self.words:
            raise ValueError(f"cannot call {self.safe} safe: it is none of {', '.join(sorted(self.words))}")


def parse_guards(reader: Reader) -> Mapping[str, Guard | WordGuard]:
    """The points of one device that may be set, by name; mistakes go to the reader."""
    return {name: _either(one) for name, one in reader.named_tables("set").items()}


def _either(reader: Reader) -> Guard | WordGuard:
    return _guard(reader) if reader.peek("words") is None else _word_guard(reader)


def _word_guard(reader: Reader) -> WordGuard:
    words = frozenset(reader.texts("words"))
    if not words:
        reader.problem("words", 'cannot use no words: must be those that may be asked for, such as ["on", "off"]')
        words = frozenset(("off",))
    safe = reader.optional_text("safe")
    if safe is not None and safe not in words:
        reader.problem("safe", f'cannot use "{safe}": it is none of {", ".join(sorted(words))}')
        safe = None
    return WordGuard(words, *_times(reader), safe)


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
        step,
        *_times(reader),
        tolerance=reader.number("tolerance", 0.5, minimum=0.0, maximum=MAX_NUMBER),
        safe=_safe(reader, low, high),
    )


def _times(reader: Reader) -> tuple[float, float]:
    """The least time between writes, and how long the effect may take."""
    every_s = reader.duration_s("every", 5.0, minimum=0.0, maximum=MAX_INTERVAL_S)
    return every_s, reader.duration_s("settle", 10.0, minimum=0.1, maximum=600.0)


def _safe(reader: Reader, low: float, high: float) -> float | None:
    if not reader.has("safe"):
        return None
    safe = reader.number("safe")
    if not low <= safe <= high:
        reader.problem("safe", f"cannot use {safe:g}: it is not between {low:g} and {high:g}")
        return None
    return safe
