"""The disks of this computer: temperature, wear, spare, errors; number 1 is the one that holds the agent's own files.

Temperatures come from hwmon and need no right. Health comes from the disk itself and needs one (docs/drivers/disk.md):
without it those points are BAD ``refused`` and say how to get it. An eMMC tells its wear to everybody.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.disk_scan import Disk, disks
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.polled import reason_of
from edgeagent.drivers.sysfs import Decode, Numbers, decoded, whole
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceError, DeviceUnreachable
from edgeagent.model.points import DeviceId, Point, ValueType, point_id
from edgeagent.model.reading import Reading, Reason, Value, bad
from edgeagent.model.units import Kind
from edgeagent.protocols.files import Files
from edgeagent.protocols.smart import Smart

FAST, SLOW = "fast", "slow"
OWN = Path("/var/lib/edgeagent")
SMART_S = 5.0
"""For one disk."""
MAX_DISKS = 64
HEALTH = ("ok", "failing")


@dataclass(frozen=True, slots=True)
class DiskOptions:
    """``root`` is where sysfs stands, ``own`` lies on the disk that is the agent's own."""

    root: Path = Path("/sys")
    own: Path = OWN
    devices: Path = Path("/dev")

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for this computer's disks."""
        return Disks(device, self, parts.disks, times, parts.clock)


def parse(reader: Reader) -> DiskOptions:
    """The keys of a ``disk`` device."""
    return DiskOptions(reader.file("root", Path("/sys")), reader.file("own", OWN))


@dataclass(frozen=True, slots=True)
class Item:
    """One value of a disk's health."""

    kind: Kind
    type: ValueType
    value: Callable[[Smart], Value | None]
    codes: tuple[str, ...] = ()


ITEMS: Mapping[str, Item] = MappingProxyType(
    {
        "health": Item(
            Kind.STATE,
            ValueType.CODE,
            lambda smart: None if smart.healthy is None else HEALTH[not smart.healthy],
            HEALTH,
        ),
        "wear": Item(Kind.PERCENT, ValueType.NUMBER, lambda smart: smart.wear_percent),
        "spare": Item(Kind.PERCENT, ValueType.NUMBER, lambda smart: smart.spare_percent),
        "media_errors": Item(Kind.COUNT, ValueType.INTEGER, lambda smart: smart.media_errors),
        "written": Item(Kind.SIZE, ValueType.INTEGER, lambda smart: smart.written_bytes),
        "power_on": Item(Kind.DURATION, ValueType.NUMBER, lambda smart: smart.power_on_s),
        "unsafe_shutdowns": Item(Kind.COUNT, ValueType.INTEGER, lambda smart: smart.unsafe_shutdowns),
    }
)
TEMPERATURE = Item(Kind.TEMPERATURE, ValueType.NUMBER, lambda smart: smart.temperature_c)


def emmc_wear(text: str, now_s: float) -> int:
    """The worse of the two estimates, in steps of ten percent; 0 is "not defined", 11 is "exceeded" (JESD84-B51)."""
    steps = [int(word, 16) for word in text.split()]
    if not steps or not all(0 < step <= 11 for step in steps):
        raise ValueError(f"{text!r} at {now_s:g} s is no estimate of life time")
    return 10 * max(steps)


def celsius(text: str, now_s: float) -> float:
    """Of millidegrees."""
    return whole(text, now_s) / 1e3


@dataclass(frozen=True, slots=True)
class Row:
    """One point of one disk; with a file it is read from that, else it comes with the disk's health."""

    name: str
    item: Item
    file: Path | None = None
    decode: Decode = celsius


class Disks:
    """A Driver for all disks; one that was seen once keeps its number and its points."""

    def __init__(self, device: DeviceId, options: DiskOptions, files: Files, times: Times, clock: Clock) -> None:
        self._device = device
        self._options = options
        self._files = files
        self._times = times
        self._clock = clock
        self._numbers = Numbers(1)
        self._known: dict[int, tuple[Disk, list[Row]]] = {}

    async def connect(self) -> DeviceInfo:
        """Find the disks. Raises DeviceUnreachable when there is none."""
        for disk in disks(self._options.root, self._options.own)[:MAX_DISKS]:
            number = self._numbers.of(disk.key)
            self._known[number] = disk, _rows(f"disk.{number}", disk)
        if not self._known:
            raise DeviceUnreachable(f"cannot read {self._device}: {self._options.root} shows no NVMe, SCSI or MMC disk")
        points = [self._point(disk, row) for disk, rows in self._known.values() for row in rows]
        first = self._known[min(self._known)][0]
        identity = Identity(model=first.model, firmware=first.firmware) if len(self._known) == 1 else Identity()
        groups = (
            Group(FAST, self._times.every_s, self._times.deadline_s, self._names(FAST)),
            Group(
                SLOW, self._times.slow_every_s, self._times.deadline_s + SMART_S * len(self._known), self._names(SLOW)
            ),
        )
        return DeviceInfo(identity, tuple(points), tuple(group for group in groups if group.points))

    async def read(self, group: str) -> list[Reading]:
        """The group's points; what a disk refuses, or does not answer, is BAD and the others live."""
        readings: list[Reading] = []
        for disk, rows in self._known.values():
            chosen = [row for row in rows if _group(row) == group]
            if chosen:
                readings += await (self._from_files(chosen) if group == FAST else self._from_health(disk, chosen))
        return readings

    async def close(self) -> None:
        """Nothing is held open."""

    def _names(self, group: str) -> frozenset[str]:
        return frozenset(row.name for _, rows in self._known.values() for row in rows if _group(row) == group)

    def _point(self, disk: Disk, row: Row) -> Point:
        label = f"{disk.model or 'disk'} ({disk.name}{', holds the agent' if disk.own else ''})"
        return Point(self._device, row.name, row.item.kind, row.item.type, codes=row.item.codes, label=label)

    async def _from_files(self, rows: Sequence[Row]) -> list[Reading]:
        """Disk by disk: one that holds its reader up costs its own points only."""
        paths = [str(row.file) for row in rows]
        try:
            contents = await self._files.read(paths, 0.9 * self._times.deadline_s / len(self._known))
        except DeviceError as error:
            return self._bad(rows, error, paths[0])
        now_s = self._clock.now_s()
        return [
            decoded(point_id(self._device, row.name), content, row.decode, now_s, source=path)
            for row, path, content in zip(rows, paths, contents, strict=True)
        ]

    async def _from_health(self, disk: Disk, rows: Sequence[Row]) -> list[Reading]:
        path = str(self._options.devices / disk.name)
        try:
            smart: Smart = await self._files.ask("smart", {"path": path, "nvme": disk.nvme}, Smart, SMART_S)
        except DeviceError as error:
            return self._bad(rows, error, path)
        now_s = self._clock.now_s()
        return [self._told(row, row.item.value(smart), now_s, smart.source) for row in rows]

    def _told(self, row: Row, value: Value | None, now_s: float, source: str) -> Reading:
        point = point_id(self._device, row.name)
        if value is None:
            return bad(point, Reason.ABSENT, now_s, source=source)
        return Reading(point, value, now_s, source=source, raw=value)

    def _bad(self, rows: Sequence[Row], error: DeviceError, source: str) -> list[Reading]:
        """BAD for one reason; its text goes with each, so that it can be seen what to do."""
        reason, now_s = reason_of(error), self._clock.now_s()
        return [bad(point_id(self._device, row.name), reason, now_s, source=source, raw=str(error)) for row in rows]


def _rows(prefix: str, disk: Disk) -> list[Row]:
    if disk.name.startswith("mmcblk"):
        return [Row(f"{prefix}.wear", ITEMS["wear"], disk.folder / "life_time", emmc_wear)]
    temperature = Row(f"{prefix}.temperature", TEMPERATURE, disk.thermometer)
    return [temperature, *(Row(f"{prefix}.{name}", item) for name, item in ITEMS.items())]


def _group(row: Row) -> str:
    return SLOW if row.file is None else FAST
