"""Devices that the kernel shows as small files: a driver over whatever a scan finds, read by a child.

Scanning lists folders and reads names, which no hardware can hold up; the child of `protocols/files.py` reads values.
"""

import errno
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from edgeagent.core.clock import Clock
from edgeagent.drivers.parts import Times
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import DeviceId, Point, PointId, ValueType, point_id
from edgeagent.model.reading import Quality, Reading, Reason, Value, bad
from edgeagent.model.units import Kind
from edgeagent.protocols.files import Content, Files

GROUP = "fast"
MAX_FILES = 1000
OK, LOST = "ok", "lost"
NO_DATA = {errno.ENODATA, errno.EAGAIN, errno.EIO, errno.ETIMEDOUT, errno.EINVAL, errno.EBUSY}
REFUSED = {errno.EPERM, errno.EACCES}
_NUMBER = re.compile(r"-?\d{1,20}")


Decode = Callable[[str, float], Value | None]
"""From a file's text and the time: its value, or None where there is none yet; ValueError when it makes no sense."""


@dataclass(frozen=True, slots=True)
class File:
    """One point and the file that it stands in; ``part`` is the part of the device whose state it shares."""

    name: str
    kind: Kind
    path: Path
    decode: Decode
    type: ValueType = ValueType.NUMBER
    codes: tuple[str, ...] = ()
    label: str = ""
    part: str = ""
    doubtful: Callable[[Value], bool] | None = None
    """Says of a value that this hardware is known to make it up."""


class Scan(Protocol):
    """Finds what there is."""

    def __call__(self) -> tuple[Identity, Sequence[File]]:
        """Who the device is, and its files."""


def scaled(divisor: float) -> Decode:
    """A whole number in the kernel's unit."""
    return lambda text, now_s: whole(text, now_s) / divisor


def whole(text: str, _now_s: float) -> int:
    """A whole number."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


class Numbers:
    """Numbers for things by their lasting names: who has one keeps it."""

    def __init__(self, first: int = 0) -> None:
        self._first = first
        self._known: dict[str, int] = {}

    def of(self, name: str) -> int:
        """Its number."""
        return self._known.setdefault(name, self._first + len(self._known))


class SysfsDevice:
    """A Driver over files. A file that was found once stays a point; each part has a point ``<part>.state``."""

    def __init__(self, device: DeviceId, scan: Scan, files: Files, times: Times, clock: Clock, *, nothing: str) -> None:
        """``nothing`` says what is missing where nothing was ever found."""
        self._device = device
        self._scan = scan
        self._files = files
        self._times = times
        self._clock = clock
        self._nothing = nothing
        self._known: dict[str, File] = {}
        self._identity = Identity()

    async def connect(self) -> DeviceInfo:
        """Find the files. Raises DeviceUnreachable when there was never any."""
        identity, found = self._scan()
        for file in found:
            if len(self._known) < MAX_FILES or file.name in self._known:
                self._known[file.name] = file
        if not self._known:
            raise DeviceUnreachable(f"cannot read {self._device}: {self._nothing}")
        self._identity = identity if found else self._identity
        points = [self._point(file) for file in self._known.values()]
        points += [
            Point(self._device, f"{part}.state", Kind.STATE, ValueType.CODE, codes=(OK, LOST)) for part in self._parts()
        ]
        names = frozenset(point.name for point in points)
        group = Group(GROUP, self._times.every_s, self._times.deadline_s, names)
        return DeviceInfo(self._identity, tuple(points), (group,))

    async def read(self, group: str) -> list[Reading]:
        """Every file; one that fails is BAD and the others live.

        Raises:
            DeviceUnreachable: the child was held up, or no file can be read any more.
        """
        assert group == GROUP
        files = list(self._known.values())
        contents = await self._files.read([str(file.path) for file in files], 0.9 * self._times.deadline_s)
        now_s = self._clock.now_s()
        readings = [self._reading(file, content, now_s) for file, content in zip(files, contents, strict=True)]
        if all(isinstance(content, int) for content in contents):
            raise DeviceUnreachable(f"cannot read {self._device}: none of its {len(files)} files can be read")
        return readings + self._states(contents, now_s)

    async def close(self) -> None:
        """Nothing is held open."""

    def _parts(self) -> list[str]:
        return list(dict.fromkeys(file.part for file in self._known.values() if file.part))

    def _states(self, contents: Iterable[Content], now_s: float) -> list[Reading]:
        """A part of which no file can be read is lost."""
        states = dict.fromkeys(self._parts(), LOST)
        for file, content in zip(self._known.values(), contents, strict=True):
            if file.part and not isinstance(content, int):
                states[file.part] = OK
        return [
            Reading(point_id(self._device, f"{part}.state"), state, now_s, source="derived")
            for part, state in states.items()
        ]

    def _point(self, file: File) -> Point:
        return Point(self._device, file.name, file.kind, file.type, codes=file.codes, label=file.label)

    def _reading(self, file: File, content: Content, now_s: float) -> Reading:
        point = point_id(self._device, file.name)
        reading = decoded(point, content, file.decode, now_s, source=str(file.path))
        if reading.value is not None and file.doubtful is not None and file.doubtful(reading.value):
            return reading.marked(Quality.UNCERTAIN, Reason.IMPLAUSIBLE)
        return reading


def decoded(point: PointId, content: Content, decode: Decode, now_s: float, *, source: str) -> Reading:
    """What a file says of a point, or BAD with the reason."""
    if isinstance(content, int):
        return bad(point, _why(content), now_s, source=source)
    text = content.decode(errors="replace").strip(" \n\t\0")
    raw = text[:32]
    try:
        value = decode(text, now_s)
    except ValueError:
        return bad(point, Reason.GARBLED if text else Reason.ABSENT, now_s, source=source, raw=raw)
    if value is None:
        return bad(point, Reason.NEVER_READ, now_s, source=source, raw=raw)
    return Reading(point, value, now_s, source=source, raw=raw)


def _why(error: int) -> Reason:
    if error in NO_DATA:
        return Reason.SENTINEL
    return Reason.REFUSED if error in REFUSED else Reason.ABSENT


def line(path: Path) -> str:
    """The first line of a name or label, or nothing."""
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:128].strip().partition("\n")[0]
    except OSError:
        return ""


def folders(parent: Path, pattern: str) -> list[Path]:
    """The folders of this name, in the order of their names; none where the parent is not there."""
    try:
        return sorted(path for path in parent.iterdir() if re.fullmatch(pattern, path.name) and path.is_dir())
    except OSError:
        return []
