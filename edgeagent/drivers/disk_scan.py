"""Which disks there are, by sysfs, and which of them holds the agent's own files."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeagent.drivers.sysfs import folders, line

MOST_LAYERS = 8
_BLOCK = re.compile(r"(nvme\d+)n\d+|(sd[a-z]+|vd[a-z]+|mmcblk\d+)")


@dataclass(frozen=True, slots=True)
class Disk:
    """One disk: the kernel's name, its folder in sysfs, and who it is."""

    name: str
    folder: Path
    model: str = ""
    serial: str = ""
    firmware: str = ""
    own: bool = False

    @property
    def nvme(self) -> bool:
        """It speaks NVMe."""
        return self.name.startswith("nvme")

    @property
    def key(self) -> str:
        """What it is known by: the kernel's names may change from boot to boot."""
        return self.serial or self.name

    @property
    def thermometer(self) -> Path | None:
        """The file with its temperature in millidegrees, where the kernel has one."""
        for parent in (self.folder, self.folder / "hwmon", self.folder / "device", self.folder / "device/hwmon"):
            for chip in folders(parent, r"hwmon\d+"):
                if (chip / "temp1_input").exists():
                    return chip / "temp1_input"
        return None


def disks(root: Path, own: Path) -> list[Disk]:
    """The disks of this computer, that with the agent's files first; virtual ones have nothing to tell."""
    holders = own_disks(root, own)
    found = [*_nvme(root, holders), *_others(root, holders)]
    return sorted(found, key=lambda disk: (not disk.own, disk.name))


def own_disks(root: Path, path: Path) -> set[str]:
    """The kernel's names of the disks below a file: more than one under RAID, none where it is not on a disk."""
    try:
        device = path.stat().st_dev
    except OSError:
        return set()
    start = root / f"dev/block/{os.major(device)}:{os.minor(device)}"
    return set(_below(start.resolve(), MOST_LAYERS)) if start.exists() else set()


def _below(block: Path, layers: int) -> Iterator[str]:
    """Through partitions, encryption and RAID down to the disks."""
    if (block / "partition").exists():
        block = block.parent
    slaves = list((block / "slaves").iterdir()) if (block / "slaves").is_dir() else []
    for slave in slaves if layers else ():
        yield from _below(slave.resolve(), layers - 1)
    match = _BLOCK.fullmatch(block.name)
    if match is not None and not slaves:
        yield match[1] or match[2]


def _nvme(root: Path, holders: set[str]) -> Iterator[Disk]:
    for folder in folders(root / "class/nvme", r"nvme\d+"):
        yield Disk(
            folder.name,
            folder,
            line(folder / "model"),
            line(folder / "serial"),
            line(folder / "firmware_rev"),
            folder.name in holders,
        )


def _others(root: Path, holders: set[str]) -> Iterator[Disk]:
    for folder in folders(root / "block", r"sd[a-z]+|mmcblk\d+"):
        device = folder / "device"
        model = " ".join(filter(None, (line(device / "vendor"), line(device / "model") or line(device / "name"))))
        yield Disk(folder.name, device, model, line(device / "serial"), line(device / "rev"), folder.name in holders)
