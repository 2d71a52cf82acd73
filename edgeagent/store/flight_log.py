"""The files of the flight recording: a ring of bounded size, each file a run of gzip members, one for each flush.

A torn last member costs only itself. What the disk refuses is counted and told once; decisions never wait for it.
"""

import asyncio
import gzip
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import dropwhile
from pathlib import Path

import structlog

from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat

FILE_BYTES = 1024 * 1024
FILE_S = 3600.0
FLUSH_S = 10.0
MAX_WAITING_BYTES = 8 * 1024 * 1024
HEAD_BYTES = 2 * 1024 * 1024
"""So much must be free before a head is asked for: making one costs more than a line, and it would only be dropped."""
SUFFIX = ".jsonl.gz"
PART = "flight recording"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """A line that waits; a head begins a file."""

    content: bytes
    is_head: bool = False


class FlightLog:
    """A Service. ``append`` and ``begin`` only queue; see the port FlightFiles."""

    name = "flight recording"
    beat_every_s = 60.0
    critical = False

    def __init__(self, folder: Path, budget_bytes: int, clock: Clock, health: Health, metrics: Metrics) -> None:
        self._folder, self._budget_bytes = folder, budget_bytes
        self._clock, self._health = clock, health
        self._waiting: list[Line] = []
        self._waiting_bytes = 0
        self._soon = asyncio.Event()
        self._file: Path | None = None
        self._file_bytes = 0
        self._begun_s = 0.0
        self._full = True
        self._written = metrics.counter("edgeagent_flight_bytes", "Bytes of the flight recording written to the disk")
        self._dropped = metrics.counter("edgeagent_flight_lines_dropped", "Decisions that the flight recording lost")

    @property
    def wants_head(self) -> bool:
        """Whether the next line must begin a file, for which there is room."""
        ends = self._full or self._clock.now_s() - self._begun_s > FILE_S
        return ends and self._waiting_bytes <= MAX_WAITING_BYTES - HEAD_BYTES

    def begin(self, head: bytes) -> None:
        """Queue the head of a new file."""
        self._full, self._begun_s = False, self._clock.now_s()
        self._put(Line(head, is_head=True))

    def append(self, line: bytes, *, soon: bool = False) -> None:
        """Queue a line; ``soon`` has it written without waiting for the next turn. Without its head it is lost."""
        if self._full:
            self._dropped.add()
            return
        self._put(Line(line))
        if soon:
            self._soon.set()

    async def run(self, beat: Beat) -> None:
        """Write every 10 s until cancelled; what waits then is written too."""
        try:
            while True:
                await self._flush()
                beat()
                with suppress(TimeoutError):
                    async with asyncio.timeout(FLUSH_S):
                        await self._soon.wait()
        finally:
            await self._flush()

    def _put(self, line: Line) -> None:
        if self._waiting_bytes + len(line.content) > MAX_WAITING_BYTES:
            self._dropped.add()
            self._full = True  # what follows would not fit to what is there
            return
        self._waiting.append(line)
        self._waiting_bytes += len(line.content)

    async def _flush(self) -> None:
        """Write what waits; a thread cannot be stopped half-way, so who is cancelled meanwhile waits for it."""
        writing = asyncio.create_task(self._write_waiting())
        try:
            await asyncio.shield(writing)
        except asyncio.CancelledError:
            await asyncio.wait([writing])
            raise

    async def _write_waiting(self) -> None:
        self._soon.clear()
        lines, self._waiting, self._waiting_bytes = self._waiting, [], 0
        if not lines:
            return
        try:
            written = await asyncio.to_thread(self._write, lines)
        except OSError as error:
            self._lose(lines)
            message = f"cannot write to {self._folder}: {error.strerror}; what decisions were made from is not kept"
            if self._health.set(PART, Level.DEGRADED, message):
                log.warning("flight recording fails", error=message)
            return
        self._written.add(written)
        self._full = self._full or (self._file_bytes >= FILE_BYTES and not any(one.is_head for one in self._waiting))
        if self._health.get(PART) is not None:
            self._health.forget(PART)
            log.info("flight recording goes on")

    def _lose(self, lines: Sequence[Line]) -> None:
        """Lines that may not have been written, and those that wait for the same file: they mean nothing without."""
        kept = list(dropwhile(lambda one: not one.is_head, self._waiting))
        self._dropped.add(len(lines) + len(self._waiting) - len(kept))
        self._waiting, self._waiting_bytes = kept, sum(len(one.content) for one in kept)
        self._full = self._full or not kept

    def _write(self, lines: Sequence[Line]) -> int:
        """On a thread: each stretch between heads is one member of its file."""
        written, stretch = 0, list[bytes]()
        for line in lines:
            if line.is_head:
                written += self._member(stretch)
                stretch = []
                self._next_file()
            stretch.append(line.content)
        return written + self._member(stretch)

    def _member(self, stretch: Sequence[bytes]) -> int:
        if not stretch or self._file is None:
            return 0
        packed = gzip.compress(b"".join(stretch), 6, mtime=0)
        with self._file.open("ab") as file:
            file.write(packed)
        self._file_bytes += len(packed)
        return len(packed)

    def _next_file(self) -> None:
        self._folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        there = recordings(self._folder)
        number = int(there[-1].name.partition(".")[0]) + 1 if there else 1
        self._file, self._file_bytes = self._folder / f"{number:06}{SUFFIX}", 0
        sizes = {path: path.stat().st_size for path in there}
        for path in there:
            if sum(sizes.values()) <= self._budget_bytes - FILE_BYTES:
                break
            path.unlink(missing_ok=True)
            del sizes[path]


def recordings(folder: Path) -> list[Path]:
    """The files of a folder, oldest first; none where it does not exist.

    Raises:
        OSError: it cannot be looked at.
    """
    found = list(folder.iterdir()) if folder.is_dir() else []
    mine = (path for path in found if path.name.endswith(SUFFIX) and path.name.partition(".")[0].isdecimal())
    return sorted(mine, key=lambda path: int(path.name.partition(".")[0]))
