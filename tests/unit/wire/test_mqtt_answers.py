"""Answers that mosquitto does not give: a scripted broker gives them."""

import asyncio

import pytest

from edgeagent.model.errors import LinkError, LinkRefused
from edgeagent.wire.mqtt import PublishRefused, Session, connect
from tests.fixtures.broker import until
from tests.fixtures.scripted import CONNACK_RECEIVE_MAXIMUM_3, scripted


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
