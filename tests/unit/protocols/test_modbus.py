"""A Modbus session against a real server over TCP: each way to fail is told apart, and the next request works."""

import asyncio
import time

import pytest

from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.modbus import ModbusException, ModbusSession, lease
from edgeagent.protocols.modbus_address import ModbusAddress
from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp_set import WriteOpen
from tests.fixtures.modbus import HOST, Line, Words


def words():
    return Words(
        holding={address: address * 3 for address in range(200)},
        input={5: 55, 6: 66},
        coil=dict.fromkeys(range(20), 0),
        discrete={address: address % 2 for address in range(16)},
    )


@pytest.fixture
async def line():
    async with Line({1: words(), 2: words()}, identities={1: {0: "Maker", 1: "M-1", 2: "1.2"}}) as opened:
        yield opened


async def test_every_table_says_what_stands_there(line):
    session = line.session
    assert await session.read(1, 10, 125) == [address * 3 for address in range(10, 135)]
    assert await session.read_table("input", 1, 5, 2) == [55, 66]
    assert await session.read_table("discrete", 2, 0, 16) == [0, 1] * 8
    assert await session.read_table("coil", 2, 0, 3) == [0, 0, 0]
    assert session.opened == 1


async def test_what_is_written_is_read_back(line):
    session = line.session
    await session.write(1, 7, [1234])
    await session.write(1, 20, [1, 0xFFFF])
    await session.write_coil(1, 3, on=True)
    assert await session.read(1, 7, 1) == [1234]
    assert await session.read(1, 20, 2) == [1, 0xFFFF]
    assert await session.read_table("coil", 1, 2, 3) == [0, 1, 0]
    assert line.server.units[1].written == [
        ("holding", 7, [1234]), ("holding", 20, [1, 0xFFFF]), ("coil", 3, [1])
    ]  # fmt: skip


async def test_a_device_says_who_it_is(line):
    assert await line.session.identify(1) == {0: "Maker", 1: "M-1", 2: "1.2"}
    with pytest.raises(ModbusException, match="does not know this function"):
        await line.session.identify(2)


@pytest.mark.parametrize(("code", "text"), [(1, "function"), (2, "no such register"), (4, "failed"), (6, "busy")])
async def test_an_exception_is_the_devices_own_no_and_keeps_its_code(line, code, text):
    line.server.faulty.exception_code = code
    session = line.session
    with pytest.raises(ModbusException, match=text) as caught:
        await session.read(1, 0, 1)
    assert caught.value.code == code
    assert isinstance(caught.value, DeviceRefused)
    assert len(line.server.requests) == (2 if code == 6 else 1)
    line.server.faulty.heal()
    assert await session.read(1, 1, 1) == [3]
    assert session.opened == 1


async def test_a_unit_that_its_gateway_does_not_reach_is_unreachable(line):
    with pytest.raises(DeviceUnreachable, match="behind its gateway"):
        await line.session.read(9, 0, 1)


async def test_a_reset_costs_nothing_but_a_second_connection():
    async with Line({1: words()}, timeout_s=30.0) as line:
        session = line.session
        await session.read(1, 0, 1)
        line.server.faulty.reset_next = 1
        begin_s = time.monotonic()
        assert await session.read(1, 1, 1) == [3]
        assert time.monotonic() - begin_s < line.timeout_s  # the loss itself ended the wait
        assert session.opened == 2


async def test_an_answer_to_another_request_is_not_believed(line):
    session = line.session
    line.server.faulty.wrong_transaction = True
    with pytest.raises(DeviceUnreachable, match="no answer within"):
        await session.read(1, 1, 1)
    line.server.faulty.heal()
    assert await session.read(1, 2, 1) == [6]


async def test_what_answers_late_is_not_taken_for_the_next_answer(line):
    session = line.session
    line.server.faulty.slow_s = 1.2 * line.timeout_s
    with pytest.raises(DeviceUnreachable):
        await session.read(1, 1, 1)
    line.server.faulty.heal()
    assert [await session.read(1, address, 1) for address in (2, 3, 4)] == [[6], [9], [12]]


async def test_a_mute_server_is_given_up_after_its_tries(line):
    line.server.faulty.mute = True
    with pytest.raises(DeviceUnreachable, match="no answer within"):
        await line.session.read(1, 1, 1)
    assert len(line.server.requests) == 2
    line.server.faulty.heal()
    assert await line.session.read(1, 1, 1) == [3]


async def test_a_connection_that_a_firewall_forgot_costs_one_try(line):
    session = line.session
    await session.read(1, 0, 1)
    line.server.forget()
    assert await session.read(1, 1, 1) == [3]
    assert session.opened == 2


async def test_a_server_that_was_restarted_is_read_by_the_next_request(line):
    session = line.session
    await session.read(1, 0, 1)
    await line.server.close()
    with pytest.raises(DeviceUnreachable, match="nothing takes the connection"):
        await session.read(1, 1, 1)
    await line.server.open()
    assert await session.read(1, 1, 1) == [3]


async def test_garbage_is_no_answer_and_costs_the_connection(line):
    session = line.session
    line.server.faulty.garbage = True
    with pytest.raises((DeviceGarbled, DeviceUnreachable)):
        await session.read(1, 1, 1)
    line.server.faulty.heal()
    assert await session.read(1, 1, 1) == [3]


async def test_a_write_without_an_answer_is_open_and_is_not_sent_again(line):
    session = line.session
    await session.read(1, 0, 1)
    line.server.faulty.mute = True
    with pytest.raises(WriteOpen, match="whether holding 7"):
        await session.write(1, 7, [1])
    assert [function for _, function, _, _ in line.server.requests] == [3, 6]


async def test_a_write_to_a_server_that_is_gone_wrote_nothing(line):
    await line.server.close()
    with pytest.raises(DeviceUnreachable):
        await line.session.write(1, 7, [1])


async def test_a_write_that_is_refused_says_so(line):
    line.server.faulty.refuse_writes = True
    with pytest.raises(ModbusException, match="refuses coil 3"):
        await line.session.write_coil(1, 3, on=True)


async def test_all_units_of_a_server_share_one_connection_that_the_last_user_closes(line):
    one, two = line.hold(), line.hold()
    assert one.open() is two.open()
    await asyncio.gather(one.open().read(1, 0, 1), two.open().read(2, 0, 1))
    assert line.server.connections == 1
    await one.close()
    assert await two.open().read(1, 1, 1) == [3]
    await two.close()
    assert len(line.sessions) == 0


async def test_a_unit_that_was_mute_costs_its_neighbours_one_try_only(line):
    session = line.session
    line.server.mute_units = {2}
    for _ in range(2):
        with pytest.raises(DeviceUnreachable):
            await session.read(2, 0, 1)
    line.server.requests.clear()
    mute, well = await asyncio.gather(session.read(2, 0, 1), session.read(1, 1, 1), return_exceptions=True)
    assert isinstance(mute, DeviceUnreachable)
    assert well == [3]
    assert [unit for unit, *_ in line.server.requests] == [2, 1]
    line.server.mute_units = set()
    assert await session.read(2, 1, 1) == [3]


async def test_a_request_that_is_cancelled_leaves_nothing_behind(line):
    session = line.session
    line.server.faulty.mute = True
    asking = asyncio.ensure_future(session.read(1, 0, 1))
    while not line.server.requests:
        await asyncio.sleep(0.01)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    line.server.faulty.heal()
    assert await session.read(1, 1, 1) == [3]


async def test_nothing_listens():
    session = ModbusSession(ModbusAddress(HOST, 1), Turn(), timeout_s=0.3)
    with pytest.raises(DeviceUnreachable, match="nothing takes the connection"):
        await session.read(1, 0, 1)


async def test_leases_of_other_servers_are_other_sessions(line):
    other = lease(line.sessions, ModbusAddress(HOST, 1), 0.3)
    assert other.open() is not line.session
    await other.close()
