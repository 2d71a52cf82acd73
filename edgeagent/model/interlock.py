"""Interlocks: an expression over limits, and what follows when it holds."""

from dataclasses import dataclass, field
from enum import StrEnum

from edgeagent.model.site import ServiceClass


@dataclass(frozen=True, slots=True)
class Name:
    """The truth of one limit, by its id."""

    id: str


@dataclass(frozen=True, slots=True)
class Not:
    """The opposite; blind stays blind."""

    term: "Term"


@dataclass(frozen=True, slots=True)
class All:
    """TRUE if every term is; FALSE dominates, then ERROR, then STALE."""

    terms: tuple["Term", ...]


@dataclass(frozen=True, slots=True)
class Some:
    """TRUE if any term is; TRUE dominates, then ERROR, then STALE. Of nothing it is FALSE."""

    terms: tuple["Term", ...]


Term = Name | Not | All | Some


class ServiceState(StrEnum):
    """Whether an interlock acts."""

    IN_SERVICE = "in service"
    MONITOR_ONLY = "monitor only"
    """It is evaluated and shown in full, and switches nothing."""
    OUT_OF_SERVICE = "out of service"


class Act(StrEnum):
    """What an interlock does."""

    SHED = "shed"
    RESTORE = "restore"
    COOL = "cooling max"
    ALARM = "alarm only"


@dataclass(frozen=True, slots=True)
class Interlock:
    """One interlock, made for one rack, one aisle or the pod: ``hot-p3@r1``.

    ``sheds`` lists the classes that it sheds, the first one first. While ``when`` is blind it acts only if ``second``
    is TRUE, or if all of ``aisle`` (limits) was blind for ``blind_for_s``. ``uses`` lists every limit that it looks at.
    """

    id: str
    when: Term
    act: Act
    racks: tuple[str, ...]
    aisles: tuple[str, ...] = ()
    sheds: tuple[ServiceClass, ...] = ()
    for_s: float = 0.0
    clear_for_s: float = 60.0
    second: Term | None = None
    blind_for_s: float | None = None
    latch: bool = False
    state: ServiceState = ServiceState.MONITOR_ONLY
    watches: tuple[str, ...] = ()
    """The limits that ``when`` looks at."""
    aisle: tuple[str, ...] = ()
    uses: frozenset[str] = field(default_factory=frozenset, repr=False)

    @property
    def armed(self) -> bool:
        """Whether it may act."""
        return self.state is ServiceState.IN_SERVICE

    @property
    def protects(self) -> bool:
        """Whether being blind matters: it sheds or cools."""
        return self.act is Act.SHED or self.act is Act.COOL


class Standing(StrEnum):
    """Where an interlock stands."""

    CLEAR = "clear"
    PENDING = "pending"
    TRIPPED = "tripped"
    LATCHED = "latched"
    """What tripped it is over, and a person must reset it."""
    OUT = "out of service"


_TRIPPED, _LATCHED = Standing.TRIPPED, Standing.LATCHED  # a look-up in an Enum costs more than `is`


@dataclass(frozen=True, slots=True)
class InterlockMemory:
    """What an interlock remembers, and its statistics for people."""

    standing: Standing = Standing.CLEAR
    truth: str = "FALSE"
    why: str = ""
    """What tripped it: its condition, a second sign while blind, or the time blind."""
    held_s: float = 0.0
    cleared_s: float = 0.0
    blind_s: float = 0.0
    dark_s: float = 0.0
    """How long the whole aisle was blind."""
    demanded: bool = False
    settled: bool = False
    trips: int = 0
    changed_s: float = 0.0

    @property
    def active(self) -> bool:
        """Whether it acts: tripped, or latched until a person resets it."""
        return self.standing is _TRIPPED or self.standing is _LATCHED
