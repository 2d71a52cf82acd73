"""Writing over SNMP: what is refused, what never left, and what nobody knows."""

import asyncio
import os
import signal

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.worker import Worker
from edgeagent.model.errors import DeviceError, DeviceRefused, DeviceUnreachable, WorkerError
from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User
from edgeagent.protocols.snmp_set import SPEC, Ahead, SnmpWriter, WriteOpen

COMMAND = "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.3"
STATE = "1.3.6.1.4.1.318.1.1.26.9.2.3.1.5.3"
SYS_DESCR = "1.3.6.1.2.1.1.1.0"
ON, OFF = 1, 2
TIMEOUT_S = 0.3
INTEGER, UNDO_FAILED = b"\x02\x01\x01", 15


@pytest.fixture
async def worker():
    clock = SystemClock()
    worker = Worker(SPEC, clock, Health(clock), Metrics(), on_line=print)
    run = asyncio.create_task(worker.run(lambda: None))
    await worker.warm(20)
    yield worker
    run.cancel()
    await asyncio.wait([run])


def access_of(device):
    if device["version"] == "v3":
        return User(device["user"], device["auth_key"], device["priv_key"])
    return Community(device["write_community"])


def writer_to(pod, worker, access=None, turn=None):
    device = pod.devices[0]
    address = SnmpAddress(device["host"], device["port"], v3=device["version"] == "v3")
    access = access or access_of(device)
    return SnmpWriter(address, (access, access), turn or Turn(), worker, timeout_s=TIMEOUT_S)


def is_on(pod):
    return pod.state()["pdus"][pod.devices[0]["name"]]["outlets"]["3"]["on"]


async def test_a_value_is_written(pod, worker):
    writer = writer_to(pod, worker)
    await writer.prove(COMMAND)
    assert is_on(pod)
    await writer.set(COMMAND, OFF)
    assert not is_on(pod)
    assert await writer.get([STATE]) == {STATE: OFF - 1}


@pytest.mark.parametrize(
    ("oid", "value", "message"),
    [
        (COMMAND, 99, "does not take this value (wrongValue)"),
        (COMMAND[:-1] + "99", ON, "has no such outlet or setting"),
        (STATE, ON, "cannot be switched or set (notWritable)"),
    ],
)
async def test_what_the_agent_refuses_is_told_in_plain_words(pod, worker, oid, value, message):
    with pytest.raises(DeviceRefused) as caught:
        await writer_to(pod, worker).set(oid, value)
    assert message in str(caught.value)
    assert is_on(pod)


@pytest.mark.parametrize("pod", ["v3"], indirect=True)
@pytest.mark.parametrize(
    "user",
    [
        User("nobody", "auth-secret-1", "priv-secret-1"),
        User("edge", "wrong-secret", "priv-secret-1"),
        User("edge", "auth-secret-1", "wrong-secret"),
    ],
)
async def test_wrong_v3_credentials_are_refused(pod, worker, user):
    with pytest.raises(DeviceRefused, match="refuses the user name or a key"):
        await writer_to(pod, worker, user).set(COMMAND, OFF)
    assert is_on(pod)


@pytest.mark.parametrize("pod", ["v2c"], indirect=True)
async def test_wrong_communities_are_told_apart_and_write_nothing(pod, worker):
    with pytest.raises(DeviceUnreachable, match="wrong write community") as caught:
        await writer_to(pod, worker, Community("guess")).set(COMMAND, OFF)
    assert not isinstance(caught.value, WriteOpen)
    with pytest.raises(DeviceRefused, match="may only read"):
        await writer_to(pod, worker, Community("public")).set(COMMAND, OFF)
    assert is_on(pod)


async def test_silence_before_the_write_is_no_write(pod, worker):
    writer = writer_to(pod, worker)
    await writer.set(COMMAND, OFF)
    pod.inject(pod.devices[0]["name"], "hang")
    with pytest.raises(DeviceUnreachable) as caught:
        await writer.set(COMMAND, ON)
    assert not isinstance(caught.value, WriteOpen)
    pod.board.clear()
    assert not is_on(pod)
    await writer.set(COMMAND, ON)
    assert is_on(pod)


@pytest.mark.parametrize("change", [False, True])
async def test_a_restart_and_another_engine_are_got_over(pod, worker, change):
    writer = writer_to(pod, worker)
    await writer.set(COMMAND, OFF)
    pod.inject(pod.devices[0]["name"], "reset", engine_id_change=change)
    await writer.set(COMMAND, ON)
    assert is_on(pod)


@pytest.mark.parametrize("mode", ["random", "truncated", "flipped", "request_id"])
async def test_garbage_never_kills_the_child_nor_looks_like_success(pod, worker, mode):
    writer, pid = writer_to(pod, worker), worker.pid
    pod.inject(pod.devices[0]["name"], "garbage", mode=mode)
    with pytest.raises(DeviceError):
        await writer.set(COMMAND, OFF)
    pod.board.clear()
    await writer.set(COMMAND, OFF)
    assert worker.pid == pid
    assert not is_on(pod)


def answers(status, *, get=True):
    """A GET is answered, a SET with an error-status, or not at all where that is None."""

    def answer(request):
        if request.varbinds[0][1] == b"\x05\x00":  # NULL: it is a GET
            return request.response([(request.varbinds[0][0], INTEGER)]) if get else None
        return None if status is None else request.response(request.varbinds, status=status)

    return answer


def hand_writer(hand_agent, worker):
    access = Community("private")
    address = SnmpAddress("127.0.0.1", hand_agent.port, v3=False)
    return SnmpWriter(address, (access, access), Turn(), worker, timeout_s=TIMEOUT_S)


@pytest.mark.parametrize("status", [None, UNDO_FAILED])
async def test_what_may_have_been_written_is_open_and_is_sent_once(hand_agent, worker, status):
    hand_agent.answer = answers(status)
    with pytest.raises(WriteOpen, match="cannot tell whether"):
        await hand_writer(hand_agent, worker).set(COMMAND, OFF)
    await asyncio.sleep(0)
    assert sum(request.varbinds[0][1] != b"\x05\x00" for request in hand_agent.requests) == 1


async def test_every_other_error_status_is_a_refusal(hand_agent, worker):
    writer = hand_writer(hand_agent, worker)
    for status in set(range(1, 19)) - {UNDO_FAILED}:
        hand_agent.answer = answers(status)
        with pytest.raises(DeviceRefused, match="refuses"):
            await writer.set(COMMAND, OFF)


async def test_a_child_that_dies_during_the_call_leaves_it_open_and_is_replaced(hand_agent, worker):
    writer, pid = hand_writer(hand_agent, worker), worker.pid

    def kill(request):
        os.kill(pid, signal.SIGKILL)

    hand_agent.answer = kill
    with pytest.raises(WriteOpen, match="SIGKILL"):
        await writer.set(COMMAND, OFF)
    hand_agent.answer = answers(0)
    await writer.set(COMMAND, OFF)
    assert worker.pid != pid


class NoChild:
    """A worker that cannot have a child."""

    async def warm(self, timeout_s):
        raise WorkerError("cannot warm")

    async def call(self, name, args=None, *, timeout_s):
        raise WorkerError("it is not running")


async def test_without_a_child_a_write_is_open_and_preparing_says_so(pod):
    writer = writer_to(pod, NoChild())
    with pytest.raises(WriteOpen, match="it is not running"):
        await writer.set(COMMAND, OFF)
    with pytest.raises(DeviceError, match="cannot prepare"):
        await writer.prove(COMMAND)


async def test_a_poll_that_holds_the_turn_for_too_long_is_not_waited_for(pod, worker, monkeypatch):
    monkeypatch.setattr("edgeagent.protocols.snmp_set.MAX_WAIT_S", 0.05)
    turn = Turn()
    async with turn.read():
        with pytest.raises(DeviceUnreachable, match=r"a poll of .* held it") as caught:
            await writer_to(pod, worker, turn=turn).set(COMMAND, OFF)
    assert not isinstance(caught.value, WriteOpen)
    assert is_on(pod)
    await writer_to(pod, worker, turn=turn).set(COMMAND, OFF)
    assert not is_on(pod)


async def test_reads_that_belong_to_a_write_go_before_waiting_reads():
    turn, order = Turn(), []
    ahead = Ahead(turn)

    async def take(name, turn):
        async with turn:
            order.append(name)

    async with turn.read():
        tasks = [asyncio.create_task(take(name, how)) for name, how in (("poll", turn.read()), ("look", ahead.read()))]
        for _ in range(3):
            await asyncio.sleep(0)
    await asyncio.gather(*tasks)
    assert order == ["look", "poll"]


async def test_secrets_are_in_no_message_and_no_line_of_the_child(hand_agent, worker, capfd):
    hand_agent.answer = answers(None, get=False)
    address = SnmpAddress("127.0.0.1", hand_agent.port, v3=False)
    secret = Community("swordfish")
    with pytest.raises(DeviceUnreachable) as caught:
        await SnmpWriter(address, (secret, secret), Turn(), worker, timeout_s=TIMEOUT_S).set(COMMAND, OFF)
    assert "swordfish" not in str(caught.value)
    assert "swordfish" not in "".join(capfd.readouterr())
