"""The LINK machine: how the pod stands with its NOC, as a table of transitions."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from edgeagent.core.clock import Clock


class LinkState(StrEnum):
    """How the link stands. A change by itself changes nothing else in the pod."""

    DISCONNECTED = "disconnected"
    REJOINING = "rejoining"
    """Connected to the broker; the backlog is on its way."""
    CONNECTED = "connected"
    DEGRADED = "degraded"
    """Connected to the broker, and the NOC does not acknowledge, or the broker refuses what we publish."""


class LinkEvent(StrEnum):
    """What happens to the link."""

    UP = "up"
    DOWN = "down"
    CAUGHT_UP = "caught up"
    UNHEARD = "unheard"
    """A frame got no acknowledgement in its time, or was refused."""
    HEARD = "heard"


TRANSITIONS: Mapping[tuple[LinkState, LinkEvent], LinkState] = MappingProxyType(
    {
        (LinkState.DISCONNECTED, LinkEvent.UP): LinkState.REJOINING,
        (LinkState.REJOINING, LinkEvent.CAUGHT_UP): LinkState.CONNECTED,
        (LinkState.REJOINING, LinkEvent.UNHEARD): LinkState.DEGRADED,
        (LinkState.CONNECTED, LinkEvent.UNHEARD): LinkState.DEGRADED,
        (LinkState.DEGRADED, LinkEvent.HEARD): LinkState.REJOINING,
        (LinkState.REJOINING, LinkEvent.DOWN): LinkState.DISCONNECTED,
        (LinkState.CONNECTED, LinkEvent.DOWN): LinkState.DISCONNECTED,
        (LinkState.DEGRADED, LinkEvent.DOWN): LinkState.DISCONNECTED,
    }
)
"""A pair that is not here changes nothing."""


class LinkMachine:
    """Where the link stands, and since when (CLOCK_BOOTTIME seconds)."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.state = LinkState.DISCONNECTED
        self.since_s = clock.now_s()

    def take(self, event: LinkEvent) -> LinkState | None:
        """The state that was left, or None when the event changes nothing."""
        fresh = TRANSITIONS.get((self.state, event))
        if fresh is None:
            return None
        left, self.state, self.since_s = self.state, fresh, self._clock.now_s()
        return left
