"""What is set over BACnet, against a simulated air unit: clamped, written at our priority, read back, relinquished."""

import asyncio

import pytest

from edgeagent.actuators.bacnet_setting import BacnetSetting, BacnetTarget, guards
from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.actuators.worded import WordedActuator
from edgeagent.core.clock import ManualClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceRefused
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Output, Rank
from edgeagent.protocols.bacnet import lease
from edgeagent.protocols.guard import WordGuard
from edgeagent.protocols.session import Sessions
from tests.fixtures.bacnet import FAMILY, NAME, Unit

SETPOINT, FAN = "supply_air.setpoint", "fan.1.setpoint"
OURS, PERSONS = 14, 8


class Stand(Unit):
    """The unit, and what sets it."""

    def __init__(self):
        super().__init__()
        self.clock, self.serial, self.sessions = ManualClock(), "AIR-0042", Sessions()
        self.targets = []

    def identify(self, device, serial):
        return "" if serial == self.serial else f"{device} is bound to serial {self.serial}"

    def target(self, family=FAMILY):
        profile = self.parts.bacnet_profiles.all.get(family)
        hold = lease(self.sessions, self.address(), 0.3)
        made = BacnetTarget(NAME, self.address(), hold, choose=lambda _named: profile, identify=self.identify)
        self.targets.append(made)
        return made

    def actuator(self, name=SETPOINT, guard=None, family=FAMILY):
        own = guard or guards(self.parts.bacnet_profiles.all[FAMILY])[name]
        return SetpointActuator(BacnetSetting(self.target(family), name), own, self.clock)

    async def apply(self, actuator, value):
        output = Output(actuator.target, value, Rank.PLAN, "test", "because", "audit-1")
        task = asyncio.create_task(actuator.apply(output, granted))
        while not task.done():
            await asyncio.sleep(0.005)  # real sockets are in between
            await self.clock.advance(0.5)
        return await task

    def priorities(self, name="Supply Air Setpoint"):
        found = self.server.thing(name).priorities
        return {number: one for number, one in enumerate(found, 1) if one is not None}


@pytest.fixture
async def stand():
    async with Stand() as made:
        yield made
        made.server.faulty.heal()
        for target in made.targets:
            await target.close()
        assert not len(made.sessions)


async def test_a_setpoint_is_written_in_steps_at_our_priority_and_read_back(stand):
    outcome = await stand.apply(stand.actuator(), 27.0)
    assert (outcome.word, outcome.read_back, stand.air.setpoint_c) == (DONE, 27.0, 27.0)
    assert stand.priorities() == {OURS: 27.0}
    assert stand.server.requests.count(15) == 4  # two degrees at a time


async def test_nothing_is_set_beyond_its_guard(stand):
    await stand.apply(stand.actuator(FAN), 5.0)
    assert stand.air.fan_percent == 30.0


async def test_who_commands_above_us_is_not_overruled(stand):
    stand.server.thing("Supply Air Setpoint").command(21.0, PERSONS)
    outcome = await stand.apply(stand.actuator(), 24.0)
    assert outcome.word == FAILED
    assert "commanded at priority 8" in outcome.message
    assert stand.priorities() == {PERSONS: 21.0}


async def test_an_orderly_end_relinquishes_what_was_written(stand):
    await stand.apply(stand.actuator(), 24.0)
    await stand.targets[0].close()
    assert (stand.priorities(), stand.air.setpoint_c) == ({}, 20.0)
    writes = stand.server.requests.count(15)
    await stand.targets[0].close()
    assert stand.server.requests.count(15) == writes


async def test_what_a_device_does_not_take_back_does_not_hold_up_the_end(stand):
    await stand.apply(stand.actuator(), 24.0)
    stand.server.faulty.mute = True
    await stand.targets[0].close()
    assert stand.priorities() == {OURS: 24.0}  # BACnet has no timer: it stays


async def test_a_device_in_fahrenheit_is_set_in_fahrenheit(stand):
    stand.server.faulty.fahrenheit = True
    setting = BacnetSetting(stand.target(), SETPOINT)
    assert await setting.read() == pytest.approx(20.0, abs=1e-4)
    await setting.write(25.0)
    assert stand.air.setpoint_c == pytest.approx(77.0, abs=1e-4)  # the stub takes numbers as they come


async def test_another_device_is_never_set(stand):
    stand.serial = "AIR-0001"
    outcome = await stand.apply(stand.actuator(), 24.0)
    assert (outcome.word, stand.priorities()) == (FAILED, {})
    assert "bound to serial AIR-0001" in outcome.message


async def test_an_object_that_became_another_is_never_set(stand):
    actuator = stand.actuator()
    await stand.apply(actuator, 22.0)
    stand.server.thing("Supply Air Setpoint").name = "Humidity Setpoint"
    outcome = await stand.apply(actuator, 24.0)
    assert outcome.word == FAILED
    assert "no longer named Supply Air Setpoint" in outcome.message
    assert stand.air.setpoint_c == 22.0


async def test_what_is_refused_or_has_no_effect_is_told(stand):
    stand.server.faulty.refuse_writes = True
    assert (await stand.apply(stand.actuator(), 22.0)).word == FAILED
    stand.server.faulty.heal()
    stand.server.faulty.ignore_writes = True
    assert (await stand.apply(stand.actuator(), 22.0)).word == UNVERIFIED


async def test_a_unit_is_switched_by_its_words(stand):
    setting = BacnetSetting(stand.target(), "unit.state")
    actuator = WordedActuator(setting, WordGuard(frozenset(("on", "off")), 0.0, 5.0), stand.clock)
    outcome = await stand.apply(actuator, "off")
    assert (outcome.word, stand.air.running, stand.priorities("Unit State")) == (DONE, False, {OURS: 0.0})
    await stand.targets[0].close()
    assert stand.air.running


async def test_a_number_cannot_be_set_by_words(stand):
    actuator = WordedActuator(BacnetSetting(stand.target(), FAN), WordGuard(frozenset(("on",)), 0.0, 5.0), stand.clock)
    outcome = await stand.apply(actuator, "on")
    assert outcome.word == FAILED
    assert "takes a number" in outcome.message


async def test_a_point_of_the_devices_own_names_is_set_as_a_person_bounds_it(stand):
    actuator = stand.actuator("supply_air_setpoint", Guard(18.0, 25.0, tolerance=0.1), family="none")
    assert (await stand.apply(actuator, 40.0)).word == DONE
    assert stand.priorities() == {16: 25.0}


async def test_what_a_device_measures_cannot_be_set(stand):
    for name, family in (("supply_air.temperature", FAMILY), ("supply_air_temperature", "none")):
        with pytest.raises(DeviceRefused, match="that can be set"):
            await BacnetSetting(stand.target(family), name).read()
