"""A connection to a real broker: what it promises, and each known trap closed."""

import asyncio
import socket

import pytest

from edgeagent.model.errors import LinkError, LinkRefused
from edgeagent.wire.mqtt import Link, Puback, PublishRefused, Session, Will, connect
from tests.fixtures.broker import Mosquitto, mosquitto, until
from tests.fixtures.proxy import fault_proxy


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    with mosquitto(tmp_path_factory.mktemp("mosquitto")) as one:
        yield one


@pytest.fixture(params=["5", "3.1.1"])
def protocol(request) -> str:
    return request.param


async def _session(broker: Mosquitto, name: str, **changes) -> Link:
    return await connect(broker.broker(**changes), Session(name))


async def test_a_message_goes_round(broker, protocol):
    link = await _session(broker, f"round-{protocol}", protocol=protocol)
    await link.subscribe("round/+")
    assert await link.publish("round/x", b"hello") is Puback.TAKEN
    message = await asyncio.wait_for(link.receive(), 5)
    assert (message.topic, message.payload, message.qos, message.retain) == ("round/x", b"hello", 1, False)
    link.acknowledge(message)
    await link.close()
    with pytest.raises(LinkError):
        await link.publish("round/x", b"after the end")


async def test_what_was_not_acknowledged_comes_again(broker, protocol):
    name = f"again-{protocol}"
    link = await _session(broker, name, protocol=protocol)
    await link.subscribe(f"{name}/+")
    for number in range(10):
        await link.publish(f"{name}/x", b"%d" % number)
    for _ in range(3):
        link.acknowledge(await link.receive())
    await until(lambda: len(link._waiting) == 7, what="all ten there")
    await link.close()
    link = await _session(broker, name, protocol=protocol)
    got = [(await asyncio.wait_for(link.receive(), 5)).payload for _ in range(7)]
    assert got == [b"%d" % number for number in range(3, 10)]
    await link.close()


async def test_messages_that_wait_for_a_resumed_session_are_all_there(broker, protocol):
    """They come together with the CONNACK: acknowledging by hand must be set before connecting."""
    name = f"resumed-{protocol}"
    link = await _session(broker, name, protocol=protocol)
    await link.subscribe(f"{name}/+")
    await link.close()
    other = await _session(broker, f"{name}-other")
    for number in range(10):
        await other.publish(f"{name}/x", b"%d" % number)
    await other.close()
    for _ in range(2):  # twice: not one was acknowledged by itself
        link = await _session(broker, name, protocol=protocol)
        got = [(await asyncio.wait_for(link.receive(), 5)).payload for _ in range(10)]
        assert got == [b"%d" % number for number in range(10)]
        link.abort()


async def test_nobody_listening_is_told_apart_from_taken(broker):
    link = await _session(broker, "nobody")
    assert await link.publish("nobody/there", b"x") is Puback.NO_SUBSCRIBERS
    assert link.no_subscribers == 1
    await link.close()


async def test_a_denied_publish_is_an_error_and_the_link_goes_on(tmp_path):
    (tmp_path / "acl").write_text("topic readwrite open/#\n")
    with mosquitto(tmp_path, [f"acl_file {tmp_path}/acl"]) as broker:
        link = await _session(broker, "denied")
        with pytest.raises(PublishRefused, match="135"):
            await link.publish("closed/x", b"x")
        assert await link.publish("open/x", b"x") is Puback.NO_SUBSCRIBERS
        await link.close()


async def test_a_wrong_password_is_refused_with_the_brokers_word(tmp_path, protocol):
    (tmp_path / "passwords").write_text("")
    with (
        mosquitto(tmp_path, ["allow_anonymous false", f"password_file {tmp_path}/passwords"]) as broker,
        pytest.raises(LinkRefused, match=r"(?i)authori[sz]ed"),
    ):
        await _session(broker, "stranger", protocol=protocol)


async def test_nobody_at_the_port_is_said_at_once(broker):
    with pytest.raises(LinkError, match=r"cannot reach mqtt://127\.0\.0\.1:1"):
        await _session(broker, "nowhere", port=1)


async def test_a_server_that_hangs_up_is_not_waited_for(broker):
    async with fault_proxy(broker.port) as proxy:
        proxy.refuse = True
        async with asyncio.timeout(2):
            with pytest.raises(LinkError):
                await _session(broker, "hung up", port=proxy.port)


async def test_a_server_that_never_answers_costs_only_the_timeout(broker):
    async with fault_proxy(broker.port) as proxy:
        proxy.swallow = True
        with pytest.raises(LinkError):
            await _session(broker, "silent", port=proxy.port, connect_timeout_s=0.3)


async def test_connecting_can_be_cancelled_at_any_moment(broker):
    async with fault_proxy(broker.port) as proxy:
        proxy.delay_s = 0.02
        for turns in range(0, 60, 3):
            task = asyncio.create_task(_session(broker, "cancelled", port=proxy.port))
            for _ in range(turns):
                await asyncio.sleep(0.001)
            task.cancel()
            link = (await asyncio.gather(task, return_exceptions=True))[0]
            if isinstance(link, Link):
                link.abort()
            else:
                assert isinstance(link, asyncio.CancelledError)


async def test_a_cut_fails_every_publish_in_flight_at_once(broker):
    async with fault_proxy(broker.port) as proxy:
        link = await _session(broker, "cut", port=proxy.port)
        proxy.swallow = True
        answers = [link.send("cut/x", b"x" * 1000) for _ in range(5)]
        proxy.cut()
        async with asyncio.timeout(2):
            failures = await asyncio.gather(*answers, return_exceptions=True)
            await link.lost
            with pytest.raises(LinkError):
                await link.receive()
        assert all(isinstance(failure, LinkError) for failure in failures)
        await link.close()


async def test_a_half_open_link_is_noticed_by_keepalive(broker):
    async with fault_proxy(broker.port) as proxy:
        link = await _session(broker, "half-open", port=proxy.port, keepalive_s=1)
        proxy.swallow = True
        async with asyncio.timeout(6):
            await link.lost
        await link.close()


async def test_closing_a_half_open_link_is_bounded(broker):
    async with fault_proxy(broker.port) as proxy:
        link = await _session(broker, "hangs", port=proxy.port)
        proxy.swallow = True
        async with asyncio.timeout(4):
            await link.close()


async def test_the_will_is_said_after_an_abort_and_not_after_a_leave(broker):
    watcher = await _session(broker, "watcher")
    await watcher.subscribe("wills/+")
    for leave in (True, False):
        will = Will(f"wills/{leave}", b"gone", retain=False)
        link = await connect(broker.broker(), Session(f"mortal-{leave}", will))
        await link.close() if leave else link.abort()
    message = await asyncio.wait_for(watcher.receive(), 5)
    assert message.topic == "wills/False"
    await watcher.close()


async def test_the_socket_does_not_wait_to_fill_packets(broker):
    link = await _session(broker, "nodelay")
    assert link._paho.socket().getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    await link.close()


async def test_a_flood_of_what_needs_no_answer_is_dropped_and_counted(broker):
    link = await connect(broker.broker(), Session("flooded", most_waiting=5))
    await link.subscribe("flood/+")
    for number in range(50):
        link._paho.publish("flood/x", b"%d" % number, 0)
    await until(lambda: link.dropped == 45, what="45 dropped")
    assert [(await link.receive()).payload for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
    await link.close()


async def test_a_message_over_the_agreed_size_never_arrives_and_blocks_nothing(broker):
    link = await connect(broker.broker(), Session("small", packet_maximum_bytes=10_000))
    await link.subscribe("small/+")
    other = await _session(broker, "large")
    await other.publish("small/x", bytes(20_000))
    await other.publish("small/x", b"fits")
    assert (await asyncio.wait_for(link.receive(), 5)).payload == b"fits"
    await link.close()
    await other.close()
