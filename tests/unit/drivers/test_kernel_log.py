"""The kernel's log, as a pipe that gives records in the format of /dev/kmsg."""

import asyncio
import os

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.drivers.kernel_line import trouble
from edgeagent.drivers.kernel_log import MAX_PER_MINUTE, PART, KernelLog, KernelLogSettings

FALLEN = "NVRM: Xid (PCI:0000:3b:00): 79, pid='<unknown>', name=<unknown>, GPU has fallen off the bus."
# what the kernel says, and what it means: word, subject, severity, the drivers that should look
LINES = [
    (FALLEN, "gpu.xid.79", "0000:3b:00", "critical", "gpu"),
    ("NVRM: Xid (PCI:0000:3B:00): 31, pid=4711, name=python, MMU Fault", "gpu.xid.31", "0000:3b:00", "warning", "gpu"),
    ("NVRM: Xid (PCI:0000:01:00): 999, something new", "gpu.xid.999", "0000:01:00", "minor", "gpu"),
    (
        "NVRM: GPU at PCI:0000:3b:00: GPU-1234 has fallen off the bus.",
        "gpu.lost",
        "0000:3b:00",
        "critical",
        "gpu",
    ),
    ("amdgpu 0000:03:00.0: amdgpu: GPU reset begin!", "gpu.reset", "0000:03:00.0", "major", "gpu"),
    ("nvme nvme0: I/O 23 QID 5 timeout, aborting", "disk.timeout", "nvme0", "major", "disk"),
    ("nvme nvme0: I/O tag 23 (1017) opcode 0x2 (I/O Cmd) QID 5 timeout", "disk.timeout", "nvme0", "major", "disk"),
    ("nvme nvme1: controller is down; will reset: CSTS=0xffffffff", "disk.down", "nvme1", "critical", "disk"),
    ("nvme nvme1: Device not ready; aborting reset, CSTS=0x1", "disk.lost", "nvme1", "critical", "disk"),
    (
        "critical medium error, dev nvme0n1, sector 1234 op 0x0:(READ) flags 0x0",
        "disk.error",
        "nvme0n1",
        "major",
        "disk",
    ),
    ("I/O error, dev sda, sector 99 op 0x1:(WRITE)", "disk.error", "sda", "major", "disk"),
    ("EXT4-fs error (device dm-0): ext4_find_entry:1455", "disk.file_system", "dm-0", "critical", "disk"),
    ("EDAC MC0: 1 CE memory read error on CPU_SrcID#0_Ha#0", "memory.ce", "MC0", "minor", "host"),
    ("EDAC MC1: 2 UE memory scrubbing error on unknown memory", "memory.ue", "MC1", "critical", "host"),
    ("mce: [Hardware Error]: Machine check events logged", "processor.error", "", "major", "host"),
    (
        "pcieport 0000:00:1c.0: AER: Corrected error received: 0000:03:00.0",
        "pcie.corrected",
        "0000:03:00.0",
        "minor",
        "link",
    ),
    (
        "pcieport 0000:00:01.0: AER: Multiple Uncorrected (Fatal) error received: 0000:01:00.0",
        "pcie.uncorrected",
        "0000:01:00.0",
        "critical",
        "link",
    ),
    (
        "pcieport 0000:00:01.0: AER: Uncorrectable (Non-Fatal) error message received from 0000:01:00.0",
        "pcie.uncorrectable",
        "0000:01:00.0",
        "major",
        "link",
    ),
]


def record(text, priority=3):
    return f"{priority},339,5140900,-;{text}\n SUBSYSTEM=pci\n DEVICE=+pci:0000:3b:00.0\n"


@pytest.mark.parametrize(("text", "word", "subject", "severity", "driver"), LINES)
def test_a_line_of_hardware_in_trouble_is_understood(text, word, subject, severity, driver):
    found = trouble(record(text).splitlines()[0])
    assert (found.word, found.subject, found.severity, found.driver) == (word, subject, severity, driver)
    assert text in found.text


@pytest.mark.parametrize(
    "line",
    [
        "6,1,2,-;usb 1-1: new high-speed USB device number 2",
        f"12,1,2,-;{FALLEN}",  # facility 1: a program wrote it
        f"3,1,2;{FALLEN}",
        FALLEN,
        " DEVICE=+pci:0000:3b:00.0",
        "",
        "nvme nvme0: 8/0/0 default/read/poll queues",
    ],
)
def test_any_other_line_is_none(line):
    assert trouble(line) is None


class Bench:
    """A followed pipe, and what became of it."""

    def __init__(self, path):
        self.path, self.events, self.poked, self.metrics = path, [], [], Metrics()
        clock = SystemClock()
        self.health = Health(clock)
        self.service = KernelLog(
            KernelLogSettings(follow=True, path=path),
            clock,
            self.health,
            self.metrics,
            tell=self.events.append,
            poke=self.poked.append,
        )

    def count(self, name, **labels):
        return self.metrics.counter(f"edgeagent_kernel_log_{name}", "").get(**labels)

    async def until(self, condition):
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    async def ready(self):
        await self.until(lambda: self.health.get(PART) is not None)


@pytest.fixture
async def bench(tmp_path):
    path = tmp_path / "kmsg"
    os.mkfifo(path)
    one = Bench(path)
    one.writer = os.open(path, os.O_RDWR | os.O_NONBLOCK)
    run = asyncio.create_task(one.service.run(lambda: None))
    await one.ready()
    yield one
    run.cancel()
    await asyncio.wait([run])
    os.close(one.writer)


async def test_trouble_is_told_and_the_drivers_of_its_kind_look_at_once(bench):
    os.write(bench.writer, record(FALLEN).encode())
    await bench.until(lambda: bench.poked)
    (event,) = bench.events
    assert (event.origin, event.word, event.subject, event.severity) == (
        "kernel log",
        "gpu.xid.79",
        "0000:3b:00",
        "critical",
    )
    assert event.text.startswith("Xid 79 (the GPU has fallen off the bus): NVRM")
    assert bench.poked == ["gpu"]


async def test_the_same_again_is_counted_and_not_told(bench):
    for _ in range(5):
        os.write(bench.writer, record(FALLEN).encode())
    os.write(bench.writer, record("nvme nvme1: controller is down; will reset").encode())
    await bench.until(lambda: "disk" in bench.poked)
    assert [event.word for event in bench.events] == ["gpu.xid.79", "disk.down"]
    assert bench.count("repeats", word="gpu.xid.79") == 4


async def test_a_flood_is_bounded_and_counted(bench):
    for number in range(MAX_PER_MINUTE + 40):
        os.write(bench.writer, record(f"I/O error, dev sda{number}, sector 1").encode())
        await bench.until(lambda seen=number + 1: len(bench.events) + bench.count("dropped") == seen)
    await bench.until(lambda: bench.count("dropped") == 40)
    assert len(bench.events) == MAX_PER_MINUTE


async def test_garbage_in_the_log_changes_nothing(bench):
    os.write(bench.writer, b"\xff\xfe;;;\n3,\n" + record(FALLEN).encode())
    await bench.until(lambda: bench.events)
    assert len(bench.events) == 1


@pytest.mark.parametrize("word", ["missing", "forbidden"])
async def test_a_log_that_may_not_be_read_is_named_with_what_to_do(tmp_path, word, monkeypatch):
    bench = Bench(tmp_path / "kmsg")
    if word == "forbidden":

        def forbidden(*_):
            raise PermissionError(1, "Operation not permitted")

        monkeypatch.setattr("edgeagent.drivers.kernel_log.os.open", forbidden)
    run = asyncio.create_task(bench.service.run(lambda: None))
    await bench.ready()
    run.cancel()
    await asyncio.wait([run])
    condition = bench.health.get(PART)
    assert condition.level is Level.DEGRADED
    assert "systemd/drop-ins/kernel-log.conf allows it" in condition.message
