"""The computer that the agent runs on: processor, memory, disk, network, uptime (psutil reads /proc; nothing waits)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import psutil

from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.points import DeviceId, Point, ValueType, point_id
from edgeagent.model.reading import Reading, Reason, Value, bad
from edgeagent.model.units import Kind

GROUP = "fast"
LEAST_CPU_S = 0.05
"""Processor time that must pass between two reads before a share of it means anything."""


@dataclass(frozen=True, slots=True)
class Gauge:
    """One point and how it is read; None is "not yet"."""

    kind: Kind
    type: ValueType
    read: Callable[["Host"], Value | None]
    source: str


@dataclass(frozen=True, slots=True)
class HostOptions:
    """``root`` holds /etc and /sys for the identity, ``disk`` is the file system that is watched."""

    root: Path = Path("/")
    disk: Path = Path("/")

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for this computer."""
        return Host(device, self, times, parts.clock)


def parse(reader: Reader) -> HostOptions:
    """The keys of a ``host`` device."""
    return HostOptions(reader.file("root", Path("/")), reader.file("disk", Path("/")))


class Host:
    """A Driver for the computer itself."""

    def __init__(self, device: DeviceId, options: HostOptions, times: Times, clock: Clock) -> None:
        self.options = options
        self.clock = clock
        self._device = device
        self._times = times
        self._cpu: tuple[float, float] | None = None

    async def connect(self) -> DeviceInfo:
        """Identity and points; the processor's share counts from here on."""
        self._cpu = _cpu_times_s()
        points = tuple(Point(self._device, name, gauge.kind, gauge.type) for name, gauge in GAUGES.items())
        group = Group(GROUP, self._times.every_s, self._times.deadline_s, frozenset(GAUGES))
        return DeviceInfo(self._identity(), points, (group,))

    async def read(self, group: str) -> list[Reading]:
        """Every point; one that the kernel does not tell is BAD ``absent``."""
        assert group == GROUP
        return [self._reading(name, gauge) for name, gauge in GAUGES.items()]

    async def close(self) -> None:
        """Nothing is held open."""

    def cpu_percent(self) -> float | None:
        """The share of processor time that was not idle since the last read."""
        before, self._cpu = self._cpu, _cpu_times_s()
        total_s = self._cpu[0] - before[0] if before else 0.0
        if before is None or total_s < LEAST_CPU_S:
            self._cpu = before or self._cpu
            return None
        return min(100.0, max(0.0, 100.0 * (1.0 - (self._cpu[1] - before[1]) / total_s)))

    def _reading(self, name: str, gauge: Gauge) -> Reading:
        point, now_s = point_id(self._device, name), self.clock.now_s()
        try:
            value = gauge.read(self)
        except (OSError, KeyError, ValueError, IndexError, RuntimeError):  # psutil over a /proc that lacks something
            return bad(point, Reason.ABSENT, now_s, source=gauge.source)
        if value is None:
            return bad(point, Reason.NEVER_READ, now_s, source=gauge.source)
        return Reading(point, value, now_s, source=gauge.source, raw=value)

    def _identity(self) -> Identity:
        dmi = self.options.root / "sys/class/dmi/id"
        return Identity(
            vendor=_line(dmi / "sys_vendor"),
            model=_line(dmi / "product_name"),
            serial=_line(self.options.root / "etc/machine-id"),
            firmware=_line(self.options.root / "proc/sys/kernel/osrelease"),
        )


def _cpu_times_s() -> tuple[float, float]:
    """All and idle processor time; guest time is within user time (proc(5))."""
    times = psutil.cpu_times()
    total_s = sum(times) - getattr(times, "guest", 0.0) - getattr(times, "guest_nice", 0.0)
    return total_s, times.idle + getattr(times, "iowait", 0.0)


def _network_bytes(*, received: bool) -> int:
    counters = psutil.net_io_counters()
    if counters is None:
        raise OSError("the kernel lists no network interface")
    return int(counters.bytes_recv if received else counters.bytes_sent)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:128].strip()
    except OSError:
        return ""


GAUGES: Mapping[str, Gauge] = MappingProxyType(
    {
        "cpu.usage": Gauge(Kind.PERCENT, ValueType.NUMBER, Host.cpu_percent, "/proc/stat"),
        "cpu.load.1m": Gauge(Kind.LOAD, ValueType.NUMBER, lambda _: psutil.getloadavg()[0], "/proc/loadavg"),
        "cpu.load.5m": Gauge(Kind.LOAD, ValueType.NUMBER, lambda _: psutil.getloadavg()[1], "/proc/loadavg"),
        "memory.usage": Gauge(
            Kind.PERCENT, ValueType.NUMBER, lambda _: psutil.virtual_memory().percent, "/proc/meminfo"
        ),
        "memory.available": Gauge(
            Kind.SIZE, ValueType.INTEGER, lambda _: psutil.virtual_memory().available, "/proc/meminfo"
        ),
        "swap.used": Gauge(Kind.SIZE, ValueType.INTEGER, lambda _: psutil.swap_memory().used, "/proc/meminfo"),
        "disk.usage": Gauge(
            Kind.PERCENT, ValueType.NUMBER, lambda host: psutil.disk_usage(str(host.options.disk)).percent, "statvfs"
        ),
        "disk.free": Gauge(
            Kind.SIZE, ValueType.INTEGER, lambda host: psutil.disk_usage(str(host.options.disk)).free, "statvfs"
        ),
        "network.received": Gauge(
            Kind.SIZE, ValueType.INTEGER, lambda _: _network_bytes(received=True), "/proc/net/dev"
        ),
        "network.sent": Gauge(Kind.SIZE, ValueType.INTEGER, lambda _: _network_bytes(received=False), "/proc/net/dev"),
        "uptime": Gauge(Kind.DURATION, ValueType.NUMBER, lambda host: host.clock.now_s(), "CLOCK_BOOTTIME"),
    }
)
"""Every point of a host. Network counters start at boot."""
