"""``pod``: what all devices of a pod cost together, at 6 and at 24 racks, and how late they make the event loop.

The daemon as it runs in service, with every device of a simulated pod: two rack PDUs per rack, UPSs, cooling, storage,
GPUs and the rest. Everything is read every 10 s, and what protects every second.
"""

from __future__ import annotations

import asyncio
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks import exposition, loop_lag
from benchmarks.context import Context
from benchmarks.exposition import Exposition, quantile
from benchmarks.figure import Aim, Figure
from benchmarks.loop_share import quantile as quantile_of
from benchmarks.plant import PERIOD_S, configuration, plant
from benchmarks.process import BenchError, server, tail
from benchmarks.rounds import Sample
from benchmarks.windows import Watched, watch
from edgeagent.cli import client
from edgeagent.cli.demo_config import gpu_environment

TITLE = "Pod: every device of 6 and of 24 racks, read by one daemon"
FEW, MANY = 6, 24
PROTECTIVE_S = 1.0
ONLINE_S = 60.0
"""How long all devices may take to be online."""
LOOK_EVERY_S = 0.5
SETTLE_S = 25.0
"""From then on: the first proof that each PDU could be switched is over."""
MIN_WINDOWS = 6
LAG, READINGS = "edgeagent_loop_lag_seconds", "edgeagent_readings_total"
CPU_PERCENT, LAG_P99_MS = 10.0, 5.0
IDLE = "idle loop"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one pod cost."""

    points: int
    online_s: float
    start_lag_p99_ms: float
    watched: Watched
    readings_per_10_s: float
    lag_p99_ms: float
    idle_p99_ms: float


def run(context: Context) -> list[Figure]:
    """The small pod, then the big one, each with the machine for itself."""
    return figures(_seen(context, FEW), _seen(context, MANY))


def figures(few: Seen, many: Seen) -> list[Figure]:
    """The big pod against its targets, the small one, and how the cost grows from one to the other."""
    grown = many.watched.cpu_percent.median / few.watched.cpu_percent.median
    read = many.readings_per_10_s / few.readings_per_10_s
    return [
        *_figures(f"pod{MANY}", many, CPU_PERCENT, LAG_P99_MS),
        *_figures(f"pod{FEW}", few, None, None),
        Figure("cpu_growth", grown, "ratio", "racks", MANY / FEW, grown / (MANY / FEW), MANY / FEW, Aim.AT_MOST),
        Figure("readings_growth", read, "ratio", "racks", MANY / FEW, read / (MANY / FEW)),
    ]


def _figures(name: str, seen: Seen, cpu_percent: float | None, lag_p99_ms: float | None) -> list[Figure]:
    cpu, excess_ms = seen.watched.cpu_percent, max(0.0, seen.lag_p99_ms - seen.idle_p99_ms)
    each_us = Sample(tuple(percent / 100 * PERIOD_S / seen.readings_per_10_s * 1e6 for percent in cpu.values))
    late = (IDLE, seen.idle_p99_ms, seen.lag_p99_ms / seen.idle_p99_ms if seen.idle_p99_ms else None)
    return [
        Figure.of(f"{name}_cpu_percent", cpu, "% of a core", target=cpu_percent),
        Figure(f"{name}_loop_lag_p99_ms", excess_ms, "ms", *late, target=lag_p99_ms),
        Figure(f"{name}_points", seen.points, "points"),
        Figure(f"{name}_readings_per_10_s", seen.readings_per_10_s, "readings"),
        Figure.of(f"{name}_us_per_reading", each_us, "us"),
        Figure.of(f"{name}_rss_mb", seen.watched.rss_mb, "MB"),
        Figure.of(f"{name}_pss_mb", seen.watched.pss_mb, "MB"),
        Figure(f"{name}_online_s", seen.online_s, "s"),
        Figure(f"{name}_start_lag_p99_ms", seen.start_lag_p99_ms, "ms"),
    ]


def _seen(context: Context, racks: int) -> Seen:
    folder = context.folder / f"racks-{racks}"
    folder.mkdir()
    with plant(folder, racks=racks) as pod:
        config, log = configuration(pod, folder, protective_s=PROTECTIVE_S), folder / "agent.log"
        command, begun_s = [context.edgeagent, "run", "--config", str(config)], time.monotonic()
        with server(command, log, gpu_environment(pod)) as daemon:
            status = _online(daemon, folder / "run/api.sock", log)
            online_s = time.monotonic() - begun_s
            context.say(f"{racks} racks: {len(status['devices'])} devices are online after {online_s:.1f} s")
            time.sleep(SETTLE_S)
            return _watched(daemon.pid, status, online_s, max(context.rounds, MIN_WINDOWS))


def _watched(pid: int, status: Mapping[str, Any], online_s: float, windows: int) -> Seen:
    """Windows of one period each, between two looks at what the daemon tells."""
    before, begun_s, idle_ms = exposition.look(status["page"]), time.monotonic(), list[float]()
    watched = watch({"daemon": pid}, windows, PERIOD_S, sleep=_idling(idle_ms))["daemon"]
    took_s, after = time.monotonic() - begun_s, exposition.look(status["page"])
    return Seen(
        points=sum(device["points"] for device in status["devices"]),
        online_s=online_s,
        start_lag_p99_ms=status["loop_lag_p99_s"] * 1000,
        watched=watched,
        readings_per_10_s=_grown(before, after, READINGS) / took_s * 10,
        lag_p99_ms=quantile(before.buckets(LAG), after.buckets(LAG), 0.99) * 1000,
        idle_p99_ms=quantile_of(idle_ms, 0.99),
    )


def _idling(lags_ms: list[float]) -> Callable[[float], None]:
    """Sleep by a loop that has nothing else to do, and keep how late it was: that is the machine, not the daemon."""
    return lambda for_s: lags_ms.extend(asyncio.run(loop_lag.idle(for_s)))


def _grown(before: Exposition, after: Exposition, name: str) -> float:
    return after.total(name) - before.total(name)


def _online(daemon: subprocess.Popen[bytes], socket: Path, log: Path) -> Mapping[str, Any]:
    """The status in which all devices are online; BenchError where that does not come."""
    deadline_s, waits_for = time.monotonic() + ONLINE_S, "the daemon"
    while time.monotonic() < deadline_s and daemon.poll() is None:
        time.sleep(LOOK_EVERY_S)
        try:
            status: Mapping[str, Any] = client.get(socket, "/v1/status", 20)
        except client.NotRunningError:
            continue  # it does not listen yet
        missing = [f"{one['device']} ({one['message']})" for one in status["devices"] if one["state"] != "online"]
        if status["devices"] and not missing:
            return status
        waits_for = ", ".join(missing) or "its devices"
    raise BenchError(f"cannot measure a pod: not online within {ONLINE_S:g} s: {waits_for}\n{tail(log)}")
