"""Energy and power of processors, as the kernel's powercap class shows them (RAPL of Intel and AMD).

Documentation/power/powercap/powercap.rst. The counters are readable by root only unless systemd/drop-ins/rapl.conf, a
rule for systemd-tmpfiles, gives them to the agent's group; without it the points are BAD ``refused``.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from edgeagent.config.reader import Reader
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.sysfs import File, SysfsDevice, folders, line, whole
from edgeagent.model.device import Identity
from edgeagent.model.points import DeviceId
from edgeagent.model.units import Kind

MICROJOULES_PER_WH = 3.6e9


@dataclass(frozen=True, slots=True)
class PowercapOptions:
    """``root`` is where sysfs stands."""

    root: Path = Path("/sys")

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for this computer's processors."""
        nothing = f"{self.root}/class/powercap has no counter of energy"
        return SysfsDevice(device, PowercapScan(self.root), parts.files, times, parts.clock, nothing=nothing)


def parse(reader: Reader) -> PowercapOptions:
    """The keys of a ``powercap`` device."""
    return PowercapOptions(reader.file("root", Path("/sys")))


class Growth:
    """What a counter that wraps at ``range_uj`` has counted since the first read, and the slope between two reads."""

    def __init__(self, range_uj: int) -> None:
        self._range_uj = range_uj
        self._last: tuple[int, float] | None = None
        self._total_uj = 0
        self._watts: float | None = None

    def energy_wh(self, text: str, now_s: float) -> float:
        """The energy since the first read; a wrap costs nothing as long as reads are closer than one."""
        self._see(whole(text, now_s), now_s)
        return self._total_uj / MICROJOULES_PER_WH

    def power_w(self, text: str, now_s: float) -> float | None:
        """The mean power between the last two reads; None at first."""
        self._see(whole(text, now_s), now_s)
        return self._watts

    def _see(self, count_uj: int, now_s: float) -> None:
        last, self._last = self._last, (count_uj, now_s)
        if last is None or now_s <= last[1]:
            return
        grown_uj = count_uj - last[0]
        if grown_uj < 0:
            grown_uj = max(0, grown_uj + self._range_uj)
        self._total_uj += grown_uj
        self._watts = grown_uj / 1e6 / (now_s - last[1])


class PowercapScan:
    """Finds the zones below a sysfs root; a zone that stays keeps what it has counted."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._growths: dict[str, tuple[Growth, Growth]] = {}

    def __call__(self) -> tuple[Identity, list[File]]:
        """Who they are, and their files."""
        files = [
            file
            for zone in folders(self._root / "class/powercap", r"[a-z]+-rapl:\d+(:\d+)?")
            for file in self._files(zone)
        ]
        return Identity("Linux", "powercap"), files

    def _files(self, zone: Path) -> Iterator[File]:
        """``intel-rapl:0:1`` becomes ``zone.0.1``; packages are ``zone.0``, ``zone.1`` and so on."""
        path = zone / "energy_uj"
        if not path.exists():
            return
        name = "zone." + zone.name.partition(":")[2].replace(":", ".")
        energy, power = self._growths.setdefault(name, (Growth(_range_uj(zone)), Growth(_range_uj(zone))))
        label = line(zone / "name")
        yield File(f"{name}.energy", Kind.ENERGY, path, energy.energy_wh, label=label)
        yield File(f"{name}.power", Kind.POWER, path, power.power_w, label=label)


def _range_uj(zone: Path) -> int:
    text = line(zone / "max_energy_range_uj")
    return int(text) if text.isdecimal() else 0
