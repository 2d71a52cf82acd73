"""Limits: one comparison of one point, and what is remembered of it from one decision to the next."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading


class Truth(StrEnum):
    """What a comparison or an expression says. STALE and ERROR are blind: neither true nor false."""

    TRUE = "TRUE"
    FALSE = "FALSE"
    STALE = "STALE"
    """There is no reading, or it is too old."""
    ERROR = "ERROR"
    """There is a reading, and it cannot be believed or compared."""

    @property
    def blind(self) -> bool:
        """Whether nothing is known."""
        return self is Truth.STALE or self is Truth.ERROR


class Operator(StrEnum):
    """How the point is compared with the value."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    EQUAL = "=="
    UNEQUAL = "!="


@dataclass(frozen=True, slots=True)
class Limit:
    """One comparison: ``id`` is its name in the tables and the rack or aisle it was made for, ``inlet-hot@r1``.

    It turns TRUE after holding for ``for_s``, and FALSE again after not holding for ``clear_for_s``, each on two
    readings at least; while TRUE it is compared with ``clear_value``. ``low`` and ``high`` bound what can be believed,
    as does ``max_change_per_s``. With ``window_s`` the rise per minute over that window is compared, not the value.
    """

    id: str
    point: PointId
    operator: Operator
    value: float | str
    """A word is compared with a code or a text; ``true`` and ``false`` with a boolean."""
    for_s: float = 0.0
    clear_for_s: float = 0.0
    clear_value: float | None = None
    stale_after_s: float = 60.0
    low: float | None = None
    high: float | None = None
    max_change_per_s: float | None = None
    window_s: float | None = None


class LimitMemory(NamedTuple):
    """What a limit remembers, and its statistics for people; a tuple, since hundreds are made in each decision.

    ``held_s`` counts how long the opposite of ``on`` has been seen, on ``held_readings`` readings; ``blind_s`` how long
    nothing was known of the point. ``blind`` says whether nothing is known of it now. ``seen`` is the reading that was
    looked at last, ``looked`` what it says by itself for as long as it is young enough, ``unusable`` whether it cannot
    be used; ``believed`` the time and value of the last one that was plausible. ``changed_s`` is CLOCK_BOOTTIME of the
    last transition. Until ``quiet_until_s`` nothing changes unless a new reading comes; before any it is in the past.
    """

    truth: Truth = Truth.STALE
    why: str = "never read"
    on: bool = False
    held_s: float = 0.0
    held_readings: int = 0
    blind: bool = True
    blind_s: float = 0.0
    seen: Reading | None = None
    looked: Truth = Truth.STALE
    looked_why: str = "never read"
    unusable: bool = True
    believed: tuple[float, float] | None = None
    samples: tuple[tuple[float, float], ...] = ()
    evaluations: int = 0
    transitions: int = 0
    changed_s: float = 0.0
    quiet_until_s: float = -1.0
