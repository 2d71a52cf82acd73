"""The simulated devices of the ``footprint`` benchmark."""

from __future__ import annotations

import contextlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.process import server, tail, wait_until


@contextlib.contextmanager
def simulation(folder: Path, *, pdus: int, outlets: int) -> Iterator[dict[str, Any]]:
    """Rack PDUs of one family over SNMP v2c, the only one that collectd speaks alike; yields what pod.json says."""
    place, log = folder / "pod", folder / "pod.log"
    command = [sys.executable, "-m", "firmware_stubs.pod", "--dir", str(place)]
    command += ["--plain-agents", str(pdus), "--plain-family", "apc-rpdu2", "--version", "v2c"]
    with server([*command, "--outlets", str(outlets)], log):
        wait_until((place / "pod.json").exists, f"a simulated pod\n{tail(log)}")
        yield json.loads((place / "pod.json").read_text())
