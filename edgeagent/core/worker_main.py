"""The inside of a worker's child: loads its handlers, then answers calls one by one until its parent is gone.

``python -P -m edgeagent.core.worker_main FD OPTIONS``, with ``Options`` as JSON. A named error of ours that a handler
raises goes back as an answer; anything else is a bug, ends the child with its traceback, and the parent starts another.
"""

import ctypes
import faulthandler
import importlib
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from edgeagent.core import memory
from edgeagent.core.pipe import Reply, Request, pack, receive_body, unpack
from edgeagent.model.errors import EdgeAgentError, WorkerError

PR_SET_PDEATHSIG = 1
"""prctl(2), linux/prctl.h: the signal that this process gets when the thread that started it ends."""
OOM_SCORE_ADJ = 500
"""proc(5): of 1000; when memory runs out the kernel takes a worker before the daemon."""

Handlers = Mapping[str, Callable[..., Any]]


class Options(msgspec.Struct, frozen=True):
    """What the child must know of itself; ``handlers`` is ``package.module:NAME`` of a mapping name → function."""

    handlers: str
    parent: int
    max_message_bytes: int
    memory_bytes: int | None = None
    nice: int = 0


def main(arguments: list[str]) -> int:
    """Serve the socket whose number is the first argument; 0 when the parent let go."""
    options = msgspec.json.decode(arguments[1], type=Options)
    settle(options)
    with socket.socket(fileno=int(arguments[0])) as connection, suppress(EOFError, BrokenPipeError, ConnectionError):
        handlers = load(options.handlers)
        memory.settle()
        connection.sendall(pack(Reply(0), options.max_message_bytes))
        while True:
            serve(connection, handlers, options.max_message_bytes)
    return 0


def settle(options: Options) -> None:
    """Be the first to go when memory is short, end with the parent, and write what is printed to standard error."""
    os.dup2(2, 1)
    faulthandler.enable()
    with suppress(OSError):  # no /proc, or one that may not be written
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE_ADJ), encoding="ascii")
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != options.parent:  # it died before prctl
        raise SystemExit(0)
    if options.nice:
        os.nice(options.nice)
    if options.memory_bytes is not None:
        resource.setrlimit(resource.RLIMIT_AS, (options.memory_bytes, options.memory_bytes))


def load(place: str) -> Handlers:
    """The mapping at ``package.module:NAME``."""
    module, _, name = place.partition(":")
    handlers: Handlers = getattr(importlib.import_module(module), name)
    return handlers


def serve(connection: socket.socket, handlers: Handlers, max_bytes: int) -> None:
    """Answer one call."""
    request = unpack(receive_body(connection, max_bytes), Request)
    reply = answer(request, handlers)
    try:
        packed = pack(reply, max_bytes)
    except WorkerError as error:
        packed = pack(Reply(request.number, error="WorkerError", message=f"cannot answer: {error}"), max_bytes)
    connection.sendall(packed)


def answer(request: Request, handlers: Handlers) -> Reply:
    """What the handler returns, or the named error that it raises."""
    handler = handlers.get(request.name)
    if handler is None:
        return Reply(request.number, error="WorkerError", message=f"there is no handler {request.name}")
    try:
        return Reply(request.number, handler(**request.args))
    except EdgeAgentError as error:
        return Reply(request.number, error=type(error).__name__, message=str(error))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
