"""``loop``: from a reading to the SET on the wire, how late the event loop is, and what a decision takes.

The daemon's own objects between State and SNMP, both files on the disk, 2,000 points, 200 interlocks and 1,000
telemetry records a second. Between it and the simulated PDUs is a tap that says when each datagram passed.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import loop_lag, loop_pod, loop_script
from benchmarks.context import Context
from benchmarks.figure import Figure
from benchmarks.loop_disk import bare_fsyncs
from benchmarks.loop_share import Exchange, answered_to_set_ms, quantile, reactions
from benchmarks.process import BenchError, Lines, piped, tail
from benchmarks.rounds import Sample, interleaved
from benchmarks.simulation import simulation

TITLE = "Loop: from a reading to the SET on the wire"
SAMPLES, TURNS, IDLE_S = 100, 100, 2.0
PATIENCE_S = 120.0
OWN_SHARE_P99_MS, TICK_MS, LOOP_LAG_P99_MS = 10.0, 1.0, 10.0
SCRIPT, IDLE = "snmpget + snmpset", "idle loop"
FREE_OUTLET = loop_pod.OUTLETS
"""That of a load which is never shed: the script sets it to what it is."""


@dataclass(frozen=True, slots=True)
class Round:
    """One round of ours; times in milliseconds."""

    own: Sequence[float]
    whole: Sequence[float]
    agents: Sequence[float]
    fsyncs: Sequence[float]
    idle_lags: Sequence[float]
    lags: Sequence[float]
    ticks: Sequence[float]
    calm_tick: float
    shedding_tick: float
    worst_tick: float
    records_per_s: float


def run(context: Context) -> list[Figure]:
    """The daemon and the script in turn, on the same agents."""
    with contextlib.ExitStack() as stack:
        pdus = len(loop_pod.pdus())
        devices = stack.enter_context(simulation(context.folder, pdus=pdus, outlets=loop_pod.OUTLETS))["devices"]
        tap = stack.enter_context(_child(context, "tap", *(str(one["port"]) for one in devices)))
        ports: list[int] = tap.first["ports"]
        config = _configuration(context, devices, ports)
        daemon = stack.enter_context(_child(context, "loop", str(config)))
        context.say(f"one daemon with {daemon.first}; {SAMPLES} sheds a round")
        bench = _Bench(context.folder, tap, daemon, devices[0], ports[0])
        measured = interleaved({"edgeagent": bench.ours, SCRIPT: bench.script}, context.rounds)
    return figures(measured, bench.rounds[1:], Sample(tuple(bench.script_p50[1:])))


def figures(measured: Mapping[str, Sample], rounds: Sequence[Round], script_p50: Sample) -> list[Figure]:
    """The three that have targets, and what they were taken from."""

    def taken(value: Any) -> Sample:
        return Sample(tuple(value(one) for one in rounds))

    idle_p99 = taken(lambda one: quantile(one.idle_lags, 0.99))
    lag = taken(lambda one: max(0.0, quantile(one.lags, 0.99) - quantile(one.idle_lags, 0.99)))
    p99, p50 = (SCRIPT, measured[SCRIPT]), (SCRIPT, script_p50)
    own_p50 = taken(lambda one: quantile(one.own, 0.5))
    whole_p99, whole_p50 = (taken(lambda one, share=share: quantile(one.whole, share)) for share in (0.99, 0.5))
    return [
        Figure.beside("own_share_p99_ms", measured["edgeagent"], "ms", p99, target=OWN_SHARE_P99_MS),
        Figure.of("tick_ms", taken(lambda one: one.calm_tick), "ms", target=TICK_MS),
        Figure.beside("loop_lag_p99_ms", lag, "ms", (IDLE, idle_p99), target=LOOP_LAG_P99_MS),
        Figure.beside("own_share_p50_ms", own_p50, "ms", p50),
        Figure.beside("reading_to_set_p99_ms", whole_p99, "ms", p99),
        Figure.beside("reading_to_set_p50_ms", whole_p50, "ms", p50),
        Figure.of("agents_p50_ms", taken(lambda one: quantile(one.agents, 0.5)), "ms"),
        Figure.of("bare_fsync_p50_ms", taken(lambda one: quantile(one.fsyncs, 0.5)), "ms"),
        Figure.of("bare_fsync_p99_ms", taken(lambda one: quantile(one.fsyncs, 0.99)), "ms"),
        Figure.of("tick_half_new_p50_ms", taken(lambda one: quantile(one.ticks, 0.5)), "ms"),
        Figure.of("tick_half_new_p99_ms", taken(lambda one: quantile(one.ticks, 0.99)), "ms"),
        Figure.of("tick_shedding_ms", taken(lambda one: one.shedding_tick), "ms"),
        Figure.of("tick_shedding_worst_ms", taken(lambda one: one.worst_tick), "ms"),
        Figure.of("telemetry_records_per_s", taken(lambda one: one.records_per_s), "1/s"),
    ]


@dataclass(slots=True)
class _Bench:
    folder: Path
    tap: _Child
    daemon: _Child
    device: Mapping[str, Any]
    port: int
    rounds: list[Round] = field(default_factory=list)
    script_p50: list[float] = field(default_factory=list)

    def ours(self) -> float:
        """One round of the daemon: the p99 of its own share."""
        idle_lags = asyncio.run(loop_lag.idle(IDLE_S))
        ticks = self.daemon.ask(f"tick {TURNS}")["ticks_ms"]
        self.tap.ask("")
        with bare_fsyncs(self.folder) as fsyncs:
            shed = self.daemon.ask(f"shed {SAMPLES}")
        seen = reactions(shed["began_ns"], self._exchanges())
        # Medians, though the p99 of a sum is judged: what is not ours is rather taken off too little than too much.
        others_ms = quantile(fsyncs, 0.5) + quantile(idle_lags, 0.5)
        own = [one.whole_ms - one.agents_ms - others_ms for one in seen]
        self.rounds.append(
            Round(
                own=own,
                whole=[one.whole_ms for one in seen],
                agents=[one.agents_ms for one in seen],
                fsyncs=fsyncs,
                idle_lags=idle_lags,
                lags=shed["lags_ms"],
                ticks=ticks,
                calm_tick=shed["calm_ms"],
                shedding_tick=shed["shedding_ms"],
                worst_tick=shed["worst_ms"],
                records_per_s=shed["records_per_s"],
            )
        )
        return quantile(own, 0.99)

    def script(self) -> float:
        """One round of the script: the p99 from an answer to the SET that it causes."""
        self.tap.ask("")
        loop_script.react(SAMPLES, self.device, self.port, FREE_OUTLET)
        took_ms = answered_to_set_ms(self._exchanges())
        self.script_p50.append(quantile(took_ms, 0.5))
        return quantile(took_ms, 0.99)

    def _exchanges(self) -> list[Exchange]:
        return [Exchange(*one) for one in self.tap.ask("")["exchanges"]]


class _Child:
    def __init__(self, name: str, child: subprocess.Popen[bytes], log: Path) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._requests, self._answers, self._log = child.stdin, Lines(child.stdout, f"the {name}"), log
        self.first = self._line()

    def ask(self, words: str) -> dict[str, Any]:
        self._requests.write(f"{words}\n".encode())
        return self._line()

    def _line(self) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = json.loads(self._answers.next(PATIENCE_S))
        except BenchError as problem:
            raise BenchError(f"{problem}\n{tail(self._log)}") from problem
        return answer


@contextlib.contextmanager
def _child(context: Context, name: str, *arguments: str) -> Iterator[_Child]:
    log = context.folder / f"{name}.log"
    command = [context.own_python, "-m", f"benchmarks.clients.{name}", *arguments]
    with piped(command, log, {"PYTHONPATH": str(context.root)}) as child:
        yield _Child(name, child, log)


def _configuration(context: Context, devices: Sequence[Mapping[str, Any]], ports: Sequence[int]) -> Path:
    keys, place = context.folder / "noc", context.folder / "daemon"
    place.mkdir()
    (place / "state").mkdir()
    subprocess.run([context.edgeagent, "noc", "keys", str(keys)], check=True, stdout=subprocess.DEVNULL)
    config = place / "edgeagent.toml"
    config.write_text(loop_pod.configuration(devices, ports, keys / "keyring.toml", place))
    return config
