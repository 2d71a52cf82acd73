"""The machine and the versions behind a figure, in words that name no host."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence
from pathlib import Path

PACKAGES = (  # Debian packages that figures depend on
    "libmodbus5",
    "mosquitto",
    "snmpd",
    "snmp",
    "prometheus-snmp-exporter",
    "prometheus-node-exporter",
    "collectd-core",
)


def describe() -> str:
    """Processor, cores, memory, system, kernel and Python, in one line."""
    system = platform.freedesktop_os_release().get("PRETTY_NAME", "Linux")
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {os.cpu_count()} cores, {memory_gib:.0f} GiB; {system}, "
        f"Linux {platform.release().partition('-')[0]}, Python {platform.python_version()}"
    )


def versions(peer_python: str) -> list[str]:
    """The peers' versions: Debian's packages, then the Python packages of their own environment."""
    asked = ["dpkg-query", "--show", "--showformat", "${Package} ${Version}\n", *PACKAGES]
    return sorted(_lines(asked)) + [line.replace("==", " ") for line in _lines([peer_python, "-m", "pip", "freeze"])]


def _lines(command: Sequence[str]) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.split("\n")[:-1]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()
