"""A fake /sys with hwmon and thermal zones of the pod's own controller, kept up to date from the world.

Units are the kernel's (Documentation/hwmon/sysfs-interface): millidegree, millivolt, microwatt, rpm. A changing file is
rewritten in place by one write of constant width (the value, then newlines), so that a reader never sees half a value
and a file descriptor kept open goes on seeing new ones, as in the real /sys.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from firmware_stubs.racks import Rack
from firmware_stubs.world import World

WIDTH = 16  # octets of every changing file
GARBAGE = b"\xff\xfe?!"
CPU_RISE_K = 24.0
FAN_RPM_PER_K = 90.0


@dataclass(frozen=True)
class Chip:
    """One hwmon device: its name, and per channel a label and the value in the kernel's unit."""

    name: str
    channels: dict[str, tuple[str, Callable[[], float]]]  # "temp1" -> label, value


class SysfsTree:
    """The tree under `root`. `missing` and `garbage` hold paths relative to `root` that a fault has taken."""

    def __init__(self, root: Path, world: World) -> None:
        self.root = root
        self.missing: set[str] = set()
        self.garbage: set[str] = set()
        self._world = world
        self._rack = next(iter(world.racks.values()))
        self._live: dict[str, Callable[[], float]] = {}
        self._written: dict[str, bytes] = {}
        for number, chip in enumerate(self._chips()):
            self._add_chip(root / "class/hwmon" / f"hwmon{number}", chip)
        for number, (kind, read) in enumerate(self._zones().items()):
            self._add_zone(root / "class/thermal" / f"thermal_zone{number}", kind, read)
        self.refresh()

    @property
    def paths(self) -> list[str]:
        """The changing files, relative to the root."""
        return sorted(self._live)

    def refresh(self) -> None:
        """Write what changed, take away what a fault hides, restore what it gave back. OSError as the disk says."""
        for path, read in self._live.items():
            if path in self.missing:
                self._remove(path)
                continue
            value = GARBAGE if path in self.garbage else str(round(read())).encode()
            self._write(path, value.ljust(WIDTH, b"\n"))

    def _write(self, path: str, data: bytes) -> None:
        if self._written.get(path) == data:
            return
        fd = os.open(self.root / path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.pwrite(fd, data, 0)
        finally:
            os.close(fd)
        self._written[path] = data

    def _remove(self, path: str) -> None:
        """Emptied before it goes, so that a descriptor kept open reads nothing instead of the last value for ever."""
        if self._written.pop(path, None) is not None:
            os.truncate(self.root / path, 0)
            (self.root / path).unlink()

    def _add_chip(self, folder: Path, chip: Chip) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "name").write_text(chip.name + "\n")
        for channel, (label, read) in chip.channels.items():
            (folder / f"{channel}_label").write_text(label + "\n")
            self._live[str((folder / f"{channel}_input").relative_to(self.root))] = read

    def _add_zone(self, folder: Path, kind: str, read: Callable[[], float]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "type").write_text(kind + "\n")
        self._live[str((folder / "temp").relative_to(self.root))] = read

    def _chips(self) -> list[Chip]:
        rack, world = self._rack, self._world
        cores = {f"temp{n + 2}": (f"Core {n}", _core(world, rack, n)) for n in range(2)}
        return [
            Chip("coretemp", {"temp1": ("Package id 0", lambda: 1000 * _cpu_c(rack)), **cores}),
            Chip(
                "nct6798",
                {
                    "fan1": ("CPU_FAN", lambda: FAN_RPM_PER_K * max(8.0, rack.inlet_c - 10.0)),
                    "in0": ("12V", lambda: 12_050.0),
                    "temp1": ("SYSTIN", lambda: 1000 * (rack.inlet_c + 6.0)),
                    "power1": ("PSU", lambda: 1e6 * (38.0 + 0.4 * (rack.inlet_c - 20.0))),
                },
            ),
            Chip("nvme", {"temp1": ("Composite", lambda: 1000 * (rack.inlet_c + 14.0))}),
        ]

    def _zones(self) -> dict[str, Callable[[], float]]:
        rack = self._rack
        return {"x86_pkg_temp": lambda: 1000 * _cpu_c(rack), "acpitz": lambda: 1000 * (rack.inlet_c + 5.0)}


def _cpu_c(rack: Rack) -> float:
    return rack.inlet_c + CPU_RISE_K


def _core(world: World, rack: Rack, number: int) -> Callable[[], float]:
    """A core a little off its package, moving with the supply voltage's wobble for want of a workload."""
    feed = next(iter(world.feeds.values()))
    return lambda: 1000 * (_cpu_c(rack) - 1.0 - number + 50 * (feed.wander.at(world.time_s) - 1.0))
