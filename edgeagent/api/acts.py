"""``POST /v1/do/<operation>``: what people have done, over the Unix socket only; the kernel says who they are."""

import asyncio
import json
import os
import pwd
import socket
import struct
from collections.abc import Collection
from typing import NamedTuple

from aiohttp import web

from edgeagent.core.ports import Operations
from edgeagent.model.errors import ActRefused

MAX_BODY_BYTES = 8 * 1024
MAX_NAME = 100
_CREDENTIALS = struct.Struct("3i")
"""``struct ucred`` of unix(7): process, user, group."""


class User(NamedTuple):
    """A user by the name of the login, and by the one that people know."""

    login: str
    name: str


class Acts:
    """Takes a JSON object, has it done in the name of the process's user, and answers what came of it."""

    def __init__(self, operations: Operations, operators: Collection[str]) -> None:
        """``operators`` are the user names that may act, beside root and the daemon's own user."""
        self._operations, self._operators = operations, operators

    async def handle(self, request: web.Request) -> web.Response:
        """200 with a JSON object; 400 for what is no order, 403 for others, 409 for what is refused."""
        user_id = _user_id(request)
        if user_id is None:
            raise web.HTTPForbidden(text="cannot act over TCP: this address only shows; use the edgeagent command\n")
        user = await asyncio.to_thread(_user_of, user_id)  # a directory service may have to be asked
        if user_id not in {0, os.getuid()} and user.login not in self._operators:
            raise web.HTTPForbidden(text=f"cannot act as {user.login}: add it to operators in [api], or be root\n")
        body = _object(await _bounded(request))
        try:
            answer = self._operations.perform(request.match_info["operation"], body, user.name)
        except ActRefused as error:
            raise web.HTTPConflict(text=f"{error}\n") from error
        return web.json_response(dict(answer))


async def _bounded(request: web.Request) -> bytes:
    content = await request.content.read(MAX_BODY_BYTES + 1)
    if len(content) > MAX_BODY_BYTES:
        raise web.HTTPBadRequest(text=f"cannot act: the order is longer than {MAX_BODY_BYTES} bytes\n")
    return content


def _object(content: bytes) -> dict[str, object]:
    try:
        body = json.loads(content or b"{}")
    except (ValueError, RecursionError):
        body = None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(text="cannot act: the order is no JSON object\n")
    return body


def _user_id(request: web.Request) -> int | None:
    """Who connected, or None where the kernel does not say (TCP)."""
    found = None if request.transport is None else request.transport.get_extra_info("socket")
    if found is None or found.family != socket.AF_UNIX:
        return None
    packed = found.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return int(_CREDENTIALS.unpack(packed)[1])


def _user_of(user_id: int) -> User:
    try:
        entry = pwd.getpwuid(user_id)
    except KeyError:
        return User(f"user {user_id}", f"user {user_id}")
    full = entry.pw_gecos.partition(",")[0].strip()
    name = (full or entry.pw_name).encode("utf-8", "replace").decode()  # the file need not be UTF-8; records must
    return User(entry.pw_name, "".join(char for char in name if char.isprintable())[:MAX_NAME])
