"""The local API as a Service: the page and its events, ``/healthz``, ``/metrics`` and the views under ``/v1``."""

import asyncio
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

import structlog

from edgeagent.api.exposition import render
from edgeagent.api.history import History
from edgeagent.api.live import Live, Section
from edgeagent.api.settings import ApiSettings
from edgeagent.api.site_view import site_view
from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat, Operations
from edgeagent.core.state import State
from edgeagent.model.site import Site

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import ModuleType

    from edgeagent.api.listener import Listener

TICK_S = 1.0
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
        clock: Clock,
        *,
        status: "Callable[[], Mapping[str, object]]",
        points: "Callable[[], Mapping[str, object]]",
        health: "Callable[[], Mapping[str, object]]",
        site: "Callable[[], Site]",
        sections: "Mapping[str, Section]",
        explain: "Callable[[str], Awaitable[Mapping[str, object] | None]]",
        operations: Operations,
    ) -> None:
        self._settings = settings
        self._socket_path = socket_path
        self._metrics = metrics
        self._state = state
        self._clock = clock
        self._live = Live(state, clock, status, site, sections)
        self._history = History(state)
        self._pages = {
            "/v1/status": lambda: {**status(), "page": self.url},
            "/v1/points": points,
            "/v1/site": lambda: site_view(site()),
            **{f"/v1/{name}": section.view for name, section in sections.items()},
        }
        self._health = health
        self._explain, self._operations = explain, operations
        left_out = metrics.gauge("edgeagent_history_points_left_out", "Points whose last hour found no room in memory")
        metrics.collector(lambda: left_out.set(self._history.left_out))
        self.listening = asyncio.Event()
        self.address: tuple[str, int] | None = None

    @property
    def url(self) -> str | None:
        """Where the page is, once it is served."""
        if self.address is None:
            return None
        host, port = self.address
        return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"

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
                self._history.sample(self._clock.now_s())
                self._live.tick()
                await self._clock.sleep(TICK_S)
        finally:
            await listener.close()

    def _listener(self, module: "ModuleType") -> "Listener":
        views = module.Views(
            pages=self._pages,
            health=self._health,
            exposition=lambda: render(self._metrics, self._state),
            live=self._live,
            history=self._history,
            metrics=self._metrics,
            explain=self._explain,
            operations=self._operations,
        )
        return cast("Listener", module.Listener(self._settings, self._socket_path, views))
