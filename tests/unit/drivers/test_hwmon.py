"""The hwmon driver over a made-up sysfs."""

from pathlib import Path

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.hwmon import Hwmon
from edgeagent.drivers.parts import Times
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.reading import Quality, Reason

# (file, content, point, value): millidegrees, millivolts, milliamperes, microwatts, microjoules, millipercent, rpm
SENSORS = [
    ("hwmon0/temp1_input", "45125\n", "coretemp.temp1", 45.125),
    ("hwmon0/temp2_input", "-5000\n", "coretemp.temp2", -5.0),
    ("hwmon1/in0_input", "12050\n", "nct6798.in0", 12.05),
    ("hwmon1/curr1_input", "1500\n", "nct6798.curr1", 1.5),
    ("hwmon1/power1_input", "38500000\n", "nct6798.power1", 38.5),
    ("hwmon1/energy1_input", "7200000000\n", "nct6798.energy1", 2.0),
    ("hwmon1/humidity1_input", "42500\n", "nct6798.humidity1", 42.5),
    ("hwmon1/fan1_input", "1234\n", "nct6798.fan1", 1234.0),
    ("hwmon1/fan10_input", "0\n", "nct6798.fan10", 0.0),
    ("hwmon2/power1_average", "95000000\n", "amdgpu.power1", 95.0),
    ("hwmon3/temp1_input", "51000\n", "nvme.temp1", 51.0),
    ("hwmon4/temp1_input", "52000\n", "nvme.2.temp1", 52.0),
]
CHIPS = {"hwmon0": "coretemp", "hwmon1": "nct6798", "hwmon2": "amdgpu", "hwmon3": "nvme", "hwmon4": "nvme"}


@pytest.fixture
def root(tmp_path) -> Path:
    hwmon = tmp_path / "class/hwmon"
    for folder, name in CHIPS.items():
        (hwmon / folder).mkdir(parents=True)
        (hwmon / folder / "name").write_text(name + "\n")
    for file, content, _, _ in SENSORS:
        (hwmon / file).write_text(content)
    (hwmon / "hwmon0/temp1_label").write_text("Package id 0\n")
    (hwmon / "hwmon0/temp1_max").write_text("100000\n")
    for number, kind in enumerate(("x86_pkg_temp", "acpitz", "acpitz")):
        zone = tmp_path / f"class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "type").write_text(kind + "\n")
        (zone / "temp").write_text(f"{40 + number}000\n")
    return tmp_path


@pytest.fixture
async def driver(root):
    one = Hwmon("pod", root, Times(10.0, 60.0, 2.0), ManualClock())
    yield one
    await one.close()
    await one.close()


async def read(driver):
    return {one.point.removeprefix("pod/"): one for one in await driver.read("fast")}


async def test_every_sensor_has_the_kernels_scale(driver):
    info = await driver.connect()
    values = {name: one.value for name, one in (await read(driver)).items()}
    zones = {"zone.x86_pkg_temp.temperature": 40.0, "zone.acpitz.temperature": 41.0, "zone.acpitz.2.temperature": 42.0}
    assert values == {point: value for _, _, point, value in SENSORS} | zones
    labels = {point.name: point.label for point in info.points}
    assert labels["coretemp.temp1"] == "Package id 0"
    assert info.groups[0].points == set(values)


async def test_a_new_value_is_seen_through_the_open_file(root, driver):
    await driver.connect()
    await read(driver)
    with (root / "class/hwmon/hwmon0/temp1_input").open("r+") as file:
        file.write("46000\n")
    assert (await read(driver))["coretemp.temp1"].value == 46.0


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("\udcff\udcfe?!", Reason.GARBLED),
        ("12 34\n", Reason.GARBLED),
        ("nan\n", Reason.GARBLED),
        ("9" * 40, Reason.GARBLED),
        ("", Reason.ABSENT),
    ],
)
async def test_a_broken_file_costs_only_its_point_and_heals(root, driver, content, reason):
    await driver.connect()
    await read(driver)
    file = root / "class/hwmon/hwmon0/temp1_input"
    file.write_text(content, errors="surrogateescape")
    readings = await read(driver)
    assert readings["coretemp.temp1"].reason is reason
    assert readings["coretemp.temp1"].value is None
    assert all(one.quality is Quality.GOOD for name, one in readings.items() if name != "coretemp.temp1")
    file.write_text("47000\n")
    assert (await read(driver))["coretemp.temp1"].value == 47.0


async def test_a_file_that_goes_away_is_absent_and_a_new_one_in_its_place_is_read(root, driver):
    await driver.connect()
    await read(driver)
    file = root / "class/hwmon/hwmon0/temp1_input"
    file.write_text("")
    file.unlink()
    for _ in range(2):
        assert (await read(driver))["coretemp.temp1"].reason is Reason.ABSENT
    file.write_text("48000\n")
    assert (await read(driver))["coretemp.temp1"].value == 48.0


async def test_a_sensor_that_was_there_once_stays_a_point(root, driver):
    await driver.connect()
    (root / "class/hwmon/hwmon0/temp1_input").unlink()
    info = await driver.connect()
    assert "coretemp.temp1" in {point.name for point in info.points}
    assert (await read(driver))["coretemp.temp1"].reason is Reason.ABSENT


async def test_a_machine_without_sensors_is_named(tmp_path):
    with pytest.raises(DeviceUnreachable, match="no hwmon chip"):
        await Hwmon("pod", tmp_path, Times(10.0, 60.0, 2.0), ManualClock()).connect()
