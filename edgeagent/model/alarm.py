"""Alarms: conditions that people should know of, as states: standing or cleared, acknowledged or not, shelved or not.

The words are those of ISA-18.2 and IEC 62682.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgeagent.model.decision import Severity

SEVERITIES: tuple[Severity, ...] = ("critical", "major", "minor", "warning")
"""Worst first."""
Word = Literal["raised", "cleared", "acknowledged", "shelved", "unshelved", "chattering", "changed", "closed"]
"""What happened to an alarm. One that is cleared and acknowledged leaves the list with no further word;
``closed`` is one that leaves it without being both, so also one that stands and finds no room any more."""


def rank(severity: Severity) -> int:
    """0 is the worst."""
    return SEVERITIES.index(severity)


@dataclass(frozen=True, slots=True)
class Mark:
    """Who saw to it, and when (CLOCK_BOOTTIME)."""

    by: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Shelf:
    """Kept out of sight by a person until a time (CLOCK_BOOTTIME), for a reason."""

    until_s: float
    by: str
    why: str


@dataclass(frozen=True, slots=True)
class Alarm:
    """One condition; all times are CLOCK_BOOTTIME.

    ``raised_s`` and ``acknowledged`` are of the last time that it came; ``times`` counts how often it came since it is
    in the list. ``cause`` names the decision, interlock or point that explains it. A chattering alarm stands until it
    was quiet for a while; ``quiet_s`` is since when. ``eased_s`` is since when a lower severity is wanted.
    """

    key: str
    severity: Severity
    text: str
    parent: str
    cause: str
    raised_s: float
    told_s: float
    """When its severity and text were last recorded."""
    times: int = 1
    cleared_s: float | None = None
    acknowledged: Mark | None = None
    shelved: Shelf | None = None
    chattering: bool = False
    raises_s: tuple[float, ...] = ()
    """The last few times that it came, oldest first."""
    quiet_s: float | None = None
    eased_s: float | None = None
    untold: bool = False
    """Its parent is another one than was recorded."""

    @property
    def stands(self) -> bool:
        """Its condition holds, or is not sure to have ended."""
        return self.cleared_s is None

    @property
    def is_over(self) -> bool:
        """It is cleared and acknowledged, and no shelf waits for its next coming."""
        return self.cleared_s is not None and self.acknowledged is not None and self.shelved is None


@dataclass(frozen=True, slots=True)
class Change:
    """What happened to an alarm; ``alarm`` is as it is after it. ``by`` and ``why`` are of a person's act."""

    word: Word
    alarm: Alarm
    by: str = ""
    why: str = ""


def leads(parents: Mapping[str, str]) -> dict[str, str]:
    """Under whose line each child is shown, given who folds under whom: the topmost; in a circle everyone leads."""
    found: dict[str, str] = {}
    for key in parents:
        way: dict[str, None] = {}
        here = key
        while here in parents and here not in found and here not in way:
            way[here] = None
            here = parents[here]
        lead = found.get(here, here)
        climbed = list(way)
        circle = climbed[climbed.index(here) :] if here in way else []
        found.update(dict.fromkeys(climbed, lead) | {one: one for one in circle})
    return found
