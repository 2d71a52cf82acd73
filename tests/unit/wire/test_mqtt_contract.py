"""The private parts of aiomqtt and paho that ``wire/mqtt.py`` leans on: a new version that moves one fails here."""

import asyncio
import inspect
import socket

import aiomqtt
from paho.mqtt.client import Client as Paho


async def _client() -> aiomqtt.Client:
    return aiomqtt.Client("127.0.0.1", 1, protocol=aiomqtt.ProtocolVersion.V5)


async def test_aiomqtt_keeps_its_paho_client_and_its_end_where_we_look():
    client = await _client()
    assert isinstance(client._client, Paho)
    assert isinstance(client._disconnected, asyncio.Future)
    assert client.pending_calls_threshold > 0


async def test_paho_makes_its_socket_by_the_method_that_we_replace():
    client = await _client()
    ours, theirs = socket.socketpair()
    try:
        ours.setblocking(False)
        theirs.setblocking(False)
        client._client._create_socket = lambda: ours
        client._client.connect("127.0.0.1", 1)
        assert client._client.socket() is ours
        async with asyncio.timeout(5):
            assert await asyncio.get_running_loop().sock_recv(theirs, 1) == b"\x10"  # CONNECT
        await asyncio.sleep(0)
        client._client._sock_close()
        await asyncio.sleep(0)
        assert client._client.socket() is None
        assert ours.fileno() == -1
    finally:
        theirs.close()


async def test_paho_acknowledges_by_hand():
    client = await _client()
    client._client.manual_ack_set(True)
    assert client._client._manual_ack is True
    assert list(inspect.signature(client._client.ack).parameters) == ["mid", "qos"]


async def test_paho_has_its_window_where_we_set_it():
    client = await _client()
    client._client.max_inflight_messages_set(7)
    assert client._client._max_inflight_messages == 7


async def test_the_callbacks_of_aiomqtt_can_be_read_and_replaced():
    client = await _client()
    for name in ("on_connect", "on_disconnect", "on_message", "on_publish"):
        assert callable(getattr(client._client, name))
