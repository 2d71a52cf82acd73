"""Links of this computer: Ethernet, optics, InfiniBand, and errors on PCI Express (GPUs, disks, network, CXL memory).

All of it is in sysfs (kernel documentation: ABI/testing/sysfs-class-net, sysfs-class-infiniband,
sysfs-bus-pci-devices-aer_stats; optics: drivers/net/phy/sfp.c as a hwmon chip).
"""

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.reader import Reader
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.sysfs import Decode, File, SysfsDevice, folders, line, scaled, whole
from edgeagent.model.device import Identity
from edgeagent.model.points import DeviceId, ValueType
from edgeagent.model.units import Kind

LINK_STATES = ("up", "down", "dormant", "testing", "lowerlayerdown", "notpresent", "unknown")
IB_STATES = ("down", "init", "armed", "active", "active_defer", "nop")
NO_LIGHT_DBM = -40.0
"""What a module says of darkness (SFF-8472): its smallest step is 0.1 uW."""
NET_COUNTERS = ("rx_errors", "tx_errors", "rx_dropped", "tx_dropped", "rx_crc_errors", "collisions")
IB_COUNTERS = (
    "symbol_error",
    "link_error_recovery",
    "link_downed",
    "port_rcv_errors",
    "port_xmit_discards",
    "local_link_integrity_errors",
    "excessive_buffer_overrun_errors",
)
AER = ("correctable", "nonfatal", "fatal")
# PCI class codes (PCI Code and ID Assignment Specification): whose errors are worth a point
PCI_CLASSES = {
    "0108": "disk",
    "0200": "net",
    "0207": "infiniband",
    "0300": "gpu",
    "0302": "gpu",
    "0502": "cxl",
    "1200": "npu",
}
_TOTAL = re.compile(r"TOTAL_ERR_\w+\s+(\d{1,18})")


@dataclass(frozen=True, slots=True)
class LinkOptions:
    """``root`` is where sysfs stands."""

    root: Path = Path("/sys")

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for this computer's links."""
        nothing = f"{self.root} shows no network interface, InfiniBand port or PCI Express device"
        return SysfsDevice(device, LinkScan(self.root), parts.files, times, parts.clock, nothing=nothing)


def parse(reader: Reader) -> LinkOptions:
    """The keys of a ``link`` device."""
    return LinkOptions(reader.file("root", Path("/sys")))


class LinkScan:
    """Finds the links below a sysfs root; each goes by the kernel's name."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def __call__(self) -> tuple[Identity, list[File]]:
        """Who they are, and their files."""
        files = [*_ethernet(self._root), *_optics(self._root), *_infiniband(self._root), *_pci(self._root)]
        return Identity("Linux", "links"), files


def _ethernet(root: Path) -> Iterator[File]:
    for port in folders(root / "class/net", r"[A-Za-z0-9._-]{1,15}"):
        if not (port / "device").exists():  # bridges, tunnels and the like have no wire
            continue
        name = f"net.{_word(port.name)}"
        yield File(
            f"{name}.state",
            Kind.STATE,
            port / "operstate",
            _one_of(LINK_STATES),
            ValueType.CODE,
            LINK_STATES,
            port.name,
        )
        changes = port / "carrier_changes"
        counters = [(port / "statistics" / counter, counter) for counter in NET_COUNTERS]
        for path, counter in [*counters, (changes, "carrier_changes")]:
            if path.exists():
                yield _count(f"{name}.{counter}", path, label=port.name)


def _optics(root: Path) -> Iterator[File]:
    """Small form-factor modules whose cage the kernel knows; their chips are named ``sfp…``."""
    for chip in folders(root / "class/hwmon", r"hwmon\d+"):
        word = line(chip / "name")
        if not word.startswith("sfp"):
            continue
        name = f"optic.{_word(word)}"
        rows: list[tuple[str, str, Kind, Decode]] = [
            ("temp1_input", "temperature", Kind.TEMPERATURE, scaled(1e3)),
            ("in0_input", "voltage", Kind.VOLTAGE, scaled(1e3)),
            ("curr1_input", "bias", Kind.CURRENT, scaled(1e3)),
            ("power1_input", "transmitted", Kind.OPTICAL_POWER, dbm),
            ("power2_input", "received", Kind.OPTICAL_POWER, dbm),
        ]
        for file, point, kind, decode in rows:
            if (chip / file).exists():
                yield File(f"{name}.{point}", kind, chip / file, decode, label=word)


def _infiniband(root: Path) -> Iterator[File]:
    for adapter in folders(root / "class/infiniband", r"[A-Za-z0-9_-]+"):
        for port in folders(adapter / "ports", r"\d+"):
            name, label = f"ib.{_word(adapter.name)}.{port.name}", f"{adapter.name} port {port.name}"
            if (port / "state").exists():
                yield File(f"{name}.state", Kind.STATE, port / "state", _ib_state, ValueType.CODE, IB_STATES, label)
            for counter in IB_COUNTERS:
                if (port / "counters" / counter).exists():
                    yield _count(f"{name}.{counter}", port / "counters" / counter, label=label)


def _pci(root: Path) -> Iterator[File]:
    for device in folders(root / "bus/pci/devices", r"[0-9a-f]{4,8}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]"):
        what = PCI_CLASSES.get(line(device / "class").removeprefix("0x")[:4])
        for sort in AER if what else ():
            path = device / f"aer_dev_{sort}"
            if path.exists():
                name = f"pcie.{_word(device.name)}.{sort}"
                yield File(name, Kind.COUNT, path, aer_total, ValueType.INTEGER, label=f"{what} at {device.name}")


def aer_total(text: str, _now_s: float) -> int:
    """The last line, ``TOTAL_ERR_COR 2``."""
    match = _TOTAL.search(text)
    if match is None:
        raise ValueError(f"{text!r} has no total")
    return int(match[1])


def dbm(text: str, now_s: float) -> float:
    """Microwatts as decibels over a milliwatt; darkness is `NO_LIGHT_DBM`."""
    microwatts = whole(text, now_s)
    return max(NO_LIGHT_DBM, 10 * math.log10(microwatts / 1e3)) if microwatts > 0 else NO_LIGHT_DBM


def _ib_state(text: str, now_s: float) -> str:
    """``4: ACTIVE``."""
    return _one_of(IB_STATES)(text.partition(":")[2].strip(), now_s)


def _one_of(words: tuple[str, ...]) -> Callable[[str, float], str]:
    def decode(text: str, _now_s: float) -> str:
        if text.lower() not in words:
            raise ValueError(f"{text!r} is none of {', '.join(words)}")
        return text.lower()

    return decode


def _count(name: str, path: Path, *, label: str) -> File:
    return File(name, Kind.COUNT, path, whole, ValueType.INTEGER, label=label)


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")
