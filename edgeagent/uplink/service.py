"""The uplink Service: connects, says that the pod is there, sends the journal and takes the NOC's acknowledgements."""

import asyncio
from dataclasses import replace
from functools import partial
from random import Random

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat, Outbox
from edgeagent.model.errors import LinkError
from edgeagent.model.journal import Extent
from edgeagent.uplink.acks import AckDesk
from edgeagent.uplink.gauges import Gauges
from edgeagent.uplink.presence import Herald
from edgeagent.uplink.replay import Key, Replay, Want
from edgeagent.uplink.session import LinkEvent, LinkMachine, LinkState
from edgeagent.uplink.settings import UplinkSettings
from edgeagent.wire import frame
from edgeagent.wire.connector import Connector, together
from edgeagent.wire.keyring import Keyring
from edgeagent.wire.mqtt import Link, Puback, PublishRefused, Session
from edgeagent.wire.presence import Why
from edgeagent.wire.topics import Address, Leaf

YOUNG_S = 30.0
"""Until then, all that the process committed since its start counts as live on its first connection."""
REST_S = 1.0
LINK_PART = "NOC link"

log = structlog.get_logger(__name__)


class Uplink:
    """One pod's way to its NOC. Made once; ``run`` may be started again after a failure."""

    name = "uplink"
    beat_every_s = 30.0
    critical = False

    def __init__(
        self,
        settings: UplinkSettings,
        *,
        site: str,
        pod: str,
        version: str,
        keyring: Keyring,
        outbox: Outbox,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        chance: Random | None = None,
    ) -> None:
        self._settings = settings
        self._address = Address(site, pod)
        self._outbox = outbox
        self._clock = clock
        self._health = health
        self._chance = chance or Random()  # noqa: S311 -- spreads load, guards nothing
        self._machine = LinkMachine(clock)
        self._desk = AckDesk(self._address, keyring, outbox=outbox, clock=clock, health=health, metrics=metrics)
        self._gauges = Gauges(metrics, outbox, clock, lambda: self._desk.last_s)
        self._herald = Herald(self._address, version, clock)
        backoff = Backoff(settings.retry_first_s, settings.retry_last_s, self._chance)
        self._connector = Connector(self.name, settings.broker, backoff, clock=clock, health=health, metrics=metrics)
        self._replay = Replay(settings.window, settings.backlog_bytes_per_s, settings.ack_timeout_s)
        self._wake = asyncio.Event()
        self._refusal = ""
        self._started_s = clock.now_s()
        self._at_start: dict[Key, int] | None = _committed(outbox)

    # -- what status and pages show

    @property
    def state(self) -> LinkState:
        """Connected, degraded, disconnected or rejoining."""
        return self._machine.state

    @property
    def since_s(self) -> float:
        """CLOCK_BOOTTIME when it became so."""
        return self._machine.since_s

    @property
    def broker(self) -> str:
        """Where the broker is."""
        return str(self._settings.broker)

    @property
    def last_ack_s(self) -> float | None:
        """CLOCK_BOOTTIME of the NOC's last good acknowledgement."""
        return self._desk.last_s

    def leave_because(self, why: Why) -> None:
        """What the last word shall say; without it, it is ``shutdown``."""
        self._herald.why = why

    # -- the Service

    async def run(self, beat: Beat) -> None:
        """Be connected, again and again, until cancelled; then say the last word."""
        while True:
            session = Session(f"edgepod-{self._address.site}-{self._address.pod}", self._herald.will())
            link = await self._connector.connect(session, beat)
            if link is not None:
                error = await self._live(link, beat)
                await self._connector.lost(error, beat)

    async def _live(self, link: Link, beat: Beat) -> LinkError:
        """One connection from its first to its last moment; returns why it ended."""
        self._move(LinkEvent.UP)
        self._begin_replay()
        try:
            return await together(self._pump(link, beat), self._greet(link), self._receive(link), self._watch_commits())
        except asyncio.CancelledError:
            await self._herald.farewell(link)
            raise
        finally:
            link.abort()
            self._move(LinkEvent.DOWN)

    def _begin_replay(self) -> None:
        now_s, extents = self._clock.now_s(), self._outbox.extents()
        young = self._at_start is not None and now_s - self._started_s < YOUNG_S
        live_after = self._at_start if young and self._at_start is not None else _committed(self._outbox)
        self._at_start = None
        # What fits one frame is no flood: only a real backlog waits for its turn among the other pods.
        small = all(_is_small(extent) for extent in extents)
        wait_s = 0.0 if small else self._chance.uniform(0.0, self._settings.backlog_jitter_s)
        self._replay.rejoin(now_s, extents, live_after, wait_s)

    async def _greet(self, link: Link) -> None:
        await link.subscribe(self._address.topic(Leaf.JOURNAL_ACK))
        try:
            await self._herald.greet(link)
        except PublishRefused as error:
            self._health.set(LINK_PART, Level.DEGRADED, f"cannot say that the pod is there: {error}")

    async def _receive(self, link: Link) -> None:
        while True:
            message = await link.receive()
            ack = await self._desk.take(message)
            link.acknowledge(message)
            if ack is not None and self._replay.acknowledged(ack):
                self._move(LinkEvent.HEARD)
            self._wake.set()

    async def _watch_commits(self) -> None:
        while True:
            await self._outbox.wait_committed()
            self._wake.set()

    async def _pump(self, link: Link, beat: Beat) -> None:
        while True:
            beat()
            self._wake.clear()
            self._judge()
            if not await self._send_next(link):
                await self._rest()

    async def _send_next(self, link: Link) -> bool:
        """Send one frame; false when there is none to send now."""
        want = self._replay.next(self._clock.now_s(), self._outbox.extents())
        if want is None:
            return False
        most = min(frame.MAX_RECORDS, want.last - want.first + 1)
        batch = await self._outbox.batch(want.stream, want.epoch, want.first, most, frame.MAX_CONTENT_BYTES)
        if batch is None or batch.first_sequence > want.last:
            self._replay.nothing(want)
            return True
        batch = replace(batch, records=batch.records[: want.last - batch.first_sequence + 1])
        payload = frame.encode(batch)
        answer = link.send(self._address.topic(Leaf.JOURNAL), payload)
        self._desk.sent(batch.stream, batch.epoch, batch.last_sequence)
        number = self._replay.sent(want, batch, len(payload), self._clock.now_s())
        self._gauges.sent(batch.stream, len(payload), live=want.live)
        answer.add_done_callback(partial(self._answered, number, want))
        return True

    def _answered(self, number: int, want: Want, answer: "asyncio.Future[Puback]") -> None:
        """The broker's word on a frame. It deletes nothing: only the NOC's does."""
        error = None if answer.cancelled() else answer.exception()
        if error is None and not answer.cancelled():
            wanted = answer.result() is Puback.TAKEN
            self._replay.taken(number, self._clock.now_s(), wanted=wanted)
            if not wanted:
                self._gauges.unwanted()
        elif isinstance(error, PublishRefused):
            self._replay.refused(number)
            self._gauges.refused()
            if not self._refusal:
                log.warning("frame refused", stream=want.stream, error=str(error))
            self._refusal = str(error)
            self._health.set(LINK_PART, Level.DEGRADED, self._refusal)
        self._wake.set()

    async def _rest(self) -> None:
        """Wait until something happened, or time alone brings something to send."""
        wait_s = min(REST_S, self._replay.wait_s(self._clock.now_s()))
        try:
            async with asyncio.timeout(max(wait_s, 0.001)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _judge(self) -> None:
        """Move the LINK machine to where things stand."""
        silent_s = self._replay.unanswered_s(self._clock.now_s())
        if silent_s > self._settings.broker.keepalive_s:
            raise LinkError(f"lost the broker {self.broker}: it has not answered for {silent_s:.0f} s")
        if self._replay.unheard:
            self._move(LinkEvent.UNHEARD)
        elif self._replay.caught_up:
            self._move(LinkEvent.CAUGHT_UP)

    def _move(self, event: LinkEvent) -> None:
        left = self._machine.take(event)
        if left is None:
            return
        log.debug("link", state=self.state.value, was=left.value)
        if self.state is LinkState.DEGRADED:
            self._health.set(LINK_PART, Level.DEGRADED, self._refusal or "the NOC does not acknowledge what is sent")
        elif self.state is LinkState.CONNECTED:
            self._refusal = ""
            self._health.set(LINK_PART, Level.OK)


def _committed(outbox: Outbox) -> dict[Key, int]:
    return {(extent.stream, extent.epoch): extent.last_committed for extent in outbox.extents()}


def _is_small(extent: Extent) -> bool:
    return extent.pending <= frame.MAX_RECORDS and extent.pending_bytes <= frame.MAX_CONTENT_BYTES
