"""Decisions: what one look at the image led to, why, and what is remembered for the next one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from edgeagent.model.intent import Output
from edgeagent.model.interlock import InterlockMemory
from edgeagent.model.limit import LimitMemory

Severity = Literal["critical", "major", "minor", "warning"]


@dataclass(frozen=True, slots=True)
class AlarmWanted:
    """A condition that people should know of, as long as it is wanted; ``parent`` is the key under which it folds.

    ``cause`` names the decision, interlock or point that explains it.
    """

    key: str
    severity: Severity
    text: str
    parent: str = ""
    cause: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the way to a decision: what (tripped, shed, refused, limited, vetoed…), of whom, and why."""

    what: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class ShedLoad:
    """A load that was switched off as a whole by an interlock, and when (CLOCK_BOOTTIME).

    ``causes`` are the limits that must be known again before it may return. ``returning_s`` counts since it is being
    switched on again, and is None while it is off.
    """

    load: str
    interlock: str
    causes: tuple[str, ...]
    power_w: float | None
    since_s: float
    returning_s: float | None = None


@dataclass(frozen=True, slots=True)
class Attention:
    """What the next decision looks at though nothing new was read of it; it follows from a memory and is no part of it.

    ``image`` is the version of the image that the memory was made from; from ``until_s`` on, all is looked at.
    """

    image: int
    limits: frozenset[str]
    interlocks: frozenset[str]
    until_s: float


@dataclass(frozen=True, slots=True)
class Memory:
    """All that decisions remember. It is plain data, goes in and comes out, and so survives power loss and replays.

    ``time_s`` is CLOCK_BOOTTIME of the last decision. ``shed`` is in the order of shedding. ``restored_s`` counts since
    the last load was let return.
    """

    time_s: float | None = None
    limits: Mapping[str, LimitMemory] = field(default_factory=lambda: MappingProxyType({}))
    interlocks: Mapping[str, InterlockMemory] = field(default_factory=lambda: MappingProxyType({}))
    shed: tuple[ShedLoad, ...] = ()
    restored_s: float | None = None
    version: str = ""
    """Of the tables that it was made by."""
    attention: Attention | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Decision:
    """The outputs by target, the alarms by key, the way there, and the memory for the next decision.

    ``cool`` lists the aisles for which maximum cooling is asked, whether or not something there can be set.
    """

    outputs: tuple[Output, ...]
    alarms: tuple[AlarmWanted, ...]
    trace: tuple[Step, ...]
    cool: tuple[str, ...]
    memory: Memory

    def canonical(self) -> bytes:
        """The decision as bytes: equal decisions give equal bytes, on every run."""
        return repr(self).encode()
