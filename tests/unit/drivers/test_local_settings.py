"""The tables of what is local to the computer: GPUs, NPUs, disks, links, processors, the kernel's log."""

from pathlib import Path

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.drivers import disk, gpu_device, kernel_log, link, npu, powercap
from edgeagent.drivers.disk import DiskOptions
from edgeagent.drivers.gpu_device import GpuOptions
from edgeagent.drivers.kernel_log import KernelLogSettings
from edgeagent.drivers.link import LinkOptions
from edgeagent.drivers.npu import NpuOptions
from edgeagent.drivers.powercap import PowercapOptions

UUID = "GPU-8c2f1f4e-0000-4000-8000-000000000001"


def parsed(parse, text):
    loaded = load([], layers=[Layer("a.toml", "[it]\n" + text)])
    found = parse(loaded.root.table("it"))
    loaded.root.finish()
    return found, [problem.message for problem in loaded.problems]


@pytest.mark.parametrize(
    ("parse", "usual"),
    [
        (gpu_device.parse, GpuOptions()),
        (npu.parse, NpuOptions()),
        (disk.parse, DiskOptions()),
        (link.parse, LinkOptions()),
        (powercap.parse, PowercapOptions()),
        (kernel_log.parse, KernelLogSettings()),
    ],
)
def test_nothing_needs_to_be_written(parse, usual):
    assert parsed(parse, "") == (usual, [])


def test_gpus_are_named_by_their_uuids():
    found, problems = parsed(gpu_device.parse, f'family = "nvidia"\ngpus = ["{UUID}"]')
    assert (found, problems) == (GpuOptions("nvidia", Path("/sys"), (UUID,)), [])


@pytest.mark.parametrize(
    ("parse", "text", "words"),
    [
        (gpu_device.parse, 'family = "intel"', "must be"),
        (gpu_device.parse, 'gpus = ["0"]', "UUID"),
        (gpu_device.parse, f'gpus = ["{UUID}", "{UUID}"]', "twice"),
        (gpu_device.parse, f'family = "amd"\ngpus = ["{UUID}"]', "GPUs of AMD"),
        (kernel_log.parse, 'follow = "yes"', "must be"),
        (disk.parse, "wear = 1", ""),
    ],
)
def test_a_mistake_is_named(parse, text, words):
    _, problems = parsed(parse, text)
    assert len(problems) == 1
    assert words in problems[0]
