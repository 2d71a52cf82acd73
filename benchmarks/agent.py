"""Our side of the ``footprint`` benchmark: the daemon with its configuration, and the NOC that takes its journal."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.context import Context
from benchmarks.process import BenchError, server, tail, wait_until

PERIOD_S = 10.0
SITE, POD = "bench", "pod-1"
JOURNAL = f"edgepod/v1/{SITE}/{POD}/journal"


class Agent:
    """A running daemon."""

    def __init__(self, context: Context, child: subprocess.Popen[bytes], config: Path, log: Path) -> None:
        self._context, self._config, self._log = context, config, log
        self.pid = child.pid

    def points(self) -> int:
        """How many points it reads well; BenchError when it does not answer."""
        command = [self._context.edgeagent, "points", "--config", str(self._config), "--json"]
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        if asked.returncode:
            raise BenchError(f"cannot count points: {asked.stderr.strip()}\n{tail(self._log)}")
        return sum(point["quality"] == "GOOD" for point in json.loads(asked.stdout))


def configuration(pod: Mapping[str, Any], broker_port: int, keyring: Path, place: Path) -> str:
    """An ``edgeagent.toml`` that reads every PDU of the simulation every 10 s."""
    lines = [
        *("[pod]", f'site = "{SITE}"', f'name = "{POD}"'),
        *("[daemon]", f'state = "{place}/state"', f'runtime = "{place}/run"'),
        *("[api]", "port = 0"),
        *("[uplink]", f'broker = "mqtt://127.0.0.1:{broker_port}"', f'keyring = "{keyring}"'),
    ]
    for device in pod["devices"]:
        lines += [f"[devices.{device['name']}]", 'driver = "ipdu"']
        lines += [f'every = "{PERIOD_S:g} s"', f'slow_every = "{PERIOD_S:g} s"']
        lines += [f'address = "snmp://{device["host"]}:{device["port"]}"', f'community = "{device["community"]}"']
    return "\n".join(lines) + "\n"


@contextlib.contextmanager
def agent(context: Context, pod: Mapping[str, Any], broker_port: int, keyring: Path, name: str) -> Iterator[Agent]:
    """A daemon with an empty state folder of its own."""
    place = context.folder / name
    place.mkdir()
    config, log = place / "edgeagent.toml", place / "agent.log"
    config.write_text(configuration(pod, broker_port, keyring, place))
    with server([context.edgeagent, "run", "--config", str(config)], log) as child:
        yield Agent(context, child, config, log)


@contextlib.contextmanager
def noc(context: Context, broker_port: int) -> Iterator[Path]:
    """A NOC that ingests; yields the keyring by which the daemon believes its acknowledgements."""
    place = context.folder / "noc"
    subprocess.run([context.edgeagent, "noc", "keys", str(place)], check=True, stdout=subprocess.DEVNULL)
    config, database, log = place / "noc.toml", place / "noc.db", place / "noc.log"
    config.write_text(
        f'[noc]\nbroker = "mqtt://127.0.0.1:{broker_port}"\n'
        f'database = "{database}"\nsigning_key = "{place}/ingest.key"\n'
    )
    with server([context.edgeagent, "noc", "serve", "--config", str(config)], log):
        wait_until(database.exists, f"the NOC\n{tail(log)}")
        yield place / "keyring.toml"
