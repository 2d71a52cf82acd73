"""What waits for the next group commit, bounded; and what was lost before it got a sequence, counted by reason."""

import threading
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from edgeagent.model.journal import Position, Stream

Made = Callable[[str], bytes]
"""Makes a record from the audit head that stands before it (hexadecimal)."""


@dataclass(frozen=True, slots=True)
class Queued:
    """A record on its way; ``done`` is told its position."""

    stream: Stream
    content: bytes | Made
    size: int
    done: Future[Position] | None = None

    def made(self, head: str) -> bytes:
        """The record's bytes."""
        return self.content if isinstance(self.content, bytes) else self.content(head)


class Queue:
    """First in, first out, between the event loop and a writer thread; a full one refuses.

    Facts wait beside the records, the newest of each name. A fact is taken after the records that were queued before
    it, and before those that were queued after it, or together with them.
    """

    def __init__(self, limit_records: int, limit_bytes: int) -> None:
        self._limit_records = limit_records
        self._limit_bytes = limit_bytes
        self._lock = threading.Lock()
        self._items: deque[Queued] = deque()
        self._bytes = 0
        self._facts: dict[str, object] = {}

    def __len__(self) -> int:
        return len(self._items)

    @property
    def half_full(self) -> bool:
        """Time to commit early."""
        return len(self._items) * 2 > self._limit_records or self._bytes * 2 > self._limit_bytes

    def put(self, item: Queued) -> bool:
        """Take the item; false when there is no room. One that somebody waits for always finds room."""
        with self._lock:
            full = len(self._items) >= self._limit_records or self._bytes + item.size > self._limit_bytes
            if full and item.done is None:
                return False
            self._items.append(item)
            self._bytes += item.size
            return True

    def note(self, facts: Mapping[str, object]) -> None:
        """Have facts wait; they replace those of the same name."""
        with self._lock:
            self._facts |= facts

    def note_again(self, facts: Mapping[str, object]) -> None:
        """Have facts wait that were taken and could not be written, unless there are newer ones."""
        with self._lock:
            self._facts = {**facts, **self._facts}

    def take(self, limit: int) -> list[Queued]:
        """The oldest items, at most ``limit``."""
        with self._lock:
            return self._take(limit)

    def take_all(self, limit: int) -> tuple[list[Queued], dict[str, object]]:
        """The oldest items, at most ``limit``; and the facts, unless older items than they stay behind."""
        with self._lock:
            taken = self._take(limit)
            if self._items:
                return taken, {}
            facts, self._facts = self._facts, {}
            return taken, facts

    def _take(self, limit: int) -> list[Queued]:
        taken = [self._items.popleft() for _ in range(min(limit, len(self._items)))]
        self._bytes -= sum(item.size for item in taken)
        return taken


class Losses:
    """Records that never got a sequence and are not yet counted on the disk: (stream, reason) → number."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[tuple[Stream, str]] = Counter()

    def add(self, stream: Stream, reason: str, count: int = 1) -> None:
        """Count some."""
        with self._lock:
            self._counts[stream, reason] += count

    def of(self, stream: Stream) -> dict[str, int]:
        """What one stream lost, by reason."""
        with self._lock:
            return {reason: count for (name, reason), count in self._counts.items() if name is stream}

    def written(self, stream: Stream, counts: dict[str, int]) -> None:
        """The disk has these now."""
        with self._lock:
            for reason, count in counts.items():
                self._counts[stream, reason] -= count
            self._counts = +self._counts
