"""The watchdog is stroked only while the loop is on time and no critical Service is lost."""

import asyncio
import faulthandler
import socket
import time
from pathlib import Path

from edgeagent.core.clock import ManualClock, SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.daemon.supervisor import Supervisor
from edgeagent.daemon.systemd import LEAST_PERIOD_S, LoopLag, Notifier, Watchdog, watchdog_s


class Manager:
    """The service manager's end of the socket."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)

    def received(self) -> list[str]:
        lines: list[str] = []
        while True:
            try:
                lines += self._socket.recv(4096).decode().split("\n")
            except BlockingIOError:
                return lines

    def close(self) -> None:
        self._socket.close()


def test_without_a_manager_nothing_is_sent() -> None:
    assert Notifier.from_environment({}).send("READY=1") is False


def test_an_abstract_address_starts_with_a_zero_byte() -> None:
    assert Notifier.from_environment({"NOTIFY_SOCKET": "@x"}).address == "\0x"


def test_a_manager_that_went_away_is_no_failure(tmp_path: Path) -> None:
    assert Notifier(str(tmp_path / "gone")).send("READY=1") is False


def test_the_period_is_read_for_this_process_only() -> None:
    environment = {"WATCHDOG_USEC": "10000000", "WATCHDOG_PID": "42"}
    assert watchdog_s(environment, 42) == 10.0
    assert watchdog_s(environment, 43) is None
    assert watchdog_s({"WATCHDOG_USEC": "nonsense"}, 1) is None
    assert watchdog_s({"WATCHDOG_USEC": "0"}, 1) is None
    assert watchdog_s({}, 1) is None


async def test_a_healthy_daemon_strokes_the_watchdog_four_times_per_period(tmp_path: Path) -> None:
    manager = Manager(tmp_path / "notify")
    clock, metrics = ManualClock(), Metrics()
    watchdog = Watchdog(clock, Notifier(str(manager.path)), 10.0, LoopLag(metrics), lambda: None)
    task = asyncio.create_task(watchdog.run())
    await clock.advance(19.9)
    task.cancel()
    await asyncio.wait([task])
    assert manager.received().count("WATCHDOG=1") == 8
    manager.close()


async def test_a_lost_critical_service_withholds_the_watchdog_and_a_stuck_uplink_does_not(tmp_path: Path) -> None:
    for name, critical, expected in (("cycle", True, 0), ("uplink", False, 4)):
        manager = Manager(tmp_path / f"notify-{name}")
        clock, released = ManualClock(), asyncio.Event()

        class Stubborn:
            beat_every_s = 2.0

            def __init__(self, name: str, critical: bool, released: asyncio.Event) -> None:
                self.name, self.critical, self._released = name, critical, released

            async def run(self, _beat: Beat) -> None:
                while not self._released.is_set():
                    try:
                        await self._released.wait()
                    except asyncio.CancelledError:
                        continue

        supervisor = Supervisor(clock, Health(clock), Metrics())
        supervisor.add(Stubborn(name, critical, released))
        stop = asyncio.Event()
        supervising = asyncio.create_task(supervisor.run(stop))
        watchdog = Watchdog(clock, Notifier(str(manager.path)), 10.0, LoopLag(Metrics()), supervisor.fault)
        stroking = asyncio.create_task(watchdog.run())
        await clock.advance(30)
        manager.received()
        await clock.advance(10)
        assert manager.received().count("WATCHDOG=1") == expected, name
        released.set()
        stop.set()
        stroking.cancel()
        await asyncio.wait([supervising, stroking])
        manager.close()


async def test_a_frozen_loop_is_seen_as_late_and_withholds_the_next_stroke() -> None:
    metrics = Metrics()
    lag = LoopLag(metrics)
    probing = asyncio.create_task(lag.run())
    watchdog = Watchdog(SystemClock(), Notifier(None), 0.4, lag, lambda: None)
    await asyncio.sleep(0.25)
    assert watchdog.ping() is True
    time.sleep(0.6)  # noqa: ASYNC251 - the frozen loop is the case under test
    await asyncio.sleep(0)
    async with asyncio.timeout(5):
        while lag.last_s < 0.2:
            await asyncio.sleep(0.01)
    assert watchdog.ping() is False
    probing.cancel()
    await asyncio.wait([probing])
    faulthandler.cancel_dump_traceback_later()


def test_a_watchdog_too_short_to_keep_is_served_at_a_pace_that_crashes_nothing() -> None:
    assert watchdog_s({"WATCHDOG_USEC": "1"}, 7) == LEAST_PERIOD_S
    assert watchdog_s({"WATCHDOG_USEC": "10000000"}, 7) == 10.0
