"""Every actuator over its real protocol against one simulated plant: the truth is the world's, never what was said.

The actuators are made from a configuration, as the daemon makes them. What the pod does not serve by itself (coolers
over SNMP, a CDU over Modbus, a rack PDU over Redfish) is served here from the same world.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial

import pytest
import pytest_asyncio

from edgeagent.actuators import gpu, registry
from edgeagent.actuators.outlet import OutletActuator
from edgeagent.actuators.parts import Parts as ActuatorParts
from edgeagent.cli.keys import make_ingest_keys
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import granted
from edgeagent.daemon import settables
from edgeagent.daemon.configuration import check
from edgeagent.drivers.parts import Parts
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Output, Rank
from edgeagent.protocols.snmp_set import SPEC
from firmware_stubs import mib_inrow, mib_liebert_env, modbus_cdu, redfish_devices, snmp_agent
from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_server import ModbusServer
from firmware_stubs.pod import Pod, PodPlan
from firmware_stubs.redfish_bmc import RedfishServer
from firmware_stubs.snmp_agent import SnmpAgent
from firmware_stubs.snmp_card import Card, V2cAccess
from firmware_stubs.snmp_pdu import PduType
from tests.fixtures.gpus import running, simulated_gpus
from tests.fixtures.switching import until

pytestmark = pytest.mark.asyncio(loop_scope="module")

HOST = "127.0.0.1"
BASE = """
[pod]
site = "zrh"
name = "pod-07"
[uplink]
broker = "mqtt://127.0.0.1:1"
keyring = "keyring.toml"
"""
TABLE = """
[devices.{device}.set."{name}"]
lowest = {low}
highest = {high}
tolerance = {tolerance}
every = "0 s"
settle = "300 ms"
"""
WORDS = """
[devices.enclosure-1.set."{name}"]
words = ["on", "off"]
every = "0 s"
settle = "300 ms"
"""
DEVICE = """
[devices.{name}]
driver = "{driver}"
address = "{address}"
timeout = "300 ms"
{more}
"""
OUTLET = "outlet.2.state"
REDFISH = ("cdu-1", "pdu-r")
LATE_S = 0.8
"""Longer than anybody waits; what never answers would hold on to its connection for as long as the server lives."""
FAULTY = {
    "refuse": ("refuse_writes", True),
    "ignore": ("ignore_writes", True),
    "silent": ("mute", True),
    "late": ("slow_s", LATE_S),
}


@dataclass(frozen=True)
class Case:
    """A number or word that is set. ``beyond`` is more than its table allows, ``edge`` what is set then."""

    target: str
    ask: float | str
    truth: Callable[["Stubs"], float | str]
    beyond: float | str
    edge: float | str | None = None
    low: float = 0.0
    high: float = 100.0
    tolerance: float = 0.1

    def __str__(self):
        return self.target

    @property
    def device(self):
        return self.target.partition("/")[0]

    @property
    def table(self):
        device, _, name = self.target.partition("/")
        if isinstance(self.ask, str):
            return WORDS.format(name=name) if device == "enclosure-1" else ""
        return TABLE.format(device=device, name=name, low=self.low, high=self.high, tolerance=self.tolerance)


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


class Sets:
    """What becomes of every SET at an agent."""

    def __init__(self):
        self.how = ""
        self._perform = snmp_agent.perform

    def perform(self, table, request, *, may_write, room_bytes):
        if request.kind == PduType.SET:
            may_write = may_write and self.how != "refuse"
            if self.how == "ignore":
                request = replace(request, kind=PduType.GET)
        return self._perform(table, request, may_write=may_write, room_bytes=room_bytes)


class Stubs:
    """The pod, what is served beside it, and their faults. ``skew_s`` is how far its clock was moved."""

    def __init__(self, folder):
        self.folder, self.skew_s = folder, 0.0
        self.pod = Pod(PodPlan(folder / "pod", racks=1, outlets=8, plant=True), now=self.now)
        self.sets = Sets()
        self.extra, self.tables, self.texts, self.ticks = {}, {}, [], []

    def now(self):
        return time.monotonic() + self.skew_s

    @property
    def plant(self):
        return self.pod.world.plant

    @property
    def cdu(self):
        return self.plant.cdus["cdu-1"]

    async def open(self, stack):
        await stack.enter_async_context(self.pod)
        await self._serve_card(stack, "crac-i", mib_inrow, self.plant.air_units["air-1a"])
        await self._serve_card(stack, "crac-l", mib_liebert_env, self.plant.air_units["air-1b"])
        faulty = Faulty()
        words, time_out = modbus_cdu.cdu(self.cdu, self.now, faulty)
        server = await self._started(stack, "cdu-m", ModbusServer({1: words}, faulty=faulty))
        self.ticks.append(time_out.tick)
        self._tell("cdu-m", "cdu", f"modbus://{HOST}:{server.port}/1", 'family = "generic-cdu"')
        pdu = self.pod.world.pdus["pdu-b1"]
        server = RedfishServer(redfish_devices.rack_pdu(self.pod.world, pdu, serial="R-1"))
        await self._started(stack, "pdu-r", server)
        self._tell("pdu-r", "ipdu", server.address, 'switchable = true\nsettle = "300 ms"\noff_on_interval = "0 s"')

    async def _started(self, stack, name, server):
        stack.push_async_callback(server.close)
        await server.open()
        self.extra[name] = server.faulty
        return server

    async def _serve_card(self, stack, name, module, unit):
        card = Card(name, V2cAccess(), module.ENTERPRISE, f"SN-{name}", self.now)
        agent = SnmpAgent(card, module.build(unit, card))
        stack.callback(agent.close)
        port = await agent.open(HOST)
        self.extra[name], self.tables[name] = card, agent.table
        access = 'community = "public"\nwrite_community = "private"'
        self._tell(name, "cooling", f"snmp://{HOST}:{port}", access)

    def _tell(self, name, driver, address, more):
        self.texts.append(DEVICE.format(name=name, driver=driver, address=address, more=more))

    def configuration(self):
        if not (self.folder / "keyring.toml").exists():
            make_ingest_keys(self.folder)
        wanted = {case.device for case in CASES}
        known = [_device(one) for one in self.pod.devices if one["name"] in wanted]
        file = self.folder / "edgeagent.toml"
        file.write_text("\n".join([BASE, *known, *self.texts, *(case.table for case in CASES)]))
        checked = check(file, {})
        assert not checked.problems, "\n".join(map(str, checked.problems))
        return checked.configuration

    def break_it(self, device, how):
        """The device refuses what is written, ignores it, or says nothing in time."""
        thing = self.extra.get(device)
        if how == "silent" and device in REDFISH:
            how = "late"
        if device in self.pod.agents or isinstance(thing, Card):
            if how == "silent":
                card = thing or self.pod.agents[device].card
                card.silent = True
            else:
                self.sets.how = how
        elif thing is not None:
            name, value = FAULTY[how]
            setattr(thing, name, value)
        elif how == "late":
            self.pod.inject(device, "slow", delay_s=LATE_S)
        else:
            self.pod.inject(device, {"silent": "hang"}.get(how, FAULTY[how][0]))

    def heal(self):
        """All sound, and everything that can be set as it was at first."""
        self.sets.how = ""
        for fault in self.pod.board.active:
            self.pod.board.clear(fault.device, fault.kind)
        for thing in self.extra.values():
            if isinstance(thing, Card):
                thing.silent = False
            else:
                thing.heal()
        for agent in self.pod.agents.values():
            agent.card.silent = False
        self.cdu.pump_percent[:], self.cdu.supply_setpoint_c = [60.0, 60.0], 24.0
        for unit in self.plant.air_units.values():
            unit.fan_percent, unit.setpoint_c = 70.0, 20.0
        supply, enclosure = self.plant.supply, self.plant.enclosure
        supply.battery.setpoint_w, supply.battery.soc_min, supply.pv.limit_percent = 0.0, 0.05, 100.0
        enclosure.siren = enclosure.light = enclosure.strike_open = False
        for pdu in self.pod.world.pdus.values():
            pdu.outlet(2).on = True


def _device(device):
    """The table of a device of the pod, as its description tells it."""
    keys = ("community", "write_community", "user", "auth_key", "priv_key", "password")
    more = [f'{key} = "{device[key]}"' for key in keys if key in device]
    if device["driver"] == "ipdu":
        more += ["switchable = true", 'settle = "1 s"', 'off_on_interval = "0 s"']
    if device["address"].startswith("modbus") and "family" in device:
        more.append(f'family = "{device["family"]}"')
    for table in ("inputs", "outputs"):
        if table in device:
            more.append(f"[devices.{device['name']}.{table}]")
            more += [f'{number} = "{name}"' for number, name in device[table].items()]
    return DEVICE.format(name=device["name"], driver=device["driver"], address=device["address"], more="\n".join(more))


class Agent:
    """The actuators of a configuration, and their sessions."""

    def __init__(self, configuration, worker, **parts):
        clock = SystemClock()
        self.parts = Parts(clock, **parts)
        shared = ActuatorParts(clock, self.parts.snmp, self.parts.profiles, worker, lambda _device, _serial: "")
        pdus = list(settables.redfish_pdus(configuration, self.parts, shared))
        self.built = registry.build(configuration.actuators, configuration.pdus, configuration.site, shared, pdus)
        others = settables.build(configuration, self.parts, shared)
        assert others.left_out == {}
        self.built.sessions.extend(others.sessions)
        self.held = others.held
        redfish = [OutletActuator(pdu, 2, clock) for pdu in pdus]  # no load hangs on it
        outlets = [OutletActuator(pdu, 2, clock) for pdu in self.built.pdus.values()]
        self.actuators = {one.target: one for one in (*others.actuators.values(), *outlets, *redfish)}

    async def apply(self, target, value):
        return await self.actuators[target].apply(Output(target, value, Rank.PERSON, "test", "why", "d1"), granted)

    async def close(self):
        await self.built.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stubs(tmp_path_factory):
    async with AsyncExitStack() as stack:
        made = Stubs(tmp_path_factory.mktemp("plant"))
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
    table = stubs.extra["crac-l"], await agent.apply("crac-l/fan.1.setpoint", 80.0)
    assert table[1].word == DONE
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


# -- what is on the same computer


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(gpu, "ANSWER_S", 1.0)


GPU = Case("gpus/gpu.0.power_limit", 300.0, lambda _stubs: 0.0, 9_000.0, 350.0, 250, 350, 1.0)


async def gpu_outcome(folder, worker, value, **faults):
    """What becomes of it, and the limit of the GPU afterwards."""
    make_ingest_keys(folder)
    (folder / "edgeagent.toml").write_text(f'{BASE}[devices.gpus]\ndriver = "gpu"\n{GPU.table}')
    configuration = check(folder / "edgeagent.toml", {}).configuration
    async with simulated_gpus() as gpus:
        gpus.control.set(0, limit_mw=500_000)
        uuid = (await gpus.uuids())[0]  # the driver was first to look, before anything befell it
        gpus.control.set(0, **faults)
        outcome = await Agent(configuration, worker, nvml=gpus.nvml).apply(GPU.target, value)
        gpus.control.set(0, **dict.fromkeys(faults, 0))
        async with asyncio.timeout(20):
            while True:
                try:
                    return outcome, (await gpus.nvml.limits(uuid, 10.0)).now / 1000
                except Exception:  # noqa: BLE001 - the child comes back
                    await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("value", "faults", "expected"),
    [
        (GPU.ask, {}, (DONE, 300.0)),
        (GPU.beyond, {}, (DONE, 350.0)),
        (GPU.ask, {"ignores_limit": 1}, (UNVERIFIED, 500.0)),
        (GPU.ask, {"locked": 1}, (FAILED, 500.0)),
        (GPU.ask, {"lost": 1}, (FAILED, 500.0)),
        (GPU.ask, {"hang_s": 4}, (FAILED, 500.0)),
    ],
    ids=["asked", "clamped", "ignored", "refused", "lost", "silent"],
)
@pytest.mark.usefixtures("hurried")
async def test_the_power_limit_of_a_gpu(tmp_path, worker, value, faults, expected):
    outcome, now_w = await gpu_outcome(tmp_path, worker, value, **faults)
    assert (outcome.word, now_w) == expected, outcome.message
    assert (outcome.word == FAILED) is ("nothing was written" in outcome.message)


class Systemd:
    """A stand-in for systemctl, and the actuators for one unit of it."""

    UNIT = "batch.service"

    def __init__(self, folder):
        self._path = folder / "units.json"
        self._write({"ActiveState": "active", "FreezerState": "running", "CPUWeight": "100"}, {})
        systemd = SystemdUnits((sys.executable, systemctl_stub.__file__, str(self._path)), timeout_s=1.0)
        settings = WorkloadSettings("batch", self.UNIT, frozenset(("freeze", "stop", "weight")), 0.3)
        self.actuators = workload_settings.build([settings], SystemClock(), systemd)

    def _write(self, unit, faults):
        self._path.write_text(json.dumps({"units": {self.UNIT: unit}, "faults": faults}))

    def unit(self):
        return json.loads(self._path.read_text())["units"][self.UNIT]

    def break_it(self, **faults):
        self._write(self.unit(), faults)

    async def apply(self, name, value):
        target = f"workloads/batch.{name}"
        return await self.actuators[target].apply(Output(target, value, Rank.PLAN, "test", "why", "d1"), granted)


WORKLOADS = [("state", "frozen", "FreezerState", "frozen"), ("cpu_weight", 20.0, "CPUWeight", "20")]
BROKEN = [({"ignore": True}, UNVERIFIED), ({"deny": True}, FAILED), ({"no_bus": True}, FAILED)]


@pytest.mark.parametrize(("name", "ask", "field", "truth"), WORKLOADS, ids=["state", "weight"])
async def test_a_workload_is_what_is_asked_for(tmp_path, name, ask, field, truth):
    systemd = Systemd(tmp_path)
    assert (await systemd.apply(name, ask)).word == DONE
    assert systemd.unit()[field] == truth


async def test_a_workload_is_given_no_weight_beyond_what_there_is_and_no_other_state(tmp_path):
    systemd = Systemd(tmp_path)
    assert (await systemd.apply("cpu_weight", 1e6)).word == DONE
    assert systemd.unit()["CPUWeight"] == "10000"
    assert (await systemd.apply("state", "deleted")).word == FAILED


@pytest.mark.parametrize(("faults", "word"), BROKEN, ids=["ignored", "refused", "silent"])
async def test_a_workload_that_cannot_be_set_is_told_as_it_is(tmp_path, faults, word):
    systemd = Systemd(tmp_path)
    systemd.break_it(**faults)
    before = systemd.unit()
    for name, ask, _, _ in WORKLOADS:
        if name == "state" or word == FAILED:
            assert (await systemd.apply(name, ask)).word == word
    assert systemd.unit() == before
