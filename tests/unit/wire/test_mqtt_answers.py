"""Answers that mosquitto does not give: a scripted broker gives them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from edgeagent.model.errors import LinkError, LinkRefused
from edgeagent.wire.broker import Broker
from edgeagent.wire.mqtt import PublishRefused, Session, connect
from tests.fixtures.broker import until

CONNACK = bytes.fromhex("2003000000")
CONNACK_RECEIVE_MAXIMUM_3 = bytes.fromhex("2006000003210003")
CONNECT, SUBSCRIBE, PUBLISH = 0x10, 0x82, 0x32


class Scripted:
    """Reads packets; answers those of a type with the bytes given, where ``MM`` stands for the packet's id."""

    def __init__(self, **answers: bytes) -> None:
        self.answers = {"connect": CONNACK, **answers}
        self.publishes = 0
        self.open = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind = (await reader.readexactly(1))[0]
                body = await reader.readexactly(await self._length(reader))
                if kind == CONNECT:
                    writer.write(self.answers["connect"])
                elif kind == SUBSCRIBE and "suback" in self.answers:
                    writer.write(self.answers["suback"].replace(b"MM", body[:2]))
                elif kind & 0xF0 == PUBLISH & 0xF0:
                    self.publishes += 1
                    place = 2 + int.from_bytes(body[:2], "big")
                    writer.write(self.answers.get("puback", b"").replace(b"MM", body[place : place + 2]))
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
        self.open -= 1

    async def _length(self, reader: asyncio.StreamReader) -> int:
        length, shift = 0, 0
        while True:
            byte = (await reader.readexactly(1))[0]
            length |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return length


@contextlib.asynccontextmanager
async def scripted(**answers: bytes) -> AsyncIterator[tuple[Scripted, Broker]]:
    one = Scripted(**answers)
    server = await asyncio.start_server(one.serve, "127.0.0.1", 0)
    try:
        yield one, Broker("127.0.0.1", server.sockets[0].getsockname()[1], connect_timeout_s=2.0)
    finally:
        server.close()
        await server.wait_closed()
        await until(lambda: one.open == 0, what="all connections ended")


async def test_a_refused_subscription_is_an_error():
    async with scripted(suback=b"\x90\x04MM\x00\x87") as (_, broker):
        link = await connect(broker, Session("x"))
        with pytest.raises(LinkRefused, match="135"):
            await link.subscribe("a/+")
        await link.close()


async def test_a_subscription_without_an_answer_is_bounded():
    async with scripted() as (_, broker):
        link = await connect(broker, Session("x"))
        with pytest.raises(LinkError):
            await link.subscribe("a/+", timeout_s=0.1)
        await link.close()


async def test_a_publish_without_an_answer_is_bounded():
    async with scripted() as (_, broker):
        link = await connect(broker, Session("x"))
        with pytest.raises(LinkError, match="no answer"):
            await link.publish("a", b"x", timeout_s=0.1)
        await link.close()


async def test_a_quota_that_is_exceeded_is_a_refusal():
    async with scripted(puback=b"\x40\x04MM\x97\x00") as (_, broker):
        link = await connect(broker, Session("x"))
        with pytest.raises(PublishRefused, match="151"):
            await link.publish("a", b"x")
        await link.close()


async def test_the_brokers_receive_maximum_is_kept():
    async with scripted(connect=CONNACK_RECEIVE_MAXIMUM_3) as (one, broker):
        link = await connect(broker, Session("x"))
        for _ in range(10):
            link.send("a", b"x")
        await until(lambda: one.publishes == 3, what="three in flight")
        await asyncio.sleep(0.05)  # time in which a fourth would have come
        assert one.publishes == 3
        await link.close()


async def test_a_refused_connection_says_why():
    async with scripted(connect=bytes.fromhex("2003008700")) as (_, broker):
        with pytest.raises(LinkRefused, match=r"(?i)not authorized"):
            await connect(broker, Session("x"))


async def test_garbage_instead_of_an_answer_ends_the_connection():
    async with scripted(connect=b"HTTP/1.1 400 Bad Request\r\n\r\n") as (_, broker):
        with pytest.raises(LinkError):
            await connect(broker, Session("x"))
