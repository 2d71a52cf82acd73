"""A battery and an inverter are told what to do, and go back by themselves when nobody tells them any more."""

import asyncio
import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.actuators.keeper import Keeper
from edgeagent.actuators.reserve import battery_reserve
from edgeagent.actuators.setpoint import Guard
from edgeagent.actuators.storage import battery_power, limit_guard, power_guard, power_limit
from edgeagent.actuators.storage_terms import Terms, power_refusal
from edgeagent.actuators.sunspec import SunSpecTarget
from edgeagent.core.clock import ManualClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceRefused, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Hold, Output, Range, Rank
from edgeagent.model.points import DeviceId
from edgeagent.protocols.snmp_set import WriteOpen
from edgeagent.protocols.sunspec_models import Models
from firmware_stubs import modbus_sunspec as stub
from tests.fixtures.sunspec import Bus, a_battery, a_field

TERMS = Terms(reversion_s=60.0, reserve_percent=20.0)
KINDS = {"der": stub.battery_der, "hybrid": stub.battery_hybrid}
MODELS = Models()
assert MODELS.all  # read before, so that no thread races the clock of a test


def wanted(actuator, value):
    return Output(actuator.target, value, Rank.PLAN, "test", "because", "audit-1")


class Stand:
    """A simulated device on a clock that tests move, and the actuator for it."""

    def __init__(self, kind="der", *, name="bess", serial="B-77", **changes):
        self.clock = ManualClock()
        self.field, self.battery = a_field(), a_battery(**{"soc": 0.7, **changes.pop("battery", {})})
        if kind == "pv":
            self.unit = stub.pv_inverter(self.field, self.clock.now_s, **changes)
        else:
            self.unit = KINDS[kind](self.battery, self.clock.now_s, **changes)
        self.bus = Bus(self.unit)
        target = SunSpecTarget(DeviceId(name), 1, self.bus, models=MODELS, identify=self.identify)
        make, guard = (power_limit, limit_guard()) if kind == "pv" else (battery_power, power_guard(50_000.0, 50_000.0))
        self.actuator = make(target, TERMS, guard, self.clock)
        self.held = self.actuator.held
        self.serial = "P-5" if kind == "pv" else serial

    def identify(self, _device, serial):
        return "" if serial == self.serial else f"it is {serial}"

    async def apply(self, value, permit=granted):

        task = asyncio.create_task(self.actuator.apply(wanted(self.actuator, value), permit))
        while not task.done():
            await self.clock.advance(1.0)
        return await task

    def names(self):
        """The points that were written, in order."""
        found = []
        for address, values in self.unit.writes:
            start = self.unit.base + 2
            for block in self.unit.blocks:
                if start <= address < start + block.size:
                    found += [one.name for one in block.covered(address - start, len(values))]
                start += block.size
        return found

    async def live(self, seconds, *, feed=True):
        """Time passes, with or without the daemon."""
        for _ in range(int(seconds)):
            await self.clock.advance(1.0)
            self.unit.tick()
            if feed:
                await self.held.feed()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("power_w", [12_000.0, -30_000.0])
async def test_a_battery_does_what_it_is_told_and_says_so(kind, power_w):
    stand = Stand(kind)
    outcome = await stand.apply(power_w)
    assert (outcome.word, outcome.read_back) == (DONE, power_w)
    assert stand.battery.setpoint_w == power_w
    assert "if this agent dies" not in outcome.message


@pytest.mark.parametrize(
    ("kind", "way_back", "enable"),
    [
        ("der", ("WSetEnaRvrt", "WSetRvrtTms"), "WSetEna"),
        ("hybrid", ("InOutWRte_RvrtTms",), "StorCtl_Mod"),
        ("pv", ("WMaxLimPct_RvrtTms",), "WMaxLim_Ena"),
    ],
)
async def test_the_way_back_stands_before_the_setpoint_counts(kind, way_back, enable):
    stand = Stand(kind)
    assert (await stand.apply(40.0 if kind == "pv" else 5_000.0)).word == DONE
    names = stand.names()
    assert all(names.index(name) < names.index(enable) for name in way_back)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_setpoint_that_is_fed_stays_far_beyond_its_timer(kind):
    stand = Stand(kind)
    await stand.apply(12_000.0)
    await stand.live(600)
    assert stand.battery.setpoint_w == 12_000.0


@pytest.mark.parametrize("kind", KINDS)
async def test_after_the_last_feed_the_battery_is_idle_within_its_timer(kind):
    stand = Stand(kind)
    await stand.apply(12_000.0)
    await stand.live(100)
    asked = stand.bus.asked
    await stand.live(int(TERMS.reversion_s) + 1, feed=False)
    assert stand.battery.setpoint_w == 0.0
    assert stand.bus.asked == asked  # all by itself


async def test_a_silent_heartbeat_brings_the_battery_back_even_sooner():
    stand = Stand("der")
    await stand.apply(12_000.0)
    await stand.live(5)
    await stand.live(12, feed=False)
    assert stand.battery.setpoint_w == 0.0


async def test_a_limit_is_held_and_falls_away_by_itself():
    stand = Stand("pv")
    assert (await stand.apply(40.0)).word == DONE
    await stand.live(300)
    assert stand.field.limit_percent == 40.0
    await stand.live(61, feed=False)
    assert stand.field.limit_percent == 100.0


@pytest.mark.parametrize("kind", KINDS)
async def test_a_device_without_reversion_is_set_and_said_to_stay(kind):
    stand = Stand(kind, has_reversion=False)
    outcome = await stand.apply(12_000.0)
    assert outcome.word == DONE
    assert "if this agent dies, it stays as it is: the device has no reversion timer" in outcome.message
    await stand.held.let_go()
    assert stand.battery.setpoint_w == 0.0  # nobody else would do it


async def test_a_timer_that_the_device_does_not_take_is_said():
    stand = Stand("hybrid")
    block = next(block for block in stand.unit.blocks if block.number == 124)
    block.writes["InOutWRte_RvrtTms"] = lambda _seconds: True  # confirms, and keeps 0
    outcome = await stand.apply(12_000.0)
    assert "did not take its reversion timer, it says 0" in outcome.message


async def test_a_shorter_timer_than_asked_for_is_fed_in_time():
    stand = Stand("hybrid")
    block, rates = next(
        (block, block.writes["InOutWRte_RvrtTms"]) for block in stand.unit.blocks if block.number == 124
    )
    block.writes["InOutWRte_RvrtTms"] = lambda seconds: rates(min(seconds, 15.0))
    assert "if this agent dies" not in (await stand.apply(12_000.0)).message
    await stand.live(200)
    assert stand.battery.setpoint_w == 12_000.0


async def test_under_local_control_nothing_is_written():
    stand = Stand(battery={"local": True})
    outcome = await stand.apply(12_000.0)
    assert outcome.word == FAILED
    assert "under local control" in outcome.message
    assert stand.unit.writes == []


async def test_local_control_ends_the_holding_and_says_so():
    stand = Stand()
    await stand.apply(12_000.0)
    stand.battery.local = True
    with pytest.raises(DeviceRefused, match="held no longer at 12000: it is under local control"):
        await stand.live(25)
    assert not stand.held.is_kept


async def test_a_bank_with_a_fault_is_told_nothing():
    stand = Stand(battery={"fault": True})
    outcome = await stand.apply(-5_000.0)
    assert (outcome.word, stand.unit.writes) == (FAILED, [])
    assert "has a fault" in outcome.message


async def test_the_reserve_is_not_discharged_and_a_full_battery_not_charged():
    low, full = Stand(battery={"soc": 0.19}), Stand(battery={"soc": 0.99})
    assert "needed as reserve (20 %)" in (await low.apply(5_000.0)).message
    assert (await low.apply(-5_000.0)).word == DONE
    assert "all it may have" in (await full.apply(-5_000.0)).message
    assert (await full.apply(5_000.0)).word == DONE
    assert (low.battery.setpoint_w, full.battery.setpoint_w) == (-5_000.0, 5_000.0)


async def test_a_battery_that_comes_down_to_its_reserve_is_told_to_rest():
    stand = Stand()
    await stand.apply(12_000.0)
    stand.battery.soc = 0.2
    with pytest.raises(DeviceRefused, match="needed as reserve"):
        await stand.live(25)
    assert stand.battery.setpoint_w == 0.0


async def test_more_than_the_battery_may_give_now_is_refused():
    stand = Stand(battery={"max_discharge_w": 10_000.0})
    outcome = await stand.apply(12_000.0)
    assert outcome.word == FAILED
    assert "may not give more than 10000 W now" in outcome.message


async def test_another_device_at_the_address_gets_nothing():
    stand = Stand(serial="B-99")
    outcome = await stand.apply(12_000.0)
    assert (outcome.word, stand.unit.writes) == (FAILED, [])
    assert "it is B-77" in outcome.message


async def test_a_heartbeat_goes_to_no_other_device():
    stand = Stand()
    await stand.apply(12_000.0)
    other = stub.battery_der(a_battery(serial="B-78"), stand.clock.now_s)
    stand.bus.unit = other
    with pytest.raises(DeviceRefused):
        await stand.held.feed()
    assert other.writes == []


async def test_what_a_person_changed_at_the_device_is_set_again_with_the_next_feed():
    stand = Stand()
    await stand.apply(12_000.0)
    next(block for block in stand.unit.blocks if block.number == 704).writes["WSet"](3_000.0)
    assert stand.battery.setpoint_w == 3_000.0
    await stand.live(25)
    assert stand.battery.setpoint_w == 12_000.0


async def test_a_newer_value_is_not_undone_by_feeding():
    stand = Stand()
    await stand.apply(12_000.0)
    await stand.live(30)
    await stand.apply(-7_000.0)
    await stand.live(120)
    assert stand.battery.setpoint_w == -7_000.0


async def test_taking_hold_begins_where_the_battery_is():
    stand = Stand(battery={"power_w": 8_000.0, "ac_power_w": 8_000.0})
    setpoints = []
    block = next(block for block in stand.unit.blocks if block.number == 704)
    take = block.writes["WSet"]
    block.writes["WSet"] = lambda value: setpoints.append(value) or take(value)
    await stand.apply(12_000.0)
    assert setpoints == [8_000.0, 12_000.0]


async def test_what_is_not_permitted_is_not_written():
    async def no():
        return "the record could not be kept"

    stand = Stand()
    outcome = await stand.apply(12_000.0, no)
    assert (outcome.word, outcome.message, stand.unit.writes) == (FAILED, "the record could not be kept", [])


async def test_a_device_that_takes_the_setpoint_and_refuses_the_enable_is_unverified():
    stand = Stand("hybrid")
    block = next(block for block in stand.unit.blocks if block.number == 124)
    await stand.apply(5_000.0)
    block.writes["StorCtl_Mod"] = lambda _code: False
    block.writes["InWRte"] = lambda _code: True  # confirms, and does nothing
    with pytest.raises(DeviceUnreachable, match="cannot tell whether"):
        await stand.apply(9_000.0)


async def test_a_write_that_is_refused_at_once_leaves_what_stood():
    stand = Stand("hybrid")
    await stand.apply(5_000.0)
    block = next(block for block in stand.unit.blocks if block.number == 124)
    block.writes["OutWRte"] = lambda _code: False
    outcome = await stand.apply(9_000.0)
    assert outcome.word in (FAILED, UNVERIFIED)
    assert stand.battery.setpoint_w == 5_000.0


async def test_nobody_proposes_anything_means_let_go():
    stand = Stand()
    assert stand.actuator.safe == Hold()
    assert stand.actuator.domain == Range(-50_000.0, 50_000.0)
    assert stand.actuator.feedback == stand.actuator.target == "bess/setpoint.power"
    assert stand.actuator.settle_s >= 10.0


@pytest.mark.parametrize("value", [math.nan, math.inf, "on", True])
async def test_what_is_no_number_does_not_even_take_hold(value):
    stand = Stand()
    outcome = await stand.apply(value)
    assert (outcome.word, stand.unit.writes) == (FAILED, [])
    assert "must be a number" in outcome.message


async def test_a_flood_takes_hold_once_and_writes_no_more_often_than_its_guard_allows():
    stand, setpoints = Stand(), []
    block = next(block for block in stand.unit.blocks if block.number == 704)
    take = block.writes["WSet"]
    block.writes["WSet"] = lambda value: setpoints.append(value) or take(value)
    began_s = stand.clock.now_s()
    flood = [stand.actuator.apply(wanted(stand.actuator, 1_000.0 * (number % 40)), granted) for number in range(1_000)]
    task = asyncio.ensure_future(asyncio.gather(*flood))
    while not task.done():
        await stand.clock.advance(1.0)
    assert [one.word for one in task.result()].count(DONE) == 1
    assert stand.battery.setpoint_w == 39_000.0
    assert len(setpoints) <= 2 + (stand.clock.now_s() - began_s) / 5.0  # the first of them takes hold


async def test_a_hold_that_does_not_stand_is_not_taken_again_at_once():
    stand, enables = Stand(), []
    block = next(block for block in stand.unit.blocks if block.number == 704)
    block.writes["WSetEna"] = lambda code: enables.append(stand.clock.now_s()) or True  # confirms, and does nothing
    for _ in range(5):
        assert (await stand.apply(12_000.0)).word == FAILED
    assert all(later - sooner >= 5.0 for sooner, later in pairwise(enables))


class Silent(Bus):
    """A bus that loses the answer to every write."""

    async def write(self, unit, address, values):
        await super().write(unit, address, values)
        raise WriteOpen("no answer to the write")


async def test_a_write_whose_answer_is_missing_is_read_back():
    stand = Stand()
    await stand.apply(5_000.0)
    block = next(block for block in stand.unit.blocks if block.number == 704)
    lost = Silent(stand.unit)
    stand.bus.write = lost.write
    outcome = await stand.apply(9_000.0)
    assert block is not None
    assert (outcome.word, stand.battery.setpoint_w) == (DONE, 9_000.0)


async def test_the_keeper_feeds_what_is_wanted_and_lets_go_of_what_is_not():

    stand, wanted_now = Stand(), {"bess/setpoint.power"}
    await stand.apply(12_000.0)
    keeper = Keeper([stand.held], wanted_now.__contains__, stand.clock)
    beats = []
    task = asyncio.create_task(keeper.run(lambda: beats.append(1)))
    await stand.clock.advance(300.0)
    stand.unit.tick()
    assert stand.battery.setpoint_w == 12_000.0
    assert len(beats) > 200
    wanted_now.clear()
    await stand.clock.advance(15.0)
    stand.unit.tick()
    assert stand.battery.setpoint_w == 0.0
    assert (dict(keeper.troubles), dict(keeper.caveats)) == ({}, {})
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_the_keeper_says_what_it_cannot_keep_and_goes_on_with_the_others():

    dead, well = Stand(), Stand(name="other")
    await dead.apply(12_000.0)
    await well.apply(12_000.0)
    well.clock = dead.clock
    dead.bus.trouble = DeviceUnreachable("cannot reach it: no answer")
    keeper = Keeper([dead.held, well.held], lambda _target: True, dead.clock)
    task = asyncio.create_task(keeper.run(lambda: None))
    await dead.clock.advance(3.0)
    assert keeper.troubles == {"bess/setpoint.power": "cannot reach it: no answer"}
    dead.bus.trouble = None
    await dead.clock.advance(3.0)
    assert keeper.troubles == {}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@given(st.floats(-1e6, 1e6, allow_nan=False).filter(lambda value: value != 0.0))
def test_a_battery_that_says_nothing_of_itself_is_told_nothing(power_w):
    assert power_refusal(power_w, {}, TERMS)


def test_idle_is_always_allowed():
    assert power_refusal(0.0, {}, TERMS) == ""


@pytest.mark.parametrize("kind", KINDS)
async def test_the_reserve_is_set_and_stays(kind):
    stand = Stand(kind)
    actuator = battery_reserve(
        SunSpecTarget(DeviceId("bess"), 1, stand.bus, models=MODELS, identify=stand.identify),
        Guard(5.0, 50.0, settle_s=1.0),
        stand.clock,
    )
    outcome = await actuator.apply(wanted(actuator, 70.0), granted)
    assert (outcome.word, outcome.read_back, stand.battery.soc_min) == (DONE, 50.0, 0.5)
    assert actuator.target == "bess/reserve"
    stand.battery.local = kind == "der"  # the older models do not tell
    assert ("under local control" in (await actuator.apply(wanted(actuator, 10.0), granted)).message) is (kind == "der")


async def test_a_device_without_a_reserve_says_so():
    stand = Stand("pv")
    target = SunSpecTarget(DeviceId("pv"), 1, stand.bus, models=MODELS, identify=stand.identify)
    actuator = battery_reserve(target, Guard(5.0, 50.0), stand.clock)
    outcome = await actuator.apply(wanted(actuator, 10.0), granted)
    assert (outcome.word, stand.unit.writes) == (FAILED, [])
    assert "has no such setting" in outcome.message
