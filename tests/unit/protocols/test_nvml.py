"""NVML in its child, against the C stub of the library."""

import asyncio
import time

import pytest

from edgeagent.model.errors import DeviceRefused, DeviceUnreachable
from edgeagent.protocols.snmp_set import WriteOpen
from firmware_stubs.nvml_build import H100
from tests.fixtures.gpus import LONG_S, simulated_gpus

SOME = {
    key: H100[key]
    for key in ("power_mw", "temperature_c", "memory_temperature_c", "memory_used", "energy_mj", "ecc_corrected")
}


@pytest.fixture
async def gpus():
    async with simulated_gpus() as two:
        yield two


async def test_the_child_says_what_the_library_says(gpus):
    nvml = gpus.nvml
    found = await nvml.describe(LONG_S)
    assert (found.driver, found.lost) == ("550.54.15", 0)
    assert [(gpu.name, gpu.pci) for gpu in found.gpus] == [
        ("NVIDIA H100 80GB HBM3", "00000000:3B:00.0"),
        ("NVIDIA H100 80GB HBM3", "00000000:3C:00.0"),
    ]
    first, second = await nvml.read([gpu.uuid for gpu in found.gpus], LONG_S)
    assert first.state == second.state == "ok"
    assert {key: first.values[key] for key in SOME} == SOME
    assert first.missing == {}


@pytest.mark.parametrize("old_names", [False, True])
async def test_the_reasons_for_low_clocks_are_found_under_their_old_and_their_new_name(old_names):
    async with simulated_gpus(count=1, old_names=old_names) as gpus:
        gpus.control.set(0, reasons=0x40)
        (answer,) = await gpus.nvml.read(await gpus.uuids(), LONG_S)
        assert answer.values["reasons"] == 0x40


async def test_what_a_gpu_does_not_support_is_missing_and_not_zero(gpus):
    gpus.control.set(0, memory_temperature_c=None, ecc_uncorrected=None, nvlink_crc=None)
    first, _ = await gpus.nvml.read(await gpus.uuids(), LONG_S)
    lacks = {"memory_temperature_c", "ecc_uncorrected", "nvlink_crc"}
    assert first.missing == dict.fromkeys(lacks, "unsupported")
    assert not lacks & set(first.values)


async def test_a_lost_gpu_is_named_and_comes_back_with_the_next_question(gpus):
    uuids = await gpus.uuids()
    gpus.control.set(0, lost=1)
    states = [answer.state for answer in await gpus.nvml.read(uuids, LONG_S)]
    assert states == ["lost", "ok"]
    gpus.control.set(0, lost=0)
    answers = await gpus.nvml.read(uuids, LONG_S)
    assert [answer.state for answer in answers] == ["ok", "ok"]
    assert answers[0].values["power_mw"] == H100["power_mw"]


async def test_a_gpu_that_the_library_finds_no_more_is_lost(gpus):
    uuids = await gpus.uuids()
    gpus.control.set_pod(count=1)
    assert [answer.state for answer in await gpus.nvml.read(uuids, LONG_S)] == ["ok", "lost"]


async def test_a_gpu_that_is_lost_from_the_start_is_counted(gpus):
    gpus.control.set(1, lost=1)
    found = await gpus.nvml.describe(LONG_S)
    assert (len(found.gpus), found.lost) == (1, 1)


async def test_a_library_that_is_not_there_is_named(monkeypatch, tmp_path):
    async with simulated_gpus(count=1) as gpus:
        monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))  # before the child starts
        with pytest.raises(DeviceUnreachable, match=r"libnvidia-ml\.so\.1 is not here; it comes with NVIDIA's driver"):
            await gpus.nvml.describe(LONG_S)


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (9, DeviceUnreachable, "driver is not loaded"),
        (4, DeviceRefused, r"drop-ins/nvidia\.conf"),
        (18, DeviceRefused, "different releases"),
        (999, DeviceUnreachable, "Unknown Error"),
    ],
)
async def test_a_library_that_cannot_begin_says_why_and_heals(gpus, error, kind, words):
    gpus.control.set_pod(init_error=error)
    with pytest.raises(kind, match=words):
        await gpus.nvml.describe(LONG_S)
    gpus.control.set_pod(init_error=0)
    assert len((await gpus.nvml.describe(LONG_S)).gpus) == 2


async def test_a_call_that_hangs_costs_the_child_and_never_the_loop(gpus):
    uuids = await gpus.uuids()
    before = gpus.worker.pid
    gpus.control.set(0, hang_s=60)
    longest = [0.0]
    watch = asyncio.create_task(longest_gap(longest))
    with pytest.raises(DeviceUnreachable, match=r"no answer .*within 0\.3 s"):
        await gpus.nvml.read(uuids, 0.3)
    gpus.control.set(0, hang_s=0)
    answers = await gpus.nvml.read(uuids, LONG_S)
    watch.cancel()
    assert [answer.state for answer in answers] == ["ok", "ok"]
    assert gpus.worker.pid not in {before, None}
    assert longest[0] < 1.0, f"the loop stood still for {longest[0]:.3f} s"


async def longest_gap(longest):
    last = time.monotonic()
    while True:
        await asyncio.sleep(0.005)
        longest[0], last = max(longest[0], time.monotonic() - last), time.monotonic()


async def test_a_power_limit_is_set_and_outlives_the_child(gpus):
    uuid, other = await gpus.uuids()
    limits = await gpus.nvml.limits(uuid, LONG_S)
    assert (limits.now, limits.default, limits.low, limits.high) == (700_000, 700_000, 200_000, 700_000)
    await gpus.nvml.set_limit(uuid, 350_000, LONG_S)
    gpus.control.set(1, hang_s=60)
    with pytest.raises(DeviceUnreachable):
        await gpus.nvml.read([other], 0.2)
    gpus.control.set(1, hang_s=0)
    assert (await gpus.nvml.limits(uuid, LONG_S)).now == 350_000


async def test_a_limit_is_refused_by_name(gpus):
    uuid = (await gpus.uuids())[0]
    with pytest.raises(DeviceRefused, match="Invalid Argument"):
        await gpus.nvml.set_limit(uuid, 1_000_000, LONG_S)
    gpus.control.set(0, locked=1)
    with pytest.raises(DeviceRefused, match=r"only root.*drop-ins/nvidia-power\.conf"):
        await gpus.nvml.set_limit(uuid, 300_000, LONG_S)
    gpus.control.set(0, lost=1)
    with pytest.raises(DeviceUnreachable, match="GPU is lost"):
        await gpus.nvml.set_limit(uuid, 300_000, LONG_S)


async def test_a_limit_whose_answer_is_missing_is_open(gpus):
    uuid = (await gpus.uuids())[0]
    gpus.control.set(0, hang_s=60)
    with pytest.raises(WriteOpen, match="cannot tell whether"):
        await gpus.nvml.set_limit(uuid, 300_000, 0.2)
