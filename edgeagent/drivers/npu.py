"""Intel NPUs, as the driver intel_vpu shows them in sysfs.

Busy time is there from Linux 6.11 on, memory from 6.15, frequencies from later ones (drivers/accel/ivpu/ivpu_sysfs.c).
The kernel asks for at most one read a second.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from edgeagent.config.reader import Reader
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.sysfs import File, Numbers, SysfsDevice, folders, line, whole
from edgeagent.model.device import Identity
from edgeagent.model.points import DeviceId, ValueType
from edgeagent.model.units import Kind

LEAST_PERIOD_S = 1.0
MICROSECONDS = 1e6
_BDF = r"[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"


@dataclass(frozen=True, slots=True)
class NpuOptions:
    """``root`` is where sysfs stands."""

    root: Path = Path("/sys")

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for this computer's NPUs."""
        times = replace(times, every_s=max(LEAST_PERIOD_S, times.every_s))
        nothing = f"{self.root} has no NPU with the driver intel_vpu of Linux 6.11 or later"
        return SysfsDevice(device, NpuScan(self.root), parts.files, times, parts.clock, nothing=nothing)


def parse(reader: Reader) -> NpuOptions:
    """The keys of an ``npu`` device."""
    return NpuOptions(reader.file("root", Path("/sys")))


class BusyShare:
    """The share of time that it was busy between two reads, in percent, of a counter of microseconds."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None

    def __call__(self, text: str, now_s: float) -> float | None:
        """The share; None at first, and after the counter went back, as when the driver was loaded anew."""
        busy_us = whole(text, now_s)
        last, self._last = self._last, (busy_us, now_s)
        if last is None or busy_us < last[0] or now_s <= last[1]:
            return None
        return min(100.0, 100.0 * (busy_us - last[0]) / MICROSECONDS / (now_s - last[1]))


class NpuScan:
    """Finds the NPUs below a sysfs root; one keeps its number, by its place on the PCI bus."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._numbers = Numbers()
        self._shares: dict[int, BusyShare] = {}

    def __call__(self) -> tuple[Identity, list[File]]:
        """Who they are, and their files."""
        npus = folders(self._root / "bus/pci/drivers/intel_vpu", _BDF)
        return Identity("Intel", f"NPU {line(npus[0] / 'device')}" if npus else ""), [
            file for npu in npus for file in self._files(npu)
        ]

    def _files(self, npu: Path) -> Iterator[File]:
        number = self._numbers.of(npu.name)
        part, label = f"npu.{number}", f"NPU at {npu.name}"
        share = self._shares.setdefault(number, BusyShare())
        for name, point, kind, decode, type_ in (
            ("npu_busy_time_us", "utilisation", Kind.PERCENT, share, ValueType.NUMBER),
            ("npu_memory_utilization", "memory.used", Kind.SIZE, whole, ValueType.INTEGER),
            ("npu_current_frequency_mhz", "clock", Kind.FREQUENCY, megahertz, ValueType.NUMBER),
            ("npu_max_frequency_mhz", "clock.max", Kind.FREQUENCY, megahertz, ValueType.NUMBER),
        ):
            if (npu / name).exists():
                yield File(f"{part}.{point}", kind, npu / name, decode, type_, label=label, part=part)


def megahertz(text: str, now_s: float) -> float:
    """Hertz."""
    return whole(text, now_s) * 1e6
