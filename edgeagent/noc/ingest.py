"""Ingest: from the broker into the database, and a signed acknowledgement back for what is committed.

A message is acknowledged to the broker only after its commit; what cannot be used is set aside and acknowledged too,
so that no message ever comes again and again.
"""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from edgeagent.core.backoff import Backoff
from edgeagent.core.clock import Clock
from edgeagent.core.database import Database
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.model.errors import LinkError, StoreError
from edgeagent.noc.coverage import CoverKey
from edgeagent.noc.fleet import Changes, Fleet
from edgeagent.noc.intake import Arrival, Intake
from edgeagent.noc.settings import NocSettings
from edgeagent.wire import ack
from edgeagent.wire.connector import Connector, together
from edgeagent.wire.keyring import SigningKey
from edgeagent.wire.mqtt import Link, Message, Puback, PublishRefused, Session
from edgeagent.wire.topics import Leaf, everyones

MOST_AT_ONCE = 200
PLENTY = 16
"""So many messages are worth a commit without waiting for more: brokers send about 20 before the first PUBACK."""
IDLE_S = 1.0
MOST_UNANSWERED = 1000
"""Acknowledgements that the broker may owe an answer to."""
FORGIVEN_AFTER_S = 60.0
"""A refused acknowledgement stays among the conditions for so long."""
PART = "noc database"
ACK_PART = "noc acknowledgements"

log = structlog.get_logger(__name__)


class Ingest:
    """The Service that serves all pods."""

    name = "noc"
    beat_every_s = 30.0
    critical = False

    def __init__(
        self,
        settings: NocSettings,
        *,
        key: SigningKey,
        database: Database,
        clock: Clock,
        health: Health,
        metrics: Metrics,
    ) -> None:
        self._settings = settings
        self._key = key
        self._database = database
        self._clock = clock
        self._health = health
        self._fleet: Fleet | None = None
        self._owed: set[CoverKey] = set()
        self._owing = asyncio.Event()
        self._refused_s = 0.0
        self._connector = Connector(self.name, settings.broker, Backoff(), clock=clock, health=health, metrics=metrics)
        self._records = metrics.counter("edgeagent_noc_records", "Records taken in, by what became of them")
        self._refused = metrics.counter("edgeagent_noc_refused", "Messages and records that make no sense, by reason")
        self._acks = metrics.counter("edgeagent_noc_acks", "Acknowledgements sent to pods")
        self._refused_acks = metrics.counter("edgeagent_noc_refused_acks", "Acknowledgements that the broker refused")

    async def run(self, beat: Beat) -> None:
        """Serve until cancelled."""
        if self._fleet is None:
            fleet = Fleet(self._settings.most_pods)
            await self._database.read(fleet.load)
            self._fleet = fleet
        session = Session(self._settings.client_id, receive_maximum=MOST_AT_ONCE)
        while True:
            link = await self._connector.connect(session, beat)
            if link is not None:
                error = await self._live(link, self._fleet, beat)
                await self._connector.lost(error, beat)

    async def _live(self, link: Link, fleet: Fleet, beat: Beat) -> LinkError:
        try:
            return await together(self._subscribe(link), self._take(link, fleet, beat), self._acknowledge(link, fleet))
        except asyncio.CancelledError:
            await link.close()
            raise
        finally:
            link.abort()

    async def _subscribe(self, link: Link) -> None:
        for leaf in (Leaf.JOURNAL, Leaf.PRESENCE):
            await link.subscribe(everyones(leaf))
        self._health.set(self.name, Level.OK, f"listens to {self._settings.broker}")
        log.info("noc listens", broker=str(self._settings.broker))

    async def _take(self, link: Link, fleet: Fleet, beat: Beat) -> None:
        while True:
            beat()
            messages = await self._gather(link)
            if not messages:
                continue
            changes = await self._keep(link, fleet, messages, beat)
            fleet.adopt(changes)
            for message in messages:
                link.acknowledge(message)
            self._count(changes)
            self._owed |= changes.touched
            self._owing.set()

    async def _gather(self, link: Link) -> list[Message]:
        """What came in: one commit for all of it."""
        try:
            async with asyncio.timeout(IDLE_S):
                messages = [await link.receive()]
        except TimeoutError:
            return []
        if link.waiting < PLENTY:
            await asyncio.sleep(self._settings.commit_s)
        while len(messages) < MOST_AT_ONCE and (message := link.receive_now()) is not None:
            messages.append(message)
        return messages

    async def _keep(self, link: Link, fleet: Fleet, messages: Sequence[Message], beat: Beat) -> Changes:
        """Commit; while the disk does not take it, wait: the broker keeps what is not acknowledged."""
        received_s = self._clock.wall_s()
        arrivals = [Arrival(one.topic, one.payload, one.retain, received_s) for one in messages]
        backoff = Backoff(1.0, 10.0)
        while True:
            try:
                changes = await self._database.write(lambda connection: Intake(connection, fleet).take(arrivals))
            except StoreError as error:
                if self._health.set(PART, Level.FAILED, str(error)):
                    log.warning("cannot keep what pods send", error=str(error))
            else:
                self._health.set(PART, Level.OK)
                return changes
            beat()
            await self._clock.sleep(backoff.next_s())
            if link.lost.done():
                raise link.lost.result()

    async def _acknowledge(self, link: Link, fleet: Fleet) -> None:
        """Tell pods what is held; of one stream at most once per ``ack_every_s``."""
        while True:
            await self._owing.wait()
            self._owing.clear()
            owed, self._owed = sorted(self._owed), set()
            for start in range(0, len(owed), MOST_UNANSWERED):
                answers = [self._send_ack(link, fleet, key) for key in owed[start : start + MOST_UNANSWERED]]
                await self._heed(answers)
            await asyncio.sleep(self._settings.ack_every_s)

    def _send_ack(self, link: Link, fleet: Fleet, key: CoverKey) -> "asyncio.Future[Puback]":
        topic = fleet.addresses[key[0]].topic(Leaf.JOURNAL_ACK)
        token = ack.sign(fleet.ack(key), self._key, self._clock.wall_s())
        answer = link.send(topic, token)
        answer.add_done_callback(asyncio.Future.exception)  # seen, also when nobody waits for it any more
        self._acks.add(stream=key[1])
        return answer

    async def _heed(self, answers: Iterable["asyncio.Future[Puback]"]) -> None:
        """Wait for the broker's answers, so that never more are owed; whether one arrives is the pod's business:
        what it misses it sends again, and is told again.
        """
        broker = self._settings.broker
        answered, silent = await asyncio.wait(answers, timeout=broker.keepalive_s)
        if silent:
            raise LinkError(f"lost the broker {broker}: it has not answered for {broker.keepalive_s} s")
        refused = [error for one in answered if isinstance(error := one.exception(), PublishRefused)]
        self._refused_acks.add(len(refused))
        now_s = self._clock.now_s()
        if refused:
            self._refused_s = now_s
            if self._health.set(ACK_PART, Level.DEGRADED, f"some pods are not told what is held: {refused[0]}"):
                log.warning("acknowledgement refused", error=str(refused[0]))
        elif now_s - self._refused_s > FORGIVEN_AFTER_S:
            self._health.set(ACK_PART, Level.OK)

    def _count(self, changes: Changes) -> None:
        self._records.add(changes.records, result="new")
        self._records.add(changes.duplicates, result="duplicate")
        self._records.add(changes.conflicts, result="conflict")
        for reason, count in changes.refused.items():
            self._refused.add(count, reason=reason)
        if changes.conflicts:
            log.error("records come a second time with other content", count=changes.conflicts)
