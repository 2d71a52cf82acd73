"""``snmp``: processor time per variable binding of our path through to Readings, beside four others, on one agent.

The agent is net-snmp's, in another process (`replica`). Only the client is counted: its whole process, from the first
request to the last answer, once it is warm. `snmpbulkwalk` is started for each walk, so its start is in its figure.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
from collections.abc import Callable, Iterator

from benchmarks.client import client
from benchmarks.context import Context
from benchmarks.exporter import exporter
from benchmarks.figure import Aim, Figure
from benchmarks.process import BenchError
from benchmarks.replica import COMMUNITY, HARDWARE, REPETITIONS, Binding, replica, walk_command
from benchmarks.rounds import Sample, interleaved

TITLE = "SNMP: processor time per variable binding, client only"
UNIT = "us/varbind"  # the same number is ms per 1,000 variable bindings
OURS_VS_GUFO = 2.0
PYSNMP_VS_OURS = 10.0


def run(context: Context) -> list[Figure]:
    """All five clients in turn, on one agent."""
    with contextlib.ExitStack() as stack:
        port, served = stack.enter_context(replica(context.folder))
        context.say(f"net-snmp's agent serves {len(served)} objects of a rack PDU")
        sides = dict(_sides(context, stack, port, served))
        return figures(interleaved(sides, context.rounds))


def figures(measured: dict[str, Sample]) -> list[Figure]:
    """The two ratios that have targets, then each client's own cost."""
    ours, gufo, pysnmp = measured["edgeagent"], measured["gufo-snmp"], measured["pysnmp"]
    peers = {name: sample for name, sample in measured.items() if sample is not ours}
    return [
        Figure.ratio_of("ours_vs_gufo", ours.over(gufo), ("gufo-snmp", gufo), OURS_VS_GUFO, Aim.AT_MOST),
        Figure.ratio_of("pysnmp_vs_ours", pysnmp.over(ours), ("pysnmp", pysnmp), PYSNMP_VS_OURS, Aim.AT_LEAST),
        *(Figure.beside(_name(name), ours, UNIT, (name, sample)) for name, sample in peers.items()),
    ]


def _name(peer: str) -> str:
    return f"cpu_per_varbind_vs_{peer.removeprefix('prometheus-').replace('-', '_')}"


def _sides(
    context: Context, stack: contextlib.ExitStack, port: int, served: list[Binding]
) -> Iterator[tuple[str, Callable[[], float]]]:
    """Each client by name: a call is one round and returns microseconds per variable binding."""
    requests = context.folder / "requests.json"
    agent = (str(port), COMMUNITY)
    yield "edgeagent", _client(context, stack, "edgeagent", context.own_python, "ours", *agent, str(requests))
    context.say(f"edgeagent makes {len(json.loads(requests.read_text()))} requests per read")
    yield "gufo-snmp", _client(context, stack, "gufo-snmp", context.peer_python, "gufo", *agent, str(requests))
    bulk = (*agent, str(REPETITIONS), HARDWARE)
    yield "pysnmp", _client(context, stack, "pysnmp", context.peer_python, "pysnmp_bulk", *bulk)
    yield "snmpbulkwalk", lambda: _walk_us(walk_command(port, HARDWARE), len(served))
    running = stack.enter_context(exporter(context.folder, port, served))

    def scrape_us(passes: int = 10) -> float:
        before_s = running.spent_s()
        samples = sum(running.scrape() for _ in range(passes))
        return (running.spent_s() - before_s) / samples * 1e6

    yield "prometheus-snmp-exporter", scrape_us


def _client(
    context: Context, stack: contextlib.ExitStack, name: str, python: str, module: str, *arguments: str
) -> Callable[[], float]:
    command = [python, "-m", f"benchmarks.clients.{module}", *arguments]
    return stack.enter_context(client(name, command, context.folder / f"{module}.log", context.root)).round_us


def _walk_us(command: list[str], varbinds: int, passes: int = 10) -> float:
    """Processor time of whole `snmpbulkwalk` processes, as the kernel counted them when they were reaped."""
    spent_s = 0.0
    for _ in range(passes):
        child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={"MIBS": ""})
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise BenchError(f"cannot measure snmpbulkwalk: it ended with {child.returncode}")
        spent_s += used.ru_utime + used.ru_stime
    return spent_s / (varbinds * passes) * 1e6
