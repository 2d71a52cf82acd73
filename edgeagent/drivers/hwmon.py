"""The kernel's own sensors: hwmon chips and thermal zones, read from sysfs through files that stay open.

Scales are the kernel's (Documentation/hwmon/sysfs-interface.rst; thermal zones: Documentation/driver-api/thermal).
"""

import errno
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import DeviceId, Point, PointId, point_id
from edgeagent.model.reading import Reading, Reason, bad
from edgeagent.model.units import Kind

GROUP = "fast"
MAX_SENSORS = 500
LONGEST = 64  # octets of a value
DIVISORS: Mapping[str, tuple[Kind, float]] = MappingProxyType(
    {
        "temp": (Kind.TEMPERATURE, 1e3),  # millidegree Celsius
        "in": (Kind.VOLTAGE, 1e3),  # millivolt
        "curr": (Kind.CURRENT, 1e3),  # milliampere
        "power": (Kind.POWER, 1e6),  # microwatt
        "energy": (Kind.ENERGY, 3.6e9),  # microjoule
        "humidity": (Kind.HUMIDITY, 1e3),  # millipercent
        "fan": (Kind.ROTATIONAL, 1.0),  # revolutions per minute
    }
)
_INPUT = re.compile(r"(temp|in|curr|power|energy|humidity|fan)(\d+)_(input|average)")
_NUMBER = re.compile(rb"\s*(-?\d{1,19})\s*\0*")
_NO_DATA = {errno.ENODATA, errno.EAGAIN, errno.EIO, errno.ETIMEDOUT, errno.EINVAL}


@dataclass(frozen=True, slots=True)
class HwmonOptions:
    """``root`` is where sysfs stands."""

    root: Path = Path("/sys")

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for this computer's sensors."""
        return Hwmon(device, self.root, times, parts.clock)


def parse(reader: Reader) -> HwmonOptions:
    """The keys of a ``hwmon`` device."""
    return HwmonOptions(reader.file("root", Path("/sys")))


@dataclass(frozen=True, slots=True)
class Found:
    """One sensor that was found."""

    name: str
    kind: Kind
    divisor: float
    path: Path
    label: str


class Sensor:
    """One file that is kept open, and opened anew after a failure."""

    def __init__(self, point: PointId, found: Found) -> None:
        self._point = point
        self._found = found
        self._source = str(found.path)
        self._descriptor: int | None = None

    def read(self, clock: Clock) -> Reading:
        """The value, or BAD: ``absent`` (no file), ``sentinel`` (the driver has no data), ``garbled``."""
        try:
            content = self._content()
        except OSError as error:
            self.close()
            reason = Reason.SENTINEL if error.errno in _NO_DATA else Reason.ABSENT
            return bad(self._point, reason, clock.now_s(), source=self._source)
        number = _NUMBER.fullmatch(content)
        if number is None:
            self.close()  # an empty answer is a file that was removed; a new one may stand in its place
            reason = Reason.GARBLED if content.strip() else Reason.ABSENT
            return bad(self._point, reason, clock.now_s(), source=self._source, raw=repr(content[:16]))
        raw = int(number[1])
        return Reading(self._point, raw / self._found.divisor, clock.now_s(), source=self._source, raw=raw)

    def close(self) -> None:
        """Let go of the file; safe twice."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _content(self) -> bytes:
        if self._descriptor is None:
            self._descriptor = os.open(self._found.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        return os.pread(self._descriptor, LONGEST, 0)


class Hwmon:
    """A Driver for hwmon and thermal zones below a sysfs root.

    A sensor that was there once stays a point, BAD ``absent``, until the program ends.
    """

    def __init__(self, device: DeviceId, root: Path, times: Times, clock: Clock) -> None:
        self._device = device
        self._root = root
        self._times = times
        self._clock = clock
        self._known: dict[str, Found] = {}
        self._sensors: list[Sensor] = []

    async def connect(self) -> DeviceInfo:
        """Find the sensors. Raises DeviceUnreachable when there is none."""
        await self.close()
        for found in _sensors(self._root):
            if len(self._known) < MAX_SENSORS:
                self._known[found.name] = found
        if not self._known:
            raise DeviceUnreachable(f"cannot read {self._device}: {self._root} has no hwmon chip and no thermal zone")
        known = self._known.values()
        self._sensors = [Sensor(point_id(self._device, found.name), found) for found in known]
        points = tuple(Point(self._device, found.name, found.kind, label=found.label) for found in known)
        group = Group(GROUP, self._times.every_s, self._times.deadline_s, frozenset(self._known))
        return DeviceInfo(Identity(vendor="Linux", model="hwmon"), points, (group,))

    async def read(self, group: str) -> list[Reading]:
        """Every sensor; one that fails is BAD and the others live."""
        assert group == GROUP
        return [sensor.read(self._clock) for sensor in self._sensors]

    async def close(self) -> None:
        """Let go of the files."""
        for sensor in self._sensors:
            sensor.close()


def _sensors(root: Path) -> Iterator[Found]:
    seen: Counter[str] = Counter()
    for folder in _folders(root / "class/hwmon", "hwmon"):
        yield from _chip(folder, _once(seen, _line(folder / "name") or "chip"))
    for folder in _folders(root / "class/thermal", "thermal_zone"):
        name = _once(seen, "zone." + _word(_line(folder / "type") or "unnamed"))
        kind, divisor = DIVISORS["temp"]
        yield Found(f"{name}.temperature", kind, divisor, folder / "temp", _line(folder / "type"))


def _chip(folder: Path, name: str) -> Iterator[Found]:
    """The channels of one chip; an average stands in where there is no input (AMD GPUs tell only power1_average)."""
    channels: dict[str, Found] = {}
    for path in sorted(folder.iterdir()):
        match = _INPUT.fullmatch(path.name)
        if match is None or (match[3] == "average" and (folder / f"{match[1]}{match[2]}_input").exists()):
            continue
        channel = match[1] + match[2]
        kind, divisor = DIVISORS[match[1]]
        channels[channel] = Found(f"{name}.{channel}", kind, divisor, path, _line(folder / f"{channel}_label"))
    yield from (channels[key] for key in sorted(channels, key=_natural))


def _folders(parent: Path, prefix: str) -> list[Path]:
    """Numbered folders in the order of the devices behind them: the numbers themselves change from boot to boot."""
    try:
        found = [path for path in parent.iterdir() if re.fullmatch(prefix + r"\d+", path.name) and path.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda path: (_device_path(path), _natural(path.name)))


def _device_path(folder: Path) -> str:
    device = folder / "device"
    return str(device.resolve()) if device.is_symlink() else ""


def _once(seen: Counter[str], name: str) -> str:
    """The name, numbered from the second device of this name on."""
    word = ".".join(_word(part) for part in name.split("."))
    seen[word] += 1
    return word if seen[word] == 1 else f"{word}.{seen[word]}"


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9_]+", "_", text.lower()).strip("_")[:40] or "unnamed"


def _natural(text: str) -> tuple[str, int]:
    letters = text.rstrip("0123456789")
    return letters, int(text[len(letters) :] or 0)


def _line(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:64].strip()
    except OSError:
        return ""
