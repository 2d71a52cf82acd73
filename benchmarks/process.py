"""Processes that end with the benchmark, whatever ends it."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

STOP_S = 8.0  # from SIGTERM to SIGKILL
START_S = 30.0


class BenchError(Exception):
    """A benchmark cannot be run; the message says what to do."""


def bound(command: Sequence[str]) -> list[str]:
    """The command, killed by the kernel should the benchmark itself be killed, even if that was before it could ask."""
    still_there = f'[ "$PPID" = {os.getpid()} ] && exec "$@"'
    return ["setpriv", "--pdeathsig", "KILL", "--", "sh", "-c", still_there, "sh", *command]


@contextlib.contextmanager
def server(
    command: Sequence[str], log: Path, env: Mapping[str, str] | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """A process in its own group with its words in ``log``; on leaving, the group is stopped and reaped."""
    with log.open("ab") as words:
        child = subprocess.Popen(
            bound(command), stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=_environment(env), process_group=0
        )
    try:
        yield child
    finally:
        stop(child)


@contextlib.contextmanager
def piped(command: Sequence[str], log: Path, env: Mapping[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process that we talk to line by line; stopped and reaped on leaving."""
    with log.open("ab") as words:
        child = subprocess.Popen(
            bound(command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            env=_environment(env),
            process_group=0,
            bufsize=0,
        )
    try:
        yield child
    finally:
        stop(child)
        for pipe in (child.stdin, child.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()


def stop(child: subprocess.Popen[bytes]) -> None:
    """End the whole group: SIGTERM, and SIGKILL when that is not heard."""
    if child.poll() is None:
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(STOP_S)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


class Lines:
    """What a process prints, line by line, each with a deadline. Nothing else may read the pipe."""

    def __init__(self, pipe: IO[bytes], what: str) -> None:
        self._pipe, self._what = pipe, what
        self._pending = b""

    def next(self, timeout_s: float) -> str:
        """The next line; BenchError when none comes in time or the process has ended."""
        deadline = time.monotonic() + timeout_s
        while b"\n" not in self._pending:
            ready, _, _ = select.select([self._pipe], [], [], max(0.0, deadline - time.monotonic()))
            if not ready:
                raise BenchError(f"cannot measure {self._what}: no answer in {timeout_s:g} s")
            chunk = os.read(self._pipe.fileno(), 65_536)
            if not chunk:
                raise BenchError(f"cannot measure {self._what}: it ended")
            self._pending += chunk
        line, _, self._pending = self._pending.partition(b"\n")
        return line.decode(errors="replace")


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float = START_S) -> None:
    """Return when it holds; BenchError when it does not in time."""
    deadline = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline:
            raise BenchError(f"cannot measure: {what} is not there after {timeout_s:g} s")
        time.sleep(0.02)


def listens(port: int) -> bool:
    """Whether something accepts connections on this loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tail(log: Path, lines: int = 12) -> str:
    """The last words of a process, for a message."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else ""


def _environment(extra: Mapping[str, str] | None) -> dict[str, str]:
    return {**os.environ, **(extra or {})}
