"""``isolation``: what devices in trouble cost the others: read latency of 40 live agents beside 10 that are live,
silent, or answer after 5 s.
"""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from benchmarks.figure import Aim, Figure
from benchmarks.process import BenchError, Lines, piped, tail
from benchmarks.rounds import Sample, interleaved
from benchmarks.simulation import simulation

TITLE = "Isolation: what 10 dead or late agents of 50 cost the 40 live ones"
AGENTS, DEAD, OUTLETS = 50, 10, 8
WINDOW_S = 6.0
SETTLE_S = 2.0
LATE_S = 5.0
"""A poll waits for far less: an answer that late is one more thing that comes when nobody waits for it."""
ALIVE, DEAD_SIDE, LATE_SIDE = "alive", "dead", "late"
FAULTS: Mapping[str, Mapping[str, object]] = {
    DEAD_SIDE: {"kind": "hang"},
    LATE_SIDE: {"kind": "slow", "delay_s": LATE_S},
}
P99_VS_ALIVE = 1.2
PATIENCE_S = 60.0


def run(context: Context) -> list[Figure]:
    """Windows in turn: all alive, ten silent, ten late, all alive …"""
    with contextlib.ExitStack() as stack:
        pod = stack.enter_context(simulation(context.folder, pdus=AGENTS, outlets=OUTLETS))
        poller = stack.enter_context(_poller(context, context.folder / "pod" / "pod.json"))
        doomed = [device["name"] for device in pod["devices"][AGENTS - DEAD :]]
        p50: dict[str, list[float]] = {name: [] for name in (ALIVE, *FAULTS)}

        def window(name: str) -> float:
            _control(pod, {"do": "clear"})
            for device in doomed if name in FAULTS else ():
                _control(pod, {"do": "inject", "device": device, **FAULTS[name]})
            time.sleep(SETTLE_S)
            answer = poller.window()
            p50[name].append(answer["p50_ms"])
            return answer["p99_ms"]

        sides = {name: partial(window, name) for name in p50}
        measured = interleaved(sides, context.rounds)
    return figures(measured, p50)


def figures(measured: dict[str, Sample], p50: dict[str, list[float]]) -> list[Figure]:
    """The p99 ratios that have a target, and the medians beside them."""
    alive, middle = measured[ALIVE], {name: Sample(tuple(values[1:])) for name, values in p50.items()}
    peer, peer_p50 = ("all alive", alive), ("all alive", middle[ALIVE])
    found = [
        Figure.ratio_of(f"live_p99_{name}_vs_alive", measured[name].over(alive), peer, P99_VS_ALIVE, Aim.AT_MOST)
        for name in FAULTS
    ]
    for name in FAULTS:
        found += [
            Figure.beside(f"live_p99_beside_{name}_ms", measured[name], "ms", peer),
            Figure.beside(f"live_p50_beside_{name}_ms", middle[name], "ms", peer_p50),
        ]
    return found


class _Poller:
    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._requests, self._answers, self._log = child.stdin, Lines(child.stdout, "the poller"), log
        self._line()

    def window(self) -> dict[str, float]:
        self._requests.write(f"{WINDOW_S}\n".encode())
        return self._line()

    def _line(self) -> dict[str, float]:
        try:
            answer: dict[str, float] = json.loads(self._answers.next(PATIENCE_S))
        except BenchError as problem:
            raise BenchError(f"{problem}\n{tail(self._log)}") from problem
        return answer


@contextlib.contextmanager
def _poller(context: Context, pod: Path) -> Iterator[_Poller]:
    log = context.folder / "crowd.log"
    command = [context.own_python, "-m", "benchmarks.clients.crowd", str(pod), str(AGENTS - DEAD)]
    with piped(command, log, {"PYTHONPATH": str(context.root)}) as child:
        yield _Poller(child, log)


def _control(pod: dict[str, Any], request: dict[str, Any]) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(5)
        connection.connect(pod["control"])
        connection.sendall(json.dumps(request).encode() + b"\n")
        answer = json.loads(connection.makefile("rb").readline())
    if not answer["ok"]:
        raise BenchError(f"the simulated pod refuses {request}: {answer['error']}")
