"""A small pod, net-snmp's own commands as the judge, and a raw client that waits no longer than it must."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from firmware_stubs.pod import Pod, PodPlan

Run = Callable[..., Awaitable[str]]


@pytest.fixture
async def pod(tmp_path: Path) -> AsyncIterator[Pod]:
    """One rack, two PDUs of eight outlets: pdu-a1 Raritan v3, pdu-b1 APC v2c."""
    async with Pod(PodPlan(tmp_path, racks=1, outlets=8)) as opened:
        yield opened


@pytest.fixture
def device(pod: Pod) -> Callable[[str], dict[str, Any]]:
    """A device's entry of pod.json, by name."""

    def find(name: str) -> dict[str, Any]:
        described = json.loads((pod.plan.folder / "pod.json").read_text())
        return next(entry for entry in described["devices"] if entry["name"] == name)

    return find


def net_snmp_arguments(entry: dict[str, Any], *, write: bool = False) -> list[str]:
    if entry["version"] == "v2c":
        return ["-v2c", "-c", entry["write_community" if write else "community"]]
    keys = ["-a", entry["auth_protocol"], "-A", entry["auth_key"], "-x", "AES", "-X", entry["priv_key"]]
    return ["-v3", "-l", "authPriv", "-u", entry["user"], *keys]


@pytest.fixture
def net_snmp() -> Run:
    """Runs one of net-snmp's commands on a device; the text of both its streams."""
    if shutil.which("snmpget") is None:
        pytest.skip("net-snmp's commands are not installed (Debian package snmp)")

    async def run(command: str, entry: dict[str, Any], *rest: str, write: bool = False, access: Any = None) -> str:
        arguments = access or net_snmp_arguments(entry, write=write)
        address = f"{entry['host']}:{entry['port']}"
        process = await asyncio.create_subprocess_exec(
            *[command, "-On", "-Oe", "-t", "1", "-r", "0", "-m", "", *arguments, address, *rest],
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        return out.decode()

    return run


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.queue: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.queue.put_nowait(data)


@pytest.fixture
def ask() -> Callable[..., Awaitable[bytes]]:
    """Sends one datagram and returns the next that comes back; TimeoutError when none does."""

    async def send(entry: dict[str, Any], wire: bytes, timeout_s: float = 1.0) -> bytes:
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.create_datagram_endpoint(
            _Datagrams, remote_addr=(entry["host"], entry["port"])
        )
        try:
            transport.sendto(wire)
            async with asyncio.timeout(timeout_s):
                return await protocol.queue.get()
        finally:
            transport.close()

    return send
