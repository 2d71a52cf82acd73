"""The demo's child processes: started in order, ended in reverse, gone even when the demo itself is killed."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from edgeagent.model.errors import EdgeAgentError

PR_SET_PDEATHSIG = 1
STOP_S = 10.0
TAIL_LINES = 12


class DemoError(EdgeAgentError):
    """A part of the demo did not start, or died."""


@dataclass(frozen=True, slots=True)
class Child:
    """One process, its name for people, and where its output goes."""

    name: str
    process: subprocess.Popen[bytes]
    log: Path

    def tail(self) -> str:
        """The last lines that it wrote."""
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:])


class Children:
    """A context that owns child processes."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: list[Child] = []
        # Loaded before any fork: dlopen between fork and exec can deadlock.
        self._prctl = ctypes.CDLL(None, use_errno=True).prctl

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for child in reversed(self._children):
            self.stop(child)

    def start(self, name: str, command: Sequence[str], environment: Mapping[str, str] | None = None) -> Child:
        """Start a process with its output in ``<name>.log``; ``environment`` is added to ours.

        Raises:
            DemoError: the program does not exist.
        """
        path = self._logs / f"{name}.log"
        with path.open("wb") as log:
            try:
                # A session of its own, so that Ctrl-C reaches only the demo, which then ends the others in order.
                process = subprocess.Popen(
                    list(command),
                    stdin=subprocess.DEVNULL,
                    env={**os.environ, **(environment or {})},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=self._die_with_parent,  # noqa: PLW1509 - one system call, and no thread runs here
                )
            except FileNotFoundError as error:
                raise DemoError(f"cannot start {name}: {command[0]} is not installed; run scripts/bootstrap") from error
        child = Child(name, process, path)
        self._children.append(child)
        return child

    def stop(self, child: Child, grace_s: float = STOP_S) -> int:
        """End a process: SIGTERM, then SIGKILL after the grace time; its exit code."""
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
            try:
                return child.process.wait(grace_s)
            except subprocess.TimeoutExpired:
                child.process.kill()
        return child.process.wait()

    def check(self) -> None:
        """See that all still run.

        Raises:
            DemoError: one of them ended; its last lines are in the message.
        """
        for child in self._children:
            code = child.process.poll()
            if code is not None:
                raise DemoError(f"{child.name} ended with exit code {code}:\n{child.tail()}")

    def wait_for(self, what: str, ready: Callable[[], bool], timeout_s: float) -> None:
        """Wait until ``ready``.

        Raises:
            DemoError: a child ended, or the time is over.
        """
        end_s = time.monotonic() + timeout_s
        while not ready():
            self.check()
            if time.monotonic() > end_s:
                tails = "\n".join(f"--- {child.name}\n{child.tail()}" for child in self._children)
                raise DemoError(f"{what} was not ready within {timeout_s:g} s\n{tails}")
            time.sleep(0.05)

    def _die_with_parent(self) -> None:
        self._prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == 1:
            os._exit(1)
