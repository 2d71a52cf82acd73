"""The local API as a Service: ``/healthz``, ``/metrics``, ``/v1/status`` and ``/v1/points``."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog

from edgeagent.api.exposition import render
from edgeagent.api.settings import ApiSettings
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.core.state import State

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from edgeagent.api.listener import Listener

BEAT_S = 2.0
YIELD_S = 0.25

log = structlog.get_logger(__name__)


class ApiServer:
    """Serves until cancelled; ``listening`` is set once it does, and ``address`` tells where on loopback."""

    name = "api"
    beat_every_s = 10.0
    critical = False

    def __init__(
        self,
        settings: ApiSettings,
        socket_path: Path,
        metrics: Metrics,
        state: State,
        *,
        status: "Callable[[], Mapping[str, object]]",
        points: "Callable[[], Mapping[str, object]]",
        health: "Callable[[], Mapping[str, object]]",
    ) -> None:
        self._settings = settings
        self._socket_path = socket_path
        self._metrics = metrics
        self._state = state
        self._pages = {"/v1/status": status, "/v1/points": points}
        self._health = health
        self.listening = asyncio.Event()
        self.address: tuple[str, int] | None = None

    async def run(self, beat: Beat) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: the address or the socket's path cannot be used.
        """
        # aiohttp takes 0.2 s to import: in a thread and a little later, the first polls and deliveries go before it.
        await asyncio.sleep(YIELD_S)
        module = await asyncio.to_thread(import_module, "edgeagent.api.listener")
        listener = self._listener(module)
        try:
            self.address = await listener.open()
            self.listening.set()
            if self.address:
                log.info("api listens", host=self.address[0], port=self.address[1])
            while True:
                beat()
                await asyncio.sleep(BEAT_S)
        finally:
            await listener.close()

    def _listener(self, module: "ModuleType") -> "Listener":
        views = module.Views(self._pages, self._health, lambda: render(self._metrics, self._state))
        return cast("Listener", module.Listener(self._settings, self._socket_path, views))
