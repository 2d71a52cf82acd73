"""AMD GPUs, NPUs and links over made-up sysfs trees, read by a real child."""

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.gpu_device import GpuOptions
from edgeagent.drivers.link import LinkOptions
from edgeagent.drivers.npu import NpuOptions
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Quality, Reason
from edgeagent.model.units import Kind
from edgeagent.protocols.files import SPEC, Files
from tests.fixtures.gpus import running

TIMES = Times(0.5, 60.0, 2.0)


class Bench:
    """A tree, a clock, and the driver of one family over them."""

    def __init__(self, root, worker):
        self.root, self.clock, self._parts = root, ManualClock(), None
        self._parts = Parts(self.clock, files=Files(worker))

    def put(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def build(self, options):
        return options.build(DeviceId("it"), TIMES, self._parts)


@pytest.fixture
async def bench(tmp_path):
    async with running(SPEC) as worker:
        yield Bench(tmp_path, worker)


async def read(driver):
    return {one.point.removeprefix("it/"): one for one in await driver.read("fast")}


def amd_card(bench, number, bdf, *, device="0x744c"):
    place = bench.root / "devices" / bdf
    place.mkdir(parents=True)
    card = bench.root / f"class/drm/card{number}"
    card.mkdir(parents=True)
    (card / "device").symlink_to(place)
    below = f"devices/{bdf}"
    for name, text in {
        "vendor": "0x1002",
        "device": device,
        "gpu_busy_percent": "37",
        "mem_info_vram_used": "1073741824",
        "mem_info_vram_total": "25753026560",
        "ras/umc_err_count": "ue: 1\nce: 25",
        "hwmon/hwmon4/name": "amdgpu",
        "hwmon/hwmon4/power1_average": "95000000",
        "hwmon/hwmon4/power1_cap": "303000000",
        "hwmon/hwmon4/temp1_input": "51000",
        "hwmon/hwmon4/temp2_input": "64000",
        "hwmon/hwmon4/temp3_input": "72000",
        "hwmon/hwmon4/freq1_input": "2371000000",
    }.items():
        bench.put(f"{below}/{name}", text + "\n")


AMD = {
    "utilisation": 37,
    "memory.used": 1_073_741_824,
    "memory.total": 25_753_026_560,
    "ecc.uncorrected": 1,
    "ecc.corrected": 25,
    "power": 95.0,
    "power_limit": 303.0,
    "temperature": 51.0,
    "hotspot.temperature": 64.0,
    "memory.temperature": 72.0,
    "clock.sm": 2.371e9,
    "state": "ok",
}


async def test_an_amd_gpu_has_the_kernels_scales(bench):
    amd_card(bench, 1, "0000:03:00.0")
    bench.put("class/drm/card0/device/vendor", "0x8086\n")
    bench.put("class/drm/card1-DP-1/status", "connected\n")
    driver = bench.build(GpuOptions("amd", bench.root))
    info = await driver.connect()
    readings = await read(driver)
    assert {name: one.value for name, one in readings.items()} == {f"gpu.0.{name}": v for name, v in AMD.items()}
    assert info.groups[0].points == set(readings)
    assert (info.identity.vendor, info.identity.model) == ("AMD", "0x744c")


async def test_a_present_value_stands_in_where_there_is_no_average(bench):
    amd_card(bench, 0, "0000:03:00.0")
    hwmon = bench.root / "devices/0000:03:00.0/hwmon/hwmon4"
    (hwmon / "power1_average").rename(hwmon / "power1_input")
    driver = bench.build(GpuOptions("amd", bench.root))
    await driver.connect()
    assert (await read(driver))["gpu.0.power"].value == 95.0


async def test_a_busy_share_that_some_apus_make_up_is_doubted(bench):
    amd_card(bench, 0, "0000:03:00.0", device="0x15d8")
    bench.put("devices/0000:03:00.0/gpu_busy_percent", "100\n")
    driver = bench.build(GpuOptions("amd", bench.root))
    await driver.connect()
    busy = (await read(driver))["gpu.0.utilisation"]
    assert (busy.value, busy.quality, busy.reason) == (100, Quality.UNCERTAIN, Reason.IMPLAUSIBLE)


async def test_a_gpu_that_goes_away_is_lost_and_the_other_keeps_its_number(bench):
    for number, bdf in enumerate(("0000:03:00.0", "0000:41:00.0")):
        amd_card(bench, number, bdf)
    driver = bench.build(GpuOptions("amd", bench.root))
    await driver.connect()
    gone = bench.root / "devices/0000:03:00.0"
    gone.rename(bench.root / "gone")
    for _ in range(2):
        readings = await read(driver)
        assert (readings["gpu.0.state"].value, readings["gpu.1.state"].value) == ("lost", "ok")
        assert readings["gpu.0.power"].reason is Reason.ABSENT
        assert readings["gpu.1.power"].value == 95.0
        await driver.connect()
    (bench.root / "gone").rename(gone)
    assert (await read(driver))["gpu.0.state"].value == "ok"


@pytest.mark.parametrize(("text", "reason"), [("abc", Reason.GARBLED), ("", Reason.ABSENT), ("1.5", Reason.GARBLED)])
async def test_a_broken_file_costs_only_its_point(bench, text, reason):
    amd_card(bench, 0, "0000:03:00.0")
    driver = bench.build(GpuOptions("amd", bench.root))
    await driver.connect()
    bench.put("devices/0000:03:00.0/hwmon/hwmon4/temp1_input", text)
    bench.put("devices/0000:03:00.0/ras/umc_err_count", "nothing\n")
    readings = await read(driver)
    assert readings["gpu.0.temperature"].reason is reason
    assert readings["gpu.0.ecc.corrected"].reason is Reason.GARBLED
    assert readings["gpu.0.power"].quality is Quality.GOOD


async def test_when_no_file_can_be_read_any_more_the_device_is_dead(bench):
    amd_card(bench, 0, "0000:03:00.0")
    driver = bench.build(GpuOptions("amd", bench.root))
    await driver.connect()
    (bench.root / "devices").rename(bench.root / "gone")
    with pytest.raises(DeviceUnreachable, match="none of its"):
        await driver.read("fast")


@pytest.mark.parametrize(
    ("options", "words"),
    [(GpuOptions("amd"), "no GPU of AMD"), (NpuOptions(), "no NPU"), (LinkOptions(), "no network interface")],
)
async def test_a_computer_that_has_none_is_named(bench, options, words):
    driver = bench.build(type(options)(**{"root": bench.root} | ({"family": "amd"} if "GPU" in words else {})))
    with pytest.raises(DeviceUnreachable, match=words):
        await driver.connect()


async def test_the_busy_share_of_an_npu_is_the_slope_of_its_busy_time(bench):
    npu = "bus/pci/drivers/intel_vpu/0000:00:0b.0"
    bench.put(f"{npu}/npu_busy_time_us", "1000000\n")
    bench.put(f"{npu}/npu_memory_utilization", "268435456\n")
    bench.put(f"{npu}/npu_current_frequency_mhz", "1400\n")
    bench.put("bus/pci/drivers/intel_vpu/module/version", "1\n")
    driver = bench.build(NpuOptions(bench.root))
    info = await driver.connect()
    assert info.groups[0].period_s == 1.0
    first = await read(driver)
    assert first["npu.0.utilisation"].reason is Reason.NEVER_READ
    assert (first["npu.0.memory.used"].value, first["npu.0.clock"].value) == (268_435_456, 1.4e9)
    await bench.clock.advance(10.0)
    bench.put(f"{npu}/npu_busy_time_us", "3500000\n")
    assert (await read(driver))["npu.0.utilisation"].value == 25.0
    await bench.clock.advance(10.0)
    assert (await read(driver))["npu.0.utilisation"].value == 0.0
    await bench.clock.advance(10.0)
    bench.put(f"{npu}/npu_busy_time_us", "7\n")  # the driver was loaded anew
    assert (await read(driver))["npu.0.utilisation"].reason is Reason.NEVER_READ


async def test_links_tell_state_errors_and_light(bench):
    bench.put("class/net/eno1/device/vendor", "x")
    bench.put("class/net/eno1/operstate", "up\n")
    bench.put("class/net/eno1/carrier_changes", "3\n")
    bench.put("class/net/eno1/statistics/rx_crc_errors", "17\n")
    bench.put("class/net/br0/operstate", "up\n")
    bench.put("class/hwmon/hwmon0/name", "sfp_eth0\n")
    bench.put("class/hwmon/hwmon0/temp1_input", "36500\n")
    bench.put("class/hwmon/hwmon0/power1_input", "501\n")
    bench.put("class/hwmon/hwmon0/power2_input", "0\n")
    ib = "class/infiniband/mlx5_0/ports/1"
    bench.put(f"{ib}/state", "4: ACTIVE\n")
    bench.put(f"{ib}/counters/symbol_error", "5\n")
    for bdf, code in {"0000:3b:00.0": "0x030200", "0000:35:00.0": "0x050210", "0000:00:1f.0": "0x060100"}.items():
        bench.put(f"bus/pci/devices/{bdf}/class", code + "\n")
        bench.put(f"bus/pci/devices/{bdf}/aer_dev_correctable", "RxErr 1\nBadTLP 1\nTOTAL_ERR_COR 2\n")
    driver = bench.build(LinkOptions(bench.root))
    info = await driver.connect()
    values = {name: one.value for name, one in (await read(driver)).items()}
    assert values.pop("optic.sfp_eth0.transmitted") == pytest.approx(-3.0, abs=0.01)
    assert values == {
        "net.eno1.state": "up",
        "net.eno1.carrier_changes": 3,
        "net.eno1.rx_crc_errors": 17,
        "optic.sfp_eth0.temperature": 36.5,
        "optic.sfp_eth0.received": -40.0,
        "ib.mlx5_0.1.state": "active",
        "ib.mlx5_0.1.symbol_error": 5,
        "pcie.0000_3b_00_0.correctable": 2,
        "pcie.0000_35_00_0.correctable": 2,
    }
    points = {point.name: point for point in info.points}
    assert points["optic.sfp_eth0.received"].kind is Kind.OPTICAL_POWER
    assert points["pcie.0000_35_00_0.correctable"].label == "cxl at 0000:35:00.0"


async def test_a_state_that_the_kernel_does_not_have_is_garbled(bench):
    bench.put("class/net/eno1/device/vendor", "x")
    bench.put("class/net/eno1/operstate", "sideways\n")
    driver = bench.build(LinkOptions(bench.root))
    await driver.connect()
    assert (await read(driver))["net.eno1.state"].reason is Reason.GARBLED
