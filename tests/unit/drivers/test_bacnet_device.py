"""An air unit over BACnet/IP: every point is right or says why it is not, by a profile and by its own names."""

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.drivers.bacnet_device import check_family, parse
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.reading import Quality, Reason
from edgeagent.protocols.bacnet_objects import slugged, unique
from edgeagent.protocols.bacnet_profile import BacnetProfiles, parse_bacnet_profile
from edgeagent.protocols.bacnet_words import ObjectId
from edgeagent.protocols.profile_file import ProfileError
from tests.fixtures.bacnet import AUTO, Unit, everything

OWN = """
protocol = "bacnet"
name = "own"
title = "Made for this test"
driver = "cooling"
source = "this test"

[[point]]
name = "supply_air.temperature"
kind = "Temperature"
object = { type = "analog-input", instance = 1 }
range = { low = -40, high = 100 }

[[point]]
name = "somewhere"
kind = "Temperature"
object = { type = "analog-input", instance = 77 }

[[point]]
name = "flow"
kind = "Pressure"
object = { type = "analog-input", instance = 6 }
pace = "slow"
"""


@pytest.fixture
async def unit():
    async with Unit() as opened:
        yield opened


def shown(readings):
    return {name: reading.value for name, reading in readings.items()}


async def test_the_profile_reads_what_the_world_holds(unit):
    device = unit.device()
    readings = await everything(device)
    assert all(reading.quality is Quality.GOOD for reading in readings.values())
    assert shown(readings) == {
        "unit.state": "on", "unit.alarm": "clear", "leak.1.state": "dry", "compressor.1.state": "running",
        "supply_air.temperature": 19.5, "return_air.temperature": 31.25, "return_air.humidity": 45.0,
        "fan.1.speed": 70.0, "cooling.output": 62.5, "cooling.power": 25_000.0, "airflow": 8400.0, "power": 6500.0,
        "supply_air.setpoint": 20.0, "fan.1.setpoint": 70.0,
    }  # fmt: skip
    assert (readings["cooling.power"].source, readings["cooling.power"].raw) == ("analog-input 7", 25.0)
    info = await device.connect()
    assert (info.identity.vendor, info.identity.serial) == ("Edge Cooling", "AIR-0042")
    assert {point.name for point in info.points if point.writable} == {
        "unit.state", "supply_air.setpoint", "fan.1.setpoint"
    }  # fmt: skip
    await device.close()


async def test_a_device_without_a_profile_is_read_by_its_own_names(unit):
    device = unit.device(AUTO)
    readings = await everything(device)
    assert shown(readings)["supply_air_temperature"] == 19.5
    assert shown(readings)["air_flow"] == 8400.0
    assert shown(readings)["condensate_leak"] == "dry"
    assert shown(readings)["compressor_state"] == "running"
    assert len(readings) == len(unit.server.things)
    info = await device.connect()
    labels = {point.name: point.label for point in info.points}
    assert labels["air_flow"] == "Air Flow of crac-1"
    await device.close()


@pytest.mark.parametrize(
    ("fault", "reason"),
    [(1, Reason.ABSENT), (2, Reason.OUT_OF_RANGE), (7, Reason.IMPLAUSIBLE), (12, Reason.DISCONNECTED)],
)
async def test_a_fault_takes_a_value_its_trust_and_says_why(unit, fault, reason):
    unit.server.thing("Supply Air Temperature").fault = fault
    device = unit.device()
    readings = await everything(device)
    bad = readings["supply_air.temperature"]
    assert (bad.value, bad.quality, bad.reason, bad.raw) == (None, Quality.BAD, reason, 19.5)
    assert readings["return_air.temperature"].quality is Quality.GOOD
    await device.close()


async def test_a_value_that_a_person_put_there_is_not_the_sensors(unit):
    unit.server.thing("Supply Air Temperature").out_of_service = True
    unit.server.thing("Fan Speed").overridden = True
    device = unit.device()
    readings = await everything(device)
    supply, fan = readings["supply_air.temperature"], readings["fan.1.speed"]
    assert (supply.value, supply.quality, supply.reason) == (None, Quality.BAD, Reason.FORCED)
    assert (fan.value, fan.quality, fan.reason) == (70.0, Quality.UNCERTAIN, Reason.FORCED)
    await device.close()


async def test_what_is_not_a_number_never_leaves(unit):
    unit.server.faulty.sentinel = True
    device = unit.device()
    readings = await everything(device)
    assert readings["supply_air.temperature"].reason is Reason.ABSENT
    assert readings["unit.state"].value == "on"
    unit.server.faulty.heal()
    unit.air.supply_c = float("nan")
    assert (await everything(device))["supply_air.temperature"].reason is Reason.SENTINEL
    await device.close()


async def test_a_unit_that_is_switched_at_the_device_changes_no_value(unit):
    device = unit.device()
    await everything(device)
    unit.server.faulty.fahrenheit = True
    readings = await everything(device)
    assert readings["supply_air.temperature"].value == pytest.approx(19.5, abs=1e-4)
    assert readings["supply_air.temperature"].raw == pytest.approx(67.1, abs=1e-4)
    await device.close()


async def test_a_unit_of_another_kind_is_no_value(unit):
    unit.server.thing("Supply Air Temperature").units = 54  # kilopascals
    unit.server.thing("Return Air Temperature").units = None  # it does not say
    device = unit.device()
    readings = await everything(device)
    assert readings["supply_air.temperature"].reason is Reason.GARBLED
    supposed = readings["return_air.temperature"]
    assert (supposed.value, supposed.quality, supposed.reason) == (31.25, Quality.UNCERTAIN, Reason.IMPLAUSIBLE)
    await device.close()


async def test_an_object_that_goes_leaves_its_point_absent(unit):
    device = unit.device()
    await everything(device)
    del unit.server.things[0, 1]
    unit.server.revision += 1
    readings = await everything(device)
    assert readings["supply_air.temperature"].reason is Reason.ABSENT
    assert readings["return_air.temperature"].value == 31.25
    await device.close()


async def test_objects_are_listed_again_only_when_they_changed(unit):
    device = unit.device()
    await device.connect()
    before = len(unit.server.requests)
    await device.connect()
    assert len(unit.server.requests) - before == 2
    await device.close()


async def test_another_serial_is_another_device(unit):
    device = unit.device()
    await everything(device)
    unit.server.faulty.serial = "AIR-0099"
    with pytest.raises(DeviceChanged, match=r"it was AIR-0042 and now says that it is AIR-0099"):
        await device.read("fast")
    assert (await device.connect()).identity.serial == "AIR-0099"
    await device.close()


async def test_another_instance_is_refused_and_named(unit):
    device = unit.device(instance=5)
    with pytest.raises(DeviceRefused, match=r"is not device 5: it is 4001"):
        await device.connect()
    unit.server.whoever = False
    with pytest.raises(DeviceRefused, match=r"is not device 5"):
        await device.connect()
    await device.close()


async def test_whoever_answers_is_read_where_no_instance_is_given(unit):
    device = unit.device(instance=None)
    assert (await device.connect()).identity.serial == "AIR-0042"
    await device.close()


@pytest.mark.parametrize("multiple", [True, False])
async def test_a_device_that_can_send_little_is_read_all_the_same(unit, multiple):
    unit.server.most_octets, unit.server.multiple = 48, multiple
    device = unit.device(timeout_s=1.0)
    readings = await everything(device)
    assert readings["supply_air.temperature"].value == 19.5
    assert len(readings) == 14
    await device.close()


async def test_a_dead_device_raises_and_a_live_one_comes_back(unit):
    device = unit.device()
    await device.connect()
    unit.server.faulty.mute = True
    with pytest.raises(DeviceUnreachable):
        await device.read("fast")
    unit.server.faulty.heal()
    assert len(await device.read("fast")) == 14
    await device.close()


async def test_a_profile_of_ones_own_names_objects_by_their_instance(unit, tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    options, problems = keys(tmp_path, f'address = "{unit.address()}"\nprofile = "own.toml"')
    assert not problems
    device = options.device("crac-1", unit.device()._times, unit.parts)
    info = await device.connect()
    assert [group.name for group in info.groups] == ["fast", "slow"]
    readings = await everything(device)
    assert readings["supply_air.temperature"].value == 19.5
    assert readings["somewhere"].reason is Reason.ABSENT  # it is said to be there, so it is a point
    assert readings["flow"].reason is Reason.GARBLED  # cubic metres are no pressure
    await device.close()


async def test_a_profile_of_which_nothing_is_there_is_told(unit):
    unit.server.things = {(0, 50): unit.server.things[0, 3]}
    unit.server.things[0, 50].name = "Something"
    unit.server.things[0, 50].instance = 50
    device = unit.device()
    with pytest.raises(DeviceGarbled, match="bacnet-crac finds none of its points"):
        await device.connect()
    await device.close()


def keys(folder, text):
    loaded = load([], layers=[Layer(str(folder / "conf.toml"), text)])
    found = parse(loaded.root, "cooling")
    check_family(loaded.root, found, BacnetProfiles())
    return found, [str(problem) for problem in loaded.problems]


def test_mistakes_in_its_keys_are_told(tmp_path, monkeypatch):
    assert keys(tmp_path, 'address = "bacnet://10.0.0.1/4001"')[1] == []
    assert "device instance" in keys(tmp_path, 'address = "bacnet://10.0.0.1/x"')[1][0]
    assert "bacnet-crac" in keys(tmp_path, 'address = "bacnet://10.0.0.1"\nfamily = "other"')[1][0]
    (tmp_path / "own.toml").write_text(OWN.replace('driver = "cooling"', 'driver = "cdu"'))
    assert "it describes a cdu" in keys(tmp_path, 'address = "bacnet://10.0.0.1"\nprofile = "own.toml"')[1][0]
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert "install edgeagent[bacnet]" in keys(tmp_path, 'address = "bacnet://10.0.0.1"')[1][0]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('type = "analog-input", instance = 1 ', 'type = "analogue", instance = 1 ', "analogue"),
        ('kind = "Pressure"', 'kind = "State"', "codes"),
        ("instance = 77", 'name = "("', "pattern"),
        ('name = "somewhere"', 'name = "flow"', "two points"),
        ('pace = "slow"', 'pace = "slow"\nunit = "degrees-celsius"', "unit"),
        ('pace = "slow"', 'pace = "slow"\n[[set]]\ntarget = "other"\nlow = 1\nhigh = 2', "not a point"),
        ('pace = "slow"', 'pace = "slow"\n[[set]]\ntarget = "flow"\nlow = 1\nhigh = 2\npriority = 5', "priority"),
    ],
)
def test_a_mistake_in_a_profile_is_told(old, new, told):
    assert old in OWN
    with pytest.raises(ProfileError, match=told):
        parse_bacnet_profile("own.toml", OWN.replace(old, new))


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Supply Air Temperature", "supply_air_temperature"),
        ("CRAC-1/SupplyAirTemp", "crac_1.supply_air_temp"),
        ("AHU'01.Ventilator  %", "ahu.01.ventilator"),
        ("4291_1_1", "4291_1_1"),
        ("/// ", ""),
    ],
)
def test_a_name_becomes_one_that_a_point_can_have(name, slug):
    assert slugged(name) == slug


def test_no_two_points_bear_one_name():
    objects = [(ObjectId(0, 1), "Temp"), (ObjectId(2, 1), "temp"), (ObjectId(0, 2), ""), (ObjectId(0, 3), "..")]
    assert [name for _, name in unique(objects)] == [
        "temp", "temp.analog_value.1", "analog_input.2", "analog_input.3"
    ]  # fmt: skip
