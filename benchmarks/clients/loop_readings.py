"""The readings of the ``loop`` benchmark's pod, published as its drivers would."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterable

from benchmarks import loop_pod
from edgeagent.core.clock import Clock
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.points import DeviceId, Point, PointId, ValueType, point_id
from edgeagent.model.reading import Reading, ReadingBatch, Value
from edgeagent.model.units import Kind

RECORDS_PER_S = 1000
POINTS_PER_RECORD = 2
PACE_S = 0.01
WANDER = 0.002
KINDS = {"temperature": Kind.TEMPERATURE, "power": Kind.POWER, "energy": Kind.ENERGY, "current": Kind.CURRENT}


class Readings:
    """What every point is now; ``say`` publishes, ``run`` publishes all points about once a second."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state, self._clock, self._random = state, clock, random.Random(1)
        self._values: dict[DeviceId, dict[str, Value]] = {}
        self._ids: dict[DeviceId, dict[str, PointId]] = {}
        for name in loop_pod.pdus():
            device = DeviceId(name)
            self._values[device] = dict(loop_pod.points(name))
            self._ids[device] = {point: point_id(device, point) for point in self._values[device]}
            state.describe(device, _info(device, self._values[device]))
            self.say(device, self._values[device])

    @property
    def points(self) -> int:
        """How many there are."""
        return sum(map(len, self._values.values()))

    def become(self, device: DeviceId, name: str, value: Value) -> None:
        """A point is something else from now on, and is read at once."""
        self._values[device][name] = value
        self.say(device, [name])

    def say(self, device: DeviceId, names: Iterable[str]) -> None:
        """One poll of these points."""
        now_s, values, ids = self._clock.now_s(), self._values[device], self._ids[device]
        readings = [Reading(ids[name], self._wandered(values[name]), now_s) for name in names]
        self._state.publish(ReadingBatch(device, "bench", now_s, readings))

    async def run(self) -> None:
        """``RECORDS_PER_S`` polls of a few points each, evenly, until cancelled."""
        polls = [
            (device, names[place : place + POINTS_PER_RECORD])
            for device, values in self._values.items()
            for names in [list(values)]
            for place in range(0, len(names), POINTS_PER_RECORD)
        ]
        self._random.shuffle(polls)
        begun_s, done = time.monotonic(), 0
        while True:
            due = int((time.monotonic() - begun_s) * RECORDS_PER_S)
            while done < due:
                self.say(*polls[done % len(polls)])
                done += 1
            await asyncio.sleep(PACE_S)

    def _wandered(self, value: Value) -> Value:
        return value * (1 + WANDER * self._random.uniform(-1, 1)) if isinstance(value, float) else value


def _info(device: DeviceId, values: Iterable[str]) -> DeviceInfo:
    points = tuple(_point(device, name) for name in values)
    return DeviceInfo(Identity(), points, (Group("bench", 1.0, 1.0, frozenset(one.name for one in points)),))


def _point(device: DeviceId, name: str) -> Point:
    if name.endswith("state"):
        return Point(device, name, Kind.SWITCH, ValueType.CODE, ("on", "off"))
    return Point(device, name, KINDS[name.rpartition(".")[2]])
