"""Processors' energy over a made-up sysfs, read by a real child."""

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.powercap import PowercapOptions
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reason
from edgeagent.protocols.files import SPEC, Files
from tests.fixtures.gpus import running

RANGE_UJ = 262_143_328_850


@pytest.fixture
async def bench(tmp_path):
    async with running(SPEC) as worker:
        clock = ManualClock()
        parts = Parts(clock, files=Files(worker))
        yield PowercapOptions(tmp_path).build(DeviceId("cpu"), Times(10.0, 60.0, 2.0), parts), clock, tmp_path


def count(root, microjoules, zone="intel-rapl:0"):
    folder = root / "class/powercap" / zone
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "name").write_text("package-0\n")
    (folder / "max_energy_range_uj").write_text(f"{RANGE_UJ}\n")
    (folder / "energy_uj").write_text(f"{microjoules}\n")


async def read(driver):
    return {one.point.removeprefix("cpu/"): one for one in await driver.read("fast")}


async def test_energy_is_counted_from_the_first_read_and_power_is_its_slope(bench):
    driver, clock, root = bench
    count(root, 5_000_000)
    count(root, 7, zone="intel-rapl:0:1")
    info = await driver.connect()
    assert {point.name for point in info.points} == {
        f"zone.{n}.{what}" for n in ("0", "0.1") for what in ("energy", "power")
    }
    first = await read(driver)
    assert first["zone.0.energy"].value == 0.0
    assert first["zone.0.power"].reason is Reason.NEVER_READ
    await clock.advance(10.0)
    count(root, 5_000_000 + 3_600_000_000)
    second = await read(driver)
    assert (second["zone.0.energy"].value, second["zone.0.power"].value) == (1.0, 360.0)
    assert second["zone.0.1.power"].value == 0.0


async def test_a_wrap_is_no_jump(bench):
    driver, clock, root = bench
    count(root, RANGE_UJ - 1_000_000)
    await driver.connect()
    await read(driver)
    await clock.advance(10.0)
    count(root, 1_000_000)
    readings = await read(driver)
    assert readings["zone.0.power"].value == pytest.approx(0.2)
    assert readings["zone.0.energy"].value == pytest.approx(2_000_000 / 3.6e9)
    await driver.connect()
    assert (await read(driver))["zone.0.energy"].value == pytest.approx(2_000_000 / 3.6e9)
