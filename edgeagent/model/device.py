"""What a driver tells about its device when it connects."""

from dataclasses import dataclass, field
from enum import StrEnum

from edgeagent.model.points import Point


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the device says it is; an empty text means that it does not say."""

    vendor: str = ""
    model: str = ""
    serial: str = ""
    firmware: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """Points that are read together, how often, and how long one read may take."""

    name: str
    period_s: float
    deadline_s: float
    points: frozenset[str] = field(default_factory=frozenset)
    """The names (within the device) of the points that this group reads."""


@dataclass(frozen=True, slots=True)
class DeviceInfo:
    """Identity, points and groups, as found on connecting."""

    identity: Identity
    points: tuple[Point, ...]
    groups: tuple[Group, ...]


class DeviceState(StrEnum):
    """How the poller stands with a device."""

    CONNECTING = "connecting"
    ONLINE = "online"
    OFFLINE = "offline"
    MISMATCH = "identity mismatch"


@dataclass(frozen=True, slots=True)
class DeviceStatus:
    """How a device is doing, for people and metrics; times are CLOCK_BOOTTIME seconds."""

    device: str
    state: DeviceState
    since_s: float
    identity: Identity = field(default_factory=Identity)
    message: str = ""
    polls: int = 0
    failures: int = 0
    last_poll_s: float | None = None
    last_duration_s: float | None = None
    retry_at_s: float | None = None
    kind: str = ""
    """The driver's word: ``ups``, ``cooling``."""
