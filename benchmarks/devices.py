"""``devices``: what one poll costs and how long it takes, for each kind of device, beside a peer that asks the same.

All devices are simulated, in processes of their own. A poll of ours is one read of every group, from the request to the
finished Readings; the peer makes the same requests, and most of them do nothing with the answers.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks.context import Context
from benchmarks.figure import Figure
from benchmarks.plant import CDU, PERIOD_S, configuration, modbus_cdu, plant
from benchmarks.polls import Poller, Side, client_poller
from benchmarks.polls_snmp import NetSnmp, scraped
from benchmarks.rounds import Sample, interleaved
from edgeagent.cli.demo_config import gpu_environment

TITLE = "Devices: a poll of each kind, beside a peer that asks the same"
OURS, NET_SNMP = "edgeagent", "snmpget"


@dataclass(frozen=True, slots=True)
class Polled:
    """One device, what a poll of it asks, and what its peers are started with."""

    device: Mapping[str, Any]
    requests: Path
    environment: Mapping[str, str]

    @property
    def asked(self) -> list[list[Any]]:
        """The requests of one poll, as `clients/poll.py` noted them."""
        asked: list[list[Any]] = json.loads(self.requests.read_text())["requests"]
        return asked


Peer = Callable[[Context, Polled], AbstractContextManager[Poller]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of device: the name of its figures, which device stands for it, and its peer."""

    name: str
    device: str
    label: str
    peer: Peer
    over_snmp: bool = False


def run(context: Context) -> list[Figure]:
    """One kind after the other; within a kind, ours and its peers in turn."""
    with ExitStack() as stack:
        pod = stack.enter_context(plant(context.folder, racks=2, families="mixed"))
        pod["devices"].append(stack.enter_context(modbus_cdu(context.folder)))
        config = configuration(pod, context.folder, protective_s=PERIOD_S)
        return [figure for kind in KINDS for figure in _kind(context, kind, pod, config)]


def _kind(context: Context, kind: Kind, pod: Mapping[str, Any], config: Path) -> list[Figure]:
    requests = context.folder / f"{kind.name}.json"
    command = [context.own_python, "-m", "benchmarks.clients.poll", str(config), kind.device, str(requests)]
    with ExitStack() as stack:
        log, environment = context.folder / f"{kind.name}.log", gpu_environment(pod)
        ours = stack.enter_context(client_poller(command, log, context.root, environment))
        polled = Polled(_device(pod, kind.device), requests, environment)
        sides = {OURS: Side(ours), kind.label: Side(stack.enter_context(kind.peer(context, polled)))}
        if kind.over_snmp:
            sides[NET_SNMP] = Side(NetSnmp(polled.device, polled.asked))
        for side in sides.values():
            side.calibrate()
        context.say(f"{kind.name}: {ours.points} points of {kind.device}, {len(polled.asked) or 'no'} requests a poll")
        cost_us = interleaved({name: side.round_us for name, side in sides.items()}, context.rounds)
    return figures(kind.name, ours.points, cost_us, {name: side.latencies() for name, side in sides.items()})


def figures(
    kind: str, points: int, cost_us: Mapping[str, Sample], took_ms: Mapping[str, tuple[Sample, Sample]]
) -> list[Figure]:
    """Cost per poll beside every peer; cost per point and latency beside the first."""
    (_, ours), (peer, theirs), *others = cost_us.items()
    (_, (p50, p99)), (_, (peer_p50, peer_p99)), *_ = took_ms.items()
    found = [
        Figure(f"{kind}_points", points, "points"),
        Figure.beside(f"{kind}_us_per_poll", ours, "us", (peer, theirs)),
        Figure.beside(f"{kind}_us_per_point", _each(ours, points), "us", (peer, _each(theirs, points))),
        Figure.beside(f"{kind}_p50_ms", p50, "ms", (peer, peer_p50)),
        Figure.beside(f"{kind}_p99_ms", p99, "ms", (peer, peer_p99)),
    ]
    return [*found, *(Figure.beside(f"{kind}_us_per_poll_vs_{name}", ours, "us", (name, one)) for name, one in others)]


def _each(sample: Sample, points: int) -> Sample:
    return Sample(tuple(value / points for value in sample.values))


def _device(pod: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """As pod.json tells of it; where a device is not in there, it is this machine's own."""
    found: Mapping[str, Any] = next((one for one in pod["devices"] if one["name"] == name), {"name": name})
    address = urlsplit(found.get("address", ""))
    return {"host": address.hostname, "port": address.port, **found}


@contextlib.contextmanager
def _exporter(context: Context, polled: Polled) -> Iterator[Poller]:
    with scraped(polled.device, polled.asked, context.folder) as running:
        yield running


def _client(module: str, arguments: Callable[[Polled], Sequence[object]]) -> Peer:
    """A peer that is a client of ours around a library."""

    @contextlib.contextmanager
    def peer(context: Context, polled: Polled) -> Iterator[Poller]:
        log = context.folder / f"{module}-{polled.device['name']}.log"
        command = [context.own_python, "-m", f"benchmarks.clients.{module}", *map(str, arguments(polled))]
        with client_poller(command, log, context.root, polled.environment) as running:
            yield running

    return peer


_modbus = _client("poll_modbus", lambda one: (one.device["host"], one.device["port"], one.requests))
_redfish = _client(
    "poll_redfish",
    lambda one: (
        f"http://{one.device['host']}:{one.device['port']}",
        one.device["user"],
        one.device["password"],
        one.requests,
    ),
)
_pynvml = _client("poll_nvml", lambda _: ())
_files = _client("poll_files", lambda one: (one.requests,))
_EXPORTER, _LIBMODBUS, _AIOHTTP = "prometheus-snmp-exporter", "libmodbus", "bare aiohttp"

KINDS: Sequence[Kind] = (
    Kind("pdu_v2c", "pdu-b1", _EXPORTER, _exporter, over_snmp=True),
    Kind("pdu_v3", "pdu-a1", _EXPORTER, _exporter, over_snmp=True),
    Kind("ups", "ups-a", _EXPORTER, _exporter, over_snmp=True),
    Kind("cooling", "air-1a", _EXPORTER, _exporter, over_snmp=True),
    Kind("cdu_modbus", CDU, _LIBMODBUS, _modbus),
    Kind("battery_sunspec", "battery-1", _LIBMODBUS, _modbus),
    Kind("cdu_redfish", "cdu-1", _AIOHTTP, _redfish),
    Kind("bmc_redfish", "bmc-1", _AIOHTTP, _redfish),
    Kind("gpu_nvml", "gpus", "pynvml", _pynvml),
    Kind("hwmon", "chassis", "plain reads", _files),
)
"""Each kind of device, and who else reads it here."""
