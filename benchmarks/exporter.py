"""prometheus-snmp-exporter reading the same objects: its configuration and one scrape."""

from __future__ import annotations

import contextlib
import json
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from benchmarks.process import BenchError, free_port, listens, server, tail, wait_until
from benchmarks.replica import COMMUNITY, HARDWARE, REPETITIONS, Binding
from benchmarks.usage import cpu_s

MODULE = "bench"
PREFIX = "bench_"
"""What each metric's name begins with."""
KINDS = {"INTEGER": "gauge", "Gauge32": "gauge", "Counter32": "counter", "STRING": "DisplayString"}


def configuration(bindings: Iterable[Binding]) -> str:
    """snmp.yml, as JSON: one metric per column, every object of the walk in one of them."""
    columns = {_column(binding.oid): binding.type for binding in bindings}
    module = {
        "walk": [HARDWARE],
        "version": 2,
        "max_repetitions": REPETITIONS,
        "auth": {"community": COMMUNITY},
        "metrics": [_metric(oid, KINDS[kind]) for oid, kind in columns.items()],
    }
    return json.dumps({MODULE: module}, indent=1)


def of_objects(oids: Iterable[str], access: Mapping[str, object]) -> str:
    """snmp.yml, as JSON: one metric per column of these objects, which are got and not walked; numbers as gauges."""
    wanted = list(dict.fromkeys(oids))
    columns = dict.fromkeys(map(_column, wanted))
    module = {"get": wanted, **access, "metrics": [_metric(oid, "gauge") for oid in columns]}
    return json.dumps({MODULE: module}, indent=1)


def _column(oid: str) -> str:
    """A scalar is known by its whole name, a cell by its column's."""
    return oid if oid.endswith(".0") else oid.rpartition(".")[0]


def _metric(oid: str, kind: str) -> dict[str, object]:
    metric: dict[str, object] = {
        "name": PREFIX + oid.replace(".", "_"),
        "oid": oid,
        "type": kind,
        "help": oid,
    }
    return metric if oid.endswith(".0") else metric | {"indexes": [{"labelname": "row", "type": "gauge"}]}


class Exporter:
    """A running exporter."""

    def __init__(self, pid: int, port: int, agent_port: int) -> None:
        self._pid = pid
        self._url = f"http://127.0.0.1:{port}/snmp?module={MODULE}&target=127.0.0.1:{agent_port}"

    def scrape(self) -> int:
        """Read everything once; returns how many samples came out."""
        with urllib.request.urlopen(self._url, timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return sum(line.startswith(PREFIX) for line in lines)

    def spent_s(self) -> float:
        """Processor time of the exporter so far."""
        return cpu_s(self._pid)


@contextlib.contextmanager
def exporter(folder: Path, agent_port: int, bindings: list[Binding]) -> Iterator[Exporter]:
    """A running exporter that reads this agent; BenchError when it does not deliver every object."""
    port, config, log = free_port(), folder / "snmp.yml", folder / "exporter.log"
    config.write_text(configuration(bindings))
    command = ["/usr/bin/prometheus-snmp-exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
    with server(command, log) as child:
        wait_until(lambda: listens(port), f"prometheus-snmp-exporter on port {port}\n{tail(log)}")
        running = Exporter(child.pid, port, agent_port)
        if (count := running.scrape()) != len(bindings):
            raise BenchError(f"prometheus-snmp-exporter delivers {count} of {len(bindings)} objects:\n{tail(log)}")
        yield running
