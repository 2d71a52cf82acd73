"""GPIO lines through the kernel's character device, version 2 of its interface (linux/gpio.h, Linux 5.10 or later).

A line that is asked for is ours alone until it is given back. The kernel debounces, and keeps a few edges for us: what
changes between two looks is seen all the same.
"""

import errno
import fcntl
import os
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused, DeviceUnreachable

CONSUMER = b"edgeagent"
MAX_LINES = 64
"""Of one request (GPIO_V2_LINES_MAX)."""
CHIP_INFO = struct.Struct("=32s32sI")
LINE_INFO = struct.Struct("=32s32sIIQ160s16x")
ATTRIBUTE = struct.Struct("=IIQQ")  # id, padding, value, mask of lines: gpio_v2_line_config_attribute
REQUEST = struct.Struct("=256s32sQI20x240sII20xi")  # offsets, consumer, flags, attributes, lines, buffer, descriptor
VALUES = struct.Struct("=QQ")
EVENT = struct.Struct("=QIIII24x")


def _ioctl(direction: int, number: int, size: int) -> int:
    """An ioctl of this interface, as asm-generic/ioctl.h makes it: x86 and ARM alike."""
    return direction << 30 | size << 16 | 0xB4 << 8 | number


GET_CHIP_INFO = _ioctl(2, 0x01, CHIP_INFO.size)
GET_LINE_INFO = _ioctl(3, 0x05, LINE_INFO.size)
GET_LINE = _ioctl(3, 0x07, REQUEST.size)
GET_VALUES = _ioctl(3, 0x0E, VALUES.size)
ACTIVE_LOW, INPUT, RISING, FALLING = 1 << 1, 1 << 2, 1 << 4, 1 << 5
DEBOUNCE = 3
RISING_EDGE = 1
BIAS: Mapping[str, int] = MappingProxyType({"pull-up": 1 << 8, "pull-down": 1 << 9, "none": 1 << 10, "as-is": 0})
"""What holds a line while nothing does; ``as-is`` leaves what the board or its firmware chose."""
NO_EDGES = {errno.ENXIO, errno.ENODEV, errno.EOPNOTSUPP}
"""What a chip without interrupts says to who wants edges."""


@dataclass(frozen=True, slots=True)
class Wish:
    """How lines are asked for."""

    active_low: bool = True
    bias: str = "pull-up"
    debounce_us: int = 10_000
    edges: bool = True

    @property
    def flags(self) -> int:
        """As the kernel takes it."""
        edges = RISING | FALLING if self.edges else 0
        return INPUT | edges | BIAS[self.bias] | (ACTIVE_LOW if self.active_low else 0)


class Chip(NamedTuple):
    """What a chip says of itself."""

    name: str
    label: str
    lines: int


class Edge(NamedTuple):
    """A change of a line to a level."""

    line: int
    level: int


class Lines:
    """Some lines of a chip, as inputs. Raises DeviceError; the methods can wait for a slow bus behind the chip."""

    def __init__(self, path: Path, lines: Sequence[int], wish: Wish) -> None:
        self._path = path
        self._lines = tuple(lines)
        self._descriptor = -1
        self.has_edges = wish.edges
        """Whether a change is told by itself."""
        try:
            chip = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except OSError as error:
            raise _unopened(path, error) from None
        try:
            self.chip = self._about(chip)
            self._take(chip, wish)
        finally:
            os.close(chip)

    def fileno(self) -> int:
        """What becomes readable with an edge."""
        return self._descriptor

    def levels(self) -> Mapping[int, int]:
        """1 for each line that is active now, 0 for the others."""
        mask = (1 << len(self._lines)) - 1
        try:
            bits, _ = VALUES.unpack(fcntl.ioctl(self._descriptor, GET_VALUES, VALUES.pack(0, mask)))
        except OSError as error:
            raise DeviceUnreachable(f"cannot read lines of {self._path}: {error.strerror}") from None
        return {line: bits >> place & 1 for place, line in enumerate(self._lines)}

    def edges(self) -> list[Edge]:
        """The changes since the last look, the oldest first; it does not wait."""
        try:
            octets = os.read(self._descriptor, EVENT.size * 16 * MAX_LINES) if self.has_edges else b""
        except BlockingIOError:
            return []
        except OSError as error:
            raise DeviceUnreachable(f"cannot read lines of {self._path}: {error.strerror}") from None
        whole = len(octets) - len(octets) % EVENT.size
        return [Edge(offset, int(what == RISING_EDGE)) for _, what, offset, _, _ in EVENT.iter_unpack(octets[:whole])]

    def close(self) -> None:
        """Give the lines back; safe twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _about(self, chip: int) -> Chip:
        try:
            found = CHIP_INFO.unpack(fcntl.ioctl(chip, GET_CHIP_INFO, bytes(CHIP_INFO.size)))
        except OSError:
            raise DeviceGarbled(f"cannot read {self._path}: it is no GPIO chip") from None
        about = Chip(_text(found[0]), _text(found[1]), found[2])
        for line in self._lines:
            if line >= about.lines:
                raise DeviceRefused(f"cannot read line {line} of {self._path}: it has {about.lines}, counted from 0")
        return about

    def _take(self, chip: int, wish: Wish) -> None:
        try:
            answer = fcntl.ioctl(chip, GET_LINE, request(self._lines, wish))
        except OSError as error:
            if wish.edges and error.errno in NO_EDGES:
                self.has_edges = False
                self._take(chip, Wish(wish.active_low, wish.bias, 0, edges=False))  # the kernel debounces by edges
                return
            raise self._untaken(chip, error) from None
        self._descriptor = REQUEST.unpack(answer)[-1]
        os.set_blocking(self._descriptor, False)

    def _untaken(self, chip: int, error: OSError) -> DeviceError:
        if error.errno == errno.EBUSY:
            taken = [f"{line} by {user}" for line in self._lines if (user := self._user(chip, line))]
            return DeviceRefused(f"cannot take lines of {self._path}: others have {', '.join(taken) or 'them'}")
        if error.errno == errno.ENOTTY:
            return DeviceRefused(f"cannot take lines of {self._path}: the kernel is older than Linux 5.10")
        return DeviceRefused(f"cannot take lines of {self._path} as inputs: {error.strerror}")

    def _user(self, chip: int, line: int) -> str:
        """Who has a line; nothing where it is free."""
        asked = LINE_INFO.pack(b"", b"", line, 0, 0, b"")
        try:
            found = LINE_INFO.unpack(fcntl.ioctl(chip, GET_LINE_INFO, asked))
        except OSError:
            return ""
        return (_text(found[1]) or "the kernel") if found[4] & 1 else ""


def request(lines: Sequence[int], wish: Wish) -> bytes:
    """What is asked of the chip: a gpio_v2_line_request."""
    offsets = struct.pack(f"={len(lines)}I", *lines)
    everyone = (1 << len(lines)) - 1
    attributes = ATTRIBUTE.pack(DEBOUNCE, 0, wish.debounce_us, everyone) if wish.debounce_us else b""
    # The first number behind the flags counts the attributes.
    return REQUEST.pack(offsets, CONSUMER, wish.flags, len(attributes) // ATTRIBUTE.size, attributes, len(lines), 0, 0)


def _unopened(path: Path, error: OSError) -> DeviceError:
    if isinstance(error, FileNotFoundError):
        return DeviceUnreachable(f"cannot open {path}: it is not there; gpiodetect lists the chips of this computer")
    if isinstance(error, PermissionError):
        return DeviceRefused(f"cannot open {path}: not allowed; systemd/drop-ins/gpio.conf allows it")
    return DeviceUnreachable(f"cannot open {path}: {error.strerror}")


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "replace")
