"""Whole polls of one device: what they cost, and how long they take, whoever makes them."""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from benchmarks.process import BenchError, Lines, piped, tail
from benchmarks.rounds import Sample
from benchmarks.usage import cpu_s

ROUND_CPU_S = 0.25
"""What one side burns in one round."""
ROUND_S = 0.8
"""How long a round may take: most of it is the device's time."""
LEAST_POLLS, MAX_POLLS = 20, 2000
PATIENCE_S = 60.0


class Poller(Protocol):
    """Somebody who polls one device."""

    def poll(self, times: int) -> Sequence[float]:
        """Poll so often; how long each took, in milliseconds."""

    def spent_s(self) -> float:
        """Processor time so far, of all the processes that it needs."""


@dataclass(slots=True)
class Side:
    """One poller and its rounds."""

    poller: Poller
    polls: int = LEAST_POLLS
    p50_ms: list[float] = field(default_factory=list)
    p99_ms: list[float] = field(default_factory=list)

    def calibrate(self) -> None:
        """Choose how many polls make a round: enough to see their cost, and not too long."""
        begun_s, before_s = time.monotonic(), self.poller.spent_s()
        self.poller.poll(LEAST_POLLS)
        spent_s = (self.poller.spent_s() - before_s) / LEAST_POLLS
        took_s = (time.monotonic() - begun_s) / LEAST_POLLS
        wanted = min(ROUND_CPU_S / max(spent_s, 1e-6), ROUND_S / max(took_s, 1e-6))
        self.polls = max(LEAST_POLLS, min(MAX_POLLS, round(wanted)))

    def round_us(self) -> float:
        """One round: microseconds of processor time per poll; how long the polls took is kept."""
        before_s = self.poller.spent_s()
        took_ms = sorted(self.poller.poll(self.polls))
        spent_s = self.poller.spent_s() - before_s
        self.p50_ms.append(statistics.median(took_ms))
        self.p99_ms.append(took_ms[min(len(took_ms) - 1, round(0.99 * len(took_ms)))])
        return spent_s / self.polls * 1e6

    def latencies(self) -> tuple[Sample, Sample]:
        """The p50 and the p99 of each round, without the one that warmed up."""
        return Sample(tuple(self.p50_ms[1:])), Sample(tuple(self.p99_ms[1:]))


class ClientPoller:
    """A client process; `clients/poll_meter.py` is its other end."""

    def __init__(self, name: str, child: subprocess.Popen[bytes], log: Path) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._pid, self._log = child.pid, log
        self._requests, self._answers = child.stdin, Lines(child.stdout, name)
        self.points = int(self._line()["points"])

    def poll(self, times: int) -> Sequence[float]:
        """Poll so often; how long each took, in milliseconds."""
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either, and the log says why
            self._requests.write(f"{times}\n".encode())
        took_ms: list[float] = self._line()["took_ms"]
        return took_ms

    def spent_s(self) -> float:
        """Processor time of the client and its children so far."""
        return cpu_s(self._pid)

    def _line(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(self._answers.next(PATIENCE_S))
        except BenchError as problem:
            raise BenchError(f"{problem}\n{tail(self._log)}") from problem
        return answer


@contextlib.contextmanager
def client_poller(
    command: Sequence[str], log: Path, root: Path, environment: Mapping[str, str]
) -> Iterator[ClientPoller]:
    """Start a client and let it poll once; stopped on leaving."""
    with piped(command, log, {"PYTHONPATH": str(root), **environment}) as child:
        yield ClientPoller(log.stem, child, log)


def timed(act: Callable[[], object], times: int) -> list[float]:
    """How long each of so many acts took, in milliseconds."""
    took_ms = []
    for _ in range(times):
        begun_s = time.perf_counter()
        act()
        took_ms.append((time.perf_counter() - begun_s) * 1000)
    return took_ms
