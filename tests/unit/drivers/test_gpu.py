"""The gpu driver against the C stub of NVML, alone and in the poller's hands."""

import asyncio
import time

import pytest

from edgeagent.core.clock import ManualClock, SystemClock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.drivers.gpu import NvidiaGpus, worst_reason
from edgeagent.drivers.gpu_device import GpuOptions
from edgeagent.drivers.identity import MemoryBook
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.polled import DevicePlan
from edgeagent.drivers.poller import Poller
from edgeagent.drivers.sysfs import SysfsDevice
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Quality, Reason
from edgeagent.model.units import Kind
from tests.fixtures.gpus import simulated_gpus

TIMES = Times(10.0, 60.0, 2.0)
# what nvml.h means by what the stub holds: milliwatts, millijoules, megahertz
MEANT = {
    "power": 312.5,
    "temperature": 54,
    "memory.temperature": 61,
    "utilisation": 87,
    "memory.utilisation": 41,
    "memory.used": 42_949_672_960,
    "memory.total": 85_520_809_984,
    "energy": 2000.0,
    "power_limit": 700.0,
    "throttle": "none",
    "ecc.corrected": 3,
    "ecc.uncorrected": 0,
    "clock.sm": 1.98e9,
    "clock.memory": 2.619e9,
    "pcie.replays": 0,
    "nvlink.crc_errors": 0,
    "nvlink.replays": 0,
    "nvlink.recoveries": 0,
    "state": "ok",
}


@pytest.fixture
async def gpus():
    async with simulated_gpus() as two:
        yield two


def driver_of(gpus, *uuids):
    return NvidiaGpus(DeviceId("gpus"), gpus.nvml, uuids, TIMES, ManualClock())


async def read(driver):
    return {one.point.removeprefix("gpus/"): one for one in await driver.read("fast")}


async def test_every_value_is_what_nvml_means_by_it(gpus):
    driver = driver_of(gpus)
    info = await driver.connect()
    readings = await read(driver)
    values = {name: one.value for name, one in readings.items()}
    assert values == {f"gpu.{n}.{name}": value for n in (0, 1) for name, value in MEANT.items()} | {"gpus.lost": 0}
    assert all(one.quality is Quality.GOOD for one in readings.values())
    assert info.groups[0].points == set(values)
    kinds = {point.name: point.kind for point in info.points}
    assert kinds["gpu.0.energy"] is Kind.ENERGY
    assert kinds["gpu.0.memory.used"] is Kind.SIZE
    assert (info.identity.vendor, info.identity.model) == ("NVIDIA", "2 x H100 80GB HBM3")
    assert (info.identity.firmware, info.identity.serial) == ("550.54.15", "")


async def test_a_single_gpu_is_known_by_its_uuid():
    async with simulated_gpus(count=1) as gpus:
        info = await driver_of(gpus).connect()
        assert info.identity.serial == "GPU-00000000-0000-4000-8000-000000000000"


async def test_what_a_gpu_cannot_tell_is_no_point_of_it(gpus):
    gpus.control.set(1, ecc_corrected=None, memory_temperature_c=None)
    info = await driver_of(gpus).connect()
    names = {point.name for point in info.points}
    assert {"gpu.0.ecc.corrected", "gpu.0.memory.temperature"} <= names
    assert not {"gpu.1.ecc.corrected", "gpu.1.memory.temperature"} & names


@pytest.mark.parametrize(
    ("raw", "quality", "reason"),
    [
        ({"power_mw": 2**32 - 1}, Quality.BAD, Reason.SENTINEL),
        ({"energy_mj": -1}, Quality.BAD, Reason.SENTINEL),
        ({"gpu_percent": 101}, Quality.UNCERTAIN, Reason.OUT_OF_RANGE),
        ({"temperature_c": 255}, Quality.UNCERTAIN, Reason.OUT_OF_RANGE),
        ({"ecc_corrected": None}, Quality.BAD, Reason.ABSENT),
    ],
)
async def test_no_value_that_means_nothing_is_good(gpus, raw, quality, reason):
    driver = driver_of(gpus)
    await driver.connect()
    gpus.control.set(0, **raw)
    wrong = [one for one in await driver.read("fast") if one.quality is not Quality.GOOD]
    assert [(one.quality, one.reason) for one in wrong] == [(quality, reason)]


async def test_a_true_zero_stays(gpus):
    driver = driver_of(gpus)
    await driver.connect()
    gpus.control.set(0, power_mw=0, gpu_percent=0)
    readings = await read(driver)
    assert (readings["gpu.0.power"].value, readings["gpu.0.power"].quality) == (0.0, Quality.GOOD)


async def test_a_lost_gpu_is_bad_the_others_live_and_it_comes_back_within_one_poll(gpus):
    driver = driver_of(gpus)
    await driver.connect()
    gpus.control.set(0, lost=1)
    readings = await read(driver)
    assert readings["gpu.0.state"].value == "lost"
    assert readings["gpu.0.power"].reason is Reason.DISCONNECTED
    assert readings["gpu.0.power"].value is None
    assert (readings["gpu.1.power"].value, readings["gpus.lost"].value) == (312.5, 1)
    gpus.control.set(0, lost=0)
    readings = await read(driver)
    assert (readings["gpu.0.state"].value, readings["gpu.0.power"].value) == ("ok", 312.5)


async def test_numbers_stay_with_their_gpus_when_one_is_lost(gpus):
    gpus.control.set(1, power_mw=99_000)
    driver = driver_of(gpus)
    await driver.connect()
    gpus.control.set(0, lost=1)
    await driver.connect()
    readings = await read(driver)
    assert (readings["gpu.0.state"].value, readings["gpu.1.power"].value) == ("lost", 99.0)


async def test_named_gpus_have_the_numbers_of_the_configuration_also_when_lost_from_the_start(gpus):
    first, second = await gpus.uuids()
    gpus.control.set(0, lost=1)
    driver = driver_of(gpus, second, first)
    await driver.connect()
    readings = await read(driver)
    assert (readings["gpu.0.state"].value, readings["gpu.1.state"].value) == ("ok", "lost")


async def test_no_gpu_at_all_is_named():
    async with simulated_gpus(count=0) as gpus:
        with pytest.raises(DeviceUnreachable, match="cannot read gpus: NVML finds no GPU"):
            await driver_of(gpus).connect()


@pytest.mark.parametrize(
    ("bits", "word"), [(0, "none"), (1, "idle"), (0x41, "hw_thermal"), (0x24, "sw_thermal"), (1 << 40, "other")]
)
def test_the_gravest_reason_is_told(bits, word):
    assert worst_reason(bits) == word


async def test_a_blocked_library_leaves_the_loop_free_turns_points_bad_within_two_polls_and_recovers(gpus):
    clock, every_s = SystemClock(), 0.4
    state = State(clock)
    times = Times(every_s, every_s, 0.1)
    driver = GpuOptions("nvidia").build(DeviceId("gpus"), times, Parts(clock, nvml=gpus.nvml))
    poller = Poller(
        [(DevicePlan(DeviceId("gpus"), every_s, 30.0), driver)],
        state=state,
        clock=clock,
        metrics=Metrics(),
        book=MemoryBook(),
    )
    run = asyncio.create_task(poller.run(lambda: None))

    def reading():
        return state.reading(PointId("gpus/gpu.0.power"))

    async def until(condition, deadline_s):
        begin_s = time.monotonic()
        async with asyncio.timeout(deadline_s):
            while not (reading() and condition(reading())):
                before_s = time.monotonic()
                await asyncio.sleep(0.005)
                assert time.monotonic() - before_s < 1.0, "the loop stood still"
        return time.monotonic() - begin_s

    try:
        await until(lambda one: one.quality is Quality.GOOD, 10.0)
        pid = gpus.worker.pid
        gpus.control.set(0, hang_s=60)
        assert await until(lambda one: one.quality is Quality.BAD, 10.0) < 2 * every_s + 0.5
        gpus.control.set(0, hang_s=0)
        assert await until(lambda one: one.quality is Quality.GOOD, 30.0) < every_s + 3.0  # the child's start included
        assert gpus.worker.pid != pid
    finally:
        run.cancel()
        await asyncio.wait([run])


def test_the_make_is_found_out(tmp_path):
    (tmp_path / "bus/pci/drivers/amdgpu/0000:03:00.0").mkdir(parents=True)
    build = lambda family: GpuOptions(family, tmp_path).build(DeviceId("gpus"), TIMES, Parts(ManualClock()))  # noqa: E731
    assert isinstance(build("auto"), SysfsDevice)
    assert isinstance(build("nvidia"), NvidiaGpus)
    (tmp_path / "bus/pci/drivers/nvidia").mkdir()
    assert isinstance(build("auto"), NvidiaGpus)


async def test_a_program_without_the_child_says_so():
    driver = GpuOptions("nvidia").build(DeviceId("gpus"), TIMES, Parts(ManualClock()))
    with pytest.raises(DeviceUnreachable, match="runs no child nvml"):
        await driver.connect()
