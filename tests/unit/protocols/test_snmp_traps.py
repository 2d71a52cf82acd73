"""The receiver of traps in its child, before net-snmp as sender, and before what nobody should send."""

import asyncio
import os
import random
import signal
import socket
import time
from dataclasses import replace

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.worker import Worker
from edgeagent.model.errors import ConfigError, WorkerError
from edgeagent.protocols.snmp_trap_desk import (
    MAX_BYTES,
    MAX_NAMED,
    MAX_QUEUE,
    MAX_SOURCES,
    SOURCE_BURST,
    TRAP_OID,
    Desk,
    Notification,
    values_of,
)
from edgeagent.protocols.snmp_traps import SPEC, Listening, TrapListener, TrapUser
from tests.fixtures.net_snmp import AUTH_KEY, COMMUNITY, ON_BATTERY, PRIV_KEY, SIGNED, TEXT, USER, run, send, send_v1

ENGINE = "80001f8880aabbccdd01020304"
OTHER_ENGINE = "80001f8880aabbccdd09090909"
MINE = TrapUser(USER, AUTH_KEY, PRIV_KEY, (ENGINE,))
LISTENING = Listening("127.0.0.1", 0, ("public",), (MINE,))
SIGNED_BY_IT = (*SIGNED, "-e", f"0x{ENGINE}")
DEADLINE_S = 10.0


@pytest.fixture
async def worker():
    clock = SystemClock()
    worker = Worker(SPEC, clock, Health(clock), Metrics(), on_line=print)
    task = asyncio.create_task(worker.run(lambda: None))
    yield worker
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


class Ear:
    """A listener that listens, and what it heard."""

    def __init__(self, worker):
        self.listener = TrapListener(worker)
        self.listening = LISTENING
        self.counts = {}
        self.refused = {}

    async def open(self):
        await self.listener.next(self.listening, 0.01)
        return self

    @property
    def port(self):
        return self.listener.port

    async def hear(self, number=1):
        """So many notifications."""
        found, until_s = [], time.monotonic() + DEADLINE_S
        while len(found) < number and time.monotonic() < until_s:
            found += await self._next()
        return found

    async def count(self, reason):
        """How many were left out for this reason, as soon as there are any."""
        until_s = time.monotonic() + DEADLINE_S
        while not self.counts.get(reason) and time.monotonic() < until_s:
            await self._next()
        return self.counts.get(reason, 0)

    async def _next(self):
        heard = await self.listener.next(self.listening, 0.1)
        for why, count in heard.counts.items():
            self.counts[why] = self.counts.get(why, 0) + count
        self.refused |= heard.refused
        return list(heard.notifications)


@pytest.fixture
async def ear(worker):
    return await Ear(worker).open()


@pytest.mark.parametrize("inform", [False, True])
async def test_a_v2c_trap_or_inform_of_net_snmp_arrives(ear, inform):
    assert await send(ear.port, *COMMUNITY, inform=inform, said="UPS: on battery") == ""
    (one,) = await ear.hear()
    assert (one.host, one.version, one.user, one.engine, one.inform) == ("127.0.0.1", 2, "", "", inform)
    assert (one.trap, one.values) == (ON_BATTERY, ((TEXT, "UPS: on battery"),))


async def test_a_v3_trap_arrives_from_an_engine_that_we_know(ear):
    assert await send(ear.port, *SIGNED_BY_IT) == ""
    (one,) = await ear.hear()
    assert (one.version, one.user, one.engine, one.inform, one.trap) == (3, USER, ENGINE, False, ON_BATTERY)


async def test_a_v3_inform_needs_no_engine_of_its_sender(ear):
    ear.listening = replace(LISTENING, users=(replace(MINE, engines=()),))
    assert await ear._next() == []
    assert await send(ear.port, *SIGNED, inform=True) == ""
    (one,) = await ear.hear()
    assert (one.version, one.user, one.inform, one.trap) == (3, USER, True, ON_BATTERY)


async def test_a_v1_trap_arrives_as_its_v2_form_without_the_community_in_it(ear):
    assert await send_v1(ear.port, 5) == ""
    (one,) = await ear.hear()
    assert (one.version, one.trap, one.values) == (1, ON_BATTERY, ((TEXT, "hello"),))


@pytest.mark.parametrize(
    ("access", "reason"),
    [
        (("-v2c", "-c", "guess"), "community"),
        ((*SIGNED, "-e", f"0x{OTHER_ENGINE}"), "user"),
        ((*SIGNED_BY_IT[:8], "wrong-secret", *SIGNED_BY_IT[9:]), "key"),
        (("-v3", "-u", USER, "-l", "noAuthNoPriv", "-e", f"0x{ENGINE}"), "unsigned"),
        (("-v3", "-u", USER, "-l", "authNoPriv", "-a", "SHA-256", "-A", AUTH_KEY, "-e", f"0x{ENGINE}"), "unsigned"),
    ],
)
async def test_what_is_not_signed_as_it_should_be_is_refused_counted_and_named(ear, access, reason):
    assert await send(ear.port, *access) == ""
    assert await ear.count(reason) == 1
    assert ear.refused == {"127.0.0.1": reason}


async def test_a_question_is_not_answered(ear):
    complaint = await run("snmpget", "-r0", "-t0.3", *COMMUNITY, f"127.0.0.1:{ear.port}", "1.3.6.1.2.1.1.1.0")
    assert "Timeout" in complaint
    assert await ear.count("request") == 1


async def test_a_burst_of_two_hundred_arrives_whole(ear):
    message = await caught(lambda port: send(port, *COMMUNITY))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for _ in range(200):
            sender.sendto(message, ("127.0.0.1", ear.port))
    assert len(await ear.hear(200)) == 200


async def test_of_a_flood_only_so_many_are_decoded_and_the_rest_is_counted(ear):
    message = await caught(lambda port: send(port, *COMMUNITY))
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for number in range(2000):
            sender.sendto(message, ("127.0.0.1", ear.port))
            if number % 100 == 0:
                await asyncio.sleep(0.01)
    heard = await ear.hear(int(SOURCE_BURST))
    assert SOURCE_BURST <= len(heard) < 500
    assert await ear.count("too_many") > 0


async def test_hostile_datagrams_are_counted_and_cost_nothing_else(ear):
    whole = [
        await caught(lambda port: send(port, *COMMUNITY)),
        await caught(lambda port: send(port, *SIGNED_BY_IT)),
        await caught(lambda port: send_v1(port, 5)),
    ]
    for message in hostile(whole, random.Random(7)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(message, ("127.0.0.1", ear.port))
        await asyncio.sleep(0.001)
    assert await ear.count("too_long") == 1
    assert await ear.count("garbled") > 10
    pid = ear.listener._worker.pid
    assert await send(ear.port, *COMMUNITY, said="still there") == ""
    assert ((TEXT, "still there"),) in [one.values for one in await ear.hear()]
    assert ear.listener._worker.pid == pid, "it is the same child"


def hostile(whole, rng):
    yield b""
    yield b"\x30"
    yield b"\x30\x84\xff\xff\xff\xff"
    yield b"\x30\x80" * 500  # nested indefinite lengths
    yield bytes(MAX_BYTES + 1)
    for message in whole:
        for _ in range(40):
            spoiled = bytearray(message)
            for _ in range(rng.randint(1, 6)):
                spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
            yield bytes(spoiled)
        yield from (message[:size] for size in range(0, len(message), 7))


async def caught(sent):
    """The bytes of a message, by listening for it ourselves."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ours:
        ours.bind(("127.0.0.1", 0))
        ours.setblocking(False)
        await sent(ours.getsockname()[1])
        return await asyncio.get_running_loop().sock_recv(ours, 65535)


async def test_users_and_communities_come_and_go_on_the_same_socket(ear):
    port = ear.port
    ear.listening = replace(LISTENING, communities=("other",), users=(replace(MINE, engines=(ENGINE, OTHER_ENGINE)),))
    assert await ear._next() == []
    assert ear.port == port
    await send(port, *COMMUNITY)
    assert await ear.count("community") == 1
    for access in (("-v2c", "-c", "other"), (*SIGNED, "-e", f"0x{OTHER_ENGINE}"), SIGNED_BY_IT):
        await send(port, *access)
    assert len(await ear.hear(3)) == 3
    ear.listening = replace(LISTENING, users=(replace(MINE, engines=(OTHER_ENGINE,)),))
    assert await ear._next() == []
    await send(port, *SIGNED_BY_IT)
    assert await ear.count("user") == 1
    await send(port, *SIGNED, "-e", f"0x{OTHER_ENGINE}")
    assert len(await ear.hear()) == 1


async def test_other_keys_of_a_user_count_from_then_on(ear):
    ear.listening = replace(LISTENING, users=(replace(MINE, auth_key="another-secret"),))
    assert await ear._next() == []
    await send(ear.port, *SIGNED_BY_IT)
    assert await ear.count("key") == 1


async def test_a_child_that_was_killed_is_told_again_where_to_listen(ear, worker):
    ear.listening = replace(LISTENING, port=ear.port)
    assert await ear._next() == []
    os.kill(worker.pid, signal.SIGKILL)
    with pytest.raises(WorkerError, match="SIGKILL"):
        await ear.hear()
    await worker.warm(DEADLINE_S)
    assert await ear._next() == []
    assert await send(ear.port, *COMMUNITY, inform=True) == ""
    assert len(await ear.hear()) == 1


async def test_a_place_that_is_taken_is_named(worker):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        taken = replace(LISTENING, port=other.getsockname()[1])
        with pytest.raises(ConfigError, match=r"cannot listen on 127\.0\.0\.1 port \d+: .*in use"):
            await TrapListener(worker).next(taken, 0.01)


async def test_it_hears_over_ipv6_too(worker):
    ear = Ear(worker)
    ear.listening = replace(LISTENING, host="::1")
    await ear.open()
    complaint = await run("snmptrap", *COMMUNITY, f"udp6:[::1]:{ear.port}", "", ON_BATTERY)
    assert complaint == ""
    assert [one.host for one in await ear.hear()] == ["::1"]


def one(number=1):
    return Notification("10.0.0.1", 162, 2, "", "", inform=False, trap=f"1.3.{number}")


async def test_what_finds_no_room_is_not_decoded():
    desk = Desk()
    for number in range(MAX_QUEUE):
        desk.take(one(number))
    assert not desk.admits("10.0.0.1", 100)
    assert desk.fetch(1)["counts"]["no_room"] == 1
    assert desk.admits("10.0.0.1", 100)
    assert desk.fetch(1)["notifications"][0].trap == "1.3.1", "the oldest comes first"


async def test_one_source_that_floods_takes_nothing_from_another():
    desk = Desk()
    admitted = sum(desk.admits("10.0.0.1", 100) for _ in range(500))
    assert SOURCE_BURST <= admitted < SOURCE_BURST + 20
    assert desk.admits("10.0.0.2", 100)


async def test_what_is_remembered_of_sources_is_bounded():
    desk = Desk()
    for number in range(2 * MAX_SOURCES):
        desk.admits(f"10.0.{number}.1", 100)
        desk.refuse(f"10.0.{number}.1", "community")
    assert len(desk._sources) == MAX_SOURCES
    assert len(desk.fetch(1)["refused"]) == MAX_NAMED


def test_of_values_only_numbers_and_printable_texts_are_kept_and_never_an_envelope():
    told = values_of(
        [
            (TRAP_OID, "1.2"),
            ("1.3.6.1.6.3.18.1.4.0", b"public"),
            ("1.3.6.1.2.1.1.3.0", 4711),
            ("1.1", 2**70),
            ("1.2", b"text\0"),
            ("1.3", b"\x1b[31mred"),
            ("1.4", b"\xff\xfe"),
            ("1.5", None),
            ("1.6", b"x" * 500),
            *((f"2.{number}", number) for number in range(100)),
        ]
    )
    assert told[:3] == (("1.1", 2**63 - 1), ("1.2", "text"), ("1.6", "x" * 200))
    assert len(told) == 32
