"""A cycle over the scenarios' pod, with doubles at its edges that only remember; nothing here decides."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from edgeagent.autonomy.chronicle import Chronicle
from edgeagent.autonomy.cycle import Cycle
from edgeagent.autonomy.executor import Executor
from edgeagent.autonomy.orders import Orders
from edgeagent.autonomy.overview import Overview
from edgeagent.autonomy.present import Present
from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Permit
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.intent import DONE, FAILED, Choice, Hold, Outcome
from edgeagent.model.journal import AuditEntry, Position
from edgeagent.model.points import DeviceId, Point, PointId, ValueType, device_of, name_of
from edgeagent.model.reading import Reading, ReadingBatch
from edgeagent.model.units import Kind
from tests.scenarios.world import World, tables


class Keeper:
    """Facts and audit in memory, in the order in which they came."""

    def __init__(self, facts: Mapping[str, object] | None = None) -> None:
        self.facts = dict(facts or {})
        self.knows_facts = True
        self.entries: list[AuditEntry] = []
        self.order: list[str] = []

    def fact(self, name: str) -> object | None:
        return self.facts.get(name) if self.knows_facts else None

    def note_fact(self, name: str, value: object) -> None:
        made = value() if callable(value) else value
        self.facts[name] = json.loads(made) if isinstance(made, bytes) else made
        self.order.append(name)

    def audit(self, subject: str, action: str, detail: str = "") -> None:
        self.entries.append(AuditEntry("0" * 8, 0.0, subject, action, detail))
        self.order.append(f"{subject} {action}")

    async def audit_durable(self, subject: str, action: str, detail: str = "") -> Position:
        self.audit(subject, action, detail)
        return Position(1, len(self.entries))

    async def audited(self, words: str, limit: int = 50) -> Sequence[AuditEntry]:
        found = [one for one in reversed(self.entries) if words in one.subject or words in one.detail]
        return found[:limit]


class Listening:
    """What would be the alarm desk and the flight recorder."""

    def __init__(self) -> None:
        self.alarms: list[str] = []
        self.ticks = 0

    def update(self, wanted: Sequence[Any]) -> None:
        self.alarms = [one.key for one in wanted]

    def tick(self, *_: object, **__: object) -> None:
        self.ticks += 1

    def view(self) -> Mapping[str, object]:
        return {"alarms": [{"key": key, "severity": "major", "text": key, "cause": ""} for key in self.alarms]}


class Switch:
    """An actuator whose world obeys."""

    def __init__(self, target: PointId, world: World, keeper: Keeper) -> None:
        self.target, self._world, self._keeper = target, world, keeper
        self.domain, self.safe, self.feedback, self.settle_s = Choice(frozenset({"on", "off"})), Hold(), None, 1.0

    async def apply(self, output: Any, permit: Permit) -> Outcome:
        if why := await permit():
            return Outcome(self.target, FAILED, why)
        self._keeper.order.append(f"{self.target} {output.value}")
        load = next(one for one in self._world.site.loads.values() if one.target == self.target)
        for cord in load.cords:
            self._world.set(PointId(f"{cord}.state"), output.value)
        return Outcome(self.target, DONE, f"{load.name} is {output.value}", output.value)


class Stand:
    """Polls the world into a State, and turns the cycle."""

    def __init__(self, *texts: str, keeper: Keeper | None = None, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.world, self.keeper, self.ear = World(), keeper or Keeper(), Listening()
        self.tables = tables(*texts)
        site = self.world.site
        self.state = State(self.clock)
        self._describe()
        self.metrics, self.health = Metrics(), Health(self.clock)
        actuators = {load.target: Switch(load.target, self.world, self.keeper) for load in site.loads.values()}
        self.executor = Executor(
            actuators, audit=self.keeper, clock=self.clock, health=self.health, metrics=self.metrics
        )
        self.orders = Orders(site, self.tables, facts=self.keeper, audit=self.keeper, clock=self.clock)
        self.cycle = Cycle(
            site,
            self.tables,
            state=self.state,
            executor=self.executor,
            orders=self.orders,
            alarms=self.ear,
            chronicle=Chronicle(self.keeper, self.clock),
            flight=self.ear,
            facts=self.keeper,
            clock=self.clock,
            metrics=self.metrics,
            watchers=(self.executor.alarms,),
        )
        self.now = Present(self.cycle, self.clock, self.state.unit_of)
        self.overview = Overview(self.now, self.orders)

    def poll(self) -> None:
        """Every device is read."""
        self.world.poll(self.clock.now_s())
        readings: dict[DeviceId, list[Reading]] = {}
        for reading in self.world.snapshot(0.0).readings.values():
            readings.setdefault(device_of(reading.point), []).append(reading)
        for device, some in readings.items():
            self.state.publish(ReadingBatch(device, "all", self.clock.now_s(), some))

    async def pass_time(self, seconds: float) -> None:
        """A poll every 2 s, a decision every second."""
        for second in range(int(seconds)):
            if second % 2 == 0:
                self.poll()
            self.cycle.turn()
            await self.clock.advance(1.0)

    def heat(self, rack: str, value: float) -> None:
        self.world.set(self.world.site.racks[rack].inlet, value)

    def _describe(self) -> None:
        points: dict[DeviceId, list[Point]] = {}
        for name in self.world.values:
            device = device_of(name)
            points.setdefault(device, []).append(_point(device, name_of(name)))
        for device, some in points.items():
            group = Group("all", 2.0, 1.0, frozenset(one.name for one in some))
            self.state.describe(device, DeviceInfo(Identity(), tuple(some), (group,)))


def _point(device: DeviceId, name: str) -> Point:
    if name.endswith(("state", "fault")):
        return Point(device, name, Kind.SWITCH, ValueType.CODE, ("on", "off", "yes", "no"))
    return Point(device, name, Kind.TEMPERATURE if "temperature" in name else Kind.POWER)
