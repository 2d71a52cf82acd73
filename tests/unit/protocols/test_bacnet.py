"""A BACnet session over UDP: asked in the way that the device can, and each way to fail told apart."""

import asyncio
import socket
import sys

import pytest
from bacpypes3.ipv4.app import NormalApplication
from bacpypes3.local.analog import AnalogValueObject
from bacpypes3.local.cmd import Commandable
from bacpypes3.local.device import DeviceObject
from bacpypes3.pdu import IPv4Address

from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.protocols.bacnet import MOST, BacnetSession, lease
from edgeagent.protocols.bacnet_address import BacnetAddress, parse_bacnet_address
from edgeagent.protocols.bacnet_codec import Codec, Garbage, apdu_of
from edgeagent.protocols.bacnet_words import OBJECT_LIST, OBJECT_NAME, PRIORITY_ARRAY, UNITS, ObjectId, Ref, Refusal
from edgeagent.protocols.session import Sessions, Turn
from edgeagent.protocols.snmp_set import WriteOpen
from tests.fixtures.bacnet import HOST, INSTANCE, Unit

SUPPLY, RETURN, SETPOINT = Ref(ObjectId(0, 1)), Ref(ObjectId(0, 2)), Ref(ObjectId(2, 1))
DEVICE = ObjectId(8, INSTANCE)
MANY = [Ref(ObjectId(0, number), number_of) for number in range(1, 9) for number_of in (85, 111, 117, OBJECT_NAME)]
READ, MULTIPLE, WRITE = 12, 14, 15


@pytest.fixture
async def unit():
    async with Unit() as opened:
        yield opened


@pytest.fixture
async def session(unit):
    opened = unit.session()
    yield opened
    await opened.close()


async def test_many_properties_come_in_few_requests(unit, session):
    found = await session.read(MANY)
    assert found[SUPPLY] == (19.5,)
    assert found[Ref(ObjectId(0, 8), OBJECT_NAME)] == ("Electrical Power",)
    assert found[Ref(ObjectId(0, 1), 111)] == ((False, False, False, False),)
    assert unit.server.requests == [MULTIPLE] * -(-len(MANY) // MOST)


async def test_a_device_that_does_not_know_the_service_is_asked_one_by_one_from_then_on(unit, session):
    unit.server.multiple = False
    assert (await session.read([SUPPLY, RETURN])) == {SUPPLY: (19.5,), RETURN: (31.25,)}
    assert (await session.read([SUPPLY, RETURN])) == {SUPPLY: (19.5,), RETURN: (31.25,)}
    assert unit.server.requests == [MULTIPLE, READ, READ, READ, READ]


async def test_what_a_device_cannot_send_at_once_is_asked_for_in_halves(unit, session):
    unit.server.most_octets = 60
    found = await session.read(MANY)
    assert len(found) == len(MANY)
    assert not any(isinstance(one, Refusal) for one in found.values())
    assert 1 <= session.most < MOST // 2
    before = len(unit.server.requests)
    await session.read(MANY[: session.most])
    assert len(unit.server.requests) == before + 1  # what worked is kept to


async def test_each_property_has_its_own_no(session):
    nobody, nothing = Ref(ObjectId(0, 99)), Ref(ObjectId(0, 1), 9999)
    found = await session.read([SUPPLY, nobody, nothing])
    assert found[SUPPLY] == (19.5,)
    assert (found[nobody].text, found[nothing].text) == ("it has no such object", "it has no such property")


async def test_a_list_can_be_read_by_its_elements(session):
    whole = Ref(DEVICE, OBJECT_LIST)
    found = await session.read([whole, whole._replace(element=0), whole._replace(element=2)])
    assert found[whole][:2] == (DEVICE, ObjectId(0, 1))
    assert found[whole._replace(element=0)] == (len(found[whole]),)
    assert found[whole._replace(element=2)] == (ObjectId(0, 1),)
    assert isinstance((await session.read([whole._replace(element=99)]))[whole._replace(element=99)], Refusal)


@pytest.mark.parametrize("whoever", [True, False])
async def test_a_device_says_which_it_is(unit, session, whoever):
    unit.server.whoever = whoever  # without it, it says I-Am to a Who-Is
    assert await session.instance() == INSTANCE


async def test_what_is_written_stands_at_its_priority_until_it_is_relinquished(unit, session):
    array = SETPOINT._replace(property=PRIORITY_ARRAY)
    await session.write(SETPOINT, 22.5, 14)
    assert (await session.read([SETPOINT, array])) == {
        SETPOINT: (22.5,), array: (*[None] * 13, 22.5, None, None)
    }  # fmt: skip
    await session.write(SETPOINT, None, 14)
    assert unit.air.setpoint_c == 20.0


async def test_a_refused_write_is_the_devices_own_no(unit, session):
    with pytest.raises(DeviceRefused, match=r"refuses to have analog-input 1 written: .* cannot be written"):
        await session.write(SUPPLY, 1.0, 14)
    unit.server.faulty.refuse_writes = True
    with pytest.raises(DeviceRefused):
        await session.write(SETPOINT, 22.0, 14)
    assert unit.air.setpoint_c == 20.0


async def test_a_write_without_an_answer_is_open_and_is_not_sent_again(unit, session):
    unit.server.faulty.mute = True
    with pytest.raises(WriteOpen, match="cannot tell whether analog-value 1"):
        await session.write(SETPOINT, 22.0, 14)
    assert unit.server.requests == [WRITE]


async def test_silence_is_unreachable_and_costs_one_try_from_then_on(unit, session):
    unit.server.faulty.mute = True
    for tries in (2, 3, 4):
        with pytest.raises(DeviceUnreachable, match=r"no answer within 0.3 s"):
            await session.read([SUPPLY])
        assert len(unit.server.requests) == tries
    unit.server.faulty.heal()
    assert await session.read([SUPPLY]) == {SUPPLY: (19.5,)}


async def test_a_host_where_nothing_listens_is_told_at_once(unit):
    unit.server.close()
    session = unit.session(timeout_s=30.0)
    with pytest.raises(DeviceUnreachable, match="nothing listens there"):
        await session.read([SUPPLY])
    await session.close()


async def test_a_late_answer_is_not_taken_for_another(unit):
    session = unit.session(timeout_s=0.1)
    unit.server.faulty.slow_s = 0.15
    with pytest.raises(DeviceUnreachable):
        await session.read([SUPPLY])
    unit.server.faulty.heal()
    assert await session.read([RETURN]) == {RETURN: (31.25,)}
    await session.close()


async def test_what_is_no_bacnet_is_garbled_and_the_next_request_works(unit, session):
    unit.server.faulty.garbage = True
    with pytest.raises(DeviceGarbled, match="does not speak BACnet/IP"):
        await session.read([SUPPLY])
    unit.server.faulty.heal()
    assert await session.read([SUPPLY]) == {SUPPLY: (19.5,)}


async def test_requests_of_many_take_turns(unit):
    sessions = Sessions()
    holds = [lease(sessions, unit.address(), 0.3) for _ in range(4)]
    found = await asyncio.gather(*(hold.open().read([SUPPLY, RETURN]) for hold in holds for _ in range(3)))
    assert all(one == {SUPPLY: (19.5,), RETURN: (31.25,)} for one in found)
    for hold in holds:
        await hold.close()
    assert not len(sessions)


async def test_without_the_extra_a_person_is_told_what_to_install(unit, session, monkeypatch):
    monkeypatch.setitem(sys.modules, "bacpypes3.apdu", None)
    with pytest.raises(DeviceRefused, match=r"cannot speak BACnet: install edgeagent\[bacnet\]"):
        await session.read([SUPPLY])


class Value(Commandable, AnalogValueObject):
    """One that can be commanded."""


async def test_another_makers_stack_is_understood():
    """That of bacpypes3, which answers as a server here and is only asked for its codec elsewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    device = DeviceObject(objectIdentifier=("device", 77), objectName="peer", vendorIdentifier=999)
    peer = NormalApplication(device, IPv4Address(f"{HOST}/32:{port}"))
    given = {"presentValue": 20.0, "relinquishDefault": 20.0, "units": "degreesCelsius", "statusFlags": [0, 0, 0, 0]}
    peer.add_object(Value(objectIdentifier=("analog-value", 1), objectName="setpoint", **given))
    session = BacnetSession(BacnetAddress(HOST, port), Turn(), timeout_s=2.0)
    units = SETPOINT._replace(property=UNITS)
    assert await session.instance() == 77
    assert await session.read([SETPOINT, units]) == {SETPOINT: (20.0,), units: (62,)}
    await session.write(SETPOINT, 22.5, 14)
    assert await session.read([SETPOINT]) == {SETPOINT: (22.5,)}
    await session.write(SETPOINT, None, 14)
    assert await session.read([SETPOINT]) == {SETPOINT: (20.0,)}
    await session.close()
    peer.close()
    await asyncio.sleep(0)


@pytest.mark.parametrize("octets", ["", "81", "810a0006", "810a000a0104300700", "810a00080104ff00", "820a000601043007"])
def test_octets_that_are_no_answer_never_pass_for_one(octets):
    codec = Codec()
    with pytest.raises(Garbage):
        codec.answer(apdu_of(bytes.fromhex(octets)), [SUPPLY])


@pytest.mark.parametrize("octets", ["810b000801001008", "81040012c0a80001bac00120ffff00ff1008"])
def test_what_is_meant_for_all_is_no_answer(octets):
    assert apdu_of(bytes.fromhex(octets))[:1] in (b"", b"\x10")


def test_an_address_is_host_port_and_instance():
    assert parse_bacnet_address("bacnet://10.0.0.5") == BacnetAddress("10.0.0.5", 47808, None)
    assert str(parse_bacnet_address("bacnet://crac.pod:47809/4001")) == "bacnet://crac.pod:47809/4001"
    for wrong in ("modbus://x", "bacnet://", "bacnet://x/4194303", "bacnet://x/a", "bacnet://x:0", "bacnet://u@x"):
        with pytest.raises(ValueError, match="cannot use"):
            parse_bacnet_address(wrong)
