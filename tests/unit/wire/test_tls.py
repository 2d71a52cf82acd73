"""TLS: both ends show who they are, and nothing else is believed."""

import asyncio

import pytest

from edgeagent.model.errors import LinkError
from edgeagent.wire.mqtt import Session, connect
from tests.fixtures.broker import mosquitto
from tests.fixtures.certificates import Authority
from tests.fixtures.proxy import fault_proxy


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def broker(authority, tmp_path_factory):
    own = authority.sign("broker", "127.0.0.1")
    lines = [
        f"cafile {authority.ca}",
        f"certfile {own.certificate}",
        f"keyfile {own.key}",
        "require_certificate true",
        "use_identity_as_username true",
    ]
    with mosquitto(tmp_path_factory.mktemp("mosquitto"), lines) as one:
        yield one


@pytest.fixture(scope="module")
def secured(authority, broker):
    pod = authority.sign("pod-1")
    return broker.broker(tls=True, ca=authority.ca, certificate=pod.certificate, key=pod.key)


async def test_a_message_goes_round_over_tls(secured):
    link = await connect(secured, Session("tls"))
    await link.subscribe("tls/+")
    for size in (1, 100_000):  # more than one TLS record
        await link.publish("tls/x", bytes(size))
        assert (await asyncio.wait_for(link.receive(), 5)).payload == bytes(size)
    await link.close()


async def test_a_pod_without_a_certificate_is_not_let_in(authority, broker):
    with pytest.raises(LinkError):
        await connect(broker.broker(tls=True, ca=authority.ca), Session("bare"))


async def test_a_broker_of_another_authority_is_not_believed(secured, broker, tmp_path):
    stranger = Authority(tmp_path)
    with pytest.raises(LinkError, match="cannot reach mqtts"):
        await connect(broker.broker(tls=True, ca=stranger.ca), Session("wary"))


async def test_a_broker_under_another_name_is_not_believed(authority, broker):
    with pytest.raises(LinkError, match="cannot reach mqtts"):
        await connect(broker.broker(host="localhost", tls=True, ca=authority.ca), Session("wary"))


async def test_a_missing_certificate_file_is_named(broker, tmp_path):
    with pytest.raises(LinkError, match="cannot use the certificates"):
        await connect(broker.broker(tls=True, ca=tmp_path / "none.pem"), Session("lost"))


async def test_a_handshake_that_hangs_costs_only_the_timeout(authority, broker):
    async with fault_proxy(broker.port) as proxy:
        proxy.swallow = True
        slow = broker.broker(port=proxy.port, tls=True, ca=authority.ca, connect_timeout_s=0.3)
        with pytest.raises(LinkError, match="timed out"):
            await connect(slow, Session("slow"))
