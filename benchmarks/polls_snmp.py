"""Peers that poll over SNMP: net-snmp's snmpget with the same requests; prometheus-snmp-exporter."""

from __future__ import annotations

import contextlib
import os
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import exporter
from benchmarks.polls import timed
from benchmarks.process import BenchError, free_port, listens, server, tail, wait_until
from benchmarks.usage import cpu_s

Requests = Sequence[Sequence[Any]]
"""What one poll of ours asks: each a name, or a list of names."""


def oids(requests: Requests) -> list[list[str]]:
    """The objects of each request."""
    return [[asked] if isinstance(asked, str) else list(asked) for asked, *_ in requests]


class NetSnmp:
    """One process for each request: a program that starts, asks, prints and ends."""

    def __init__(self, device: Mapping[str, Any], requests: Requests) -> None:
        place = f"{device['host']}:{device['port']}"
        self._commands = [["/usr/bin/snmpget", *_access(device), "-On", place, *asked] for asked in oids(requests)]
        self._spent_s = 0.0

    def poll(self, times: int) -> Sequence[float]:
        """Poll so often; how long each took, in milliseconds."""
        return timed(self._once, times)

    def spent_s(self) -> float:
        """What the kernel counted of the processes when they were reaped."""
        return self._spent_s

    def _once(self) -> None:
        for command in self._commands:
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL, env={"MIBS": ""})
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode:
                raise BenchError(f"cannot measure snmpget: it ended with {child.returncode}")
            self._spent_s += used.ru_utime + used.ru_stime


class Scraped:
    """prometheus-snmp-exporter: a poll is one scrape."""

    def __init__(self, pid: int, url: str) -> None:
        self._pid, self._url = pid, url

    def poll(self, times: int) -> Sequence[float]:
        """Poll so often; how long each took, in milliseconds."""
        return timed(self.samples, times)

    def spent_s(self) -> float:
        """Processor time of the exporter so far; who scrapes is not counted."""
        return cpu_s(self._pid)

    def samples(self) -> int:
        """Scrape once; how many samples came out."""
        with urllib.request.urlopen(self._url, timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        return sum(line.startswith(exporter.PREFIX) for line in lines)


@contextlib.contextmanager
def scraped(device: Mapping[str, Any], requests: Requests, folder: Path) -> Iterator[Scraped]:
    """A running exporter that gets the same objects; BenchError when it delivers too few."""
    port, config, log = free_port(), folder / f"snmp-{device['name']}.yml", folder / f"exporter-{device['name']}.log"
    asked = [oid for request in oids(requests) for oid in request]
    config.write_text(exporter.of_objects(asked, _exporter_access(device)))
    command = ["/usr/bin/prometheus-snmp-exporter", f"--config.file={config}", f"--web.listen-address=127.0.0.1:{port}"]
    with server(command, log) as child:
        wait_until(lambda: listens(port), f"prometheus-snmp-exporter on port {port}\n{tail(log)}")
        target = urllib.parse.quote(f"{device['host']}:{device['port']}")
        running = Scraped(child.pid, f"http://127.0.0.1:{port}/snmp?module={exporter.MODULE}&target={target}")
        if not running.samples():
            raise BenchError(f"prometheus-snmp-exporter delivers nothing of {device['name']}:\n{tail(log)}")
        yield running


def _access(device: Mapping[str, Any]) -> list[str]:
    if "community" in device:
        return ["-v2c", "-c", str(device["community"])]
    keys = ["-a", "SHA-256", "-A", str(device["auth_key"]), "-x", "AES", "-X", str(device["priv_key"])]
    return ["-v3", "-l", "authPriv", "-u", str(device["user"]), *keys]


def _exporter_access(device: Mapping[str, Any]) -> dict[str, object]:
    if "community" in device:
        return {"version": 2, "auth": {"community": device["community"]}}
    secrets = {"password": device["auth_key"], "priv_password": device["priv_key"]}
    kinds = {"security_level": "authPriv", "auth_protocol": "SHA256", "priv_protocol": "AES"}
    return {"version": 3, "auth": {"username": device["user"], **secrets, **kinds}}
