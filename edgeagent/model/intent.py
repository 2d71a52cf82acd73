"""Intents: proposals for one target, each with an end."""

from dataclasses import dataclass
from enum import IntEnum

from edgeagent.model.points import PointId
from edgeagent.model.reading import Value


class Rank(IntEnum):
    """Who goes before whom; a lower number is never overridden."""

    LIFE = 1
    """Life, fire, leak."""
    EQUIPMENT = 2
    SURVIVAL = 3
    """Islanding, service classes."""
    PERSON = 4
    """A person on site."""
    NOC = 5
    PLAN = 6
    DEFAULT = 7


@dataclass(frozen=True, slots=True)
class Range:
    """An interval of numbers, both ends included.

    Raises:
        ValueError: not ``low <= high``, which also refuses NaN: `min` and `max` would silently erase a limit.
    """

    low: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise ValueError(f"cannot make a range from {self.low} to {self.high}")


@dataclass(frozen=True, slots=True)
class Choice:
    """A subset of words, such as ``on`` and ``off``; never empty.

    Raises:
        ValueError: no word is left.
    """

    words: frozenset[str]

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("cannot make a choice of nothing")


Domain = Range | Choice


@dataclass(frozen=True, slots=True)
class Hold:
    """The safe value of a target that is best left as it is."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A proposal for one target: the values it allows, who proposes, why, and until when (CLOCK_BOOTTIME seconds)."""

    target: PointId
    allows: Domain
    rank: Rank
    source: str
    reason: str
    expires_s: float


@dataclass(frozen=True, slots=True)
class Output:
    """The decision for one target; ``decision`` names the audit record that explains it."""

    target: PointId
    value: Value
    rank: Rank
    source: str
    reason: str
    decision: str
    limited: tuple[str, ...] = ()
    """The sources that an intent was pulled to the edge of."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of an output: done (read back as wanted), failed (not written), unverified (not read back)."""

    target: PointId
    word: str
    message: str = ""
    read_back: Value | None = None
    tolerance: float = 0.0
    """How far from it a number may be read and still count as what was set."""


DONE, FAILED, UNVERIFIED = "done", "failed", "unverified"
