"""Numbers set over real SNMP on simulated coolers: what reaches the world, and what must not be sent."""

import pytest

from edgeagent.actuators.parts import Parts
from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.actuators.snmp_setting import SnmpSetting, SnmpSettings, SnmpTarget
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Output, Rank
from edgeagent.model.points import PointId
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.snmp_set import WriteOpen
from firmware_stubs import mib_inrow, mib_liebert_env, mib_rittal, mib_stulz
from firmware_stubs.plant import AirUnit
from firmware_stubs.snmp_table import OidTable
from tests.fixtures.recorded import PROFILES
from tests.fixtures.stubs import READ, WRITE, StubDevice

WIDE = Guard(0.0, 100.0, settle_s=0.3, tolerance=0.05)
MODE = "lgpEnvConfigFanSpeedMode"
MANUAL, AUTO = 1, 2


class Rig:
    """A cooler, its agent, and its settings as an edge sees them; whose serial is bound is the test's to say."""

    def __init__(self, module, build, worker, write=WRITE):
        self.unit = AirUnit("air-1a", "aisle-1")
        self.unit.airflow_m3h = 1000.0
        self.stub = StubDevice(module, lambda card: build(self.unit, card))
        self.bound = self.stub.card.serial
        self._worker, self._write = worker, write

    async def open(self):
        await self.stub.open()
        settings = SnmpSettings("crac", self.stub.address, READ, self._write, "cooling", timeout_s=0.5)
        parts = Parts(SystemClock(), Sessions(), PROFILES, self._worker, self._identify)
        self.target = SnmpTarget(settings, parts)

    def _identify(self, device, serial):
        return "" if serial in (self.bound, "") else f"{device} is bound to {self.bound}, and {serial} answers"

    async def close(self):
        await self.target.close()
        self.stub.close()

    def setting(self, name):
        return SnmpSetting(self.target, name)

    async def applied(self, name, value, guard=WIDE):
        actuator = SetpointActuator(self.setting(name), guard, SystemClock())
        output = Output(PointId(f"crac/{name}"), value, Rank.EQUIPMENT, "test", "because", "audit-1")
        return await actuator.apply(output, granted)


@pytest.fixture
async def rig(worker):
    opened = []

    async def make(module, build=None, **options):
        opened.append(Rig(module, build or module.build, worker, **options))
        await opened[-1].open()
        return opened[-1]

    yield make
    for one in opened:
        await one.close()


def stulz(unit, card):
    return mib_stulz.build([AirUnit("air-1b", "aisle-1"), unit], card)


SETPOINTS = {
    "liebert": (mib_liebert_env, None, "supply_air.setpoint"),
    "inrow": (mib_inrow, None, "supply_air.setpoint"),
    "rittal": (mib_rittal, None, "supply_air.setpoint"),
    "stulz": (mib_stulz, stulz, "unit.1.2.control.setpoint_day"),
}


@pytest.mark.parametrize(("module", "build", "name"), SETPOINTS.values(), ids=list(SETPOINTS))
async def test_a_setpoint_reaches_the_cooler_and_is_read_back(rig, module, build, name):
    cooler = await rig(module, build)
    assert await cooler.setting(name).read() == 20.0
    outcome = await cooler.applied(name, 21.5)
    assert (outcome.word, outcome.read_back) == (DONE, 21.5)
    assert cooler.unit.setpoint_c == 21.5


async def test_a_liebert_that_speaks_in_whole_degrees_only_is_set_in_whole_degrees(rig):
    def whole(unit, card):
        table = mib_liebert_env.build(unit, card)
        table_c = mib_liebert_env.TEMPERATURES_C
        kept = OidTable()
        for row in table:
            if row.object_oid not in ((*table_c, 50), (*table_c, 53)):
                index = row.oid[len(row.object_oid) :]
                read = row.read if row.read is not None else row.binding().value
                kept.add(row.name, row.object_oid, index, row.tag, read, setter=row.setter)
        return kept

    cooler = await rig(mib_liebert_env, whole)
    outcome = await cooler.applied("supply_air.setpoint", 22.0)
    assert (outcome.word, cooler.unit.setpoint_c) == (DONE, 22.0)


async def test_a_fans_speed_is_written_as_the_unsigned_number_that_its_mib_says(rig):
    cooler = await rig(mib_liebert_env)
    outcome = await cooler.applied("fan.1.setpoint", 62.0)
    assert (outcome.word, cooler.unit.fan_percent) == (DONE, 62.0)


async def test_a_fan_in_automatic_mode_is_not_written(rig, at_set):
    cooler, seen = await rig(mib_liebert_env), at_set()
    mode = next(row for row in cooler.stub.table if row.name == MODE)
    mode.setter.write(AUTO)
    outcome = await cooler.applied("fan.1.setpoint", 62.0)
    assert outcome.word == FAILED
    assert f"{MODE} is 2, so a write would be void" in outcome.message
    assert (seen, cooler.unit.fan_percent) == ([], 70.0)
    mode.setter.write(MANUAL)
    assert (await cooler.applied("fan.1.setpoint", 62.0)).word == DONE


async def test_a_setpoint_that_its_row_calls_read_only_is_not_written(rig, at_set):
    cooler = await rig(mib_inrow, lambda unit, card: mib_inrow.build(unit, card, writable=False))
    seen = at_set()
    outcome = await cooler.applied("supply_air.setpoint", 22.0)
    assert outcome.word == FAILED
    assert "coolingUnitConfigurationAnalogAccess is 1" in outcome.message
    assert (seen, cooler.unit.setpoint_c) == ([], 20.0)


@pytest.mark.parametrize("value", [14.9, 27.1])
async def test_what_the_profile_does_not_allow_is_not_sent(rig, at_set, value):
    cooler, seen = await rig(mib_liebert_env), at_set()
    with pytest.raises(DeviceRefused, match="the profile allows 15 to 27"):
        await cooler.setting("supply_air.setpoint").write(value)
    assert seen == []


async def test_what_the_device_does_not_take_is_refused_and_nothing_was_written(rig, monkeypatch):
    monkeypatch.setattr(mib_liebert_env, "HIGHEST_C", 22)
    cooler = await rig(mib_liebert_env)
    outcome = await cooler.applied("supply_air.setpoint", 25.0)
    assert outcome.word == FAILED
    assert "nothing was written" in outcome.message
    assert "does not take this value" in outcome.message
    assert cooler.unit.setpoint_c == 20.0


async def test_who_may_only_read_writes_nothing(rig):
    cooler = await rig(mib_liebert_env, write=READ)
    outcome = await cooler.applied("supply_air.setpoint", 22.0)
    assert outcome.word == FAILED
    assert "may only read" in outcome.message
    assert cooler.unit.setpoint_c == 20.0


async def test_another_serial_at_the_address_is_not_set(rig, at_set):
    cooler = await rig(mib_liebert_env)
    await cooler.setting("supply_air.setpoint").read()
    seen = at_set()
    cooler.stub.card.serial = "SN-2"
    outcome = await cooler.applied("supply_air.setpoint", 22.0)
    assert outcome.word == FAILED
    assert "crac is bound to SN-1, and SN-2 answers" in outcome.message
    assert (seen, cooler.unit.setpoint_c) == ([], 20.0)
    cooler.bound = "SN-2"
    assert (await cooler.applied("supply_air.setpoint", 22.0)).word == DONE


async def test_a_cooler_that_is_another_between_the_look_and_the_write_is_not_set(rig):
    cooler = await rig(mib_inrow)
    setting = cooler.setting("supply_air.setpoint")
    await setting.read()
    cooler.stub.card.serial = "SN-2"
    with pytest.raises(DeviceRefused, match="SN-2 answers"):
        await setting.write(22.0)
    assert cooler.unit.setpoint_c == 20.0


async def test_a_silent_cooler_is_not_written(rig):
    cooler = await rig(mib_liebert_env)
    await cooler.setting("supply_air.setpoint").read()
    cooler.stub.card.silent = True
    outcome = await cooler.applied("supply_air.setpoint", 22.0)
    assert outcome.word == FAILED
    assert "nothing was written" in outcome.message
    with pytest.raises(DeviceUnreachable) as caught:
        await cooler.setting("supply_air.setpoint").write(22.0)
    assert not isinstance(caught.value, WriteOpen)
    cooler.stub.card.silent = False
    assert (await cooler.applied("supply_air.setpoint", 22.0)).word == DONE


async def test_a_lost_answer_to_the_write_is_read_back(rig, at_set):
    cooler = await rig(mib_liebert_env)
    at_set(lose_answer=True)
    outcome = await cooler.applied("supply_air.setpoint", 22.0)
    assert (outcome.word, cooler.unit.setpoint_c) == (DONE, 22.0)
    assert "no answer to the SET" in outcome.message


async def test_a_cooler_that_says_yes_and_does_nothing_is_unverified(rig, at_set):
    cooler = await rig(mib_liebert_env)

    def undo():
        cooler.unit.setpoint_c = 20.0

    at_set(after=undo)
    outcome = await cooler.applied("supply_air.setpoint", 22.0)
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, 20.0)


async def test_a_way_of_several_steps_is_gone_step_by_step(rig, at_set):
    cooler, seen = await rig(mib_stulz, stulz), at_set()
    guard = Guard(16.0, 35.0, max_step=2.0, settle_s=0.3, tolerance=0.05)
    outcome = await cooler.applied("unit.1.2.control.setpoint_day", 25.0, guard)
    assert (outcome.word, outcome.read_back) == (DONE, 25.0)
    assert len(seen) == 3


async def test_a_controller_that_was_switched_to_fahrenheit_is_not_set(rig, at_set):
    """Its row says then that it is another unit's: 20 degrees would be 20 degrees Fahrenheit."""
    cooler = await rig(mib_rittal)
    assert await cooler.setting("supply_air.setpoint").read() == 20.0
    seen = at_set()
    cooler.stub.card.fahrenheit = True
    for _ in range(2):
        assert (await cooler.applied("supply_air.setpoint", 22.0)).word == FAILED
    assert (seen, cooler.unit.setpoint_c) == ([], 20.0)
    cooler.stub.card.fahrenheit = False
    assert (await cooler.applied("supply_air.setpoint", 22.0)).word == DONE


async def test_rows_that_a_new_firmware_has_shifted_are_found_anew_and_never_written_blindly(rig):
    cooler = await rig(mib_inrow)
    assert await cooler.setting("supply_air.setpoint").read() == 20.0
    table = mib_inrow.build(cooler.unit, cooler.stub.card)
    shifted = OidTable()
    settings = (*mib_inrow.COOLING_UNITS, 5, 1, 2, 1)
    for row in table:
        index = row.oid[len(row.object_oid) :]
        if row.object_oid[: len(settings)] == settings:
            index = (index[0], 3 - index[1])  # C and F change places
        read = row.read if row.read is not None else row.binding().value
        shifted.add(row.name, row.object_oid, index, row.tag, read, setter=row.setter)
    cooler.stub.agent.table = shifted
    with pytest.raises(DeviceRefused, match="its row says now that it is something else"):
        await cooler.setting("supply_air.setpoint").write(22.0)
    assert cooler.unit.setpoint_c == 20.0
    assert (await cooler.applied("supply_air.setpoint", 22.0)).word == DONE
    assert cooler.unit.setpoint_c == 22.0


@pytest.mark.parametrize("name", ["supply_air.temperature", "return_air.setpoint", "nothing.of.the.kind"])
async def test_what_cannot_be_set_is_refused(rig, name):
    cooler = await rig(mib_liebert_env)
    with pytest.raises(DeviceRefused, match=r"has no .* that can be set"):
        await cooler.setting(name).read()


async def test_a_value_that_is_no_setpoint_is_told(rig):
    cooler = await rig(mib_liebert_env)
    cooler.unit.setpoint_c = 9999.0
    with pytest.raises(DeviceGarbled, match="is no number"):
        await cooler.setting("supply_air.setpoint").read()
