"""SNMP agents to talk to: a hand-made one that can misbehave at will, and simulated rack PDUs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from typing import cast

import pytest

from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp import SnmpSession
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User
from firmware_stubs.pod import Pod, PodPlan

TIMEOUT_S = 0.3


def ber(tag: int, content: bytes) -> bytes:
    """One element; lengths up to 65535."""
    size = len(content)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")) + content


def take(data: bytes, at: int) -> tuple[bytes, int]:
    """The content of the element at a place, and where the next one begins."""
    size, begin = data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size, begin = int.from_bytes(data[begin : begin + count], "big"), begin + count
    return data[begin : begin + size], begin + size


@dataclass
class Request:
    """A v2c request, taken apart as far as an answer needs."""

    request_id: bytes
    community: bytes
    varbinds: list[tuple[bytes, bytes]]  # encoded identifier and value

    @classmethod
    def parse(cls, data: bytes) -> "Request":
        message, _ = take(data, 0)
        _, at = take(message, 0)
        community, at = take(message, at)
        pdu, _ = take(message, at)
        request_id, at = take(pdu, 0)
        _, at = take(pdu, at)
        _, at = take(pdu, at)
        listed, _ = take(pdu, at)
        found, at = [], 0
        while at < len(listed):
            pair, at = take(listed, at)
            oid, value_at = take(pair, 0)
            found.append((oid, pair[value_at:]))
        return cls(request_id, community, found)

    def response(self, varbinds: list[tuple[bytes, bytes]], *, status: int = 0) -> bytes:
        listed = b"".join(ber(0x30, ber(6, oid) + value) for oid, value in varbinds)
        pdu = ber(2, self.request_id) + ber(2, bytes([status])) + ber(2, b"\0") + ber(0x30, listed)
        return ber(0x30, ber(2, b"\1") + ber(4, self.community) + ber(0xA2, pdu))


Answer = Callable[[Request], bytes | list[bytes] | None]


class HandAgent(asyncio.DatagramProtocol):
    """Answers as `answer` says; nothing at all while that is None."""

    def __init__(self) -> None:
        self.answer: Answer | None = None
        self.requests: list[Request] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    @property
    def port(self) -> int:
        return int(self.transport.get_extra_info("sockname")[1])

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        request = Request.parse(data)
        self.requests.append(request)
        answers = self.answer(request) if self.answer else None
        for answer in answers if isinstance(answers, list) else [answers]:
            if answer is not None:
                self.transport.sendto(answer, addr)

    def session(self, **options: float) -> SnmpSession:
        address = SnmpAddress("127.0.0.1", self.port, v3=False)
        return SnmpSession(address, Community(), Turn(), **{"timeout_s": TIMEOUT_S, **options})


@pytest.fixture(scope="session", autouse=True)
def _no_rust_backtraces() -> Iterator[None]:
    """A backtrace of each panic inside gufo would cost 0.1 s of the loop; Rust looks once, at the first one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RUST_BACKTRACE", "0")
        yield


@pytest.fixture
async def hand_agent() -> AsyncIterator[HandAgent]:
    """An agent that misbehaves as it is told."""
    loop = asyncio.get_running_loop()
    transport, agent = await loop.create_datagram_endpoint(HandAgent, local_addr=("127.0.0.1", 0))
    yield agent
    transport.close()


@pytest.fixture(params=["v2c", "v3"])
async def pod(request, tmp_path) -> AsyncIterator[Pod]:
    """One simulated rack PDU, speaking v2c or v3."""
    async with Pod(PodPlan(tmp_path, plain_agents=1, version=request.param)) as pod:
        yield pod


@pytest.fixture
async def pdu_session(pod) -> AsyncIterator[SnmpSession]:
    """A session with the simulated rack PDU."""
    device = pod.devices[0]
    address = SnmpAddress(device["host"], device["port"], v3=device["version"] == "v3")
    access = (
        User(device["user"], device["auth_key"], device["priv_key"]) if address.v3 else Community(device["community"])
    )
    session = SnmpSession(address, access, Turn(), timeout_s=TIMEOUT_S)
    yield session
    await session.close()
