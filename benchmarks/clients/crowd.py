"""Our poller over many agents; tells how long reads of the ones that are never touched took.

    python -m benchmarks.clients.crowd POD.json SPARED

Each line on standard input is a number of seconds; the answer holds the p50 and p99 in milliseconds of the reads that
the first SPARED devices gave in that time. Ends with standard input.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.clients.meter import say
from benchmarks.clients.ours import settle_memory
from edgeagent.core.clock import SystemClock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Driver
from edgeagent.core.state import State
from edgeagent.daemon.logs import configure
from edgeagent.drivers.identity import MemoryBook
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.polled import DevicePlan
from edgeagent.drivers.poller import Poller
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.model.device import DeviceInfo
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reading
from edgeagent.protocols.snmp_address import Community, parse_address

TIMES = Times(every_s=1.0, slow_every_s=10.0, timeout_s=0.3)


class Timed:
    """A driver whose successful reads are timed."""

    def __init__(self, driver: Driver, took_ms: list[float]) -> None:
        self._driver = driver
        self._took_ms = took_ms

    async def connect(self) -> DeviceInfo:
        return await self._driver.connect()

    async def read(self, group: str) -> Sequence[Reading]:
        begun_s = time.perf_counter()
        readings = await self._driver.read(group)
        self._took_ms.append((time.perf_counter() - begun_s) * 1000)
        return readings

    async def close(self) -> None:
        await self._driver.close()


def crowd(devices: Sequence[dict[str, Any]], spared: int, took_ms: list[float]) -> list[tuple[DevicePlan, Driver]]:
    """Plans and drivers; the reads of the first ``spared`` are timed."""
    parts, made = Parts(SystemClock()), []
    for place, device in enumerate(devices):
        address = parse_address(f"snmp://{device['host']}:{device['port']}")
        name = DeviceId(device["name"])
        driver = SnmpOptions(address, Community(device["community"])).build(name, TIMES, parts)
        timed = Timed(driver, took_ms) if place < spared else driver
        made.append((DevicePlan(name, TIMES.every_s, 10.0), timed))
    return made


async def main(devices: Sequence[dict[str, Any]], spared: int) -> None:
    """Poll, and answer."""
    configure("error")  # the silent devices are no news, and standard output is for answers
    clock, metrics, took_ms = SystemClock(), Metrics(), list[float]()
    state = State(clock)
    poller = Poller(crowd(devices, spared, took_ms), state=state, clock=clock, metrics=metrics, book=MemoryBook())
    polling = asyncio.create_task(poller.run(lambda: None))
    await asyncio.sleep(5)
    settle_memory()
    say({"ready": True, "points": len(state.points())})
    while line := await asyncio.to_thread(sys.stdin.readline):
        took_ms.clear()
        await asyncio.sleep(float(line))
        cuts = statistics.quantiles(took_ms, n=100)
        say({"p50_ms": cuts[49], "p99_ms": cuts[98], "reads": len(took_ms)})
    polling.cancel()
    await asyncio.wait([polling])


if __name__ == "__main__":
    asyncio.run(main(json.loads(Path(sys.argv[1]).read_text())["devices"], int(sys.argv[2])))
