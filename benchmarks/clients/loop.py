"""The daemon's loop under the ``loop`` benchmark: its turns, its lag, and readings that make it shed.

    python -m benchmarks.clients.loop EDGEAGENT.toml

A line ``tick N`` on standard input has N turns made with half of the watched readings changed; ``shed N`` has N racks
overheat one after the other while telemetry is stored. Each is answered with one JSON object.
"""

from __future__ import annotations

import asyncio
import random
import sys
import time
from pathlib import Path

from benchmarks import loop_lag, loop_pod
from benchmarks.clients.loop_daemon import Daemon
from benchmarks.clients.meter import say
from benchmarks.clients.ours import settle_memory
from edgeagent.core.metrics import Histogram
from edgeagent.daemon import logs
from edgeagent.daemon.configuration import read
from edgeagent.model.points import DeviceId, device_of, name_of

TURN_EVERY_S = 0.02
SETTLE_S = 35.0
"""Telemetry before anything is measured: how the inlets rise is known after half a minute, and nothing is blind."""
LEAD_S, CALM_S = 1.0, 5.0
"""How long telemetry is stored before anything is measured, and then until the first rack overheats."""
LONGEST_PAUSE_S = 0.05


class Trial:
    """One daemon and what is done to it."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon
        self._random = random.Random(2)

    async def settle(self) -> None:
        """Readings until every limit sees."""
        telling = asyncio.create_task(self._daemon.readings.run())
        await asyncio.sleep(SETTLE_S)
        telling.cancel()
        await asyncio.wait([telling])

    async def tick(self, turns: int) -> dict[str, object]:
        """Turns one by one, each with the other half of the watched readings new."""
        histogram, took_ms = self._daemon.tick, list[float]()
        for turn in range(turns):
            await asyncio.sleep(TURN_EVERY_S)
            mean = _Mean(histogram)
            self._change(turn % 2)
            await self._daemon.until(mean.has_grown, "a turn")
            took_ms.append(mean.since_ms())
        return {"ticks_ms": took_ms}

    async def shed(self, samples: int) -> dict[str, object]:
        """Racks that overheat, while telemetry is stored and the loop is probed."""
        daemon, lags_ms = self._daemon, list[float]()
        helpers = [asyncio.create_task(daemon.readings.run()), asyncio.create_task(loop_lag.probe(lags_ms))]
        await asyncio.sleep(LEAD_S)
        calm = _Mean(daemon.tick)
        await asyncio.sleep(CALM_S)
        calm_ms = calm.since_ms()
        daemon.tick.max = 0.0
        shedding = _Mean(daemon.tick)
        begun_s, before = time.monotonic(), daemon.recorded
        racks = loop_pod.racks()
        began_ns = [await self._overheat(racks[number % len(racks)]) for number in range(samples)]
        rate = (daemon.recorded - before) / (time.monotonic() - begun_s)
        for helper in helpers:
            helper.cancel()
        await asyncio.wait(helpers)
        return {
            "began_ns": began_ns,
            "lags_ms": lags_ms,
            "calm_ms": calm_ms,
            "shedding_ms": shedding.since_ms(),
            "worst_ms": daemon.tick.max * 1000,
            "records_per_s": rate,
        }

    async def _overheat(self, rack: str) -> int:
        """One rack gets hot, is shed, cools and has its load back; when its hot reading was published (monotonic)."""
        daemon = self._daemon
        await asyncio.sleep(self._random.uniform(0.0, LONGEST_PAUSE_S))
        began_ns = time.monotonic_ns()
        self._inlet(rack, loop_pod.HOT_C)
        await daemon.until(lambda: (one := daemon.standing(rack)) is not None and one.outcome is not None, "a shed")
        one = daemon.standing(rack)
        if one is None or one.is_failed:
            raise RuntimeError(f"cannot shed: {one}")
        self._inlet(rack, loop_pod.COOL_C)
        await daemon.until(lambda: daemon.standing(rack) is None, "a return")
        return began_ns

    def _inlet(self, rack: str, value_c: float) -> None:
        point = loop_pod.inlet(rack)
        self._daemon.readings.become(DeviceId(point.partition("/")[0]), point.partition("/")[2], value_c)

    def _change(self, half: int) -> None:
        watched = sorted({limit.point for limit in self._daemon.protection.cycle.tables.limits})
        by_device: dict[DeviceId, list[str]] = {}
        for point in watched[half::2]:
            by_device.setdefault(device_of(point), []).append(name_of(point))
        for device, names in by_device.items():
            self._daemon.readings.say(device, names)


class _Mean:
    """What one decision took since this was made."""

    def __init__(self, histogram: Histogram) -> None:
        self._histogram, self._spent_s, self._count = histogram, histogram.sum, histogram.count

    def has_grown(self) -> bool:
        return self._histogram.count > self._count

    def since_ms(self) -> float:
        return (self._histogram.sum - self._spent_s) / (self._histogram.count - self._count) * 1000


async def main(config: Path) -> None:
    """Start, and answer."""
    logs.configure("info")
    async with Daemon(read(config, {})) as daemon:
        tables = daemon.protection.cycle.tables
        trial = Trial(daemon)
        await trial.settle()
        settle_memory()
        say({"points": daemon.readings.points, "limits": len(tables.limits), "interlocks": len(tables.interlocks)})
        while words := (await asyncio.to_thread(sys.stdin.readline)).split():
            do = {"tick": trial.tick, "shed": trial.shed}[words[0]]
            say(await do(int(words[1])))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
