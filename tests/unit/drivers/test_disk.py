"""Disks over a made-up sysfs, asked by a real child; log pages and answers of smartctl are built here."""

import ctypes
import json
import os
import stat

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.disk import DiskOptions
from edgeagent.drivers.disk_scan import own_disks
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Quality, Reason
from edgeagent.protocols.disk_child import AdminCommand, smart
from edgeagent.protocols.files import DISK_SPEC, Files
from edgeagent.protocols.smart import of_log_page, of_smartctl
from tests.fixtures.gpus import running

TIMES = Times(10.0, 60.0, 2.0)


def put(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def root(tmp_path):
    """nvme0 and nvme1, the agent's files on an encrypted partition of nvme1; a SATA disk; an eMMC."""
    sys = tmp_path / "sys"
    for number, serial in enumerate(("S1", "S2")):
        folder = sys / f"class/nvme/nvme{number}"
        put(folder / "model", f"FAST SSD {number}   \n")
        put(folder / "serial", f"{serial}\n")
        put(folder / "firmware_rev", "1.0\n")
        put(folder / f"hwmon{number}/temp1_input", f"{41 + number}850\n")
    put(sys / "block/sda/device/model", "BIG DISK\n")
    put(sys / "block/sda/device/vendor", "ATA\n")
    put(sys / "block/mmcblk0/device/name", "BJTD4R\n")
    put(sys / "block/mmcblk0/device/life_time", "0x02 0x03\n")
    put(sys / "devices/nvme1n1/nvme1n1p2/partition", "2\n")
    (sys / "devices/nvme1n1/slaves").mkdir()
    put(sys / "devices/dm-0/dm/name", "crypt\n")
    (sys / "devices/dm-0/slaves").mkdir()
    (sys / "devices/dm-0/slaves/nvme1n1p2").symlink_to(sys / "devices/nvme1n1/nvme1n1p2")
    device = tmp_path.stat().st_dev
    (sys / "dev/block").mkdir(parents=True)
    (sys / f"dev/block/{os.major(device)}:{os.minor(device)}").symlink_to(sys / "devices/dm-0")
    return sys


@pytest.fixture
async def driver(root, tmp_path):
    async with running(DISK_SPEC) as worker:
        options = DiskOptions(root, tmp_path, tmp_path / "dev")
        yield options.build(DeviceId("disks"), TIMES, Parts(ManualClock(), disks=Files(worker)))


def smartctl(folder, monkeypatch, answer, status=0, before=""):
    program = folder / "bin/smartctl"
    put(program, f"#!/bin/sh\n{before}\ncat <<'END'\n{answer}\nEND\nexit {status}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}:{os.environ['PATH']}")


async def read(driver, group):
    return {one.point.removeprefix("disks/"): one for one in await driver.read(group)}


NVME = {
    "smart_status": {"passed": True},
    "temperature": {"current": 44},
    "power_on_time": {"hours": 1000},
    "nvme_smart_health_information_log": {
        "percentage_used": 7,
        "available_spare": 99,
        "media_errors": 0,
        "data_units_written": 2000,
        "unsafe_shutdowns": 12,
    },
}


def test_the_disk_below_encryption_and_partition_is_found(root, tmp_path):
    assert own_disks(root, tmp_path) == {"nvme1"}
    assert own_disks(root, tmp_path / "nothing") == set()
    assert own_disks(tmp_path / "nowhere", tmp_path) == set()


async def test_the_agents_own_disk_is_number_1(driver):
    info = await driver.connect()
    labels = {point.name: point.label for point in info.points}
    assert labels["disk.1.wear"] == "FAST SSD 1 (nvme1, holds the agent)"
    assert labels["disk.3.wear"] == "FAST SSD 0 (nvme0)"
    readings = await read(driver, "fast")
    assert {name: one.value for name, one in readings.items()} == {
        "disk.1.temperature": 42.85,
        "disk.2.wear": 30,
        "disk.3.temperature": 41.85,
    }


async def test_numbers_stay_with_their_disks(driver, root):
    await driver.connect()
    (root / "class/nvme/nvme1").rename(root / "class/nvme/nvme7")
    await driver.connect()
    readings = await read(driver, "fast")
    assert readings["disk.1.temperature"].value == 42.85


async def test_health_comes_from_smartctl(driver, monkeypatch, tmp_path):
    smartctl(tmp_path, monkeypatch, json.dumps(NVME), before=f'[ "$5" = {tmp_path}/dev/sda ] || exit 2')
    await driver.connect()
    readings = await read(driver, "slow")
    values = {name.removeprefix("disk.4."): one.value for name, one in readings.items() if name.startswith("disk.4.")}
    assert values == {
        "temperature": 44,
        "health": "ok",
        "wear": 7,
        "spare": 99,
        "media_errors": 0,
        "written": 1_024_000_000,
        "power_on": 3_600_000,
        "unsafe_shutdowns": 12,
    }


async def test_without_the_right_the_points_say_how_to_get_it(driver, monkeypatch, tmp_path):
    smartctl(tmp_path, monkeypatch, '{"smartctl": {"messages": [{"string": "Permission denied"}]}}', status=2)
    await driver.connect()
    health = (await read(driver, "slow"))["disk.4.health"]
    assert (health.quality, health.reason) == (Quality.BAD, Reason.REFUSED)
    assert "systemd/drop-ins/disk.conf allows it" in health.raw


@pytest.mark.parametrize(
    ("answer", "reason"), [("no json", Reason.GARBLED), ("{}", Reason.GARBLED), ('{"temperature": 3}', Reason.ABSENT)]
)
async def test_nonsense_is_no_health(driver, monkeypatch, tmp_path, answer, reason):
    smartctl(tmp_path, monkeypatch, answer)
    await driver.connect()
    assert (await read(driver, "slow"))["disk.4.wear"].reason is reason


async def test_a_disk_that_does_not_answer_costs_only_itself(driver, monkeypatch, tmp_path):
    monkeypatch.setattr("edgeagent.drivers.disk.SMART_S", 0.5)
    before = 'case "$5" in */sda) exec sleep 3;; esac'
    smartctl(tmp_path, monkeypatch, json.dumps(NVME), before=before)
    await driver.connect()
    readings = await read(driver, "slow")
    assert readings["disk.4.wear"].reason is Reason.DISCONNECTED
    assert (await read(driver, "fast"))["disk.1.temperature"].value == 42.85


async def test_a_computer_without_disks_is_named(tmp_path):
    driver = DiskOptions(tmp_path, tmp_path).build(DeviceId("disks"), TIMES, Parts(ManualClock()))
    with pytest.raises(DeviceUnreachable, match="shows no NVMe, SCSI or MMC disk"):
        await driver.connect()


def page(**fields):
    """A health log by NVM Express Base Specification 2.0, figure 207."""
    found = bytearray(512)
    places = {"warning": (0, 1), "kelvin": (1, 2), "spare": (3, 1), "used": (5, 1), "written": (48, 16)}
    places |= {"hours": (128, 16), "unsafe": (144, 16), "errors": (160, 16)}
    for name, value in fields.items():
        begin, size = places[name]
        found[begin : begin + size] = value.to_bytes(size, "little")
    return bytes(found)


def test_a_log_page_means_what_the_standard_says():
    told = of_log_page(page(kelvin=318, spare=100, used=120, written=2**40, hours=5, unsafe=3, errors=1))
    assert (told.healthy, told.temperature_c, told.wear_percent, told.spare_percent) == (True, 45, 120, 100)
    assert (told.written_bytes, told.power_on_s, told.unsafe_shutdowns) == (2**40 * 512_000, 18_000, 3)
    assert told.media_errors == 1
    assert of_log_page(page(warning=4, kelvin=0)).healthy is False
    assert of_log_page(page(warning=4, kelvin=0)).temperature_c is None
    assert of_log_page(page(kelvin=318, written=2**100)).written_bytes is None


@pytest.mark.parametrize("content", [b"", bytes(512), b"x" * 511])
def test_a_log_page_that_says_nothing_is_none(content):
    with pytest.raises(ValueError, match="says nothing"):
        of_log_page(content)


def test_an_ata_disk_tells_replaced_sectors_and_a_failing_one_says_so():
    content = {
        "smart_status": {"passed": False},
        "ata_smart_attributes": {"table": [{"id": 9}, {"id": 5, "raw": {"value": 24}}]},
        "endurance_used": {"current_percent": 3},
    }
    told = of_smartctl(json.dumps(content).encode())
    assert (told.healthy, told.media_errors, told.wear_percent, told.temperature_c) == (False, 24, 3, None)


def test_the_nvme_command_is_as_long_as_the_kernels_and_goes_to_nothing_else():
    assert ctypes.sizeof(AdminCommand) == 72  # linux/nvme_ioctl.h; the size is part of the ioctl's number
    with pytest.raises(DeviceUnreachable, match="Inappropriate ioctl"):
        smart(path="/dev/null", nvme=True)
    with pytest.raises(DeviceUnreachable, match="No such file"):
        smart(path="/dev/nvme63", nvme=True)
