"""net-snmp's C agent serving the objects of a simulated rack PDU.

The simulated PDU is walked once and its answers become `override` lines of snmpd.conf(5). So every client talks to the
same well-known agent, and the simulation's own cost is in nobody's figure.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import BenchError, free_port, server, tail, wait_until

COMMUNITY = "public"
HARDWARE = "1.3.6.1.4.1.318.1.1.26"  # rPDU2, { hardware 26 } of PowerNet-MIB
SYSTEM = "1.3.6.1.2.1.1"
OUTLETS = 48
REPETITIONS = 48  # one row of every outlet in one answer
TYPES = {  # as snmpbulkwalk names them: as snmpd.conf(5) does
    "INTEGER": "integer",
    "Gauge32": "uinteger",
    "Counter32": "counter",
    "STRING": "octet_str",
    "OID": "object_id",
}
_LINE = re.compile(r"\.(?P<oid>[\d.]+) = (?P<type>[A-Za-z\d-]+): (?P<value>.*)")


@dataclass(frozen=True, slots=True)
class Binding:
    """One object of a walk, its value as snmpbulkwalk prints it."""

    oid: str
    type: str
    value: str


def parse_walk(text: str) -> list[Binding]:
    """What `snmpbulkwalk -On` printed; empty strings come without a type."""
    bindings = []
    for line in text.splitlines():
        if line.endswith('= ""'):
            line = line.replace('= ""', '= STRING: ""')  # noqa: PLW2901 - the same line, said in full
        if found := _LINE.fullmatch(line):
            bindings.append(Binding(found["oid"], found["type"], found["value"]))
    return bindings


def configuration(port: int, bindings: Iterable[Binding]) -> str:
    """snmpd.conf(5) for a read-only agent with these objects; BenchError for a type that snmpd cannot hold."""
    lines = [f"agentaddress udp:127.0.0.1:{port}", f"rocommunity {COMMUNITY} 127.0.0.1"]
    named = {f"{SYSTEM}.1.0": "sysdescr", f"{SYSTEM}.2.0": "sysobjectid", f"{SYSTEM}.5.0": "sysname"}
    for binding in bindings:
        if binding.oid in named:
            lines.append(f"{named[binding.oid]} {binding.value.strip(chr(34))}")
        elif not binding.oid.startswith(f"{SYSTEM}."):
            lines.append(_override(binding))
    return "\n".join(lines) + "\n"


def _override(binding: Binding) -> str:
    if binding.type not in TYPES:
        raise BenchError(f"cannot copy {binding.oid}: snmpd has no override of type {binding.type}")
    return f"override .{binding.oid} {TYPES[binding.type]} {binding.value}"


def walk(port: int, subtree: str) -> list[Binding]:
    """Everything below the subtree, by net-snmp."""
    printed = subprocess.run(walk_command(port, subtree), capture_output=True, text=True, check=False, env={"MIBS": ""})
    if printed.returncode:
        raise BenchError(f"cannot walk {subtree} on port {port}: {printed.stderr.strip()}")
    return parse_walk(printed.stdout)


def walk_command(port: int, subtree: str) -> list[str]:
    """How net-snmp's client is used; `MIBS` must be empty, or it spends its time on MIB files."""
    return [
        "/usr/bin/snmpbulkwalk",
        *("-v2c", "-c", COMMUNITY, "-On", f"-Cr{REPETITIONS}", "-t5", f"127.0.0.1:{port}", f".{subtree}"),
    ]


@contextlib.contextmanager
def replica(folder: Path) -> Iterator[tuple[int, list[Binding]]]:
    """The running agent's port, and the vendor objects it serves."""
    bindings = _simulated(folder)
    port = free_port(socket.SOCK_DGRAM)
    config, log = folder / "snmpd.conf", folder / "snmpd.log"
    config.write_text(configuration(port, bindings))
    env = {"MIBS": "", "SNMP_PERSISTENT_DIR": str(folder / "snmpd.state")}
    command = ["/usr/sbin/snmpd", "-f", "-Lo", "-C", "-c", str(config), "-I", "-smux"]
    hardware = [binding for binding in bindings if binding.oid.startswith(f"{HARDWARE}.")]
    with server(command, log, env):
        wait_until(lambda: b"NET-SNMP version" in log.read_bytes(), f"snmpd on port {port}\n{tail(log)}")
        served = walk(port, HARDWARE)
        if len(served) != len(hardware):
            raise BenchError(f"snmpd serves {len(served)} of {len(hardware)} objects:\n{tail(log)}")
        yield port, served


def _simulated(folder: Path) -> list[Binding]:
    """The objects of one simulated PDU, taken at one moment."""
    place = folder / "one-pdu"
    command = [sys.executable, "-m", "firmware_stubs.pod", "--dir", str(place)]
    command += ["--plain-agents", "1", "--plain-family", "apc-rpdu2", "--version", "v2c", "--outlets", str(OUTLETS)]
    with server(command, folder / "one-pdu.log"):
        wait_until((place / "pod.json").exists, f"a simulated PDU\n{tail(folder / 'one-pdu.log')}")
        port = json.loads((place / "pod.json").read_text())["devices"][0]["port"]
        return walk(port, SYSTEM) + walk(port, HARDWARE)
