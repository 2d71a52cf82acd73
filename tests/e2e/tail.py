"""The test's own log of what the journal confirmed: a reader that copies each committed row before it is deleted."""

import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

LOOK_EVERY_S = 0.02
Key = tuple[int, int]
ROWS = """SELECT epoch, place & 0xFFFFFFFFFF, content FROM records
JOIN epochs ON slot = place >> 40 AND stream = 3"""
"""A record's place is its epoch's slot (upper bits) and its sequence (lower 40 bits)."""


@dataclass(frozen=True)
class Row:
    epoch: int
    sequence: int
    content: bytes


class JournalTail:
    """Follows ``telemetry.db`` from a thread, read-only, over restarts and restored files."""

    def __init__(self, state: Path) -> None:
        self._path = state / "telemetry.db"
        self._stop = threading.Event()
        self._pause = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="journal tail")
        self.rows: dict[Key, bytes] = {}
        self.conflicts: list[Key] = []
        """Keys under which the journal showed two contents: a sequence that was used twice."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(10)

    def _follow(self) -> None:
        while not self._stop.wait(LOOK_EVERY_S):
            try:
                self._session()
            except sqlite3.Error:
                continue  # not there yet, or being replaced: look again

    def _session(self) -> None:
        inode = self._path.stat().st_ino if self._path.exists() else None
        if inode is None:
            return
        connection = sqlite3.connect(f"file:{self._path}?mode=ro", uri=True, timeout=0.5)
        try:
            while not self._stop.wait(LOOK_EVERY_S):
                if not self._path.exists() or self._path.stat().st_ino != inode:
                    return
                for epoch, sequence, content in connection.execute(ROWS):
                    if self.rows.setdefault((epoch, sequence), content) != content:
                        self.conflicts.append((epoch, sequence))
        finally:
            connection.close()
