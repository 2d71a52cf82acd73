"""The HTTP listeners: a Unix socket for the command line, and a read-only one on loopback for scrapers.

The only file of this room that imports aiohttp (0.2 s): ``server.py`` has it imported in a thread.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from edgeagent.api.exposition import CONTENT_TYPE
from edgeagent.api.settings import ApiSettings
from edgeagent.model.errors import ConfigError

View = Callable[[], Mapping[str, object]]
MAX_SOCKET_PATH = 107
"""unix(7): sun_path holds 108 bytes with its zero."""
MAX_REQUEST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Views:
    """What is shown: JSON by path, the liveness, and the exposition."""

    pages: Mapping[str, View]
    health: View
    exposition: Callable[[], str]


class Listener:
    """Open it once and close it."""

    def __init__(self, settings: ApiSettings, socket_path: Path, views: Views) -> None:
        self._settings = settings
        self._socket_path = socket_path
        self._views = views
        self._runner = web.AppRunner(self._application(), access_log=None, handle_signals=False, shutdown_timeout=1.0)

    async def open(self) -> tuple[str, int] | None:
        """Listen; the address of the loopback listener, where there is one.

        Raises:
            ConfigError: the address or the socket's path cannot be used.
        """
        await self._runner.setup()
        await self._open_socket()
        if not self._settings.enabled:
            return None
        host, port = self._settings.host, self._settings.port
        try:
            await web.TCPSite(self._runner, host, port).start()
        except OSError as error:
            raise ConfigError(f"cannot listen on {host}:{port}: {error.strerror}; choose another api.port") from error
        return next((address[0], address[1]) for address in self._runner.addresses if isinstance(address, tuple))

    async def close(self) -> None:
        """Stop listening; safe twice, and before ``open``."""
        await self._runner.cleanup()
        self._socket_path.unlink(missing_ok=True)

    async def _open_socket(self) -> None:
        path = str(self._socket_path)
        if len(path.encode()) > MAX_SOCKET_PATH:
            raise ConfigError(f"cannot listen on {path}: a socket's path has at most {MAX_SOCKET_PATH} bytes")
        self._socket_path.unlink(missing_ok=True)
        await web.UnixSite(self._runner, path).start()
        self._socket_path.chmod(0o660)

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=MAX_REQUEST_BYTES)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/metrics", self._metrics)
        for path in self._views.pages:
            application.router.add_get(path, self._page)
        return application

    async def _healthz(self, _request: web.Request) -> web.Response:
        """200 while the daemon lives, 503 when it does not; the link's state is told beside it and decides nothing."""
        body = self._views.health()
        return web.json_response(body, status=200 if body["alive"] else 503)

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._views.exposition().encode(), headers={"Content-Type": CONTENT_TYPE})

    async def _page(self, request: web.Request) -> web.Response:
        body = json.dumps(self._views.pages[request.path](), default=str)
        return web.Response(body=body, content_type="application/json")
