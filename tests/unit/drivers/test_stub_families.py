"""Every simulated SNMP device read by its driver: each point is the world's truth, as far as its MIB's step allows.

The tables below are made from the world, with the steps that the MIBs state, and not from the profiles.
"""

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.reading import Quality, Reason
from firmware_stubs import (
    mib_apc,
    mib_apc_ats,
    mib_apc_ups,
    mib_eaton,
    mib_geist,
    mib_inrow,
    mib_liebert_env,
    mib_mph,
    mib_raritan,
    mib_rittal,
    mib_sentry4,
    mib_stulz,
    mib_ups,
)
from firmware_stubs.pod import Pod, PodPlan
from tests.fixtures.recorded import everything
from tests.fixtures.stubs import StubDevice, options_of, world_at

MEASURED = (".power", ".apparent_power", ".power_factor", ".current", ".voltage", ".frequency")


@pytest.fixture
async def stub():
    """A device at a free port."""
    opened = []

    async def serve(module, build, **options):
        opened.append(StubDevice(module, build, **options))
        await opened[-1].open()
        return opened[-1]

    yield serve
    for device in opened:
        device.close()


@pytest.fixture
def world():
    """A rack with two feeds and a plant, after two minutes."""
    return world_at(121.7, plant=True)


def wrong(readings, truth):
    """What differs: a number by more than half its step (a counter: by a step), a word, a point that is missing."""
    found = {}
    for name in readings.keys() | truth.keys():
        said = readings[name].value if name in readings else "no point"
        if name in readings and readings[name].reason is not None:
            said = readings[name].reason
        expected = truth.get(name, "no point")
        if isinstance(expected, tuple):
            number, step = expected
            room = step if name.endswith("energy") else step / 2
            if isinstance(said, float) and abs(said - number) <= room + 1e-9:
                continue
        elif said == expected:
            continue
        found[name] = (said, expected)
    return found


def power_factor(thing):
    return thing.power_w / thing.apparent_va if thing.apparent_va else 1.0


def outlets_of(pdu, steps, *columns):
    """Points of all outlets: state and voltage, and those columns that the family has."""
    truth = {}
    for outlet in pdu.outlets:
        values = {
            "voltage": pdu.feed.voltage_v if outlet.on and outlet.fed else 0.0,
            "current": outlet.current_a,
            "power": outlet.power_w,
            "apparent_power": outlet.apparent_va,
            "power_factor": power_factor(outlet),
            "energy": outlet.energy_wh,
            "frequency": pdu.feed.frequency_hz,
        }
        truth |= {f"outlet.{outlet.number}.{name}": (values[name], steps[name]) for name in columns}
        truth[f"outlet.{outlet.number}.state"] = "on" if outlet.on else "off"
    return truth


def inlet_of(pdu, prefix, steps, *columns):
    values = {
        "voltage": pdu.feed.voltage_v,
        "current": pdu.current_a,
        "power": pdu.power_w,
        "apparent_power": pdu.apparent_va,
        "power_factor": power_factor(pdu),
        "energy": pdu.energy_wh,
        "frequency": pdu.feed.frequency_hz,
    }
    return {f"{prefix}.{name}": (values[name], steps[name]) for name in columns}


def branches_of(pdu, step):
    return {f"branch.{branch.number}.current": (branch.current_a, step) for branch in pdu.branches}


def breakers_of(pdu):
    return {f"breaker.{branch.number}.state": "open" if branch.tripped else "closed" for branch in pdu.branches}


NO_PROBE = {"probe.2.temperature": Reason.ABSENT, "probe.2.humidity": Reason.ABSENT, "probe.2.state": "not_installed"}
ALL = ("voltage", "current", "power", "apparent_power", "power_factor", "energy")


def eaton(pdu, rack):
    steps = {"voltage": 1e-3, "current": 1e-3, "power": 1, "apparent_power": 1, "power_factor": 1e-3, "energy": 1}
    volts = {
        f"branch.{branch.number}.voltage": (0.0 if branch.tripped else pdu.feed.voltage_v, 1e-3)
        for branch in pdu.branches
    }
    watts = {
        f"branch.{branch.number}.power": (sum(outlet.power_w for outlet in branch.outlets), 1)
        for branch in pdu.branches
    }
    return {
        **inlet_of(pdu, "inlet", {**steps, "frequency": 0.1}, *ALL, "frequency"),
        **inlet_of(pdu, "phase.1", steps, "power", "apparent_power", "power_factor", "energy"),
        **outlets_of(pdu, steps, *ALL),
        **branches_of(pdu, 1e-3),
        **breakers_of(pdu),
        **volts,
        **watts,
        "probe.1.temperature": (rack.inlet_c, 0.1),
        "probe.1.humidity": (rack.humidity_percent, 0.1),
        "probe.1.state": "ok",
        **NO_PROBE,
    }


def geist(pdu, rack):
    steps = {"voltage": 0.1, "current": 0.01, "power": 1, "apparent_power": 1, "power_factor": 0.01, "energy": 1}
    truth = {
        **inlet_of(pdu, "inlet", steps, "power", "apparent_power", "power_factor", "energy"),
        **inlet_of(pdu, "phase.1", steps, *ALL),
        **outlets_of(pdu, steps, *ALL),
        **branches_of(pdu, 0.01),
        **{f"outlet.{outlet.number}.relay": "ok" for outlet in pdu.outlets},
        "line.1.current": (pdu.current_a, 0.01),
        "probe.1.temperature": (rack.inlet_c, 0.1),
        "probe.1.state": "ok",
        "probe.humidity.1.humidity": (rack.humidity_percent, 1),
        "probe.humidity.1.state": "ok",
    }
    for name in ("inlet.energy", "phase.1.energy"):  # pduTotalEnergy (0..9999000)
        truth[name] = (pdu.energy_wh % 9_999_001, 1)
    return truth


def sentry4(pdu, rack):
    steps = {"voltage": 0.1, "current": 0.01, "power": 1, "apparent_power": 1, "power_factor": 0.01, "energy": 100}
    cord = {**steps, "frequency": 0.1}
    return {
        **inlet_of(pdu, "inlet", cord, "power", "apparent_power", "power_factor", "energy", "frequency"),
        **inlet_of(pdu, "phase.1", steps, *ALL),
        **outlets_of(pdu, {**steps, "energy": 1}, *ALL),
        **branches_of(pdu, 0.01),
        **breakers_of(pdu),
        **{f"branch.{branch.number}.state": "off" if branch.tripped else "on" for branch in pdu.branches},
        "line.1.current": (pdu.current_a, 0.01),
        "probe.1.temperature": (rack.inlet_c, 0.1),
        "probe.1.humidity": (rack.humidity_percent, 1),
        "probe.1.state": "ok",
        **NO_PROBE,
    }


def mph(pdu, rack):
    steps = {"voltage": 0.1, "current": 0.01, "power": 1, "apparent_power": 1, "power_factor": 0.01, "energy": 100}
    return {
        **inlet_of(pdu, "inlet", steps, "power", "apparent_power", "power_factor", "energy"),
        **inlet_of(pdu, "phase.1", steps, "voltage", "current", "power", "apparent_power", "power_factor"),
        **inlet_of(pdu, "branch.1", steps, *ALL),
        **outlets_of(pdu, {**steps, "frequency": 0.1}, *ALL, "frequency"),
        **{f"outlet.{outlet.number}.lock": "unlocked" for outlet in pdu.outlets},
        "probe.1.temperature": (rack.inlet_c, 0.1),
        "probe.1.humidity": (rack.humidity_percent, 0.1),
    }


PDUS = {
    "eaton": (mib_eaton, eaton),
    "geist": (mib_geist, geist),
    "sentry4": (mib_sentry4, sentry4),
    "mph": (mib_mph, mph),
}


@pytest.fixture(params=PDUS.values(), ids=list(PDUS))
async def rack_pdu(request, stub, world):
    """A rack PDU of each family: its agent, itself, and the table of its truth."""
    module, table = request.param
    pdu = world.pdus["pdu-a1"]
    device = await stub(module, lambda card: module.build(world, pdu, card))
    return device, pdu, lambda: table(pdu, world.racks[pdu.rack])


async def test_each_point_of_a_rack_pdu_is_the_worlds_truth(rack_pdu):
    device, _, truth = rack_pdu
    info, readings = await everything(device.driver("ipdu"))
    assert wrong(readings, truth()) == {}
    assert (info.identity.serial, bool(info.identity.model), bool(info.identity.firmware)) == ("SN-1", True, True)


async def test_outlets_that_are_off_and_a_breaker_that_is_open_are_told(rack_pdu, world):
    device, pdu, truth = rack_pdu
    world.switch(pdu.name, 3, on=False)
    world.trip(pdu.name, 2, tripped=True)
    _, readings = await everything(device.driver("ipdu"))
    assert readings["outlet.3.state"].value == "off"
    assert wrong(readings, truth()) == {}


async def test_an_outlet_that_waits_is_what_it_still_is(rack_pdu, world):
    device, pdu, truth = rack_pdu
    world.switch(pdu.name, 3, on=False, after_s=30)
    world.switch(pdu.name, 4, on=False)
    world.switch(pdu.name, 4, on=True, after_s=30)
    _, readings = await everything(device.driver("ipdu"))
    assert wrong(readings, truth()) == {}


async def test_lost_sensors_give_no_good_value_and_states_stay_true(rack_pdu):
    device, _, _ = rack_pdu
    await everything(driver := device.driver("ipdu"))
    device.card.sensors_lost = True
    _, readings = await everything(driver)
    good = {name for name, reading in readings.items() if reading.quality is Quality.GOOD}
    assert {name for name in good if name.endswith((*MEASURED, ".temperature", ".humidity"))} == set()
    assert readings["outlet.1.state"].value == "on"


async def test_a_probe_that_is_gone_has_no_temperature_and_the_rest_is_true(rack_pdu):
    device, _, truth = rack_pdu
    await everything(driver := device.driver("ipdu"))
    device.card.probe_lost = True
    _, readings = await everything(driver)
    assert all("probe" in name for name in wrong(readings, truth()))
    assert readings["probe.1.temperature"].quality is Quality.BAD


async def test_a_unit_switched_to_fahrenheit_says_the_same(rack_pdu):
    device, _, truth = rack_pdu
    device.card.fahrenheit = True
    _, readings = await everything(device.driver("ipdu"))
    different = wrong(readings, {**truth(), "probe.1.temperature": (truth()["probe.1.temperature"][0], 0.12)})
    assert different == {}


@pytest.mark.parametrize("module", [mib_apc, mib_raritan])
async def test_the_first_two_families_say_what_flows_in_too(stub, world, module):
    pdu = world.pdus["pdu-b1"]
    device = await stub(module, lambda card: module.build(world, pdu, card))
    _, readings = await everything(device.driver("ipdu"))
    assert abs(readings["inlet.power"].value - pdu.power_w) <= 5
    outlets = {outlet.number: outlet.power_w for outlet in pdu.outlets}
    assert all(abs(readings[f"outlet.{n}.power"].value - watts) <= 0.5 for n, watts in outlets.items())


# -- supply


def ups_truth(ups):
    source = "battery" if ups.on_battery else "bypass" if ups.bypass else "normal"
    return {
        "output.source": source,
        "output.frequency": (50.0, 0.1),
        "battery.status": "low" if ups.soc < 0.2 else "normal",
        "battery.on_battery": (ups.on_battery_s, 2),
        "battery.voltage": (ups.battery_v, 0.1),
        "input.1.voltage": (ups.input_v, 1),
        "input.1.frequency": (ups.input_hz, 0.1),
        "output.1.voltage": (ups.output_v, 1),
        "output.1.current": (ups.output_w / ups.output_v, 0.1),
    }


def rfc1628(ups):
    return {
        **ups_truth(ups),
        "battery.charge": (ups.charge_percent, 1),
        "battery.runtime": (ups.runtime_s, 120),
        "battery.temperature": (ups.battery_c, 1),
        "battery.current": (ups.battery_a, 0.1),
        "alarms.present": (float(ups.on_battery + ups.bypass + (ups.soc < 0.2) + ups.replace_battery), 0),
        "input.1.current": (ups.input_w / ups.input_v if ups.input_v else 0.0, 0.1),
        "input.1.power": (ups.input_w, 1),
        "output.1.power": (ups.output_w, 1),
        "output.1.load": (ups.load_percent, 1),
    }


def apc_ups(ups):
    on_line = not ups.on_battery and not ups.bypass
    return {
        **ups_truth(ups),
        "battery.charge": (ups.charge_percent, 0.1),
        "battery.runtime": (ups.runtime_s, 2),
        "battery.temperature": (ups.battery_c, 0.1),
        "battery.current": Reason.SENTINEL,
        "battery.replace": "replace" if ups.replace_battery else "ok",
        "input.1.voltage": (ups.input_v, 0.1),
        "input.power": Reason.SENTINEL,
        "output.1.voltage": (ups.output_v, 0.1),
        "output.1.load": (ups.load_percent, 0.1),
        "output.power": (ups.output_w, 1),
        "output.apparent_power": Reason.SENTINEL,
        "output.efficiency": (100 * ups.output_w / ups.input_w, 0.1) if on_line else Reason.SENTINEL,
        "output.energy": (ups.counter.shown_wh, 10),
    }


UPSES = {"rfc1628": (mib_ups, rfc1628), "apc": (mib_apc_ups, apc_ups)}


@pytest.fixture(params=UPSES.values(), ids=list(UPSES))
async def ups(request, stub, world):
    module, table = request.param
    thing = world.plant.upses["A"]
    return await stub(module, lambda card: module.build(thing, card)), thing, lambda: table(thing)


async def test_each_point_of_a_ups_is_the_worlds_truth(ups):
    device, _, truth = ups
    info, readings = await everything(device.driver("ups"))
    assert wrong(readings, truth()) == {}
    assert info.identity.serial == "SN-1"


async def test_a_ups_on_battery_and_one_in_bypass_are_told(ups, world):
    device, thing, truth = ups
    thing.replace_battery = True
    world.plant.supply.grid.live = world.plant.supply.generator.will_start = world.plant.supply.battery.connected = (
        False
    )
    world.advance(5)
    assert thing.on_battery
    _, readings = await everything(device.driver("ups"))
    assert wrong(readings, truth()) == {}
    world.plant.supply.grid.live, thing.ok = True, False
    world.advance(5)
    assert thing.bypass
    _, readings = await everything(device.driver("ups"))
    assert wrong(readings, truth()) == {}


def ats_truth(supply):
    on_a, generator = supply.ats.source == "A", supply.generator
    volts = supply.grid.voltage_v if on_a else generator.voltage_v
    watts = mib_apc_ats.through_w(supply)
    return {
        "source.selected": "a" if on_a else "b",
        "source.redundancy": "ok" if supply.utility_well and generator.running else "lost",
        "source.a.state": "ok" if supply.utility_well else "fail",
        "source.b.state": "ok" if generator.running else "fail",
        "source.phase_sync": "in_sync" if supply.utility_well and generator.running else "out_of_sync",
        "output.overload": "ok",
        "output.state": "ok",
        "switch.state": "ok",
        "alarms.comm": "ok",
        "input.1.frequency": (50.0 if supply.grid.live else 0.0, 1),
        "input.2.frequency": (generator.frequency_hz, 1),
        "input.1.voltage": (supply.grid.voltage_v if supply.grid.live else 0.0, 1),
        "input.2.voltage": (generator.voltage_v, 1),
        **{f"input.{n}.{name}": Reason.SENTINEL for n in (1, 2) for name in ("current", "power")},
        "output.frequency": (50.0, 1),
        "output.1.voltage": (volts, 1),
        "output.1.current": (abs(watts) / volts, 0.1),
        "output.1.apparent_power": (abs(watts), 1),
        "output.1.load": (abs(watts) / 1000, 1),
    }


async def test_each_point_of_a_transfer_switch_is_the_worlds_truth_on_either_source(stub, world):
    supply = world.plant.supply
    device = await stub(mib_apc_ats, lambda card: mib_apc_ats.build(supply, card))
    info, readings = await everything(device.driver("ats"))
    assert wrong(readings, ats_truth(supply)) == {}
    assert info.identity.serial == "SN-1"
    demand_w = supply.asked_w - supply.pv.power_w - supply.battery.ac_power_w
    assert mib_apc_ats.through_w(supply) == pytest.approx(demand_w, rel=0.01)
    supply.grid.live = supply.battery.connected = False
    world.advance(120)
    assert supply.ats.source == "B"
    _, readings = await everything(device.driver("ats"))
    assert wrong(readings, ats_truth(supply)) == {}


# -- cooling


def liebert(unit):
    on = lambda yes: "on" if yes else "off"  # noqa: E731
    turning = unit.airflow_m3h > 0
    return {
        "control.temperature": (unit.supply_c, 0.1),
        "return_air.temperature": (unit.return_c, 0.1),
        "supply_air.temperature": (unit.supply_c, 0.1),
        "return_air.humidity": (unit.humidity_percent, 1),
        "unit.state": on(unit.running),
        "unit.alarm": "alarm" if unit.alarm else "clear",
        "cooling.state": on(unit.heat_w > 0),
        "heating.state": "off",
        "humidifier.state": "off",
        "dehumidifier.state": "off",
        "fan.1.state": on(turning),
        "cooling.output": (unit.cooling_percent, 1),
        "fan.1.speed": (unit.fan_percent if turning else 0.0, 1),
        "supply_air.setpoint": (unit.setpoint_c, 0.1),
        "fan.1.mode": "manual",
        "fan.1.setpoint": (unit.fan_percent, 1),
    }


def inrow(unit):
    return {
        "supply_air.temperature": (unit.supply_c, 0.1),
        "return_air.temperature": (unit.return_c, 0.1),
        "room.humidity": (unit.humidity_percent, 0.1),
        "airflow": (unit.airflow_m3h, 3.6),
        "cooling.power": (unit.heat_w, 100),
        "unit.state": "on" if unit.running and unit.heat_w > 0 else "idle" if unit.running else "off",
        "input.source": "primary",
        "shutdown_input.state": "open",
        "supply_air.setpoint": (unit.setpoint_c, 0.1),
    }


def rittal(unit):
    return {
        "supply_air.temperature": (unit.supply_c, 0.01),
        "return_air.temperature": (unit.return_c, 0.01),
        **{f"fan.{n}.speed": (unit.fan_percent if unit.airflow_m3h > 0 else 0.0, 1) for n in range(1, 7)},
        "cooling.power": (unit.heat_w, 1),
        "leak.1.state": "leak" if unit.leak else "dry",
        "door.3.state": Reason.SENTINEL,
        "controller.voltage": (23.98, 0.001),
        "supply_air.setpoint": (unit.setpoint_c, 0.01),
    }


def stulz(unit, prefix="unit.1.1."):
    turning, on = unit.airflow_m3h > 0, lambda yes: "on" if yes else "off"
    truth = {
        "state": on(unit.running),
        "alarm": "alarm" if unit.alarm else "clear",
        "bus_alarm": "clear",
        "return_air.temperature": (unit.return_c, 0.1),
        "supply_air.temperature": (unit.supply_c, 0.1),
        "return_air.humidity": (unit.humidity_percent, 0.1),
        "compressor.1.state": on(unit.heat_w > 0),
        "fan.1.state": on(turning),
        "fan.1.speed": (unit.fan_percent if turning else 0.0, 1),
        "control.setpoint": (unit.setpoint_c, 0.1),
        "control.setpoint_day": (unit.setpoint_c, 0.1),
    }
    return {prefix + name: value for name, value in truth.items()}


COOLERS = {
    "liebert": (mib_liebert_env, lambda module, unit, card: module.build(unit, card), liebert),
    "inrow": (mib_inrow, lambda module, unit, card: module.build(unit, card), inrow),
    "rittal": (mib_rittal, lambda module, unit, card: module.build(unit, card), rittal),
    "stulz": (mib_stulz, lambda module, unit, card: module.build([unit], card), stulz),
}


@pytest.fixture(params=COOLERS.values(), ids=list(COOLERS))
async def cooler(request, stub, world):
    module, build, table = request.param
    unit = world.plant.air_units["air-1a"]
    return await stub(module, lambda card: build(module, unit, card)), unit, lambda: table(unit)


async def test_each_point_of_a_cooler_is_the_worlds_truth(cooler):
    device, _, truth = cooler
    info, readings = await everything(device.driver("cooling"))
    assert wrong(readings, truth()) == {}
    assert info.identity.serial in ("SN-1", "")  # a Stulz gateway has none
    assert info.identity.model


async def test_a_cooler_that_leaks_and_one_that_is_off_are_told(cooler, world):
    device, unit, truth = cooler
    unit.leak, unit.fan_percent, unit.setpoint_c = True, 55.0, 21.5
    world.advance(20)
    _, readings = await everything(device.driver("cooling"))
    assert unit.alarm
    assert wrong(readings, truth()) == {}
    unit.running = False
    world.advance(20)
    _, readings = await everything(device.driver("cooling"))
    assert wrong(readings, truth()) == {}


async def test_units_behind_one_gateway_are_told_apart(stub, world):
    units = list(world.plant.air_units.values())
    units[1].running = False
    world.advance(2)
    device = await stub(mib_stulz, lambda card: mib_stulz.build(units, card))
    _, readings = await everything(device.driver("cooling"))
    assert wrong(readings, {**stulz(units[0]), **stulz(units[1], "unit.1.2.")}) == {}


@pytest.mark.parametrize("name", ["liebert", "inrow"])
async def test_a_coolers_lost_sensors_are_no_good_values(stub, world, name):
    module, build, _ = COOLERS[name]
    unit = world.plant.air_units["air-1a"]
    device = await stub(module, lambda card: build(module, unit, card))
    await everything(driver := device.driver("cooling"))
    device.card.sensors_lost = True
    _, readings = await everything(driver)
    for point in ("supply_air.temperature", "return_air.temperature"):
        assert readings[point].quality is Quality.BAD


# -- all of a pod


async def test_every_snmp_device_of_a_mixed_pod_is_known_by_its_family_and_says_its_serial(tmp_path):
    async with Pod(PodPlan(tmp_path, racks=17, outlets=2, plant=True, families="mixed")) as pod:
        entries = [entry for entry in pod.devices if entry["address"].startswith("snmp")]
        assert len(entries) == 34 + 2 + 1 + 4
        parts = Parts(SystemClock())
        for entry in entries:
            driver = options_of(entry).build(entry["name"], Times(10.0, 6.0, 60.0), parts)
            info, readings = await everything(driver)
            assert info.identity.serial == entry["serial"], entry["family"]
            good = [name for name, reading in readings.items() if reading.quality is Quality.GOOD]
            assert len(good) > 8, entry["family"]
