"""systemd's notify protocol (sd_notify(3)) and the watchdog rule.

``WATCHDOG=1`` is sent from the loop, and only while the loop is on time and no critical Service is lost.
A broken link, a dead broker or a stuck uplink never stops it.
"""

import asyncio
import contextlib
import faulthandler
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import structlog

from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Histogram, Metrics

LEAST_PERIOD_S = 0.1
"""A watchdog below it cannot be kept: the loop would only ping, and dumps of running threads crash the interpreter."""
LAG_PROBE_S = 0.25
LAG_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notifier:
    """Sends datagrams to the service manager; does nothing where there is none."""

    address: str | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Notifier":
        """The manager named by ``NOTIFY_SOCKET``; a leading ``@`` is the abstract namespace."""
        address = environment.get("NOTIFY_SOCKET")
        return cls(f"\0{address[1:]}" if address and address.startswith("@") else address)

    def send(self, *lines: str) -> bool:
        """Send the assignments in one datagram; false when nobody took it."""
        if not self.address:
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as manager:
            manager.setblocking(False)
            try:
                manager.sendto("\n".join(lines).encode(), self.address)
            except OSError as error:
                log.warning("cannot notify the service manager", error=str(error))
                return False
        return True


def watchdog_s(environment: Mapping[str, str], pid: int) -> float | None:
    """The watchdog's period in seconds as the manager asks for it (``WATCHDOG_USEC``, for this ``WATCHDOG_PID``); one
    that cannot be kept is served at ``LEAST_PERIOD_S``, and the manager will say so.
    """
    if environment.get("WATCHDOG_PID", str(pid)) != str(pid):
        return None
    try:
        period_s = int(environment["WATCHDOG_USEC"]) / 1e6
    except (KeyError, ValueError):
        return None
    return max(period_s, LEAST_PERIOD_S) if period_s > 0 else None


class LoopLag:
    """How late the event loop wakes a sleeper; ``last_s`` is the latest sight."""

    def __init__(self, metrics: Metrics) -> None:
        self.last_s = 0.0
        self.histogram: Histogram = metrics.histogram(
            "edgeagent_loop_lag_seconds", "How late the event loop runs a due timer", LAG_BOUNDS_S
        )

    async def run(self) -> None:
        """Probe for ever."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + LAG_PROBE_S
            await asyncio.sleep(LAG_PROBE_S)
            self.last_s = max(0.0, loop.time() - due_s)
            self.histogram.observe(self.last_s)


class Watchdog:
    """Pings the manager four times per period while ``fault`` says None and the loop's lag is within half a period."""

    def __init__(
        self, clock: Clock, notifier: Notifier, period_s: float, lag: LoopLag, fault: Callable[[], str | None]
    ) -> None:
        self._clock = clock
        self._notifier = notifier
        self._period_s = period_s
        self._lag = lag
        self._fault = fault
        self._withheld = ""

    async def run(self) -> None:
        """Ping for ever; a withheld ping is logged once per reason, and half a missed period dumps all stacks."""
        try:
            while True:
                self.ping()
                await self._clock.sleep(self._period_s / 4)
        finally:
            faulthandler.cancel_dump_traceback_later()

    def ping(self) -> bool:
        """Send one ping if the rule allows; true when it was allowed."""
        why = self._fault() or self._late()
        if why:
            if why != self._withheld:
                log.critical("watchdog withheld", error=why)
            self._withheld = why
            return False
        self._withheld = ""
        self._notifier.send("WATCHDOG=1")
        with contextlib.suppress(ValueError, OSError):  # no usable standard error: the dump is a comfort, not a duty
            faulthandler.dump_traceback_later(self._period_s / 2, exit=False)
        return True

    def _late(self) -> str | None:
        limit_s = self._period_s / 2
        return f"the event loop was {self._lag.last_s:.1f} s late" if self._lag.last_s > limit_s else None
