"""From the outbox to the NOC's database and back: nothing is lost, nothing is deleted before the NOC has it."""

import asyncio
import random

import pytest

from edgeagent.core.health import Level
from edgeagent.model.journal import Ack, Stream
from edgeagent.wire import ack, presence
from edgeagent.wire.mqtt import Session, connect
from edgeagent.wire.presence import Being, Why
from edgeagent.wire.topics import Address, Leaf
from tests.fixtures.broker import mosquitto, until
from tests.fixtures.link import end, noc_key, noc_rows, running_noc, running_pod
from tests.fixtures.outbox import MemoryOutbox
from tests.fixtures.proxy import fault_proxy

POD = Address("site-1", "pod-1")
TELEMETRY = Stream.TELEMETRY


@pytest.fixture
def broker(tmp_path):
    with mosquitto(tmp_path / "mosquitto") as one:
        yield one


async def test_what_is_committed_reaches_the_noc_and_is_settled(broker, tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(TELEMETRY, *(b"old %d" % number for number in range(1000)))
    async with running_noc(broker.broker(), key, tmp_path), running_pod(broker.broker(), key, outbox) as pod:
        await until(lambda: outbox.pending == 0, what="the backlog settled")
        await until(lambda: pod.uplink.state == "connected", what="the link connected")
        outbox.put(Stream.ALARM, b"fire")
        outbox.put(Stream.AUDIT, b"done")
        await until(lambda: outbox.pending == 0, what="the live records settled")
        assert noc_rows(tmp_path) == outbox.log
        assert pod.uplink.last_ack_s is not None


async def test_the_same_over_mqtt_3_1_1(broker, tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    old = broker.broker(protocol="3.1.1")
    async with running_noc(old, key, tmp_path), running_pod(old, key, outbox):
        outbox.put(TELEMETRY, *(b"%d" % number for number in range(500)))
        await until(lambda: outbox.pending == 0, what="all settled")
    assert noc_rows(tmp_path) == outbox.log


async def test_a_thousand_cuts_lose_nothing(tmp_path):
    """20 random kills of the broker and cuts of either link, while records come: the broker forgets all each time."""
    chance, key, outbox = random.Random(7), noc_key(), MemoryOutbox()
    with mosquitto(tmp_path / "mosquitto") as broker:
        async with fault_proxy(broker.port) as pods_link, fault_proxy(broker.port) as nocs_link:
            pods, nocs = broker.broker(port=pods_link.port), broker.broker(port=nocs_link.port)
            async with running_noc(nocs, key, tmp_path), running_pod(pods, key, outbox) as pod:
                for round_ in range(20):
                    for stream in Stream:
                        outbox.put(stream, *(b"%s %d.%d" % (stream.encode(), round_, one) for one in range(150)))
                    await asyncio.sleep(chance.uniform(0.0, 0.15))
                    fault = chance.choice(["kill", "cut pod", "cut noc"])
                    if fault == "kill":
                        broker.kill()
                        await asyncio.sleep(chance.uniform(0.0, 0.05))
                        broker.start()
                    else:
                        (pods_link if fault == "cut pod" else nocs_link).cut()
                    held = noc_rows(tmp_path).keys()
                    assert outbox.freed <= held, "something was deleted that the NOC does not have"
                await until(lambda: outbox.pending == 0, within_s=40, what="all settled")
                assert noc_rows(tmp_path) == outbox.log
                assert pod.metrics.counter("edgeagent_uplink_acks", "").get(result="refused: signature") == 0


async def test_a_killed_noc_goes_on_where_it_was(broker, tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    async with running_pod(broker.broker(), key, outbox):
        for round_ in range(3):
            async with running_noc(broker.broker(), key, tmp_path):
                outbox.put(TELEMETRY, *(b"%d.%d" % (round_, one) for one in range(300)))
                await until(lambda: outbox.pending == 0, what="all settled")
            outbox.put(TELEMETRY, b"while it is away")
        async with running_noc(broker.broker(), key, tmp_path):
            await until(lambda: outbox.pending == 0, what="all settled")
    assert noc_rows(tmp_path) == outbox.log


async def _forge(broker, *tokens: bytes, retain: bool = False) -> None:
    link = await connect(broker.broker(), Session("forger"))
    for token in tokens:
        await link.publish(POD.topic(Leaf.JOURNAL_ACK), token, retain=retain)
    await link.close()


async def test_a_forged_ack_deletes_nothing(broker):
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(TELEMETRY, *(b"%d" % number for number in range(50)))
    good = Ack(str(POD), TELEMETRY, 1, 50)
    async with running_pod(broker.broker(), key, outbox) as pod:
        acks = pod.metrics.counter("edgeagent_uplink_acks", "")
        await until(lambda: pod.uplink._replay.in_flight, what="sent")
        forged = [
            ack.sign(good, noc_key(), 0),  # the right name, another key
            ack.sign(Ack("site-1/pod-2", TELEMETRY, 1, 50), key, 0),
            ack.sign(Ack(str(POD), TELEMETRY, 1, 51), key, 0),
            ack.sign(Ack(str(POD), TELEMETRY, 9, 1), key, 0),
            b"eyJhbGciOiJub25lIiwia2lkIjoibm9jLTEiLCJ0eXAiOiJlZGdlcG9kLWFjayJ9.e30.",
            b"nonsense",
            bytes(100_000),
        ]
        await _forge(broker, *forged)
        await until(lambda: sum(acks.values.values()) == len(forged), what="all were judged")
        assert outbox.pending == 50
        assert outbox.settled == []
        assert acks.get(result="refused: above what was sent") == 2
        assert pod.health.get("acknowledgements").level is Level.DEGRADED
        await _forge(broker, ack.sign(good, key, 0))
        await until(lambda: outbox.pending == 0, what="the true one settles")


async def test_an_ack_by_a_key_without_the_role_deletes_nothing(broker):
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(TELEMETRY, b"x")
    async with running_pod(broker.broker(), key, outbox) as pod:
        pod.uplink._desk._keyring.keys["noc-1"] = key.trusted()
        await until(lambda: pod.uplink._replay.in_flight, what="sent")
        await _forge(broker, ack.sign(Ack(str(POD), TELEMETRY, 1, 1), key, 0))
        acks = pod.metrics.counter("edgeagent_uplink_acks", "")
        await until(lambda: acks.get(result="refused: signature"), what="judged")
        assert outbox.pending == 1


async def test_a_retained_ack_deletes_nothing(broker):
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(TELEMETRY, b"x")
    await _forge(broker, ack.sign(Ack(str(POD), TELEMETRY, 1, 1), key, 0), retain=True)
    async with running_pod(broker.broker(), key, outbox) as pod:
        acks = pod.metrics.counter("edgeagent_uplink_acks", "")
        await until(lambda: acks.get(result="refused: malformed"), what="judged")
        assert outbox.pending == 1


async def test_a_replayed_ack_deletes_only_what_the_noc_held_then(broker):
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(TELEMETRY, b"1", b"2")
    old = ack.sign(Ack(str(POD), TELEMETRY, 1, 2), key, 0)
    async with running_pod(broker.broker(), key, outbox) as pod:
        await until(lambda: pod.uplink._replay.in_flight, what="sent")
        await _forge(broker, old)
        await until(lambda: outbox.pending == 0, what="settled")
        outbox.put(TELEMETRY, b"3")
        await _forge(broker, old, old)
        await until(lambda: len(outbox.settled) == 3, what="both came")
        assert outbox.pending == 1


async def test_an_older_epoch_is_the_stores_to_judge(broker):
    """A power cut may cost the pod the end of an epoch that the NOC has: its acknowledgement is above our last."""
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(TELEMETRY, b"1", b"2", epoch=1)
    outbox.put(TELEMETRY, b"1", epoch=2)
    outbox.ceilings[TELEMETRY, 1] = 5
    async with running_pod(broker.broker(), key, outbox) as pod:
        await until(lambda: pod.uplink._replay.in_flight == 2, what="sent")
        await _forge(broker, ack.sign(Ack(str(POD), TELEMETRY, 1, 5), key, 0))
        await until(lambda: outbox.pending == 1, what="settled")
        await _forge(broker, ack.sign(Ack(str(POD), TELEMETRY, 2, 5), key, 0))
        acks = pod.metrics.counter("edgeagent_uplink_acks", "")
        await until(lambda: acks.get(result="refused: above what was sent"), what="refused")
        assert outbox.pending == 1


async def test_a_denied_publish_keeps_the_row_and_is_said(tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    (tmp_path / "acl").write_text(
        "topic readwrite edgepod/v1/+/+/presence\ntopic readwrite edgepod/v1/+/+/journal/ack\n"
    )
    with mosquitto(tmp_path / "mosquitto", [f"acl_file {tmp_path}/acl"]) as broker:
        async with running_pod(broker.broker(), key, outbox) as pod:
            outbox.put(TELEMETRY, b"x")
            refused = pod.metrics.counter("edgeagent_uplink_refused_frames", "")
            await until(refused.get, what="the refusal was counted")
            assert outbox.pending == 1
            await until(lambda: pod.uplink.state == "degraded", what="the link is degraded")
            assert "135" in pod.health.get("NOC link").message


async def test_a_broker_that_takes_and_drops_costs_only_time(broker, tmp_path):
    """PUBACK to all, delivery to nobody: the NOC is away and its session too."""
    key, outbox = noc_key(), MemoryOutbox()
    async with running_pod(broker.broker(), key, outbox) as pod:
        outbox.put(TELEMETRY, *(b"%d" % number for number in range(10)))
        await until(lambda: pod.uplink.state == "degraded", what="the link is degraded")
        unwanted = pod.metrics.counter("edgeagent_uplink_unwanted_frames", "")
        assert unwanted.get() >= 1
        assert outbox.pending == 10
        async with running_noc(broker.broker(), key, tmp_path):
            await until(lambda: outbox.pending == 0, what="all settled")
            await until(lambda: pod.uplink.state == "connected", what="connected")
    assert noc_rows(tmp_path) == outbox.log


async def test_a_frozen_broker_is_left_and_taken_up_again(broker, tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    quick = broker.broker(keepalive_s=1, connect_timeout_s=1.0)
    async with running_noc(quick, key, tmp_path), running_pod(quick, key, outbox) as pod:
        outbox.put(TELEMETRY, b"before")
        await until(lambda: outbox.pending == 0, what="settled")
        broker.freeze()
        outbox.put(TELEMETRY, b"meanwhile")
        await until(lambda: pod.uplink.state == "disconnected", what="noticed")
        broker.thaw()
        await until(lambda: outbox.pending == 0, what="settled")
    assert noc_rows(tmp_path) == outbox.log


async def test_a_half_open_link_is_left(broker, tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    async with fault_proxy(broker.port) as proxy:
        pods = broker.broker(port=proxy.port, keepalive_s=1, connect_timeout_s=1.0)
        async with running_noc(broker.broker(), key, tmp_path), running_pod(pods, key, outbox) as pod:
            await until(lambda: pod.uplink.state == "connected", what="connected")
            proxy.swallow = True
            outbox.put(TELEMETRY, b"x")
            await until(lambda: pod.uplink.state == "disconnected", what="noticed")
            proxy.swallow = False
            await until(lambda: outbox.pending == 0, what="settled")


async def test_presence_tells_how_the_pod_left(broker):
    key = noc_key()
    watcher = await connect(broker.broker(), Session("watcher"))
    await watcher.subscribe(POD.topic(Leaf.PRESENCE))

    async def word() -> presence.Presence:
        return presence.decode((await asyncio.wait_for(watcher.receive(), 5)).payload)

    async with fault_proxy(broker.port) as proxy:
        async with running_pod(broker.broker(port=proxy.port), key, MemoryOutbox()) as pod:
            first = await word()
            assert (first.state, first.why) == (Being.ONLINE, "")
            proxy.cut()
            lost, back = await word(), await word()
            assert (lost.state, lost.why) == (Being.OFFLINE, Why.LINK_LOST)
            assert back.state is Being.ONLINE
            assert back.connected_s > first.connected_s
            pod.uplink.leave_because(Why.BATTERY_END)
        last = await word()
        assert (last.state, last.why) == (Being.OFFLINE, Why.BATTERY_END)
    await watcher.close()
    late = await connect(broker.broker(), Session("late"))
    await late.subscribe(POD.topic(Leaf.PRESENCE))
    kept = await asyncio.wait_for(late.receive(), 5)
    assert kept.retain
    assert presence.decode(kept.payload) == last
    await late.close()


async def test_no_broker_at_all_beats_says_so_and_stops_at_once(broker):
    broker.kill()
    beats = []
    async with running_pod(broker.broker(), noc_key(), MemoryOutbox()) as pod:
        await end(pod.task)
        pod.task = asyncio.create_task(pod.uplink.run(lambda: beats.append(1)))
        await until(lambda: len(beats) > 10, what="beating")
        assert pod.health.get("uplink").level is Level.DEGRADED
        assert "cannot reach mqtt://127.0.0.1" in pod.health.get("uplink").message
        assert pod.uplink.state == "disconnected"
        async with asyncio.timeout(1):
            await end(pod.task)
        pod.task = asyncio.create_task(asyncio.sleep(60))


async def test_figures_are_there_for_a_page(broker, tmp_path):
    key, outbox = noc_key(), MemoryOutbox()
    outbox.put(TELEMETRY, *(b"%d" % number for number in range(300)))
    async with running_pod(broker.broker(), key, outbox) as pod:
        pod.metrics.collect()
        assert pod.metrics.gauge("edgeagent_uplink_backlog_records", "").get(stream="telemetry") == 300
        async with running_noc(broker.broker(), key, tmp_path):
            await until(lambda: outbox.pending == 0, what="settled")
        pod.metrics.collect()
        names = {family.name: sum(family.values.values()) for family in pod.metrics.families()}
    assert names["edgeagent_uplink_backlog_records"] == 0
    assert names["edgeagent_uplink_frames"] >= 2
    assert names["edgeagent_uplink_bytes_last_day"] == names["edgeagent_uplink_bytes"] > 0
    assert names["edgeagent_uplink_settled_records"] == 300
    assert names["edgeagent_uplink_last_ack_age_seconds"] < 30
