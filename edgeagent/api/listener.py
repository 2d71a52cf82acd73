"""The HTTP listeners: a Unix socket for the command line, and a read-only one on loopback for scrapers.

With ``acts.py``, ``guard.py`` and ``events.py`` all of this room that imports aiohttp (0.2 s): ``server.py`` has it
imported in a thread.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from aiohttp import web

from edgeagent.api.acts import Acts
from edgeagent.api.events import Events
from edgeagent.api.exposition import CONTENT_TYPE
from edgeagent.api.files import PageFile, load_pages
from edgeagent.api.guard import add_headers, guard
from edgeagent.api.history import STEP_S, History
from edgeagent.api.live import Live
from edgeagent.api.settings import ApiSettings
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Operations
from edgeagent.model.errors import ConfigError
from edgeagent.model.points import PointId

View = Callable[[], Mapping[str, object]]
Explain = Callable[[str], Awaitable[Mapping[str, object] | None]]
"""Of a load, an alarm, an interlock or a decision; of everything where the name is empty. None: nothing is so named."""
MAX_SOCKET_PATH = 107
"""unix(7): sun_path holds 108 bytes with its zero."""
MAX_REQUEST_BYTES = 64 * 1024
MAX_HISTORIES = 128
"""Points in one answer of ``/v1/history``."""


@dataclass(frozen=True, slots=True)
class Views:
    """What is shown: JSON by path, the liveness, the exposition, the page's events and its charts; and what is done."""

    pages: Mapping[str, View]
    health: View
    exposition: Callable[[], str]
    live: Live
    history: History
    metrics: Metrics
    explain: Explain
    operations: Operations


class Listener:
    """Open it once and close it."""

    def __init__(self, settings: ApiSettings, socket_path: Path, views: Views) -> None:
        self._settings = settings
        self._socket_path = socket_path
        self._views = views
        self._files = load_pages()
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
        application = web.Application(client_max_size=MAX_REQUEST_BYTES, middlewares=[guard])
        application.on_response_prepare.append(add_headers)
        application.on_shutdown.append(self._send_away)
        application.router.add_get("/healthz", self._healthz)
        application.router.add_get("/metrics", self._metrics)
        application.router.add_get("/v1/events", Events(self._views.live, self._views.metrics).handle, allow_head=False)
        application.router.add_get("/v1/history", self._history)
        application.router.add_get("/v1/explain", self._explain)
        application.router.add_get("/v1/explain/{name:.{1,200}}", self._explain)
        application.router.add_post("/v1/do/{operation}", Acts(self._views.operations, self._settings.operators).handle)
        for path in self._files:
            application.router.add_get(path, self._file)
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
        return _json(self._views.pages[request.path]())

    async def _explain(self, request: web.Request) -> web.Response:
        """What is so and why, in sentences; 404 for a name that nothing has."""
        name = request.match_info.get("name", "")
        found = await self._views.explain(name)
        if found is None:
            raise web.HTTPNotFound(text=f"cannot explain {name}: no load, alarm, interlock or decision has this name\n")
        return _json(found)

    async def _history(self, request: web.Request) -> web.Response:
        """``?point=`` once or more: the last hour of each, null for a gap; null of what nothing is kept."""
        names = [PointId(name) for name in request.query.getall("point", [])]
        if not 1 <= len(names) <= MAX_HISTORIES:
            raise web.HTTPBadRequest(text=f"cannot tell a history: name 1 to {MAX_HISTORIES} points with ?point=\n")
        history = self._views.history
        values = {name: history.values(name) if name in history else None for name in names}
        return _json({"step_s": STEP_S, "end_s": history.end_s, "points": values})

    async def _file(self, request: web.Request) -> web.Response:
        page = self._files[request.path]
        headers = {"ETag": f'"{page.etag}"', "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
        if any(tag.value == page.etag for tag in request.if_none_match or ()):
            return web.Response(status=304, headers=headers)
        if "gzip" not in request.headers.get("Accept-Encoding", ""):
            return _file(page, page.body, headers)
        return _file(page, page.packed, {**headers, "Content-Encoding": "gzip"})

    async def _send_away(self, _application: web.Application) -> None:
        self._views.live.close()


def _json(body: object) -> web.Response:
    # msgspec: of all points of a big pod, the standard library's encoder would hold the loop for a tenth of a second.
    return web.Response(body=msgspec.json.encode(body, enc_hook=_plain), content_type="application/json")


def _plain(value: object) -> object:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _file(page: PageFile, body: bytes, headers: Mapping[str, str]) -> web.Response:
    return web.Response(body=body, content_type=page.content_type, charset="utf-8", headers=headers)
