"""The ingest over a real broker: what it lets the broker forget, and what it does while it cannot keep anything."""

import asyncio
import contextlib
import sqlite3
from dataclasses import replace

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health, Level
from edgeagent.core.lockfile import LockHeld
from edgeagent.core.metrics import Metrics
from edgeagent.model.journal import Batch, Stream
from edgeagent.noc import query
from edgeagent.noc.service import open_noc
from edgeagent.noc.settings import NocSettings
from edgeagent.wire import ack, frame
from edgeagent.wire.keyring import Keyring, Role
from edgeagent.wire.mqtt import Link, Session, connect
from edgeagent.wire.topics import Address, Leaf
from tests.fixtures.broker import mosquitto, until
from tests.fixtures.link import noc_key, noc_rows, running_noc
from tests.fixtures.scripted import scripted

POD = Address("site-1", "pod-1")


@pytest.fixture
def broker(tmp_path):
    with mosquitto(tmp_path / "mosquitto") as one:
        yield one


async def _pod(broker) -> Link:
    link = await connect(broker.broker(), Session("pod"))
    await link.subscribe(POD.topic(Leaf.JOURNAL_ACK))
    return link


def _frame(first: int, *contents: bytes) -> bytes:
    return frame.encode(Batch(Stream.TELEMETRY, 1, first, contents))


async def _ack(link: Link, key) -> ack.Ack:
    message = await asyncio.wait_for(link.receive(), 5)
    return ack.verify(message.payload, Keyring.of([key.trusted(Role.INGEST)]), POD)


async def test_what_is_acknowledged_is_on_the_disk(broker, tmp_path):
    key = noc_key()
    async with running_noc(broker.broker(), key, tmp_path) as noc:
        link = await _pod(broker)
        await noc.listens()
        await link.publish(POD.topic(Leaf.JOURNAL), _frame(1, b"a", b"b"))
        assert (await _ack(link, key)).watermark == 2
        assert len(noc_rows(tmp_path)) == 2
        await link.close()


async def test_acknowledgements_of_one_stream_are_few(broker, tmp_path):
    key = noc_key()
    async with running_noc(broker.broker(), key, tmp_path, ack_every_s=0.3) as noc:
        link = await _pod(broker)
        await noc.listens()
        for number in range(1, 101):
            await link.publish(POD.topic(Leaf.JOURNAL), _frame(number, b"x"))
        acks = noc.metrics.counter("edgeagent_noc_acks", "")
        while (await _ack(link, key)).watermark < 100:
            pass
        assert acks.get(stream="telemetry") <= 10
        await link.close()


async def test_a_poison_message_is_taken_from_the_broker_and_never_comes_again(broker, tmp_path):
    key = noc_key()
    async with running_noc(broker.broker(), key, tmp_path) as noc:
        await noc.listens()
        link = await _pod(broker)
        await link.publish(POD.topic(Leaf.JOURNAL), b"poison")
        await link.publish(POD.topic(Leaf.JOURNAL), bytes(200_000))
        await link.publish("edgepod/v1/UPPER/pod/journal", b"poison")
        await link.publish(POD.topic(Leaf.JOURNAL), _frame(1, b"a"))
        assert (await _ack(link, key)).watermark == 1
    async with running_noc(broker.broker(), key, tmp_path) as noc:
        await link.publish(POD.topic(Leaf.JOURNAL), _frame(2, b"b"))
        assert (await _ack(link, key)).watermark == 2
        assert noc.metrics.counter("edgeagent_noc_refused", "").get(reason="frame") == 0
    assert query.refusals(tmp_path / "noc.db") == {"frame": 2, "record of unknown kind": 2, "topic": 1}
    await link.close()


async def test_while_the_database_cannot_be_written_the_broker_keeps_it_all(broker, tmp_path):
    key = noc_key()
    async with running_noc(broker.broker(), key, tmp_path) as noc:
        link = await _pod(broker)
        await noc.listens()
        with contextlib.closing(sqlite3.connect(tmp_path / "noc.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")  # SQLITE_BUSY for whoever else writes
            await link.publish(POD.topic(Leaf.JOURNAL), _frame(1, b"a"))
            await until(lambda: noc.health.get("noc database"), what="the trouble is said")
            assert noc.health.get("noc database").level is Level.FAILED
            assert link.waiting == 0
            other.execute("ROLLBACK")
        assert (await _ack(link, key)).watermark == 1
        assert noc.health.get("noc database").level is Level.OK
        await link.close()


def _delivers(payload: bytes) -> bytes:
    """A SUBACK, and a PUBLISH of QoS 0 right behind it."""
    topic = POD.topic(Leaf.JOURNAL).encode()
    body = len(topic).to_bytes(2, "big") + topic + b"\0" + payload
    assert len(body) < 128, "the length must fit one byte"
    return b"\x90\x04MM\0\1" + bytes([0x30, len(body)]) + body


async def test_a_broker_that_never_answers_an_acknowledgement_is_left(tmp_path):
    """Else what it owes would pile up in memory, while all looks well."""
    async with (
        scripted(suback=_delivers(_frame(1, b"a")), pong=b"\xd0\0") as (one, broker),
        running_noc(replace(broker, keepalive_s=1), noc_key(), tmp_path) as noc,
    ):
        await until(lambda: one.publishes, what="the acknowledgement")
        await until(lambda: "has not answered" in noc.health.get("noc").message, what="the connection given up")


async def test_a_broker_that_refuses_acknowledgements_is_told_to_people(tmp_path):
    async with (
        scripted(suback=_delivers(_frame(1, b"a")), puback=b"\x40\x04MM\x87\0") as (_, broker),
        running_noc(broker, noc_key(), tmp_path) as noc,
    ):
        await until(lambda: noc.health.get("noc acknowledgements"), what="the refusal told")
        condition = noc.health.get("noc acknowledgements")
        assert condition.level is Level.DEGRADED
        assert "135" in condition.message
        assert noc.metrics.counter("edgeagent_noc_refused_acks", "").get() >= 1


async def test_a_second_noc_with_the_same_database_is_refused(broker, tmp_path):
    """Each knows in memory what is held: with two of them both would stop at the first record that the other took."""
    key = noc_key()
    async with running_noc(broker.broker(), key, tmp_path) as noc:
        await noc.listens()
        settings = NocSettings(broker.broker(), tmp_path / "noc.key", tmp_path / "noc.db", client_id="second")
        clock = SystemClock()
        with pytest.raises(LockHeld, match="another edgeagent"):
            open_noc(settings, clock=clock, health=Health(clock), metrics=Metrics())
    opened = open_noc(settings, clock=clock, health=Health(clock), metrics=Metrics())
    await opened.close()
