"""The control socket: one JSON object per line in, one out, so that a test can break things and know the truth."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MAX_LINE_BYTES = 65_536
MAX_PATH_BYTES = 107  # sun_path of a Unix socket, less its final zero
Handler = Callable[[Mapping[str, Any]], Mapping[str, Any]]


class ControlSocket:
    """Serves `handlers`, one per value of `do`. An answer has `ok`, and `error` when that is false."""

    def __init__(self, path: Path, handlers: Mapping[str, Handler]) -> None:
        self._path = path
        self._handlers = handlers
        self._server: asyncio.Server | None = None
        self._sessions: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen on the path, which a former pod may have left behind. OSError when that cannot be."""
        if len(str(self._path).encode()) > MAX_PATH_BYTES:
            raise OSError(f"cannot listen on {self._path}: a socket's path has at most {MAX_PATH_BYTES} bytes")
        self._path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._session, str(self._path), limit=MAX_LINE_BYTES)

    async def close(self) -> None:
        """Stop and take the socket away. Safe twice."""
        if self._server is None:
            return
        self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()
        self._server = None
        self._path.unlink(missing_ok=True)

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):
            pass  # the peer has gone, or sent a line beyond the limit
        except asyncio.CancelledError:
            pass  # the pod stops; streams of Python 3.11 would log a cancelled session as an error
        finally:
            self._sessions.discard(task)
            writer.close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            return {"ok": True, **self._done(json.loads(line))}
        except (ValueError, TypeError, LookupError) as error:
            return {"ok": False, "error": str(error)}

    def _done(self, request: object) -> Mapping[str, Any]:
        if not isinstance(request, dict):
            raise TypeError("a request is a JSON object")
        handler = self._handlers.get(str(request.get("do")))
        if handler is None:
            raise LookupError(f"cannot do {request.get('do')!r}: can do {', '.join(self._handlers)}")
        return handler(request)
