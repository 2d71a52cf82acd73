"""Acknowledgements: checked end to end before a record is deleted, because the broker is not believed."""

import structlog

from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Outbox
from edgeagent.model.errors import SignatureInvalid, StoreError, WireError
from edgeagent.model.journal import Ack, Stream
from edgeagent.wire import ack as wire_ack
from edgeagent.wire.keyring import Keyring
from edgeagent.wire.mqtt import Message
from edgeagent.wire.topics import Address, Leaf

PART = "acknowledgements"
FORGIVEN_AFTER_S = 3600.0
"""A refused acknowledgement stays on the status for so long."""

log = structlog.get_logger(__name__)


class AboveSent(WireError):
    """An acknowledgement of what was never sent."""


class AckDesk:
    """Takes acknowledgements: settles the good ones, refuses, counts and shows the others."""

    def __init__(
        self,
        address: Address,
        keyring: Keyring,
        *,
        outbox: Outbox,
        clock: Clock,
        health: Health,
        metrics: Metrics,
    ) -> None:
        self.last_s: float | None = None
        """CLOCK_BOOTTIME of the last good acknowledgement."""
        self._address = address
        self._topic = address.topic(Leaf.JOURNAL_ACK)
        self._keyring = keyring
        self._outbox = outbox
        self._clock = clock
        self._health = health
        self._acks = metrics.counter("edgeagent_uplink_acks", "Acknowledgements from the NOC, by what became of them")
        self._settled = metrics.counter("edgeagent_uplink_settled_records", "Records deleted as held by the NOC")
        self._refused_s: float | None = None
        # An acknowledgement may still come for what an earlier process sent: anything committed before this one. Of
        # older epochs only the outbox knows how far they went: a power cut may have cost records that were sent.
        extents = outbox.extents()
        self._current = {one.stream: one.epoch for one in sorted(extents, key=lambda one: one.epoch)}
        self._may_hold = {
            (one.stream, one.epoch): one.last_committed for one in extents if self._current[one.stream] == one.epoch
        }

    def sent(self, stream: Stream, epoch: int, last: int) -> None:
        """The NOC may hold everything up to here."""
        if (stream, epoch) not in self._may_hold and epoch < self._current.get(stream, 0):
            return
        self._may_hold[stream, epoch] = max(last, self._may_hold.get((stream, epoch), 0))

    async def take(self, message: Message) -> Ack | None:
        """The acknowledgement in a message once it is settled, or None when it is refused or could not be kept."""
        try:
            ack = self._checked(message)
        except WireError as error:
            self._refuse(error)
            return None
        return await self._settle(ack)

    def _checked(self, message: Message) -> Ack:
        if message.topic != self._topic:
            raise WireError(f"cannot use a message on {message.topic[:80]!r}: it was not asked for")
        if message.retain:
            raise WireError("cannot use a retained acknowledgement: it is not from now")
        ack = wire_ack.verify(message.payload, self._keyring, self._address)
        most = self._may_hold.get((ack.stream, ack.epoch))
        if most is not None and ack.highest > most:
            raise AboveSent(
                f"cannot use an acknowledgement of {ack.stream} {ack.epoch}:{ack.highest}: only {most} was ever sent"
            )
        return ack

    async def _settle(self, ack: Ack) -> Ack | None:
        try:
            freed = await self._outbox.settle(ack)
        except StoreError as error:
            if (ack.stream, ack.epoch) not in self._may_hold:
                self._refuse(AboveSent(f"cannot use what the store refuses: {error}"))
                return None
            # The frames stand as not acknowledged, so the NOC is asked again in time.
            self._acks.add(result="not kept")
            self._health.set(PART, Level.DEGRADED, str(error))
            return None
        self._acks.add(result="accepted")
        self._settled.add(freed, stream=ack.stream)
        self.last_s = self._clock.now_s()
        if self._refused_s is None or self.last_s - self._refused_s > FORGIVEN_AFTER_S:
            self._refused_s = None
            self._health.set(PART, Level.OK)
        return ack

    def _refuse(self, error: WireError) -> None:
        result = "refused: " + _REASONS.get(type(error), "malformed")
        self._acks.add(result=result)
        say = log.warning if self._refused_s is None else log.debug
        say("acknowledgement refused", error=str(error))
        self._refused_s = self._clock.now_s()
        self._health.set(PART, Level.DEGRADED, f"refused, nothing deleted: {error}")


_REASONS: dict[type[WireError], str] = {SignatureInvalid: "signature", AboveSent: "above what was sent"}
