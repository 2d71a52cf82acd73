"""What the receiver of traps keeps until it is fetched: bounded, and counted where something was left out."""

import asyncio
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Iterable
from typing import Any

import msgspec

from edgeagent.core.bucket import Bucket

MAX_QUEUE = 1000
"""Beyond it nothing is decoded: an inform is not answered then, and comes again."""
MAX_BYTES = 8192
"""No device sends more in one message (RFC 3417 asks for 484, Ethernet gives 1472)."""
MAX_SOURCES = 256
SOURCE_BURST, SOURCE_PER_S = 300.0, 20.0
ALL_BURST, ALL_PER_S = 1000.0, 100.0
MAX_NAMED = 16
"""Sources that were refused and are named; the one not seen for longest goes first."""
MAX_VALUES = 32
MAX_TEXT = 200
TRAP_OID = "1.3.6.1.6.3.1.1.4.1.0"  # snmpTrapOID.0 (RFC 3418)
ENVELOPES = ("1.3.6.1.6.3.", "1.3.6.1.2.1.1.3.")
"""What SNMP itself puts into a notification (RFC 3418, RFC 3584); a community may be among it."""


class Notification(msgspec.Struct, frozen=True):
    """One trap or inform; ``engine`` is the hexadecimal id of who signed a v3 message, ``trap`` is its snmpTrapOID.

    ``values`` are its numbers and printable texts, by identifier. All of it is what somebody said, and proves nothing.
    """

    host: str
    port: int
    version: int
    user: str
    engine: str
    inform: bool
    trap: str
    values: tuple[tuple[str, int | str], ...] = ()


class Desk:
    """What was heard and is to be fetched, and what was left out, by reason."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.filled = asyncio.Event()
        self._refused: OrderedDict[str, str] = OrderedDict()
        self._queue: deque[Notification] = deque()
        self._all = Bucket(ALL_BURST, ALL_PER_S)
        self._sources: OrderedDict[str, Bucket] = OrderedDict()

    def admits(self, host: str, size: int) -> bool:
        """Whether a message may be decoded."""
        self.counts["datagrams"] += 1
        why = self._why_not(host, size)
        if why:
            self.counts[why] += 1
        return not why

    def take(self, one: Notification) -> None:
        """Keep a notification until it is fetched."""
        self.counts["notifications"] += 1
        self._queue.append(one)
        self.filled.set()

    def refuse(self, host: str, why: str) -> None:
        """Count and name one that was not taken."""
        self.counts[why] += 1
        self._refused[host] = why
        self._refused.move_to_end(host)
        while len(self._refused) > MAX_NAMED:
            self._refused.popitem(last=False)

    def fetch(self, most: int) -> dict[str, Any]:
        """The oldest notifications, and what was counted since the last time."""
        found = [self._queue.popleft() for _ in range(min(most, len(self._queue)))]
        counts, refused = dict(self.counts), dict(self._refused)
        self.counts.clear()
        self._refused.clear()
        if not self._queue:
            self.filled.clear()
        return {"notifications": found, "counts": counts, "refused": refused}

    def _why_not(self, host: str, size: int) -> str:
        now_s = time.monotonic()
        bucket = self._sources.pop(host, None) or Bucket(SOURCE_BURST, SOURCE_PER_S)
        self._sources[host] = bucket
        while len(self._sources) > MAX_SOURCES:
            self._sources.popitem(last=False)
        if size > MAX_BYTES:
            return "too_long"
        if len(self._queue) >= MAX_QUEUE:
            return "no_room"
        return "" if bucket.take(now_s) and self._all.take(now_s) else "too_many"


def values_of(varbinds: Iterable[tuple[str, object]]) -> tuple[tuple[str, int | str], ...]:
    """The numbers and printable texts among them."""
    found: list[tuple[str, int | str]] = []
    for oid, value in varbinds:
        if len(found) == MAX_VALUES:
            break
        if oid.startswith(ENVELOPES):
            continue
        if isinstance(value, int):
            found.append((oid, max(-(2**63), min(value, 2**63 - 1))))
        elif isinstance(value, bytes) and (text := _printable(value)):
            found.append((oid, text))
    return tuple(found)


def _printable(octets: bytes) -> str:
    """The text, or nothing where it is none."""
    text = octets.rstrip(b"\0").decode("utf-8", errors="replace").strip()
    return text[:MAX_TEXT] if text.isprintable() and "\ufffd" not in text else ""
