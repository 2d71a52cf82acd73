"""Running the daemon: configuration, wiring, signals, the watchdog, and an orderly end."""

import asyncio
import faulthandler
import os
import signal
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from edgeagent import __version__
from edgeagent.core import memory
from edgeagent.core.clock import SystemClock
from edgeagent.daemon import logs
from edgeagent.daemon.configuration import Configuration, check, read
from edgeagent.daemon.systemd import Notifier, Watchdog, watchdog_s
from edgeagent.daemon.wiring import Daemon, wire
from edgeagent.model.errors import ConfigError

STATUS_EVERY_S = 5.0
API_PATIENCE_S = 5.0

log = structlog.get_logger(__name__)


def run(config: Path, environment: Mapping[str, str]) -> int:
    """Run until SIGTERM or SIGINT, reload on SIGHUP; the exit code.

    Raises:
        ConfigError: the configuration has mistakes, or a folder cannot be used.
        StoreError: another daemon uses the state folder, or a newer one wrote it.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a reload asked for too early kills nobody: the files are read now
    configuration = read(config, environment)
    logs.configure(configuration.daemon.log_level)
    faulthandler.enable()
    for folder in (configuration.daemon.state, configuration.daemon.runtime):
        _own(folder)
    asyncio.run(_serve(configuration, config, environment))
    return 0


def _own(folder: Path) -> None:
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"cannot make the folder {folder}: {error.strerror}") from error
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        raise ConfigError(f"cannot use the folder {folder}: permission denied")


async def _serve(configuration: Configuration, config: Path, environment: Mapping[str, str]) -> None:
    clock, notifier = SystemClock(), Notifier.from_environment(environment)
    daemon = wire(configuration, clock, lambda: check(config, environment), notifier)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, daemon, stop, number)
    loop.add_signal_handler(signal.SIGHUP, daemon.reload.request)
    log.info("starting", version=__version__, pod=f"{configuration.daemon.site}/{configuration.daemon.pod}")
    daemon.store.audit("daemon", "start", f"version {__version__}, process {os.getpid()}")
    helpers = [asyncio.create_task(daemon.lag.run()), asyncio.create_task(_tell(daemon, notifier, clock))]
    period_s = watchdog_s(environment, os.getpid())
    if period_s is not None:
        watchdog = Watchdog(clock, notifier, period_s, daemon.lag, daemon.supervisor.fault)
        helpers.append(asyncio.create_task(watchdog.run()))
    try:
        await daemon.supervisor.run(stop)
    finally:
        notifier.send("STOPPING=1")
        for helper in helpers:
            helper.cancel()
        await asyncio.gather(*helpers, return_exceptions=True)
        await daemon.protection.prepare.close()
        await daemon.book.settle()
        await daemon.store.close()
        log.info("stopped")


def _stop(daemon: Daemon, stop: asyncio.Event, number: signal.Signals) -> None:
    if not stop.is_set():
        # Before the last delivery, so that the NOC reads it.
        daemon.store.audit("daemon", "stop", number.name)
    stop.set()


async def _tell(daemon: Daemon, notifier: Notifier, clock: SystemClock) -> None:
    """READY once every Service runs and the local API answers, never waiting for a device or the NOC."""
    await daemon.supervisor.started.wait()
    with suppress(TimeoutError):  # an API that cannot listen says so itself, and the pod runs without it
        async with asyncio.timeout(API_PATIENCE_S):
            await daemon.api.listening.wait()
    memory.settle()
    notifier.send("READY=1", f"MAINPID={os.getpid()}")
    daemon.reload.ready.set()
    daemon.protection.prepare.ready.set()
    while True:
        notifier.send(f"STATUS={daemon.status.sentence()}")
        await clock.sleep(STATUS_EVERY_S)
