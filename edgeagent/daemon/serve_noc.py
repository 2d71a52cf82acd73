"""Running the NOC end: its Services under the same supervisor as the pod's."""

import asyncio
import signal

import structlog

from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.daemon import logs
from edgeagent.daemon.supervisor import Supervisor
from edgeagent.noc.service import open_noc
from edgeagent.noc.settings import NocSettings

log = structlog.get_logger(__name__)


def run(settings: NocSettings) -> int:
    """Serve until SIGTERM or Ctrl-C; the exit code.

    Raises:
        ConfigError: the key cannot be used.
        StoreError: the database cannot be used.
    """
    logs.configure("info")
    asyncio.run(_serve(settings))
    return 0


async def _serve(settings: NocSettings) -> None:
    clock, metrics = SystemClock(), Metrics()
    health = Health(clock)
    noc = open_noc(settings, clock=clock, health=health, metrics=metrics)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    supervisor = Supervisor(clock, health, metrics)
    for service in noc.services:
        supervisor.add(service)
    log.info("noc serves", broker=str(settings.broker), database=str(settings.database))
    try:
        await supervisor.run(stop)
    finally:
        await noc.close()
        log.info("noc stopped")
