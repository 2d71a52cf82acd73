"""SunSpec devices of the simulated pod: what is read equals the world, and what is not there says so."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import ManualClock
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.parts import Times
from edgeagent.drivers.profiled import Paces
from edgeagent.drivers.sunspec_device import SunSpecDevice, SunSpecOptions, Unit, parse
from edgeagent.drivers.sunspec_points import rows
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceUnreachable
from edgeagent.model.reading import Quality, Reason
from edgeagent.protocols.sunspec_address import SunSpecAddress
from edgeagent.protocols.sunspec_models import Models
from firmware_stubs import modbus_sunspec as stub
from tests.fixtures.sunspec import Bus, Registers, a_battery, a_field, a_meter

MODELS = Models()
PACES = Paces(10.0, 60.0, 6.0)
CODES = {"enum16": 0xFFFF, "int16": 0x8000, "sunssf": 0x8000}


def driver(word, unit):
    bus = unit if isinstance(unit, Bus) else Bus(unit)
    return SunSpecDevice("dev", Unit(1, word), bus, models=MODELS, clock=ManualClock(), paces=PACES), bus


async def everything(device):
    info = await device.connect()
    readings = {}
    for group in info.groups:
        for reading in await device.read(group.name):
            readings[reading.point.removeprefix("dev/")] = reading
    return info, readings


def values(readings, *names):
    return [readings[name].value for name in names]


async def test_a_battery_by_the_models_of_ieee_1547_is_read_as_the_world_has_it():
    battery = a_battery(soc=0.623, power_w=12_345.0, ac_power_w=12_000.0, current_a=17.2, temperature_c=28.5)
    info, read = await everything(driver("battery", stub.battery_der(battery, lambda: 0.0))[0])
    assert (info.identity.vendor, info.identity.model, info.identity.serial) == ("Edge Storage", "DER-50", "B-77")
    assert values(read, "charge", "power", "voltage", "current", "temperature", "health") == [
        62.3, 12_345.0, 720.0, 17.2, 28.5, 97.0
    ]  # fmt: skip
    assert values(read, "state", "charging", "control", "bank.control") == [
        "connected", "discharging", "remote", "remote"
    ]  # fmt: skip
    assert values(read, "limit.charge", "limit.discharge", "available_energy", "inverter.ac.power") == [
        50_000.0, 50_000.0, 62_300.0, 12_000.0
    ]  # fmt: skip
    assert read["setpoint.power"].reason is Reason.ABSENT
    assert (read["charge"].source, read["charge"].raw) == ("holding 40373", 6230)


async def test_a_battery_behind_a_hybrid_inverter_is_read_as_the_world_has_it():
    battery = a_battery(soc=0.4, ac_power_w=-8_000.0, power_w=-8_100.0)
    unit = stub.battery_hybrid(battery, lambda: 0.0)
    _, read = await everything(driver("battery", unit)[0])
    assert values(read, "charge", "charging", "reserve", "inverter.ac.power", "rated.energy") == [
        40.0, "charging", 5.0, -8_000.0, 100_000.0
    ]  # fmt: skip
    block = next(block for block in unit.blocks if block.number == 124)
    block.writes["InWRte"](20.0)
    block.writes["OutWRte"](-20.0)
    block.writes["StorCtl_Mod"](3.0)
    _, read = await everything(driver("battery", unit)[0])
    assert read["setpoint.power"].value == battery.setpoint_w == -10_000.0


async def test_a_field_of_solar_modules_is_read_as_the_world_has_it():
    info, read = await everything(driver("inverter", stub.pv_inverter(a_field(), lambda: 0.0))[0])
    assert info.identity.serial == "P-5"
    assert values(read, "ac.power", "ac.energy", "dc.1.voltage", "dc.1.current", "state", "connection") == [
        21_000.0, 123_456.0, 612.3, 35.5, "mppt", "connect"
    ]  # fmt: skip
    assert read["dc.1.power"].value == pytest.approx(612.3 * 35.5, abs=1.0)
    assert values(read, "rated.power", "phase.2.voltage", "ac.power_factor") == [30_000.0, 230.0, 1.0]
    assert "battery.limit.discharge" not in read


@settings(max_examples=50)
@given(st.floats(0.0, 120_000.0))
def test_a_power_is_right_whatever_scale_factor_it_has_at_this_moment(power_w):
    async def run():
        field = a_field()
        device, _ = driver("inverter", stub.pv_inverter(field, lambda: 0.0))
        await device.connect()
        field.power_w = power_w  # the scale factor changes with it
        read = {reading.point: reading for reading in await device.read("fast")}
        assert read["dev/ac.power"].value == pytest.approx(power_w, rel=2e-4, abs=0.006)

    asyncio.run(run())


async def test_a_meter_is_read_as_the_world_has_it():
    _, read = await everything(driver("meter", stub.meter(a_meter()))[0])
    assert values(read, "power", "energy.imported", "energy.exported", "frequency") == [
        -4_500.0, 5_000_000.0, 1_234.0, 50.0
    ]  # fmt: skip
    assert values(read, "phase.1.current", "phase.3.voltage", "phase.1.power") == [1.5, 230.0, -900.0]
    assert read["power_factor"].reason is Reason.SENTINEL


async def test_an_accumulator_that_just_woke_at_zero_is_no_reading_and_so_no_jump():
    meter = a_meter()
    device, _ = driver("meter", stub.meter(meter))
    await device.connect()
    meter.imported.asleep = True
    read = {reading.point: reading for reading in await device.read("fast")}
    assert (read["dev/energy.imported"].value, read["dev/energy.imported"].reason) == (None, Reason.SENTINEL)


async def test_what_a_device_also_is_stands_behind_a_word():
    _, read = await everything(driver("meter", stub.pv_inverter(a_field(), lambda: 0.0))[0])
    assert read["inverter.ac.power"].value == 21_000.0
    assert not any(name.startswith("ac.") for name in read)


async def test_each_point_is_in_the_group_that_reads_it_and_once():
    device, _ = driver("battery", stub.battery_der(a_battery(), lambda: 0.0))
    info = await device.connect()
    names = [point.name for point in info.points]
    assert len(names) == len(set(names))
    assert sorted(name for group in info.groups for name in group.points) == sorted(names)
    for group in info.groups:
        assert {reading.point for reading in await device.read(group.name)} == {f"dev/{name}" for name in group.points}


async def test_another_serial_is_another_device():
    battery = a_battery()
    device, bus = driver("battery", stub.battery_der(battery, lambda: 0.0))
    await device.connect()
    bus.unit = stub.battery_der(a_battery(serial="B-78"), lambda: 0.0)
    with pytest.raises(DeviceChanged, match="B-77 and now says that it is B-78"):
        await device.read("fast")


async def test_models_that_moved_make_the_device_garbled_and_are_found_again():
    device, bus = driver("battery", stub.battery_der(a_battery(), lambda: 0.0))
    await device.connect()
    bus.unit = stub.battery_hybrid(a_battery(), lambda: 0.0)
    with pytest.raises(DeviceGarbled, match="no longer at register"):
        await device.read("fast")
    _, read = await everything(device)
    assert read["charge"].value == 70.0


async def test_a_dead_device_raises_and_closing_twice_is_safe():
    device, bus = driver("meter", stub.meter(a_meter()))
    await device.connect()
    bus.trouble = DeviceUnreachable("cannot reach it: no answer")
    with pytest.raises(DeviceUnreachable):
        await device.read("fast")
    await device.close()
    await device.close()
    assert bus.closed == 2


async def test_a_device_with_no_model_that_is_known_says_which_it_has():
    words = [0x5375, 0x6E53, 64_001, 2, 0, 0, 0xFFFF, 0]
    with pytest.raises(DeviceGarbled, match="of its models 64001 none is known here"):
        await driver("inverter", Registers(40000, words))[0].connect()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from([103, 113, 124, 160, 203, 213, 302, 307, 701, 702, 704, 713, 714, 715, 802, 803]),
    st.lists(st.sampled_from([0, 1, 3, 0x7FFF, 0x7F80, 0x7FC0, 0x8000, 0xFFFE, 0xFFFF]), min_size=160, max_size=160),
)
def test_any_registers_make_readings_that_are_whole_or_a_device_that_is_garbled(number, words):
    async def run() -> type[DeviceError]:
        unit = Registers(40000, [0x5375, 0x6E53, number, len(words), *words, 0xFFFF, 0])
        device, _ = driver("battery", unit)
        try:
            info, read = await everything(device)
        except DeviceError as error:
            return type(error)
        assert {f"dev/{point.name}" for point in info.points} == {reading.point for reading in read.values()}
        for reading in read.values():
            if reading.quality is Quality.GOOD:
                assert not _is_blank(reading, number, words)
        return DeviceGarbled

    assert asyncio.run(run()) is DeviceGarbled


def _is_blank(reading, number, words):
    """Whether what stood at the register of a reading is all "not implemented": all ones, or the sign bit alone."""
    address = int(reading.source.removeprefix("holding "))
    word = words[address - 40004]
    model = MODELS.all[number]
    kinds = {point.offset: (point.type, point.size) for point in model.points.values()}
    kind, size = kinds.get(address - 40002, ("", 0))
    return size == 1 and CODES.get(kind) == word


def test_every_row_names_points_that_its_models_have():
    models = MODELS.all
    for row in rows():
        named = []
        for number in row.models:
            model = models[number]
            points = model.repeat.points if row.repeats and model.repeat else model.points
            named.append(row.point in points)
            assert all(gate in model.points for gate, _ in row.only_if), row
        assert any(named), row
        if row.times:
            assert row.times[1] in models[row.times[0]].points


def parsed(text):
    loaded = load([], layers=[Layer("edgeagent.toml", text)])
    return parse(loaded.root, "battery"), [problem.message for problem in loaded.problems]


async def test_a_device_is_made_from_its_address_and_its_word():
    options, problems = parsed('address = "sunspec://10.0.0.5/3"')
    assert (options, problems) == (SunSpecOptions(SunSpecAddress("10.0.0.5", 502, 3), "battery"), [])
    bus = Bus(stub.battery_der(a_battery(), lambda: 0.0))
    info, read = await everything(
        options.driver("dev", Times(10.0, 60.0, 2.0), bus, models=MODELS, clock=ManualClock())
    )
    assert read["charge"].value == 70.0
    assert {group.name: (group.period_s, group.deadline_s) for group in info.groups} == {
        "fast": (10.0, 6.0), "slow": (60.0, 6.0)
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no default"),
        ('address = "snmp://x"', "must be sunspec"),
        ('address = "sunspec://x/999"', "cannot use unit"),
    ],
)
def test_an_address_that_is_none_is_told_once(text, told):
    _, problems = parsed(text)
    assert len(problems) == 1
    assert told in problems[0]
