"""SNMP sessions: what an agent may do, and what is made of it."""

import asyncio
import gc
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp import LEAST_VARBINDS, MAX_VARBINDS, SnmpSession
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User

SYS_DESCR = "1.3.6.1.2.1.1.1.0"
SYSTEM = "1.3.6.1.2.1.1"
MISSING = "1.3.6.1.2.1.1.99.0"
NULL = b"\x05\x00"
NO_SUCH_INSTANCE = b"\x81\x00"
TOO_BIG, GEN_ERR = 1, 5


def numbered(count):
    return [f"1.3.6.1.4.1.99.{n}" for n in range(1, count + 1)]


def values(request):
    return [(oid, b"\x02\x01\x07") for oid, _ in request.varbinds]


# -- simulated rack PDUs, v2c and v3


async def test_values_come_and_what_does_not_exist_is_left_out(pdu_session):
    answer = await pdu_session.get([SYS_DESCR, MISSING])
    assert set(answer) == {SYS_DESCR}
    assert await pdu_session.get([MISSING]) == {}
    assert await pdu_session.get([]) == {}


async def test_a_walk_gives_what_is_below_and_stops_at_its_bound(pdu_session):
    everything = await pdu_session.walk(SYSTEM)
    assert len(everything) == 7
    assert all(oid.startswith(SYSTEM + ".") for oid in everything)
    assert len(await pdu_session.walk(SYSTEM, max_rows=3)) == 3
    assert await pdu_session.walk("1.3.6.1.4.1.99999") == {}


async def test_many_at_once_wait_for_each_other(pdu_session):
    answers = await asyncio.gather(*(pdu_session.get([SYS_DESCR]) for _ in range(20)))
    assert all(SYS_DESCR in answer for answer in answers)
    assert pdu_session.opened == 1


async def test_a_new_engine_id_is_noticed_within_one_request(pod, pdu_session):
    await pdu_session.get([SYS_DESCR])
    pod.inject(pod.devices[0]["name"], "reset", engine_id_change=True)
    assert SYS_DESCR in await pdu_session.get([SYS_DESCR])


async def test_a_restart_of_the_agent_costs_nothing(pod, pdu_session):
    await pdu_session.get([SYS_DESCR])
    pod.inject(pod.devices[0]["name"], "reset")
    assert SYS_DESCR in await pdu_session.get([SYS_DESCR])


@pytest.mark.parametrize(("kind", "options"), [("engine_time_reset", {}), ("boots_jump", {"boots": 1.0})])
async def test_time_that_begins_anew_and_another_boot_cost_no_poll(pod, pdu_session, kind, options):
    await pdu_session.get([SYS_DESCR])
    pod.inject(pod.devices[0]["name"], kind, **options)
    for _ in range(3):
        assert SYS_DESCR in await pdu_session.get([SYS_DESCR])


async def test_a_silent_agent_is_unreachable_and_answers_again_later(pod, pdu_session):
    name = pod.devices[0]["name"]
    await pdu_session.get([SYS_DESCR])
    fault = pod.inject(name, "hang")
    with pytest.raises(DeviceUnreachable, match=r"no answer within 0\.3 s"):
        await pdu_session.get([SYS_DESCR])
    assert fault
    pod.board.clear(name, "hang")
    assert SYS_DESCR in await pdu_session.get([SYS_DESCR])


@pytest.mark.parametrize("mode", ["random", "truncated", "flipped"])
async def test_spoilt_answers_are_garbled_and_never_crash(pod, pdu_session, mode):
    name = pod.devices[0]["name"]
    pod.inject(name, "garbage", mode=mode)
    for _ in range(30):  # among them some that make gufo's decoder panic; a flipped bit may also do no harm
        with suppress(DeviceError):
            await pdu_session.get(numbered(3))
    pod.board.clear(name, "garbage")
    assert SYS_DESCR in await pdu_session.get([SYS_DESCR])


@pytest.mark.parametrize("pod", ["v3"], indirect=True)
@pytest.mark.parametrize(
    "user",
    [
        User("nobody", "auth-secret-1", "priv-secret-1"),
        User("edge", "wrong-secret", "priv-secret-1"),
        User("edge", "auth-secret-1", "wrong-secret"),
    ],
)
async def test_wrong_v3_credentials_are_refused(pdu_session, user):
    session = SnmpSession(pdu_session.address, user, Turn(), timeout_s=0.3)
    with pytest.raises(DeviceRefused, match="refuses the user name or a key"):
        await session.get([SYS_DESCR])


@pytest.mark.parametrize("pod", ["v2c"], indirect=True)
async def test_a_wrong_community_is_unreachable_and_the_message_says_so(pdu_session):
    session = SnmpSession(pdu_session.address, Community("wrong"), Turn(), timeout_s=0.1)
    with pytest.raises(DeviceUnreachable, match="wrong community"):
        await session.get([SYS_DESCR])


# -- an agent that misbehaves as it is told


async def test_a_closed_port_is_told_apart_and_costs_no_time():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    session = SnmpSession(SnmpAddress("127.0.0.1", port, v3=False), Community(), Turn(), timeout_s=30.0)
    async with asyncio.timeout(5):
        with pytest.raises(DeviceUnreachable, match="nothing listens there"):
            await session.get([SYS_DESCR])


async def test_a_name_that_does_not_resolve_is_unreachable():
    session = SnmpSession(SnmpAddress("no-such-host.invalid", 161, v3=False), Community(), Turn(), tries=1)
    with pytest.raises(DeviceUnreachable, match=r"no-such-host\.invalid"):
        await session.get([SYS_DESCR])


async def test_a_name_is_looked_up(hand_agent):
    hand_agent.answer = lambda request: request.response(values(request))
    session = SnmpSession(SnmpAddress("localhost", hand_agent.port, v3=False), Community(), Turn(), timeout_s=1.0)
    try:
        assert await session.get(["1.3.6.1.4.1.99.1"]) == {"1.3.6.1.4.1.99.1": 7}
    except DeviceUnreachable:
        pytest.skip("localhost is not 127.0.0.1 here")


async def test_a_request_holds_a_bounded_number_of_objects(hand_agent):
    hand_agent.answer = lambda request: request.response(values(request))
    assert len(await hand_agent.session().get(numbered(120))) == 120
    assert [len(request.varbinds) for request in hand_agent.requests] == [MAX_VARBINDS, MAX_VARBINDS, 20]


async def test_an_agent_that_finds_it_too_big_is_asked_for_less_from_then_on(hand_agent):
    def answer(request):
        if len(request.varbinds) > 20:
            return request.response([], status=TOO_BIG)
        return request.response(values(request))

    hand_agent.answer = answer
    session = hand_agent.session()
    assert len(await session.get(numbered(100))) == 100
    assert session.limit == LEAST_VARBINDS
    hand_agent.requests.clear()
    assert len(await session.get(numbered(16))) == 16
    assert len(hand_agent.requests) == 2


async def test_one_object_that_the_agent_chokes_on_costs_only_itself(hand_agent):
    poison = bytes([0x2B, 6, 1, 4, 1, 99, 13])

    def answer(request):
        if poison in [oid for oid, _ in request.varbinds]:
            return request.response([(oid, NULL) for oid, _ in request.varbinds], status=GEN_ERR)
        return request.response(values(request))

    hand_agent.answer = answer
    found = await hand_agent.session().get(numbered(50))
    assert set(numbered(50)) - set(found) == {"1.3.6.1.4.1.99.13"}


async def test_no_such_instance_is_absent_and_asked_once(hand_agent):
    hand_agent.answer = lambda request: request.response([(oid, NO_SUCH_INSTANCE) for oid, _ in request.varbinds])
    assert await hand_agent.session().get([SYS_DESCR]) == {}
    assert len(hand_agent.requests) == 1


async def test_an_answer_to_another_request_is_passed_over(hand_agent):
    def answer(request):
        right = request.response(values(request))
        request.request_id = b"\x01\x02\x03"
        return [request.response([(oid, b"\x02\x01\x63") for oid, _ in request.varbinds]), right]

    hand_agent.answer = answer
    assert await hand_agent.session().get(numbered(2)) == dict.fromkeys(numbered(2), 7)


async def test_a_device_that_answered_nonsense_and_then_nothing_is_garbled(hand_agent):
    answers = iter([b"\xff\x00nonsense", None])
    hand_agent.answer = lambda _: next(answers)
    with pytest.raises(DeviceGarbled):
        await hand_agent.session(timeout_s=0.1).get([SYS_DESCR])


async def test_one_spoilt_answer_is_asked_again(hand_agent):
    answers = iter([True, False])
    hand_agent.answer = lambda request: b"\xff\x00" if next(answers) else request.response(values(request))
    assert await hand_agent.session().get(["1.3.6.1.4.1.99.1"]) == {"1.3.6.1.4.1.99.1": 7}


async def test_a_walk_over_identifiers_that_do_not_increase_ends(hand_agent):
    oid = bytes([0x2B, 6, 1, 2, 1, 1, 1, 0])
    hand_agent.answer = lambda request: request.response([(oid, b"\x02\x01\x07")])
    async with asyncio.timeout(5):
        with pytest.raises(DeviceGarbled, match="follows"):
            await hand_agent.session().walk(SYSTEM)


async def test_a_cancelled_request_ends_and_the_next_one_works(hand_agent):
    session = hand_agent.session(timeout_s=5.0)
    task = asyncio.create_task(session.get([SYS_DESCR]))
    while not hand_agent.requests:
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    hand_agent.answer = lambda request: request.response(values(request))
    assert await session.get(["1.3.6.1.4.1.99.1"]) == {"1.3.6.1.4.1.99.1": 7}


async def test_a_cancellation_that_comes_with_the_answer_is_not_lost(hand_agent):
    """asyncio.wait_for of Python 3.11 swallows it when both come in one turn of the loop."""
    session = hand_agent.session()
    task = None

    def answer(request):
        asyncio.get_running_loop().call_soon(task.cancel)
        return request.response(values(request))

    hand_agent.answer = answer
    for _ in range(20):
        task = asyncio.create_task(session.get([SYS_DESCR]))
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_closing_is_safe_twice(hand_agent):
    session = hand_agent.session()
    await session.close()
    hand_agent.answer = lambda request: request.response(values(request))
    await session.get([SYS_DESCR])
    await session.close()
    await session.close()


@contextmanager
def no_collections() -> Iterator[None]:
    """The daemon has them seldom, so nothing may wait for one."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def test_a_silent_agent_costs_no_file_per_attempt():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent, no_collections():
        silent.bind(("127.0.0.1", 0))
        address = SnmpAddress("127.0.0.1", silent.getsockname()[1], v3=False)
        session = SnmpSession(address, Community("public"), Turn(), timeout_s=0.01)
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(20):
            with suppress(DeviceUnreachable):
                await session.get([SYS_DESCR])
        assert len(list(Path("/proc/self/fd").iterdir())) == before


async def test_a_dead_name_server_holds_up_names_only(monkeypatch):
    """What else needs a thread, as the store and a device with a plain address do, gets one at once."""
    answer = threading.Event()

    def dead(*_: object, **__: object) -> list[object]:
        answer.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", dead)
    named = [
        SnmpSession(SnmpAddress(f"pdu-{n}", 161, v3=False), Community("x"), Turn(), timeout_s=5) for n in range(50)
    ]
    asking = [asyncio.create_task(session.get([SYS_DESCR])) for session in named]
    try:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            assert await asyncio.to_thread(lambda: "at once") == "at once"
        assert not any(task.done() for task in asking)
    finally:
        answer.set()
        results = await asyncio.gather(*asking, return_exceptions=True)
    assert {type(result) for result in results} == {DeviceUnreachable}
