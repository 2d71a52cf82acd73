"""Set points and outlets over Redfish: written once, read back, refused where they must be."""

import pytest

from edgeagent.actuators.outlet import OutletActuator
from edgeagent.actuators.redfish_pdu import RedfishPdu
from edgeagent.actuators.redfish_setting import RedfishSetting, RedfishTargets, guard_of
from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceRefused, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Output, Rank
from edgeagent.model.points import PointId
from edgeagent.protocols.redfish import lease
from edgeagent.protocols.redfish_address import Access, parse_address
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.snmp_set import WriteOpen
from edgeagent.protocols.switching import Switching
from firmware_stubs.layout import standard_pod
from firmware_stubs.plant import Cdu
from firmware_stubs.redfish_bmc import RedfishServer
from firmware_stubs.redfish_devices import cdu, rack_pdu

FREE = Guard(0.0, 100.0, settle_s=0.3, tolerance=0.1)


@pytest.fixture
async def targets():
    """The targets of a tree; whose serial is bound is the test's to say."""
    opened, made = [], []

    async def make(tree, serial):
        server = RedfishServer(tree)
        await server.open()
        opened.append(server)
        bound = {"serial": serial}

        def identify(device, found):
            return "" if found == bound["serial"] else f"cannot set {device}: it is {found}, not {bound['serial']}"

        made.append(RedfishTargets("dev", lease(Sessions(), parse_address(server.address), Access(), 0.5), identify))
        return server, made[-1], bound

    yield make
    for one in made:
        await one.close()
    for server in opened:
        await server.close()


def output(target, value):
    return Output(PointId(target), value, Rank.EQUIPMENT, "test", "because", "audit-1")


async def applied(actuator, value):
    return await actuator.apply(output(actuator.target, value), granted)


async def test_a_pump_is_set_by_its_control_and_read_back(targets):
    device = Cdu("cdu-1", serial="CDU-7")
    server, found, _ = await targets(cdu(device), "CDU-7")
    setting = RedfishSetting(found, "pump.2.setpoint")
    assert setting.target == "dev/pump.2.setpoint"
    outcome = await applied(SetpointActuator(setting, FREE, SystemClock()), 72.0)
    assert (outcome.word, outcome.read_back) == (DONE, 72.0)
    assert device.pump_percent == [60.0, 72.0]
    assert [one for one in server.requests if one.startswith("PATCH")] == [
        "PATCH /redfish/v1/Chassis/CDU/Controls/Pump2Speed"
    ]


async def test_a_supply_temperature_is_set_where_it_stands(targets):
    device = Cdu("cdu-1", serial="CDU-7")
    _, found, _ = await targets(cdu(device), "CDU-7")
    setting = RedfishSetting(found, "secondary.supply.setpoint")
    assert (await applied(SetpointActuator(setting, FREE, SystemClock()), 24.5)).word == DONE
    assert device.supply_setpoint_c == 24.5


async def test_a_device_that_acknowledges_and_does_nothing_is_unverified(targets):
    server, found, _ = await targets(cdu(Cdu("cdu-1", serial="CDU-7")), "CDU-7")
    server.faulty.ignore_writes = True
    outcome = await applied(SetpointActuator(RedfishSetting(found, "pump.1.setpoint"), FREE, SystemClock()), 72.0)
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, 60.0)


async def test_a_refusal_wrote_nothing(targets):
    device = Cdu("cdu-1", serial="CDU-7")
    server, found, _ = await targets(cdu(device), "CDU-7")
    server.faulty.refuse_writes = True
    outcome = await applied(SetpointActuator(RedfishSetting(found, "pump.1.setpoint"), FREE, SystemClock()), 72.0)
    assert outcome.word == FAILED
    assert "insufficient privileges" in outcome.message
    assert device.pump_percent[0] == 60.0


async def test_what_the_device_does_not_allow_is_not_sent(targets):
    server, found, _ = await targets(cdu(Cdu("cdu-1", serial="CDU-7")), "CDU-7")
    with pytest.raises(DeviceRefused, match="the device allows 10"):
        await RedfishSetting(found, "secondary.supply.setpoint").write(60.0)
    assert not [one for one in server.requests if one.startswith("PATCH")]


async def test_a_disabled_control_is_not_set(targets):
    tree = cdu(Cdu("cdu-1", serial="CDU-7"))
    path = "/redfish/v1/Chassis/CDU/Controls/Pump1Speed"
    read = tree.resources[path]
    tree.resources[path] = lambda: {**read(), "ControlMode": "Disabled"}
    _, found, _ = await targets(tree, "CDU-7")
    with pytest.raises(DeviceRefused, match="disabled at the device"):
        await RedfishSetting(found, "pump.1.setpoint").write(50.0)


async def test_another_device_at_the_address_is_not_set(targets):
    device = Cdu("cdu-1", serial="CDU-7")
    server, found, bound = await targets(cdu(device), "CDU-9")
    with pytest.raises(DeviceRefused, match="it is CDU-7, not CDU-9"):
        await RedfishSetting(found, "pump.1.setpoint").write(50.0)
    bound["serial"] = "CDU-7"
    await RedfishSetting(found, "pump.1.setpoint").write(50.0)
    assert device.pump_percent[0] == 50.0
    server.faulty.serial = "CDU-8"
    with pytest.raises(DeviceRefused, match="it is CDU-8"):
        await RedfishSetting(found, "pump.1.setpoint").write(70.0)
    assert device.pump_percent[0] == 50.0


@pytest.mark.parametrize("name", ["pump.9.setpoint", "pump.1.speed", "unit.state"])
async def test_what_is_no_set_point_is_refused(targets, name):
    _, found, _ = await targets(cdu(Cdu("cdu-1", serial="CDU-7")), "CDU-7")
    with pytest.raises(DeviceRefused):
        await RedfishSetting(found, name).read()


async def test_a_write_whose_answer_is_missing_is_open(targets):
    server, found, _ = await targets(cdu(Cdu("cdu-1", serial="CDU-7")), "CDU-7")
    setting = RedfishSetting(found, "pump.1.setpoint")
    await setting.read()
    resource = await found.fresh("/redfish/v1/Chassis/CDU/Controls/Pump1Speed")
    server.faulty.slow_s = 2.0
    with pytest.raises(WriteOpen):
        await found.session.patch(resource.path, {"SetPoint": 50.0}, resource.etag)


def test_guards_are_known_for_pumps_and_supply_temperatures_only():
    assert guard_of("pump.1.setpoint").low == 20.0
    assert guard_of("unit.2.secondary.supply.setpoint").high == 40.0
    assert guard_of("secondary.flow.setpoint") is None
    assert guard_of("pump.1.speed") is None


# -- outlets


@pytest.fixture
async def switched(targets):
    world = standard_pod(1, 8, seed=7)
    pdu = next(iter(world.pdus.values()))
    server, found, bound = await targets(rack_pdu(world, pdu, serial="PDU-3"), "PDU-3")
    clock = SystemClock()
    return server, pdu, RedfishPdu(found, Switching(True, None, 0.0, 0.3), clock), clock, bound


async def test_an_outlet_is_switched_by_its_action_and_read_back(switched):
    server, pdu, device, clock, _ = switched
    await device.prepare("outlet.3.state")
    assert all(outlet.on for outlet in pdu.outlets)
    outlet = OutletActuator(device, 3, clock)
    assert (await applied(outlet, "off")).word == DONE
    assert not pdu.outlet(3).on
    assert (await applied(outlet, "on")).word == DONE
    assert pdu.outlet(3).on
    assert sum(one.startswith("POST") for one in server.requests) == 2


async def test_an_outlet_of_another_pdu_is_not_switched(switched):
    _, pdu, device, clock, bound = switched
    bound["serial"] = "PDU-4"
    outcome = await applied(OutletActuator(device, 3, clock), "off")
    assert outcome.word == FAILED
    assert pdu.outlet(3).on


async def test_an_outlet_that_does_not_move_is_unverified(switched):
    server, _, device, clock, _ = switched
    server.faulty.ignore_writes = True
    outcome = await applied(OutletActuator(device, 3, clock), "off")
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, "on")


async def test_a_silent_pdu_is_not_asked_again_at_once(switched):
    server, _, device, _, _ = switched
    await device.look("outlet.3.state")
    server.faulty.slow_s = 5.0
    with pytest.raises(DeviceUnreachable):
        await device.look("outlet.3.state")
    asked = len(server.requests)
    with pytest.raises(DeviceUnreachable, match="did not answer"):
        await device.look("outlet.4.state")
    assert len(server.requests) == asked
