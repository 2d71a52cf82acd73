"""A Redfish service (DSP0266) over HTTP or HTTPS: a tree of resources, sessions, ETags, and what can go wrong.

It binds 127.0.0.1 on a free port. ``faulty`` breaks it as any server; ``wrong_units`` has it misname units as real
services do, and `drop_sessions` forgets who was logged in.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import math
import secrets
import ssl
from typing import Any

from aiohttp import web

from firmware_stubs.faulty import Faulty
from firmware_stubs.redfish_tree import ROOT, Body, Rejected, Tree

SESSIONS = f"{ROOT}/SessionService/Sessions"
MOST_SESSIONS = 4
MISNAMED = {"Cel": "C", "kW.h": "kW", "{rev}/min": "rev", "L/min": "L"}


class RedfishServer:
    """One service. Without a user everybody may do everything."""

    def __init__(
        self,
        tree: Tree,
        *,
        user: str = "",
        password: str = "",
        tls: ssl.SSLContext | None = None,
        faulty: Faulty | None = None,
    ) -> None:
        self.tree = tree
        self.faulty = faulty or Faulty()
        self.wrong_units = False
        self.requests: list[str] = []
        self.sessions: dict[str, str] = {}
        self._user = user
        self._password = password
        self._tls = tls
        self._runner: web.AppRunner | None = None
        self._frozen: dict[str, Body] = {}
        self._closing = asyncio.Event()
        self.port = 0

    @property
    def address(self) -> str:
        """Where it is, as an address of the agent's configuration."""
        return f"{'redfish' if self._tls else 'redfish+http'}://127.0.0.1:{self.port}"

    async def open(self) -> None:
        """Listen."""
        self._closing.clear()
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=self._tls)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        """Stop listening; safe twice. It may be opened again, on the same port."""
        self._closing.set()  # nobody is kept waiting
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def drop_sessions(self) -> None:
        """Forget who is logged in, as a restart of the service does."""
        self.sessions.clear()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(f"{request.method} {request.path_qs}")
        faulty = self.faulty
        if faulty.mute or faulty.slow_s:
            await self._pause(math.inf if faulty.mute else faulty.slow_s)
        if faulty.take_reset() and request.transport is not None:
            request.transport.abort()
        if faulty.garbage:
            return web.Response(body=b'{"Members": [{"@odata.id": "/redf\xff', content_type="application/json")
        if faulty.status_code:
            return _error(faulty.status_code, "The service is not able to answer now.")
        path = request.path.rstrip("/")
        if path == SESSIONS and request.method == "POST":
            return self._login(await _content(request))
        if path != ROOT and not self._may(request):
            return _error(401, "There is no valid session.")
        return await self._answer(request, path)

    async def _pause(self, for_s: float) -> None:
        try:
            async with asyncio.timeout(None if math.isinf(for_s) else for_s):
                await self._closing.wait()
        except TimeoutError:
            return

    async def _answer(self, request: web.Request, path: str) -> web.StreamResponse:
        if request.method == "GET":
            return self._get(path, expand="$expand" in request.query)
        if request.method == "DELETE" and path.startswith(SESSIONS + "/"):
            gone = [token for token, place in self.sessions.items() if place == path]
            for token in gone:
                del self.sessions[token]
            return web.Response(status=204 if gone else 404)
        if self.faulty.refuse_writes:
            return _error(403, "There are insufficient privileges for the requested operation.")
        if request.method == "PATCH" and path in self.tree.changes:
            return await self._change(request, path)
        if request.method == "POST" and path in self.tree.actions:
            return await self._act(request, path)
        return _error(405 if self.tree.body(path) else 404, f"{request.method} is not possible here.")

    def _get(self, path: str, *, expand: bool) -> web.Response:
        body = self._told(path, expand=expand)
        if body is None:
            return _error(404, f"There is no resource at {path}.")
        return web.json_response(body, headers={"ETag": _etag(body)})

    async def _change(self, request: web.Request, path: str) -> web.Response:
        body = self._told(path)
        wanted = request.headers.get("If-Match", "*")
        if wanted not in {"*", _etag(body)}:
            return _error(412, "The ETag supplied did not match.")
        return self._do(self.tree.changes[path], await _content(request))

    async def _act(self, request: web.Request, path: str) -> web.Response:
        return self._do(self.tree.actions[path], await _content(request))

    def _do(self, change: Any, content: Body) -> web.Response:
        try:
            if not self.faulty.ignore_writes:
                change(content)
        except Rejected as error:
            return _error(400, str(error))
        return web.Response(status=204)

    def _login(self, content: Body) -> web.Response:
        if (content.get("UserName"), content.get("Password")) != (self._user, self._password):
            return _error(401, "The user name or the password is wrong.")
        if len(self.sessions) >= MOST_SESSIONS:
            return _error(503, "The maximum number of sessions is reached.")
        token = secrets.token_hex(16)
        self.sessions[token] = f"{SESSIONS}/{token[:8]}"
        return web.json_response(
            {"@odata.id": self.sessions[token]},
            status=201,
            headers={"X-Auth-Token": token, "Location": self.sessions[token]},
        )

    def _may(self, request: web.Request) -> bool:
        if not self._user or request.headers.get("X-Auth-Token") in self.sessions:
            return True
        pair = base64.b64encode(f"{self._user}:{self._password}".encode()).decode()
        return request.headers.get("Authorization") == f"Basic {pair}"

    def _told(self, path: str, *, expand: bool = False) -> Body | None:
        """What it says stands there, with its faults."""
        body = self.tree.body(path, expand=expand)
        if body is None:
            return None
        if not self.faulty.stuck:
            self._frozen.clear()
            return dict(self._twisted(body))
        return self._frozen.setdefault(f"{path} {expand}", dict(self._twisted(body)))

    def _twisted(self, body: Any, key: str = "") -> Any:
        """The same with wrong units, factors and null readings, as the faults say."""
        if isinstance(body, list):
            return [self._twisted(one, key) for one in body]
        if not isinstance(body, dict):
            return body
        found = {name: self._twisted(one, name) for name, one in body.items()}
        if self.faulty.serial and "SerialNumber" in found:
            found["SerialNumber"] = self.faulty.serial
        if self.wrong_units and "ReadingUnits" in found:
            found["ReadingUnits"] = MISNAMED.get(found["ReadingUnits"], found["ReadingUnits"])
        reading = found.get("Reading")
        if isinstance(reading, int | float):
            found["Reading"] = None if self.faulty.sentinel else reading * self.faulty.factor
            if self.faulty.fahrenheit and not self.faulty.sentinel:
                self._heat(found, key)
        return found

    def _heat(self, found: Body, key: str) -> None:
        if found.get("ReadingType") == "Temperature" or key.endswith("Celsius"):
            found["Reading"] = found["Reading"] * 1.8 + 32.0
            if "ReadingUnits" in found:
                found["ReadingUnits"] = "[degF]"


async def _content(request: web.Request) -> Body:
    try:
        content = json.loads(await request.read() or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def _etag(body: Body | None) -> str:
    return f'"{hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]}"'


def _error(status: int, message: str) -> web.Response:
    info = [{"MessageId": "Base.1.18.GeneralError", "Message": message}]
    content = {"error": {"code": "Base.1.18.GeneralError", "message": message, "@Message.ExtendedInfo": info}}
    return web.json_response(content, status=status)
