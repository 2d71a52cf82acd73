"""A simulated pod with what feeds and cools it, and the configuration that reads all of it."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from benchmarks.process import Lines, piped, server, tail, wait_until
from edgeagent.cli import demo_config
from edgeagent.cli.keys import make_ingest_keys

PERIOD_S = 10.0
NO_BROKER = "mqtt://127.0.0.1:1"
CDU = "cdu-modbus"
"""The coolant distribution unit that `cdu_server` serves."""


@contextlib.contextmanager
def plant(folder: Path, *, racks: int, families: str = "standard") -> Iterator[dict[str, Any]]:
    """A running pod; yields what pod.json says."""
    place, log = folder / "pod", folder / "pod.log"
    command = [sys.executable, "-m", "firmware_stubs.pod", "--dir", str(place), "--racks", str(racks)]
    with server([*command, "--plant", "--families", families], log) as child:
        wait_until((place / "pod.json").exists, f"a simulated pod\n{tail(log)}", timeout_s=60)
        told: dict[str, Any] = json.loads((place / "pod.json").read_text())
        yield {**told, "pid": child.pid}


@contextlib.contextmanager
def modbus_cdu(folder: Path) -> Iterator[dict[str, Any]]:
    """A running unit, told as pod.json tells of devices."""
    log = folder / "cdu.log"
    with piped([sys.executable, "-m", "benchmarks.cdu_server"], log) as child:
        assert child.stdout is not None
        port = int(Lines(child.stdout, "the simulated CDU").next(20))
        address = f"modbus://127.0.0.1:{port}/1"
        yield {"name": CDU, "driver": "cdu", "address": address, "family": "generic-cdu"}


def configuration(pod: Mapping[str, Any], folder: Path, *, protective_s: float) -> Path:
    """An ``edgeagent.toml`` that reads every device each 10 s, and what protects as often as is asked."""
    keyring = make_ingest_keys(folder / "noc").keyring
    text = demo_config.agent_config(
        pod, broker=NO_BROKER, keyring=keyring, state=folder / "state", runtime=folder / "run"
    )
    for hurried in ("2 s", "5 s"):
        text = text.replace(f'\nevery = "{hurried}"\n', f'\nevery = "{PERIOD_S:g} s"\n')
    often = f'timeout = "1 s"\nprotective_every = "{protective_s:g} s"\nslow_every = "{PERIOD_S:g} s"\n'
    written = folder / "edgeagent.toml"
    written.write_text(text.replace('timeout = "1 s"\n', often))
    return written
