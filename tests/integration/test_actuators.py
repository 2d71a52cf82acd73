"""Every actuator over its real protocol against one simulated plant: the truth is the world's, never what was said."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial

import pytest
import pytest_asyncio

from edgeagent.model.intent import DONE, FAILED, UNVERIFIED
from edgeagent.protocols.snmp_set import SPEC
from firmware_stubs import snmp_agent
from tests.fixtures.actuated import Agent, Case, Stubs
from tests.fixtures.gpus import running
from tests.fixtures.switching import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

OUTLET = "outlet.2.state"


def outlet(pdu, stubs):
    return "on" if stubs.pod.world.pdus[pdu].outlet(2).on else "off"


def air(name, field, stubs):
    return getattr(stubs.plant.air_units[name], field)


def shell(field, stubs):
    return "on" if getattr(stubs.plant.enclosure, field) else "off"


def battery(field, stubs):
    return getattr(stubs.plant.supply.battery, field)


def pump(number, stubs):
    return stubs.cdu.pump_percent[number]


CASES = [
    Case(f"pdu-a1/{OUTLET}", "off", partial(outlet, "pdu-a1"), "reboot"),  # SNMPv3
    Case(f"pdu-b1/{OUTLET}", "off", partial(outlet, "pdu-b1"), "reboot"),  # v2c
    Case(f"pdu-r/{OUTLET}", "off", partial(outlet, "pdu-b1"), "reboot"),  # Redfish
    Case("enclosure-1/strike.front.state", "on", partial(shell, "strike_open"), "ajar"),
    Case("enclosure-1/siren.1.state", "on", partial(shell, "siren"), "louder"),
    Case("enclosure-1/light.1.state", "on", partial(shell, "light"), "dim"),
    Case("cdu-1/pump.1.setpoint", 75.0, partial(pump, 0), 500.0, 90.0, 30, 90),
    Case("cdu-m/pump.2.setpoint", 75.0, partial(pump, 1), 500.0, 90.0, 30, 90),
    Case("cdu-m/secondary.supply.setpoint", 27.5, lambda stubs: stubs.cdu.supply_setpoint_c, -10.0, 18.0, 18, 32),
    Case("air-1a/supply_air.setpoint", 22.5, partial(air, "air-1a", "setpoint_c"), 99.0, 27.0, 18, 27),
    Case("air-1a/fan.1.setpoint", 85.0, partial(air, "air-1a", "fan_percent"), 5.0, 30.0, 30, 100),
    Case("crac-i/supply_air.setpoint", 22.5, partial(air, "air-1a", "setpoint_c"), 99.0, 26.0, 18, 26),
    Case("crac-l/fan.1.setpoint", 85.0, partial(air, "air-1b", "fan_percent"), 5.0, 40.0, 40, 100, 0.5),
    Case("battery-1/setpoint.power", 1_200.0, partial(battery, "setpoint_w"), -9e9, -3_000.0, -3_000, 3_000, 20),
    Case("battery-1/reserve", 30.0, lambda stubs: 100 * battery("soc_min", stubs), 500.0, 60.0, 10, 60),
    Case("pv-1/limit.power", 40.0, lambda stubs: stubs.plant.supply.pv.limit_percent, -5.0, 20.0, 20, 100, 0.5),
]
BY_NAME = {case.target: case for case in CASES}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stubs(tmp_path_factory):
    async with AsyncExitStack() as stack:
        made = Stubs(tmp_path_factory.mktemp("plant"), CASES)
        await made.open(stack)
        yield made


@pytest.fixture(scope="module")
def configuration(stubs):
    return stubs.configuration()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker():
    async with running(SPEC) as one:
        await one.warm(20)
        yield one


@pytest_asyncio.fixture(loop_scope="module")
async def agent(stubs, configuration, worker, monkeypatch):
    monkeypatch.setattr(snmp_agent, "perform", stubs.sets.perform)
    stubs.heal()
    before = asyncio.all_tasks()
    one = Agent(configuration, worker)
    yield one
    await one.close()
    stubs.heal()
    # The servers' ends of its connections close in later turns of this loop, which rests between two tests.
    await until(lambda: asyncio.all_tasks() <= before | {asyncio.current_task()})
    await asyncio.sleep(0.01)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_what_is_asked_for_is_so_in_the_world_and_read_back(stubs, agent, case):
    outcome = await agent.apply(case.target, case.ask)
    assert outcome.word == DONE, outcome.message
    assert case.truth(stubs) == pytest.approx(case.ask, abs=case.tolerance)
    assert outcome.read_back == pytest.approx(case.ask, abs=case.tolerance)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_what_is_beyond_its_table_is_clamped_or_refused(stubs, agent, case):
    before = case.truth(stubs)
    outcome = await agent.apply(case.target, case.beyond)
    if case.edge is None:
        assert (outcome.word, case.truth(stubs)) == (FAILED, before)
        assert "must be" in outcome.message
    else:
        assert outcome.word == DONE, outcome.message
        assert case.truth(stubs) == pytest.approx(case.edge, abs=case.tolerance)


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_device_that_says_yes_and_does_nothing_is_unverified(stubs, agent, case):
    await agent.apply(case.target, case.truth(stubs))  # what must be armed or held is
    before = case.truth(stubs)
    stubs.break_it(case.device, "ignore")
    outcome = await agent.apply(case.target, case.ask)
    assert outcome.word == UNVERIFIED, outcome.message
    assert outcome.read_back == pytest.approx(before, abs=case.tolerance)
    assert case.truth(stubs) == before


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_device_that_says_no_is_not_set(stubs, agent, case):
    before = case.truth(stubs)
    stubs.break_it(case.device, "refuse")
    outcome = await agent.apply(case.target, case.ask)
    assert outcome.word == FAILED, outcome.message
    assert "nothing was written" in outcome.message
    assert case.truth(stubs) == before


@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_silent_device_is_not_set(stubs, agent, case):
    before = case.truth(stubs)
    stubs.break_it(case.device, "silent")
    outcome = await agent.apply(case.target, case.ask)
    assert outcome.word == FAILED, outcome.message
    assert "nothing was written" in outcome.message
    assert case.truth(stubs) == before


async def test_under_local_control_a_battery_is_told_nothing(stubs, agent):
    stubs.pod.inject("battery-1", "local_control")
    for name in ("battery-1/setpoint.power", "battery-1/reserve"):
        outcome = await agent.apply(name, BY_NAME[name].ask)
        assert outcome.word == FAILED
        assert "under local control" in outcome.message
    assert (battery("setpoint_w", stubs), battery("soc_min", stubs)) == (0.0, 0.05)


async def test_a_fan_that_its_unit_drives_by_itself_is_not_written(stubs, agent):
    mode = "lgpEnvConfigFanSpeedMode"
    assert (await agent.apply("crac-l/fan.1.setpoint", 80.0)).word == DONE
    row = next(row for row in stubs.tables["crac-l"] if row.name == mode)
    row.setter.write(2)
    outcome = await agent.apply("crac-l/fan.1.setpoint", 60.0)
    row.setter.write(1)
    assert outcome.word == FAILED
    assert f"{mode} is 2" in outcome.message
    assert air("air-1b", "fan_percent", stubs) == 80.0


# -- the devices' own way back


WAYS_BACK = [
    ("battery-1/setpoint.power", 0.0),  # SunSpec 704, WSetRvrtTms
    ("pv-1/limit.power", 100.0),  # SunSpec 123, WMaxLimPct_RvrtTms
    ("air-1a/fan.1.setpoint", 90.0),  # a time-out of 60 s in holding 10, and where to go in 11
    ("cdu-m/pump.2.setpoint", 80.0),
]


@pytest.mark.holds_the_loop("the world lives through a minute at once")
@pytest.mark.parametrize(("target", "safe"), WAYS_BACK, ids=[target for target, _ in WAYS_BACK])
async def test_without_the_agent_a_device_goes_back_by_its_own_timer(stubs, agent, target, safe):
    case = BY_NAME[target]
    outcome = await agent.apply(target, case.ask)
    assert outcome.word == DONE, outcome.message
    assert "if this agent dies" not in outcome.message
    await agent.close()  # nobody speaks to it any more
    assert case.truth(stubs) == pytest.approx(case.ask, abs=case.tolerance)
    stubs.skew_s += 62.0
    for tick in stubs.ticks:
        tick()
    await until(lambda: case.truth(stubs) == safe)
