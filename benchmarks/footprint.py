"""``footprint``: memory and processor of the running daemon beside two peers, and how soon it first publishes.

Simulated rack PDUs answer SNMP v2c; the daemon reads about 500 points of them every 10 s, journals them and publishes
them over a real broker to a running NOC. collectd reads and publishes about as many of the same PDUs; node_exporter is
scraped every 10 s. All of it is one run.
"""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from benchmarks import collectd as collectd_peer
from benchmarks.agent import JOURNAL, PERIOD_S, Agent, agent, noc
from benchmarks.broker import broker, count_messages, watcher
from benchmarks.context import Context
from benchmarks.figure import Figure
from benchmarks.node_exporter import node_exporter
from benchmarks.rounds import interleaved
from benchmarks.simulation import simulation
from benchmarks.windows import Watched, watch

TITLE = "Footprint: the running daemon, and its start"
PDUS, OUTLETS = 8, 12  # 496 points of ours, 528 metrics of collectd
WARM_UP_S = 25.0  # two polls and what follows them
WINDOW_S = 10.0  # one period of everybody
MIN_WINDOWS = 6  # a minute
FIRST_PUBLISH_S = 30.0
TARGET_RSS_MB, TARGET_CPU_PERCENT, TARGET_START_S = 80.0, 1.5, 0.6


def run(context: Context) -> list[Figure]:
    """The steady state first, then the starts with nothing else running."""
    with contextlib.ExitStack() as stack:
        port, broker_pid = stack.enter_context(broker(context.folder))
        pod = stack.enter_context(simulation(context.folder, pdus=PDUS, outlets=OUTLETS))
        keyring = stack.enter_context(noc(context, port))
        steady = _steady(context, pod, port, keyring, broker_pid)
        return steady + _starts(context, pod, port, keyring)


def _steady(context: Context, pod: dict[str, Any], port: int, keyring: Path, broker_pid: int) -> list[Figure]:
    """All programs at once, over the same windows."""
    windows = max(context.rounds, MIN_WINDOWS)
    with contextlib.ExitStack() as stack:
        ours = stack.enter_context(agent(context, pod, port, keyring, "steady"))
        peer = stack.enter_context(collectd_peer.collectd(pod["devices"], port, context.folder))
        node_pid, samples = stack.enter_context(node_exporter(context.folder))
        context.say(f"warming up for {WARM_UP_S:g} s, then {windows} windows of {WINDOW_S:g} s")
        time.sleep(WARM_UP_S)
        pids = {"edgeagent": ours.pid, "collectd": peer.pid, "node_exporter": node_pid, "mosquitto": broker_pid}
        watched = watch(pids, windows, WINDOW_S)
        load = _load(context, ours, port, samples)
    return [*load, *steady_figures(watched)]


def _load(context: Context, ours: Agent, port: int, samples: int) -> list[Figure]:
    """How much each side had to do: points or metrics in a period."""
    metrics, _ = count_messages(port, collectd_peer.TOPIC, 2 * PERIOD_S, context.folder)
    points = ours.points()
    context.say(
        f"per {PERIOD_S:g} s: {points} points of ours, {metrics / 2:.0f} of collectd, {samples} of node_exporter"
    )
    return [
        Figure("agent_points_per_10_s", points, "points", "collectd", metrics / 2, points / (metrics / 2)),
        Figure("node_exporter_samples_per_10_s", samples, "samples"),
    ]


def steady_figures(watched: Mapping[str, Watched]) -> list[Figure]:
    """Ours beside each peer; the targets stand where the peer is collectd."""
    ours, figures = watched["edgeagent"], []
    for peer, targets in (("collectd", (TARGET_RSS_MB, None, TARGET_CPU_PERCENT)), ("node_exporter", (None,) * 3)):
        other, suffix = watched[peer], "" if peer == "collectd" else f"_vs_{peer}"
        rss, pss, cpu = targets
        figures += [
            Figure.beside(f"agent_rss_mb{suffix}", ours.rss_mb, "MB", (peer, other.rss_mb), target=rss),
            Figure.beside(f"agent_pss_mb{suffix}", ours.pss_mb, "MB", (peer, other.pss_mb), target=pss),
            Figure.beside(f"agent_cpu_percent{suffix}", ours.cpu_percent, "% of a core", (peer, other.cpu_percent),
                          target=cpu),
        ]  # fmt: skip
    return [*figures, Figure.of("mosquitto_cpu_percent", watched["mosquitto"].cpu_percent, "% of a core")]


def _starts(context: Context, pod: dict[str, Any], port: int, keyring: Path) -> list[Figure]:
    """From the start of the process to its first publish at a subscriber; each start has an empty state folder."""
    numbers = itertools.count(1)
    sides: dict[str, Callable[[], float]] = {
        "edgeagent": lambda: _first_publish_s(
            context, port, JOURNAL, lambda: agent(context, pod, port, keyring, f"start-{next(numbers)}")
        ),
        "collectd": lambda: _first_publish_s(
            context, port, collectd_peer.TOPIC, lambda: collectd_peer.collectd(pod["devices"], port, context.folder)
        ),
    }
    context.say(f"starting each {context.rounds + 1} times")
    measured = interleaved(sides, context.rounds)
    peer = ("collectd", measured["collectd"])
    return [Figure.beside("start_to_first_publish_s", measured["edgeagent"], "s", peer, target=TARGET_START_S)]


def _first_publish_s(
    context: Context, port: int, topic: str, start: Callable[[], AbstractContextManager[object]]
) -> float:
    with watcher(port, topic, context.folder) as watching:
        started_s = time.time()
        with start():
            return watching.next(FIRST_PUBLISH_S).at_s - started_s
