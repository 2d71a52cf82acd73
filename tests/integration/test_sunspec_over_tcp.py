"""SunSpec devices over real TCP: what is read is the world, and what is set goes back by the device's own timer."""

import asyncio

import pytest

from edgeagent.actuators.storage import battery_power, limit_guard, power_guard, power_limit
from edgeagent.actuators.storage_terms import Terms
from edgeagent.actuators.sunspec import SunSpecTarget
from edgeagent.core.clock import ManualClock
from edgeagent.core.ports import granted
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.sunspec_device import SunSpecOptions
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.intent import DONE, Output, Rank
from edgeagent.model.points import DeviceId
from edgeagent.protocols.modbus import lease
from edgeagent.protocols.sunspec_address import SunSpecAddress
from edgeagent.protocols.sunspec_models import Models
from firmware_stubs import modbus_sunspec as stub
from firmware_stubs.modbus_server import ModbusServer, OnlyHolding
from tests.fixtures.modbus import HOST
from tests.fixtures.sunspec import a_battery, a_field, a_meter

BATTERY, INVERTER, METER = 1, 2, 3
MODELS = Models()
assert MODELS.all  # read before, so that no thread races the clock of a test
TIMES = Times(every_s=10.0, slow_every_s=60.0, timeout_s=0.5)


class Plant:
    """A battery, a field of modules and a meter behind one server, and the agent's parts."""

    def __init__(self):
        self.clock = ManualClock()
        self.battery = a_battery(soc=0.7, power_w=1_000.0)
        self.field, self.meter = a_field(), a_meter()
        units = {
            BATTERY: stub.battery_der(self.battery, self.clock.now_s),
            INVERTER: stub.pv_inverter(self.field, self.clock.now_s),
            METER: stub.meter(self.meter),
        }
        self.units = units
        self.server = ModbusServer({number: OnlyHolding(unit) for number, unit in units.items()})
        self.parts = Parts(self.clock, sunspec=MODELS)
        self.drivers, self.holds = [], []

    def driver(self, word, unit):
        options = SunSpecOptions(SunSpecAddress(HOST, self.server.port, unit), word)
        self.drivers.append(options.build(DeviceId(word), TIMES, self.parts))
        return self.drivers[-1]

    def target(self, word, unit):
        address = SunSpecAddress(HOST, self.server.port, unit)
        self.holds.append(lease(self.parts.modbus, address, 0.5))
        return SunSpecTarget(DeviceId(word), unit, self.holds[-1], models=MODELS, identify=lambda _device, _serial: "")

    async def __aenter__(self):
        await self.server.open()
        return self

    async def __aexit__(self, *_):
        for one in (*self.drivers, *self.holds):
            await one.close()
        assert len(self.parts.modbus) == 0
        await self.server.close()


@pytest.fixture
async def plant():
    async with Plant() as opened:
        yield opened


async def everything(driver):
    info = await driver.connect()
    return {
        reading.point.partition("/")[2]: reading for group in info.groups for reading in await driver.read(group.name)
    }


async def test_all_three_are_read_as_the_world_has_them_over_one_connection(plant):
    battery, inverter, meter = await asyncio.gather(
        everything(plant.driver("battery", BATTERY)),
        everything(plant.driver("inverter", INVERTER)),
        everything(plant.driver("meter", METER)),
    )
    assert (battery["charge"].value, battery["power"].value, battery["voltage"].value) == (70.0, 1_000.0, 720.0)
    assert inverter["ac.power"].value == plant.field.power_w
    assert inverter["dc.1.voltage"].value == pytest.approx(plant.field.dc_voltage_v)
    assert meter["power"].value == plant.meter.power_w
    assert meter["energy.imported"].value == plant.meter.imported_wh
    assert plant.server.connections == 1


async def test_a_reset_in_the_middle_of_a_poll_costs_nothing(plant):
    driver = plant.driver("battery", BATTERY)
    await everything(driver)
    plant.server.faulty.reset_next = 1
    readings = {reading.point: reading.value for reading in await driver.read("fast")}
    assert readings["battery/charge"] == 70.0
    assert plant.server.connections == 2


async def test_a_poll_with_wrong_transactions_fails_and_the_next_one_is_right(plant):
    driver = plant.driver("meter", METER)
    await everything(driver)
    plant.server.faulty.wrong_transaction = True
    with pytest.raises(DeviceUnreachable):
        await driver.read("fast")
    plant.server.faulty.heal()
    assert {r.point: r.value for r in await driver.read("fast")}["meter/power"] == plant.meter.power_w


async def apply(plant, actuator, value):
    output = Output(actuator.target, value, Rank.PLAN, "test", "because", "audit-1")
    task = asyncio.create_task(actuator.apply(output, granted))
    while not task.done():
        await plant.clock.advance(0.25)
        await asyncio.sleep(0.001)
    return await task


async def test_a_battery_is_set_held_and_goes_back_by_its_own_timer(plant):
    terms = Terms(reversion_s=60.0, reserve_percent=20.0)
    actuator = battery_power(plant.target("battery", BATTERY), terms, power_guard(50_000.0, 50_000.0), plant.clock)
    outcome = await apply(plant, actuator, 20_000.0)
    assert outcome.word == DONE, outcome.message
    assert plant.battery.setpoint_w == 20_000.0
    for _ in range(6):  # it is fed, for longer than its timer
        await plant.clock.advance(20.0)
        await actuator.held.feed()
    plant.units[BATTERY].tick()
    assert plant.battery.setpoint_w == 20_000.0
    await plant.clock.advance(61.0)  # the agent is dead
    plant.units[BATTERY].tick()
    assert plant.battery.setpoint_w == 0.0


async def test_an_inverter_is_curtailed_and_goes_back_by_its_own_timer(plant):
    actuator = power_limit(plant.target("inverter", INVERTER), Terms(reversion_s=60.0), limit_guard(), plant.clock)
    outcome = await apply(plant, actuator, 40.0)
    assert outcome.word == DONE, outcome.message
    assert plant.field.limit_percent == 40.0
    await plant.clock.advance(61.0)
    plant.units[INVERTER].tick()
    assert plant.field.limit_percent == 100.0
