"""The host driver, over this machine's /proc and over one made up."""

from pathlib import Path

import psutil
import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.host import GAUGES, Host, HostOptions
from edgeagent.drivers.parts import Times
from edgeagent.model.reading import Quality, Reason

STAT = "cpu  {user} 0 0 {idle} 0 0 0 0 0 0\ncpu0 {user} 0 0 {idle} 0 0 0 0 0 0\nintr 0\nctxt 0\nbtime 0\nprocesses 0\n"
MEMINFO = """MemTotal: 1000 kB
MemFree: 200 kB
MemAvailable: 400 kB
Buffers: 0 kB
Cached: 0 kB
Active: 0 kB
Inactive: 0 kB
Shmem: 0 kB
SwapTotal: 100 kB
SwapFree: 75 kB
"""
NET = """Inter-|   Receive                                                |  Transmit
 face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop fifo colls carrier compressed
  eth0: 1000 1 0 0 0 0 0 0 2000 2 0 0 0 0 0 0
  eth1: 500 1 0 0 0 0 0 0 20 2 0 0 0 0 0 0
"""


@pytest.fixture
def root(tmp_path, monkeypatch) -> Path:
    """A made-up machine; psutil reads its /proc."""
    proc = tmp_path / "proc"
    (proc / "net").mkdir(parents=True)
    (proc / "stat").write_text(STAT.format(user=100, idle=100))
    (proc / "meminfo").write_text(MEMINFO)
    (proc / "vmstat").write_text("pswpin 0\npswpout 0\n")
    (proc / "net/dev").write_text(NET)
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/machine-id").write_text("0123456789abcdef0123456789abcdef\n")
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(proc))
    return tmp_path


def host(root: Path) -> Host:
    return Host("pod", HostOptions(root, root), Times(10.0, 60.0, 2.0), ManualClock(now_s=4321.0))


async def read(driver):
    return {one.point.removeprefix("pod/"): one for one in await driver.read("fast")}


async def test_a_made_up_machine_is_read(root):
    driver = host(root)
    info = await driver.connect()
    assert info.identity.serial == "0123456789abcdef0123456789abcdef"
    assert {point.name for point in info.points} == set(GAUGES) == info.groups[0].points
    first = await read(driver)
    assert first["cpu.usage"].reason is Reason.NEVER_READ  # no processor time has passed yet
    (root / "proc/stat").write_text(STAT.format(user=130, idle=110))  # 0.3 s of work and 0.1 s of rest
    values = {name: one.value for name, one in (await read(driver)).items()}
    assert values["cpu.usage"] == pytest.approx(75.0)
    assert values["memory.available"] == 400 * 1024
    assert values["memory.usage"] == pytest.approx(60.0)
    assert values["swap.used"] == 25 * 1024
    assert values["network.received"] == 1500
    assert values["network.sent"] == 2020
    assert values["uptime"] == 4321.0


async def test_what_the_kernel_does_not_tell_is_absent_and_the_rest_lives(root):
    driver = host(root)
    await driver.connect()
    (root / "proc/meminfo").unlink()
    (root / "proc/net/dev").write_text("garbage\n")
    readings = await read(driver)
    assert readings["memory.usage"].reason is Reason.ABSENT
    assert readings["swap.used"].reason is Reason.ABSENT
    assert readings["network.sent"].reason is Reason.ABSENT
    assert readings["disk.free"].quality is Quality.GOOD
    assert readings["uptime"].quality is Quality.GOOD


async def test_this_machine_is_read():
    driver = host(Path("/"))
    info = await driver.connect()
    readings = await read(driver)
    assert all(one.quality is Quality.GOOD for name, one in readings.items() if name != "cpu.usage")
    assert 0 < readings["disk.usage"].value <= 100
    assert 0 < readings["memory.usage"].value <= 100
    assert info.identity.firmware
    await driver.close()
    await driver.close()
