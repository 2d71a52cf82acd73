"""Time from outside: CLOCK_BOOTTIME and the boot it belongs to, wall time only as a hint.

``ManualClock`` is the double that tests and replays use: time moves only when it is told to.
"""

import asyncio
import heapq
import itertools
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

YEAR_2020_S = 1_577_836_800.0
"""No release of this program is older: an earlier wall clock has not been set."""


class Clock(Protocol):
    """The times a room may know. ``now_s`` goes on while the machine sleeps and never steps."""

    @property
    def boot_id(self) -> str:
        """Which boot ``now_s`` counts from: 32 hexadecimal digits."""

    def now_s(self) -> float:
        """CLOCK_BOOTTIME in seconds."""

    def wall_s(self) -> float:
        """The wall clock in seconds since 1970; it may be wrong, and it may step."""

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less only yields."""

    async def wait(self, woken: asyncio.Future[None], seconds: float) -> None:
        """Sleep, but no longer than until somebody sets the future, which is new; afterwards it is done."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """One sight of wall time beside boot time, so that records written at "1970" find their time later."""

    boot_id: str
    boottime_s: float
    wall_s: float
    trusted: bool

    @classmethod
    def of(cls, clock: Clock) -> "Anchor":
        """Both times now; trusted when the wall clock is later than this program can be old."""
        wall_s = clock.wall_s()
        return cls(clock.boot_id, clock.now_s(), wall_s, wall_s > YEAR_2020_S)

    def stepped_s(self, later: "Anchor") -> float:
        """How far the wall clock moved against boot time between this sight and a later one of the same boot."""
        return (later.wall_s - self.wall_s) - (later.boottime_s - self.boottime_s)

    def shift_s(self, later: "Anchor") -> float:
        """What to add to a boot time of this sight to have it in the boot of a later one.

        By wall time where both can be trusted; else as if the later boot had begun at this sight. It cannot have begun
        before it, whatever the wall clock says.
        """
        if later.boot_id == self.boot_id:
            return 0.0
        if self.trusted and later.trusted:
            return min(-self.stepped_s(later), -self.boottime_s)
        return -self.boottime_s


class SystemClock:
    """The machine's own clocks."""

    def __init__(self, boot_id_file: Path = Path("/proc/sys/kernel/random/boot_id")) -> None:
        self._boot_id = boot_id_file.read_text(encoding="ascii").strip().replace("-", "")

    @property
    def boot_id(self) -> str:
        """The kernel's random boot id."""
        return self._boot_id

    def now_s(self) -> float:
        """CLOCK_BOOTTIME in seconds."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wall_s(self) -> float:
        """The wall clock in seconds since 1970."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait on the event loop's monotonic clock."""
        await asyncio.sleep(max(0.0, seconds))

    async def wait(self, woken: asyncio.Future[None], seconds: float) -> None:
        """Wait on the event loop's monotonic clock. One timer and no task: every device waits so after every poll."""
        timer = asyncio.get_running_loop().call_later(max(0.0, seconds), _wake, woken)
        try:
            await woken
        finally:
            timer.cancel()


class ManualClock:
    """A clock that stands still until ``advance`` moves it; sleepers wake in the order of their times."""

    def __init__(self, now_s: float = 1000.0, wall_s: float = 1_790_000_000.0, boot_id: str = "0" * 32) -> None:
        self._now_s = now_s
        self._wall_s = wall_s
        self._boot_id = boot_id
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    @property
    def boot_id(self) -> str:
        """The boot id it was made with."""
        return self._boot_id

    @property
    def sleepers(self) -> int:
        """How many tasks wait for time to pass."""
        return sum(not future.done() for _, _, future in self._sleepers)

    def now_s(self) -> float:
        """The time that tests set."""
        return self._now_s

    def wall_s(self) -> float:
        """The wall time that tests set."""
        return self._wall_s

    def step_wall(self, seconds: float) -> None:
        """Move only the wall clock, as NTP or a person does."""
        self._wall_s += seconds

    async def sleep(self, seconds: float) -> None:
        """Wait until ``advance`` passes the moment."""
        await self.wait(asyncio.get_running_loop().create_future(), seconds)

    async def wait(self, woken: asyncio.Future[None], seconds: float) -> None:
        """Wait until ``advance`` passes the moment, or somebody sets the future."""
        if seconds > 0:
            heapq.heappush(self._sleepers, (self._now_s + seconds, next(self._order), woken))
            await woken
            return
        await asyncio.sleep(0)
        _wake(woken)

    async def advance(self, seconds: float) -> None:
        """Let time pass, waking each sleeper at its own moment and letting it run.

        Only what waits for this clock gets its turns; wait for sockets and threads by a condition.

        Raises:
            ValueError: time does not go back.
        """
        if seconds < 0:
            raise ValueError(f"cannot advance by {seconds:g} s: time does not go back")
        end_s = self._now_s + seconds
        await _settle()
        while self._sleepers and self._sleepers[0][0] <= end_s:
            moment_s, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self._move(moment_s)
            future.set_result(None)
            await _settle()
        self._move(end_s)

    def _move(self, moment_s: float) -> None:
        moment_s = max(moment_s, self._now_s)  # another may have advanced further meanwhile
        self._wall_s += moment_s - self._now_s
        self._now_s = moment_s


def _wake(sleeper: asyncio.Future[None]) -> None:
    if not sleeper.done():
        sleeper.set_result(None)


async def _settle() -> None:
    # Woken tasks need a few turns of the loop until they wait again.
    for _ in range(20):
        await asyncio.sleep(0)
