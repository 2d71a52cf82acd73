"""What is set over Modbus, against the simulated plant: clamped, armed, written, read back; or refused."""

import asyncio

import pytest

from edgeagent.actuators.modbus_setting import ModbusSetting, ModbusTarget, guards
from edgeagent.actuators.setpoint import SetpointActuator
from edgeagent.actuators.worded import WordedActuator
from edgeagent.core.clock import ManualClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Choice, Hold, Output, Range, Rank
from edgeagent.protocols.guard import WordGuard
from edgeagent.protocols.modbus_profile_file import ModbusProfiles
from firmware_stubs import modbus_cdu, modbus_io
from firmware_stubs.enclosure import Enclosure
from firmware_stubs.faulty import Faulty
from firmware_stubs.plant import Cdu
from tests.fixtures.modbus import Line

PROFILES = ModbusProfiles().all
PUMP, SETPOINT = "pump.1.setpoint", "secondary.supply.setpoint"


class Stand:
    """A simulated CDU or I/O module behind a server, and what sets it."""

    def __init__(self):
        self.clock, self.faulty = ManualClock(), Faulty()
        self.cdu, self.shell = Cdu("cdu-1", "CD01"), Enclosure()
        words, self.time_out = modbus_cdu.cdu(self.cdu, self.clock.now_s, self.faulty)
        self.line = Line({1: words, 2: modbus_io.enclosure(self.shell, self.faulty)}, faulty=self.faulty, timeout_s=0.3)
        self.serial = "CD01"

    def identify(self, device, serial):
        return "" if serial in (self.serial, "") else f"{device} is bound to serial {self.serial}"

    def setting(self, name, family="generic-cdu", unit=1):
        choices = (PROFILES[family],)
        target = ModbusTarget("dev", unit, self.line.hold(), choices=lambda: choices, identify=self.identify)
        return ModbusSetting(target, name)

    def actuator(self, name):
        return SetpointActuator(self.setting(name), guards(PROFILES["generic-cdu"])[name], self.clock)

    def relay(self, *words):
        guard = WordGuard(frozenset(words), settle_s=0.5)
        return WordedActuator(self.setting("output.2.state", "dry-contact-io", unit=2), guard, self.clock)

    async def apply(self, actuator, value):
        output = Output(actuator.target, value, Rank.PLAN, "test", "because", "audit-1")
        task = asyncio.create_task(actuator.apply(output, granted))
        while not task.done():
            await asyncio.sleep(0.005)  # real sockets are in between
            await self.clock.advance(0.5)
        return await task


@pytest.fixture
async def stand():
    made = Stand()
    async with made.line:
        yield made


async def test_a_setpoint_is_armed_then_written_then_read_back(stand):
    stand.time_out.second = 20.0
    outcome = await stand.apply(stand.actuator(SETPOINT), 27.0)
    assert (outcome.word, outcome.read_back, stand.cdu.supply_setpoint_c) == (DONE, 27.0, 27.0)
    writes = [address for _, function, address, _ in stand.line.server.requests if function in (6, 16)]
    assert writes == [12, 10, 2]  # where to go, after how long, and only then the set point
    assert (stand.time_out.after_s, stand.time_out.second) == (60.0, 25.0)


async def test_a_unit_that_hears_nothing_more_goes_back_by_itself(stand):
    await stand.apply(stand.actuator(PUMP), 40.0)
    assert stand.cdu.pump_percent[0] == 40.0
    await stand.clock.advance(61.0)
    stand.time_out.tick()
    assert stand.cdu.pump_percent == [80.0, 80.0]


async def test_what_is_armed_is_not_armed_again(stand):
    actuator = stand.actuator(PUMP)
    await stand.apply(actuator, 50.0)
    stand.line.server.requests.clear()
    await stand.apply(actuator, 45.0)
    assert [address for _, function, address, _ in stand.line.server.requests if function in (6, 16)] == [0]


async def test_a_setpoint_is_clamped_and_goes_in_steps(stand):
    actuator = stand.actuator(PUMP)
    assert actuator.domain == Range(20.0, 100.0)
    outcome = await stand.apply(actuator, 5.0)
    assert (outcome.word, stand.cdu.pump_percent) == (DONE, [20.0, 60.0])
    written = [count for _, function, address, count in stand.line.server.requests if (function, address) == (6, 0)]
    assert written == [400, 200]


async def test_a_device_that_refuses_is_told_and_nothing_is_written(stand):
    stand.faulty.refuse_writes = True
    outcome = await stand.apply(stand.actuator(PUMP), 50.0)
    assert outcome.word == FAILED
    assert "nothing was written" in outcome.message
    assert stand.cdu.pump_percent == [60.0, 60.0]


async def test_a_device_that_does_not_take_its_time_out_is_not_written(stand):
    stand.faulty.ignore_writes = True
    with pytest.raises(DeviceRefused, match="did not take 60"):
        await stand.setting(PUMP).arm()
    assert (await stand.apply(stand.actuator(PUMP), 50.0)).word == FAILED


async def test_a_setpoint_that_does_not_stay_is_unverified(stand):
    setting = stand.setting(PUMP)
    await setting.arm()
    stand.faulty.ignore_writes = True
    outcome = await stand.apply(stand.actuator(PUMP), 50.0)
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, 60.0)


async def test_a_device_that_does_not_answer_is_not_written(stand):
    stand.faulty.mute = True
    with pytest.raises(DeviceUnreachable):
        await stand.setting(PUMP).write(50.0)
    assert all(function not in (6, 16) for _, function, _, _ in stand.line.server.requests)


async def test_another_device_is_not_set(stand):
    stand.serial = "CD99"
    outcome = await stand.apply(stand.actuator(PUMP), 50.0)
    assert outcome.word == FAILED
    assert "bound to serial CD99" in outcome.message
    assert not stand.line.server.units[1].writes


async def test_what_a_profile_does_not_say_how_to_set_is_refused(stand):
    with pytest.raises(DeviceRefused, match="does not say how"):
        await stand.setting("secondary.supply.temperature").read()


async def test_a_value_that_does_not_fit_into_its_register_is_refused(stand):
    with pytest.raises(DeviceRefused, match="does not fit"):
        await stand.setting(PUMP).write(10_000.0)


async def test_a_relay_takes_words(stand):
    actuator = stand.relay("on", "off")
    assert (actuator.domain, actuator.safe) == (Choice(frozenset({"on", "off"})), Hold())
    outcome = await stand.apply(actuator, "on")
    assert (outcome.word, outcome.read_back, stand.shell.siren) == (DONE, "on", True)
    outcome = await stand.apply(actuator, "off")
    assert (outcome.word, outcome.read_back, stand.shell.siren) == (DONE, "off", False)


async def test_a_relay_takes_nothing_else(stand):
    outcome = await stand.apply(stand.relay("on", "off"), "maybe")
    assert (outcome.word, stand.shell.siren) == (FAILED, False)
    assert "must be one of off, on" in outcome.message


async def test_a_relay_takes_only_the_words_that_a_person_allows(stand):
    stand.shell.siren = True
    assert (await stand.apply(stand.relay("off"), "on")).word == FAILED
    assert (await stand.apply(stand.relay("off"), "off")).word == DONE
    assert not stand.shell.siren


async def test_a_word_that_the_family_does_not_have_is_refused_and_the_others_are_named(stand):
    outcome = await stand.apply(stand.relay("open", "on"), "open")
    assert outcome.word == FAILED
    assert "the device knows off, on" in outcome.message


async def test_a_relay_that_does_not_move_is_unverified_in_words(stand):
    stand.faulty.ignore_writes = True
    outcome = await stand.apply(stand.relay("on", "off"), "on")
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, "off")
    assert "was set to on and says off after 0.5 s" in outcome.message


async def test_a_relay_that_refuses_or_is_silent_is_not_written(stand):
    stand.faulty.refuse_writes = True
    outcome = await stand.apply(stand.relay("on", "off"), "on")
    assert (outcome.word, stand.shell.siren) == (FAILED, False)
    assert "cannot set dev/output.2.state to on; nothing was written" in outcome.message
    stand.faulty.mute = True
    outcome = await stand.apply(stand.relay("on", "off"), "on")
    assert "nothing was written" in outcome.message


async def test_a_number_takes_no_words(stand):
    outcome = await stand.apply(WordedActuator(stand.setting(PUMP), WordGuard(frozenset({"on"})), stand.clock), "on")
    assert outcome.word == FAILED
    assert "takes a number" in outcome.message


async def test_a_code_that_is_no_word_is_no_reading(stand):
    unit = stand.line.server.units[1]
    unit.places["holding", 477] = modbus_cdu.Place(lambda: 7)
    with pytest.raises(DeviceGarbled, match="says 7, which it cannot be"):
        await stand.setting("unit.switch", "liebert-intellislot-crv").read()
