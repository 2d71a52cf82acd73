"""The truth of what was served: one JSON line per response that was really sent, bounded by one rotation."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from firmware_stubs.snmp_ber import Raw, Tag, dotted, parse_oid
from firmware_stubs.snmp_table import Binding

MAX_BYTES = 64 * 1024 * 1024
TYPE_NAMES = {
    Tag.INTEGER: "Integer32",
    Tag.OCTETS: "OctetString",
    Tag.NULL: "Null",
    Tag.OBJECT_ID: "ObjectIdentifier",
    Tag.COUNTER32: "Counter32",
    Tag.GAUGE32: "Gauge32",
    Tag.TIME_TICKS: "TimeTicks",
    Tag.COUNTER64: "Counter64",
    Tag.NO_SUCH_OBJECT: "noSuchObject",
    Tag.NO_SUCH_INSTANCE: "noSuchInstance",
    Tag.END_OF_MIB_VIEW: "endOfMibView",
}


def boottime_s() -> float:
    """CLOCK_BOOTTIME in seconds: the clock that readings are stamped with."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class JsonLinesLog:
    """Appends to `path`; at `max_bytes` the file becomes `path.1`, and the one before that is lost.

    A line is `{"t", "device", "varbinds": [[oid, type, raw], ...]}`, with `"fault"` when the bytes were spoiled and the
    client must not believe them. Each line is one write: whoever reads sees whole lines.
    """

    def __init__(self, path: Path, now: Callable[[], float] = boottime_s, max_bytes: int = MAX_BYTES) -> None:
        self._path = path
        self._now = now
        self._max_bytes = max_bytes
        self._fd = self._open()
        self._size = os.fstat(self._fd).st_size

    def record(self, device: str, bindings: tuple[Binding, ...], fault: str | None) -> None:
        """Keep one response; OSError when the disk does not take it."""
        line: dict[str, Any] = {"t": self._now(), "device": device}
        if fault is not None:
            line["fault"] = fault
        line["varbinds"] = [(dotted(parse_oid(b.key)), TYPE_NAMES[Tag(b.tag)], _plain(b.value)) for b in bindings]
        data = msgspec.json.encode(line) + b"\n"
        if self._size + len(data) > self._max_bytes:
            self._rotate()
        self._size += os.write(self._fd, data)

    def close(self) -> None:
        """Safe twice."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _open(self) -> int:
        return os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)

    def _rotate(self) -> None:
        os.close(self._fd)
        self._path.replace(self._path.with_name(self._path.name + ".1"))
        self._fd = self._open()
        self._size = 0


def _plain(value: Raw) -> int | str | None:
    """Text as text, other octets as 0x.., an OID dotted."""
    if isinstance(value, tuple):
        return dotted(value)
    if not isinstance(value, bytes):
        return value
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return "0x" + value.hex()
    return text if text.isprintable() else "0x" + value.hex()
