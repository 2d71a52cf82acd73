"""Presence: what this pod says of being there, at each connection, at the end, and in its will."""

from edgeagent.core.clock import Clock
from edgeagent.model.errors import LinkError
from edgeagent.wire import presence
from edgeagent.wire.mqtt import Link, PublishRefused, Will
from edgeagent.wire.presence import Being, Presence, Why
from edgeagent.wire.topics import Address, Leaf

FAREWELL_TIMEOUT_S = 1.0


class Herald:
    """Speaks for one pod. ``why`` is the last word that a farewell gives."""

    def __init__(self, address: Address, version: str, clock: Clock) -> None:
        self.why = Why.SHUTDOWN
        self._topic = address.topic(Leaf.PRESENCE)
        self._version = version
        self._clock = clock
        self._connected_s = clock.now_s()

    def will(self) -> Will:
        """What the broker shall say when the connection that begins now is lost."""
        self._connected_s = self._clock.now_s()
        return Will(self._topic, self._word(Being.OFFLINE, Why.LINK_LOST))

    async def greet(self, link: Link) -> None:
        """Say that the pod is there.

        Raises:
            PublishRefused: the broker does not let us say so.
            LinkError: the connection ended, or no answer came.
        """
        await link.publish(self._topic, self._word(Being.ONLINE, ""), retain=True)

    async def farewell(self, link: Link) -> None:
        """Say the last word and take leave: a clean DISCONNECT makes the broker drop the will."""
        try:
            word = self._word(Being.OFFLINE, self.why)
            await link.publish(self._topic, word, retain=True, timeout_s=FAREWELL_TIMEOUT_S)
        except PublishRefused:
            pass  # so was the greeting
        except LinkError:
            link.abort()  # the will speaks instead
            return
        await link.close()

    def _word(self, state: Being, why: str) -> bytes:
        return presence.encode(
            Presence(
                state=state,
                boot_id=self._clock.boot_id,
                version=self._version,
                connected_s=self._connected_s,
                wall_s=max(0.0, self._clock.wall_s()),
                why=why,
            )
        )
