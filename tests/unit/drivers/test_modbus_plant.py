"""The plant's Modbus devices, served over TCP and read by the profiles of this release: what is read is the world."""

from contextlib import asynccontextmanager

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import ManualClock
from edgeagent.drivers.modbus_device import ModbusDevice
from edgeagent.drivers.modbus_inputs import Wiring, parse_wiring
from edgeagent.drivers.parts import Times
from edgeagent.model.reading import Quality, Reason
from edgeagent.protocols.modbus_profile_file import ModbusProfiles
from firmware_stubs import modbus_cdu, modbus_io, modbus_power
from firmware_stubs.enclosure import Enclosure
from firmware_stubs.energy import DcPlant, Generator, Grid, TransferSwitch
from firmware_stubs.faulty import Faulty
from firmware_stubs.plant import AirUnit, Cdu, Tank, WaterSupply
from tests.fixtures.modbus import Line

PROFILES = ModbusProfiles().all
TIMES = Times(10.0, 60.0, 0.5)
NO_WIRES = Wiring({}, {})


class Served:
    """A unit of the plant behind a server, and the driver that reads it."""

    def __init__(self, line, family, wiring):
        self.line = line
        profile = wiring.named(PROFILES[family])
        self.driver = ModbusDevice("dev", 1, line.hold(), choices=lambda: (profile,), times=TIMES, clock=ManualClock())

    async def all(self):
        self.info = await self.driver.connect()
        found = {}
        for group in self.info.groups:
            found.update({one.point.removeprefix("dev/"): one for one in await self.driver.read(group.name)})
        return found


@asynccontextmanager
async def served(unit, family, faulty, wiring=NO_WIRES):
    async with Line({1: unit}, faulty=faulty, timeout_s=0.5) as line:
        yield Served(line, family, wiring)


def values(read, *names):
    return [read[name].value for name in names]


async def test_a_cdu_is_read_as_the_world_has_it():
    cdu, faulty = Cdu("cdu-1", "CD01", secondary_flow_lpm=71.25, primary_flow_lpm=33.5, power_w=12_340.0), Faulty()
    cdu.secondary_supply_c, cdu.secondary_return_c, cdu.heat_w = 28.4, 34.9, 33_000.0
    unit, _ = modbus_cdu.cdu(cdu, lambda: 0.0, faulty)
    async with served(unit, "generic-cdu", faulty) as it:
        read = await it.all()
        assert all(one.quality is Quality.GOOD for one in read.values())
        assert (it.info.identity.model, it.info.identity.serial) == ("CDU-60", "CD01")
        assert values(read, "secondary.flow", "primary.flow", "power", "cooling.power") == [71.25, 33.5, 12_340, 33_000]
        assert values(read, "secondary.supply.temperature", "secondary.return.temperature") == [28.4, 34.9]
        assert values(read, "pump.1.speed", "pump.2.state", "leak.1.state", "unit.state", "unit.alarm") == [
            60.0, "running", "dry", "on", "clear"
        ]  # fmt: skip
        cdu.leak, cdu.pump_ok[1], cdu.alarm = True, False, True
        read = {one.point: one for one in await it.driver.read("fast")}
        assert values(read, "dev/leak.1.state", "dev/pump.2.state", "dev/unit.alarm") == ["leak", "fault", "alarm"]


async def test_what_a_cdu_has_no_value_for_is_a_sentinel_and_its_states_stay():
    faulty = Faulty(sentinel=True)
    unit, _ = modbus_cdu.cdu(Cdu("cdu-1", "CD01"), lambda: 0.0, faulty)
    async with served(unit, "generic-cdu", faulty) as it:
        read = await it.all()
        for name in ("secondary.supply.temperature", "reservoir.1.level", "secondary.flow", "cooling.power"):
            assert (read[name].value, read[name].reason) == (None, Reason.SENTINEL), name
        assert read["leak.1.state"].value == "dry"


async def test_an_air_unit_is_read_as_the_world_has_it():
    unit_of, faulty = AirUnit("air-1", "cold-1", "AU01", supply_c=19.8, airflow_m3h=8_400.0, heat_w=30_100.0), Faulty()
    unit, _ = modbus_cdu.air_unit(unit_of, lambda: 0.0, faulty)
    async with served(unit, "generic-crac", faulty) as it:
        read = await it.all()
        assert all(one.quality is Quality.GOOD for one in read.values())
        assert values(read, "supply_air.temperature", "airflow", "cooling.power", "fan.1.speed") == [
            19.8, 8_400.0, 30_100.0, 70.0
        ]  # fmt: skip
        assert values(read, "supply_air.setpoint", "fan.1.setpoint", "compressor.1.state") == [20.0, 70.0, "running"]


async def test_facility_water_and_its_tanks_are_read_as_the_world_has_them():
    water, faulty = WaterSupply("water-1", flow_lpm=180.5, strainer_kpa=11.9, supply_c=15.7), Faulty()
    unit = modbus_cdu.water(water, [Tank("tank-1"), Tank("tank-2", 50.5, 41.0)], faulty)
    async with served(unit, "facility-water", faulty) as it:
        read = await it.all()
        assert values(read, "supply.temperature", "flow", "strainer.differential_pressure", "unit.alarm") == [
            15.7, 180.5, 11.9, "clear"
        ]  # fmt: skip
        assert values(read, "tank.1.level", "tank.2.level", "tank.2.temperature") == [92.0, 50.5, 41.0]
        assert "tank.3.level" not in read


async def test_a_dc_plant_is_read_as_the_world_has_it():
    plant, faulty = DcPlant(voltage_v=53.52, load_a=22.4, battery_a=-12.5, rectifiers=[True, False, True]), Faulty()
    async with served(modbus_power.dc_plant(plant, faulty), "dc-plant", faulty) as it:
        read = await it.all()
        assert values(read, "voltage", "load.current", "battery.current") == [53.52, 22.4, -12.5]
        assert values(read, "rectifier.1.state", "rectifier.2.state", "rectifier.4.state", "lvd.state") == [
            "ok", "failed", "not_fitted", "closed"
        ]  # fmt: skip


async def test_a_transfer_switch_is_read_as_the_world_has_it():
    switch, faulty = TransferSwitch(source="B", transfers=70_000), Faulty()
    generator = Generator(running=True, voltage_v=400.0, frequency_hz=50.02)
    unit = modbus_power.transfer_switch(switch, Grid(live=False), generator, faulty)
    async with served(unit, "modbus-ats", faulty) as it:
        read = await it.all()
        assert values(read, "source.selected", "source.preferred", "source.a.state", "source.b.state") == [
            "b", "a", "fail", "ok"
        ]  # fmt: skip
        assert values(read, "input.1.voltage", "input.2.voltage", "input.2.frequency", "transfers") == [
            0.0, 230.9, 50.02, 70_000.0
        ]  # fmt: skip


async def test_a_generating_set_is_read_as_the_world_has_it():
    generator = Generator(
        serial="77001", running=True, start=True, power_w=42_000.0, voltage_v=400.0, frequency_hz=50.1, coolant_c=81.0
    )
    generator.run_s, generator.starts, generator.counter.total_wh = 7_200.0, 12, 123_400.0
    faulty = Faulty()
    async with served(modbus_power.generator(generator, faulty), "dse-genset", faulty) as it:
        read = await it.all()
        assert it.info.identity.serial == "77001"
        assert values(read, "engine.speed", "engine.coolant.temperature", "fuel.level", "starter.voltage") == [
            1500.0, 81.0, 85.0, 26.4
        ]  # fmt: skip
        assert values(read, "power", "frequency", "phase.3.power", "energy", "engine.starts") == [
            42_000.0, 50.1, 14_000.0, 123_400.0, 12.0
        ]  # fmt: skip
        assert values(read, "engine.state", "alarm.fail_to_start", "control.mode") == ["running", "clear", "auto"]
        assert read["engine.oil.pressure"].reason is Reason.SENTINEL
        generator.alarm = True
        read = {one.point: one.value for one in await it.driver.read("fast")}
        assert read["dev/alarm.fail_to_start"] == "shutdown"


@pytest.mark.parametrize(("cable", "word"), [("dry", "dry"), ("leak", "leak"), ("fault", "fault")])
async def test_the_contacts_of_an_enclosure_are_called_by_what_hangs_on_them(cable, word):
    shell, faulty = Enclosure(smoke=True, strike_open=True), Faulty()
    shell.doors["rear"] = True
    shell.leak_cable["cdu"] = cable
    wires = modbus_io.wiring(shell)
    lines = [f"[{name}]\n" + "".join(f'{key} = "{value}"\n' for key, value in table.items())
             for name, table in wires.items()]  # fmt: skip
    loaded = load([], layers=[Layer("made.toml", "\n".join(lines))])
    wiring = parse_wiring(loaded.root)
    loaded.root.finish()
    assert not loaded.problems
    async with served(modbus_io.enclosure(shell, faulty), "dry-contact-io", faulty, wiring) as it:
        read = await it.all()
        assert values(read, "door.front.state", "door.rear.state", "smoke.1.state", "tamper.1.state") == [
            "closed", "open", "smoke", "clear"
        ]  # fmt: skip
        assert values(read, "leak.1.state", "leak.2.state") == ["dry", word]
        assert values(read, "strike.front.state", "siren.1.state") == ["on", "off"]
        points = {point.name: point for point in it.info.points}
        assert points["leak.2.state"].protective
        assert points["leak.2.state"].codes == ("dry", "leak", "fault")
        assert points["strike.front.state"].writable
