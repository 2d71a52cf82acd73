"""The local API's client: one HTTP request over the Unix socket, without an HTTP library (60 ms to import)."""

import json
import socket
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edgeagent.model.errors import ActRefused, EdgeAgentError

MAX_ANSWER_BYTES = 64 * 1024 * 1024
REFUSING = frozenset({b"400", b"403", b"404", b"409"})
"""What the daemon answers with when it does not do what it was asked to."""


class NotRunningError(Exception):
    """Nobody answers on the socket."""


class NotFoundError(Exception):
    """The daemon answers, and has nothing of this name."""


class NotAllowedError(EdgeAgentError):
    """The socket belongs to others; whether the daemon runs is not known."""


def get(socket_path: Path, target: str, timeout_s: float = 2.0) -> Any:
    """The JSON answer to GET ``target``.

    Raises:
        NotRunningError: no daemon listens there, or it does not answer in time.
        NotFoundError: it has nothing of this name; the message says so.
        NotAllowedError: this user may not ask it.
    """
    request = f"GET {target} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode()
    return _json(socket_path, *_exchange(socket_path, request, timeout_s))


def do(socket_path: Path, operation: str, body: Mapping[str, object], timeout_s: float = 5.0) -> Any:
    """Have the daemon do something; its JSON answer.

    Raises:
        ActRefused: it does not do that, and says why.
        NotRunningError: no daemon listens there, or it does not answer in time.
        NotAllowedError: this user may not ask it.
    """
    content = json.dumps(body).encode()
    head = f"POST /v1/do/{operation} HTTP/1.0\r\nHost: localhost\r\nContent-Length: {len(content)}\r\n\r\n"
    head_of_answer, answer = _exchange(socket_path, head.encode() + content, timeout_s)
    if _status(head_of_answer) in REFUSING:
        raise ActRefused(answer.decode(errors="replace").strip())
    return _json(socket_path, head_of_answer, answer)


def _exchange(socket_path: Path, request: bytes, timeout_s: float) -> tuple[bytes, bytes]:
    """The head and the body of the answer to one request."""
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(timeout_s)
            connection.connect(str(socket_path))
            connection.sendall(request)
            answer = _read(connection)
    except FileNotFoundError as error:
        raise NotRunningError(f"no daemon listens on {socket_path}") from error
    except PermissionError as error:
        raise NotAllowedError(f"cannot open {socket_path}: permission denied; be root or in group edgeagent") from error
    except TimeoutError as error:
        raise NotRunningError(f"the daemon on {socket_path} did not answer within {timeout_s:g} s") from error
    except OSError as error:
        raise NotRunningError(f"no daemon answers on {socket_path}: {error.strerror or error}") from error
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


def _status(head: bytes) -> bytes:
    return next(iter(head.split(b" ", 2)[1:2]), b"")


def _json(socket_path: Path, head: bytes, body: bytes) -> Any:
    if _status(head) == b"404" and body.startswith(b"cannot "):
        raise NotFoundError(body.decode(errors="replace").strip())
    if _status(head) != b"200":
        raise NotRunningError(f"the daemon on {socket_path} answered {head[:40].decode(errors='replace')!r}")
    try:
        return json.loads(body)
    except ValueError as error:  # it ended in the middle of its answer
        raise NotRunningError(f"the daemon on {socket_path} broke off its answer") from error


def _read(connection: socket.socket) -> bytes:
    chunks: list[bytes] = []
    total = 0
    while chunk := connection.recv(65536):
        total += len(chunk)
        if total > MAX_ANSWER_BYTES:
            raise OSError(0, f"the answer is longer than {MAX_ANSWER_BYTES} bytes")
        chunks.append(chunk)
    return b"".join(chunks)


def say_not_running(error: NotRunningError) -> int:
    """Tell it on standard error; the exit code for it."""
    print(f"edgeagent: {error}; start it with `systemctl start edgeagent` or `edgeagent run`", file=sys.stderr)
    return 3
