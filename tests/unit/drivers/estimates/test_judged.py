import asyncio
from collections.abc import Mapping, Sequence

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.drivers.estimates.desk import Desk
from edgeagent.drivers.polled import DevicePlan
from edgeagent.drivers.poller import Poller
from edgeagent.model.device import DeviceInfo, Identity
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.points import point_id
from edgeagent.model.reading import Quality, Reading, Reason
from edgeagent.model.units import Kind
from tests.unit.drivers.estimates.meters import DEVICE, described, readings

KINDS = {
    "inlet.power": Kind.POWER,
    "inlet.energy": Kind.ENERGY,
    "outlet.1.power": Kind.POWER,
    "outlet.1.voltage": Kind.VOLTAGE,
    "outlet.1.current": Kind.CURRENT,
    "probe.1.temperature": Kind.TEMPERATURE,
    "probe.1.humidity": Kind.HUMIDITY,
}
HONEST = {
    "inlet.power": 3600.0,
    "inlet.energy": 1000.0,
    "outlet.1.power": 450.0,
    "outlet.1.voltage": 230.0,
    "outlet.1.current": 2.0,
    "probe.1.temperature": 25.0,
    "probe.1.humidity": 60.0,
}


class Facts:
    """Facts in memory."""

    def __init__(self) -> None:
        self.facts: dict[str, object] = {}
        self.knows_facts = True
        self.notes = 0

    def fact(self, name: str) -> object | None:
        return self.facts.get(name)

    def note_fact(self, name: str, value: object) -> None:
        self.facts[name] = value
        self.notes += 1


class Device:
    """A driver that shows what it is told to."""

    def __init__(self, clock: ManualClock, serial: str = "S1") -> None:
        self.values: dict[str, float] = dict(HONEST)
        self.serial, self.dead, self._clock = serial, False, clock

    async def connect(self) -> DeviceInfo:
        if self.dead:
            raise DeviceUnreachable("cannot reach pdu-a1")
        info = described(KINDS)
        return DeviceInfo(Identity(serial=self.serial), info.points, info.groups)

    async def read(self, group: str) -> Sequence[Reading]:
        if self.dead:
            raise DeviceUnreachable("cannot reach pdu-a1")
        return readings(self.values, self._clock.now_s())

    async def close(self) -> None:
        pass


class Rig:
    """A judged device; `poll` reads it ten seconds later."""

    def __init__(self, facts: Facts | None = None, serial: str = "S1", clock: ManualClock | None = None) -> None:
        self.clock, self.facts = clock or ManualClock(), facts or Facts()
        self.device = Device(self.clock, serial)
        self.desk = Desk(self.facts, self.clock, Metrics())
        self.driver = self.desk.around(DEVICE, self.device)

    async def poll(self, **changes: float) -> Mapping[str, Reading]:
        await self.clock.advance(10.0)
        self.device.values |= {name.replace("__", "."): value for name, value in changes.items()}
        return {reading.point.partition("/")[2]: reading for reading in await self.driver.read("fast")}

    async def total(self, counter_wh: float) -> float:
        value = (await self.poll(inlet__energy=counter_wh))["inlet.energy_total"].value
        assert isinstance(value, float)
        return value


async def test_derived_points_belong_to_the_device_and_its_group() -> None:
    info = await Rig().driver.connect()
    derived = {"inlet.energy_total", "probe.1.dew_point", "probe.1.condensation_margin"}
    assert {point.name for point in info.points} == {*KINDS, *derived}
    assert derived <= info.groups[0].points


async def test_a_total_goes_on_after_a_restart_and_a_reset() -> None:
    rig = Rig()
    await rig.driver.connect()
    assert await rig.total(1000.0) == 1000.0
    assert await rig.total(1010.0) == 1010.0
    assert await rig.total(0.0) == 1010.0
    assert await rig.total(10.0) == 1020.0
    await rig.driver.close()
    again = Rig(rig.facts, clock=rig.clock)
    await again.driver.connect()
    assert await again.total(20.0) == 1030.0


async def test_a_reset_is_kept_at_once_and_a_rise_only_now_and_then() -> None:
    rig = Rig()
    await rig.driver.connect()
    await rig.total(1000.0)
    notes = rig.facts.notes
    await rig.total(1010.0)
    assert rig.facts.notes == notes
    await rig.total(0.0)
    assert rig.facts.notes == notes + 1


async def test_the_counter_of_another_serial_begins_where_the_total_is() -> None:
    rig = Rig()
    await rig.driver.connect()
    await rig.total(1000.0)
    await rig.driver.close()
    other = Rig(rig.facts, serial="S2", clock=rig.clock)
    await other.driver.connect()
    assert await other.total(777_000.0) == 1000.0
    assert await other.total(777_010.0) == 1010.0


async def test_facts_that_cannot_be_read_cost_the_past_and_are_told() -> None:
    facts = Facts()
    facts.facts["estimates.pdu-a1"] = {"v": 1, "counters": "nonsense"}
    rig = Rig(facts)
    await rig.driver.connect()
    assert await rig.total(1000.0) == 1000.0


async def test_as_long_as_nothing_kept_can_be_known_there_is_no_total() -> None:
    facts = Facts()
    facts.knows_facts = False
    rig = Rig(facts)
    await rig.driver.connect()
    assert (await rig.poll())["inlet.energy_total"].reason is Reason.NEVER_READ
    facts.knows_facts = True
    assert await rig.total(1010.0) == 1010.0


async def test_a_counter_at_zero_is_shown_and_doubted_and_its_total_stays() -> None:
    rig = Rig()
    await rig.driver.connect()
    await rig.total(187_710.0)
    found = await rig.poll(inlet__energy=0.0)
    assert (found["inlet.energy"].value, found["inlet.energy"].reason) == (0.0, Reason.IMPLAUSIBLE)
    assert (found["inlet.energy_total"].value, found["inlet.energy_total"].quality) == (187_710.0, Quality.GOOD)
    found = await rig.poll(inlet__energy=187_715.0)
    assert found["inlet.energy"].quality is Quality.GOOD
    assert found["inlet.energy_total"].value == 187_715.0


async def test_what_is_implausible_is_an_alarm_of_its_device_until_it_is_not() -> None:
    rig = Rig()
    await rig.driver.connect()
    for _ in range(3):
        await rig.poll(outlet__1__power=4500.0)
    (alarm,) = rig.desk.alarms()
    assert (alarm.key, alarm.severity) == ("implausible/pdu-a1", "warning")
    assert "outlet.1.power" in alarm.text
    for _ in range(4):
        await rig.poll(outlet__1__power=450.0)
    assert rig.desk.alarms() == []


async def test_the_image_and_whoever_listens_see_only_marked_readings() -> None:
    rig = Rig()
    rig.device.values["outlet.1.power"] = 4500.0
    state = State(rig.clock)
    seen: list[Reading] = []
    plan = DevicePlan(DEVICE, 10.0, 5.0)
    poller = Poller([(plan, rig.driver)], state=state, clock=rig.clock, metrics=Metrics(), book=_NoBook())
    with state.batches.subscribe("test", 1000) as batches:
        task = asyncio.create_task(poller.run(lambda: None))
        for _ in range(6):
            await rig.clock.advance(10.0)
        for batch in batches.drain():
            seen.extend(batch.readings)
        image = state.reading(point_id(DEVICE, "outlet.1.power"))
        assert image is not None
        assert image.reason is Reason.IMPLAUSIBLE
        assert [one for one in seen if one.point == image.point][-1] is image
        rig.device.dead = True
        await rig.clock.advance(20.0)
        total = state.reading(point_id(DEVICE, "inlet.energy_total"))
        assert total is not None
        assert (total.value, total.reason) == (None, Reason.DISCONNECTED)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


class _NoBook:
    def serial_of(self, device: object) -> str | None:
        return None

    def bind(self, device: object, serial: str) -> None:
        pass
