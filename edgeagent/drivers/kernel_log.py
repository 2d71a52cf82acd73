"""The kernel's log, followed: lines of hardware in trouble become Events, and the device they speak of is read at once.

The base unit may not read it (ProtectKernelLogs); systemd/drop-ins/kernel-log.conf allows it. What stood in the log
before the agent came is not told. The same trouble of the same device is told once a minute, and counted in between.
"""

import asyncio
import errno
import os
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.drivers.kernel_line import Trouble, trouble
from edgeagent.model.event import Event

PART = "kernel log"
BEAT_S = 5.0
RETRY_S = 60.0
REPEAT_S = 60.0
MAX_KNOWN = 256
"""Troubles that are remembered to be told once; the one not seen for longest goes first."""
MAX_PER_MINUTE = 60
RECORD_BYTES = 8192
"""A shorter buffer than a record makes the kernel refuse the read (dev-kmsg); it keeps them below 8 kB."""
RECORDS_A_TURN = 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class KernelLogSettings:
    """The ``[kernel_log]`` table."""

    follow: bool = False
    path: Path = Path("/dev/kmsg")


def parse(reader: Reader) -> KernelLogSettings:
    """The keys of ``[kernel_log]``; mistakes go to the reader."""
    return KernelLogSettings(reader.boolean("follow", False), reader.file("path", Path("/dev/kmsg")))


class KernelLog:
    """A Service that follows the log. ``tell`` gets each Event, ``poke`` the word of the drivers that should look."""

    def __init__(
        self,
        settings: KernelLogSettings,
        clock: Clock,
        health: Health,
        metrics: Metrics,
        *,
        tell: Callable[[Event], None],
        poke: Callable[[str], None],
    ) -> None:
        self._path = settings.path
        self._clock = clock
        self._health = health
        self._tell = tell
        self._poke = poke
        self._told_s: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._budget_from_s = clock.now_s()
        self._budget = MAX_PER_MINUTE
        self._events = metrics.counter("edgeagent_kernel_log_events", "Lines of hardware in trouble that were told")
        self._repeats = metrics.counter("edgeagent_kernel_log_repeats", "Such lines left out as the same again")
        self._dropped = metrics.counter(
            "edgeagent_kernel_log_dropped", "Such lines left out because there were too many"
        )
        self._overruns = metrics.counter("edgeagent_kernel_log_overruns", "Times the kernel overwrote unread lines")

    @property
    def name(self) -> str:
        """Its name in logs, status and metrics."""
        return PART

    @property
    def beat_every_s(self) -> float:
        """Longer than any single wait."""
        return 3 * BEAT_S

    @property
    def critical(self) -> bool:
        """The agent goes on without it."""
        return False

    async def run(self, beat: Beat) -> None:
        """Follow the log until cancelled; where it may not be read, say so and try again now and then."""
        while True:
            beat()
            try:
                await self._follow(beat)
            except OSError as error:
                if self._health.set(PART, Level.DEGRADED, self._why_not(error)):
                    log.warning("kernel log cannot be followed", error=self._why_not(error))
            until_s = self._clock.now_s() + RETRY_S
            while self._clock.now_s() < until_s:
                beat()
                await self._clock.sleep(BEAT_S)

    def _why_not(self, error: OSError) -> str:
        if error.errno in {errno.EPERM, errno.EACCES, errno.ENOENT}:
            hint = "systemd/drop-ins/kernel-log.conf allows it; [kernel_log] follow = false does without"
            return f"cannot follow {self._path}: {error.strerror}; {hint}"
        return f"cannot follow {self._path}: {error.strerror or error}"

    async def _follow(self, beat: Beat) -> None:
        """Raises OSError when the log cannot be opened, or ends."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        loop, filled = asyncio.get_running_loop(), asyncio.Event()
        try:
            with suppress(OSError):  # what cannot be sought has no past
                os.lseek(descriptor, 0, os.SEEK_END)
            loop.add_reader(descriptor, filled.set)
            self._health.set(PART, Level.OK)
            while True:
                beat()
                filled.clear()
                if not self._take(descriptor):
                    with suppress(TimeoutError):
                        async with asyncio.timeout(BEAT_S):
                            await filled.wait()
                await asyncio.sleep(0)
        finally:
            loop.remove_reader(descriptor)
            os.close(descriptor)

    def _take(self, descriptor: int) -> bool:
        """Read some records; whether there may be more."""
        for _ in range(RECORDS_A_TURN):
            try:
                content = os.read(descriptor, RECORD_BYTES)
            except BlockingIOError:
                return False
            except BrokenPipeError:  # the kernel overwrote what was to be read next, and goes on with the oldest it has
                self._overruns.add()
                continue
            if not content:
                raise OSError(errno.EIO, "it has ended")
            for record in content.decode(errors="replace").splitlines():
                found = trouble(record)
                if found is not None:
                    self._consider(found)
        return True

    def _consider(self, found: Trouble) -> None:
        """Tell it and have the device read, unless it is the same again or too much."""
        key, now_s = (found.word, found.subject), self._clock.now_s()
        told_s = self._told_s.get(key)
        if told_s is not None and now_s - told_s < REPEAT_S:
            self._repeats.add(word=found.word)
            return
        if not self._may_tell(now_s):
            self._dropped.add()
            return
        self._told_s[key] = now_s
        self._told_s.move_to_end(key)
        while len(self._told_s) > MAX_KNOWN:
            self._told_s.popitem(last=False)
        self._events.add(word=found.word)
        self._tell(Event(PART, found.word, found.subject, found.text, found.severity, now_s))
        self._poke(found.driver)

    def _may_tell(self, now_s: float) -> bool:
        if now_s - self._budget_from_s >= REPEAT_S:
            self._budget_from_s, self._budget = now_s, MAX_PER_MINUTE
        self._budget -= 1
        return self._budget >= 0
