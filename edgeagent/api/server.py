"""The HTTP server: a Unix socket for the command line, and a read-only listener on loopback for scrapers."""

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from aiohttp import web

from edgeagent.api.exposition import CONTENT_TYPE, render
from edgeagent.api.settings import ApiSettings
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.core.state import State
from edgeagent.model.errors import ConfigError

View = Callable[[], Mapping[str, object]]
MAX_SOCKET_PATH = 107
"""unix(7): sun_path holds 108 bytes with its zero."""
BEAT_S = 2.0

log = structlog.get_logger(__name__)


class ApiServer:
    """The Service that answers ``/healthz``, ``/metrics``, ``/v1/status`` and ``/v1/points``."""

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
        status: View,
        points: View,
        health: View,
    ) -> None:
        self._settings = settings
        self._socket_path = socket_path
        self._metrics = metrics
        self._state = state
        self._views = {"/v1/status": status, "/v1/points": points}
        self._health = health
        self.address: tuple[str, int] | None = None
        """Where the loopback listener stands, once it does."""

    async def run(self, beat: Beat) -> None:
        """Serve until cancelled.

        Raises:
            ConfigError: the address or the socket's path cannot be used.
        """
        runner = web.AppRunner(self._application(), access_log=None, handle_signals=False, shutdown_timeout=1.0)
        await runner.setup()
        try:
            await self._listen(runner)
            while True:
                beat()
                await asyncio.sleep(BEAT_S)
        finally:
            await runner.cleanup()
            self._socket_path.unlink(missing_ok=True)

    async def _listen(self, runner: web.AppRunner) -> None:
        path = str(self._socket_path)
        if len(path.encode()) > MAX_SOCKET_PATH:
            raise ConfigError(f"cannot listen on {path}: a socket's path has at most {MAX_SOCKET_PATH} bytes")
        self._socket_path.unlink(missing_ok=True)
        await web.UnixSite(runner, path).start()
        self._socket_path.chmod(0o660)
        if not self._settings.enabled:
            return
        host, port = self._settings.host, self._settings.port
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; choose another api.port") from error
        self.address = next((a[0], a[1]) for a in runner.addresses if isinstance(a, tuple))
        log.info("api listens", host=self.address[0], port=self.address[1])

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=64 * 1024)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/metrics", self._metrics_page)
        for path in self._views:
            application.router.add_get(path, self._view)
        return application

    async def _healthz(self, _request: web.Request) -> web.Response:
        """200 while the daemon lives, 503 when it does not; the link's state is told beside it and decides nothing."""
        body = self._health()
        return web.json_response(body, status=200 if body["alive"] else 503)

    async def _metrics_page(self, _request: web.Request) -> web.Response:
        text = render(self._metrics, self._state)
        return web.Response(body=text.encode(), headers={"Content-Type": CONTENT_TYPE})

    async def _view(self, request: web.Request) -> web.Response:
        return web.Response(body=json.dumps(self._views[request.path](), default=str), content_type="application/json")
