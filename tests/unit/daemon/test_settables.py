"""What the configuration allows to be set becomes an actuator; what could never be set is told before."""

import asyncio

import pytest

from edgeagent.actuators.parts import Parts as ActuatorParts
from edgeagent.actuators.redfish_pdu import RedfishPdu
from edgeagent.actuators.setpoint import SetpointActuator
from edgeagent.actuators.storage import HeldActuator
from edgeagent.actuators.worded import WordedActuator
from edgeagent.actuators.workload import WorkloadActuator
from edgeagent.cli.keys import make_ingest_keys
from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.daemon import settables
from edgeagent.daemon.configuration import check
from edgeagent.daemon.identity_book import StoredBook
from edgeagent.daemon.protection import Protection
from edgeagent.drivers.parts import Parts
from edgeagent.model.intent import Choice, Hold, Range
from edgeagent.protocols.no_worker import NoWorker
from edgeagent.store.flight_log import FlightLog
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store

BASE = """
[pod]
site = "zrh"
name = "pod-07"
[daemon]
state = "state"
runtime = "run"
[uplink]
broker = "mqtt://127.0.0.1:1"
keyring = "keyring.toml"
"""
NUMBER = "lowest = 18\nhighest = 25\n"
CRAC = """
[devices.crac-1]
driver = "cooling"
address = "snmp://127.0.0.1:1"
community = "edge"
write_community = "edge-write"
[devices.crac-1.set."supply_air.setpoint"]
lowest = 18
highest = 25
safe = 20
"""
CDU = """
[devices.cdu-1]
driver = "cdu"
address = "redfish+http://127.0.0.1:1"
[devices.cdu-1.set."pump.1.setpoint"]
lowest = 30
highest = 100
"""
AIR = """
[devices.air-1]
driver = "cooling"
address = "modbus://127.0.0.1:1/1"
family = "generic-crac"
[devices.air-1.set."fan.1.setpoint"]
lowest = 30
highest = 100
"""
ENCLOSURE = """
[devices.enclosure-1]
driver = "enclosure"
address = "modbus://127.0.0.1:1/2"
family = "dry-contact-io"
[devices.enclosure-1.outputs]
1 = "strike.front"
2 = "siren.1"
[devices.enclosure-1.set."siren.1.state"]
words = ["on", "off"]
safe = "off"
[devices.enclosure-1.set."strike.front.state"]
words = ["on", "off"]
"""
BATTERY = """
[devices.battery-1]
driver = "battery"
address = "modbus://127.0.0.1:1/3"
[devices.battery-1.set."setpoint.power"]
lowest = -8000
highest = 8000
[devices.battery-1.set."reserve"]
lowest = 20
highest = 90
"""
PV = """
[devices.pv-1]
driver = "inverter"
address = "modbus://127.0.0.1:1/4"
[devices.pv-1.set."limit.power"]
lowest = 0
highest = 100
"""
GPUS = """
[devices.gpus]
driver = "gpu"
[devices.gpus.set."gpu.0.power_limit"]
lowest = 200
highest = 350
"""
WORKLOAD = """
[workloads.training]
unit = "training.slice"
allow = ["freeze"]
"""
ALL = (CRAC, CDU, AIR, ENCLOSURE, BATTERY, PV, GPUS, WORKLOAD)
BACNET = """
[devices.crac-2]
driver = "cooling"
address = "bacnet://127.0.0.1:47808/4242"
[devices.crac-2.set."supply_air.setpoint"]
lowest = 18
highest = 25
"""


def checked(folder, *texts):
    if not (folder / "keyring.toml").exists():
        make_ingest_keys(folder)
    file = folder / "edgeagent.toml"
    file.write_text("".join((BASE, *texts)))
    return check(file, {})


def configured(folder, *texts):
    found = checked(folder, *texts)
    assert not found.problems, "\n".join(map(str, found.problems))
    return found.configuration


def problems(folder, *texts):
    return [f"{one.path}: {one.message} {one.suggestion or ''}".strip() for one in checked(folder, *texts).problems]


class Built:
    """All actuators of a configuration; nothing is opened."""

    def __init__(self, configuration):
        clock = ManualClock()
        self.parts = Parts(clock)
        shared = ActuatorParts(
            clock, self.parts.snmp, self.parts.profiles, NoWorker("snmp"), lambda _device, _serial: ""
        )
        self.found = settables.build(configuration, self.parts, shared)
        self.pdus = list(settables.redfish_pdus(configuration, self.parts, shared))


async def test_every_kind_of_device_has_its_actuators_and_none_is_opened_for_it(tmp_path):
    built = Built(configured(tmp_path, *ALL))
    kinds = {target: type(one) for target, one in built.found.actuators.items()}
    assert kinds == {
        "workloads/training.state": WorkloadActuator,
        "crac-1/supply_air.setpoint": SetpointActuator,
        "cdu-1/pump.1.setpoint": SetpointActuator,
        "air-1/fan.1.setpoint": SetpointActuator,
        "enclosure-1/siren.1.state": WordedActuator,
        "enclosure-1/strike.front.state": WordedActuator,
        "battery-1/setpoint.power": HeldActuator,
        "battery-1/reserve": SetpointActuator,
        "pv-1/limit.power": HeldActuator,
        "gpus/gpu.0.power_limit": SetpointActuator,
    }
    assert built.found.left_out == {}
    assert [one.target for one in built.found.held] == ["battery-1/setpoint.power", "pv-1/limit.power"]
    assert len(built.found.sessions) == 6  # of all but the GPUs, whose child is shared
    assert (len(built.parts.snmp), len(built.parts.modbus), len(built.parts.redfish)) == (0, 0, 0)


async def test_a_device_that_speaks_bacnet_has_its_actuators_too(tmp_path):
    pytest.importorskip("bacpypes3")
    built = Built(configured(tmp_path, BACNET))
    assert list(built.found.actuators) == ["crac-2/supply_air.setpoint"]


async def test_an_actuator_is_held_to_its_table_as_decisions_are(tmp_path):
    configuration = configured(tmp_path, *ALL)
    built = Built(configuration)
    for target, actuator in built.found.actuators.items():
        wanted = configuration.tables.targets[target]
        assert (actuator.domain, actuator.safe) == (wanted.domain, wanted.safe), target
    targets = configuration.tables.targets
    assert targets["enclosure-1/siren.1.state"].domain == Choice(frozenset({"on", "off"}))
    assert targets["enclosure-1/siren.1.state"].safe == "off"
    assert targets["enclosure-1/strike.front.state"].safe == Hold()
    assert targets["crac-1/supply_air.setpoint"].domain == Range(18.0, 25.0)
    assert targets["crac-1/supply_air.setpoint"].safe == 20.0


async def test_what_the_configuration_does_not_name_cannot_be_set(tmp_path):
    text = CRAC[: CRAC.index("[devices.crac-1.set")]
    assert Built(configured(tmp_path, text)).found.actuators == {}


async def test_rack_pdus_over_redfish_are_switched_only_where_that_is_allowed(tmp_path):
    text = '[devices.pdu-r]\ndriver = "ipdu"\naddress = "redfish+http://127.0.0.1:1"\n'
    assert Built(configured(tmp_path, text)).pdus == []
    (pdu,) = Built(configured(tmp_path, text, "switchable = true\n")).pdus
    assert isinstance(pdu, RedfishPdu)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CRAC.replace('write_community = "edge-write"\n', ""), "cannot set it: it has no write_community"),
        (
            f'[devices.chassis]\ndriver = "hwmon"\n[devices.chassis.set."fan.1"]\n{NUMBER}',
            "cannot set it: nothing of a hwmon can be set",
        ),
        (BATTERY.replace("setpoint.power", "charge"), "what can be set is setpoint.power, limit.power and reserve"),
        (GPUS.replace("gpu.0.power_limit", "gpu.0.power"), "what can be set is a power limit"),
        (
            CDU.replace("lowest = 30\nhighest = 100", 'words = ["on"]'),
            "it takes a number: its table must say lowest and highest, not words",
        ),
        (AIR.replace("fan.1.setpoint", "fan.2.setpoint"), "what can be set is fan.1.setpoint, supply_air.setpoint"),
        (AIR.replace("lowest = 30\nhighest = 100", 'words = ["on"]'), "cannot set it so: it takes a number"),
        (
            ENCLOSURE.replace('words = ["on", "off"]\nsafe = "off"', "lowest = 0\nhighest = 1"),
            'cannot set it so: it takes no number; say words = ["off", "on"]',
        ),
        (
            ENCLOSURE.replace('words = ["on", "off"]\nsafe', 'words = ["loud", "off"]\nsafe'),
            '"loud" is none of off, on',
        ),
        (ENCLOSURE.replace('safe = "off"', 'safe = "quiet"'), 'cannot use "quiet": it is none of off, on'),
        (ENCLOSURE.replace('words = ["on", "off"]\nsafe = "off"', "words = []"), "cannot use no words"),
        (ENCLOSURE.replace('safe = "off"', "lowest = 0"), "cannot use this key: nothing reads it"),
    ],
)
def test_what_could_never_be_set_is_told_by_check(tmp_path, text, said):
    assert [one for one in problems(tmp_path, text) if said in one], problems(tmp_path, text)


def test_a_name_that_is_nearly_right_is_guessed(tmp_path):
    (told,) = problems(tmp_path, AIR.replace("fan.1.setpoint", "fan.1.set_point"))
    assert told.endswith("fan.1.setpoint")


async def test_what_could_never_be_set_makes_no_actuator(tmp_path):
    text = GPUS.replace("gpu.0.power_limit", "gpu.0.power")
    built = Built(checked(tmp_path, text).configuration)
    assert built.found.actuators == {}
    assert "cannot set gpus/gpu.0.power: what can be set is a power limit" in built.found.left_out["gpus/gpu.0.power"]


# -- a reload


class Stage:
    """A Protection over a real store; its services do not run."""

    def __init__(self, folder, configuration):
        self.clock = ManualClock()
        health, metrics = Health(self.clock), Metrics()
        self.parts = Parts(self.clock)
        self.store = Store(folder / "state", StoreSettings(), self.clock)
        self.store.open()
        log = FlightLog(folder / "flight", 1_000_000, self.clock, health, metrics)
        self.protection = Protection(
            configuration,
            self.parts,
            StoredBook(self.store),
            store=self.store,
            flight_log=log,
            state=State(self.clock),
            clock=self.clock,
            health=health,
            metrics=metrics,
        )

    @property
    def kept(self):
        return self.protection.keeper._held


@pytest.fixture
async def stage(tmp_path):
    opened = []

    def make(*texts):
        opened.append(Stage(tmp_path, configured(tmp_path, *texts)))
        return opened[-1]

    yield make
    for one in opened:
        await one.store.close()


async def test_what_is_held_is_kept_alive_by_the_keeper_and_by_nobody_else_after_a_reload(stage, tmp_path):
    one = stage(BATTERY, PV)
    before = dict(one.kept)
    assert list(before) == ["battery-1/setpoint.power", "pv-1/limit.power"]
    one.protection.adopt(configured(tmp_path, BATTERY))
    assert list(one.kept) == ["battery-1/setpoint.power"]
    assert one.kept["battery-1/setpoint.power"] is not before["battery-1/setpoint.power"]
    assert set(one.protection.executor.targets) == {"battery-1/setpoint.power", "battery-1/reserve"}


async def test_a_reload_that_changes_nothing_that_is_set_leaves_every_actuator(stage, tmp_path):
    one = stage(BATTERY)
    before = dict(one.kept)
    one.protection.adopt(configured(tmp_path, BATTERY, '[devices.host]\ndriver = "host"\n'))
    assert one.kept == before


async def test_a_reload_closes_the_sessions_of_what_it_replaces(stage, tmp_path):
    one = stage(AIR, CRAC)
    for session in one.protection._actuators.sessions:
        hold = getattr(session, "_hold", None) or session._lease
        hold.open()
    assert len(one.parts.modbus) + len(one.parts.snmp) == 2
    one.protection.adopt(configured(tmp_path, CDU))
    one.protection.prepare.ready.set()
    run = asyncio.ensure_future(one.protection.prepare.run(lambda: None))
    async with asyncio.timeout(10):
        while len(one.parts.modbus) + len(one.parts.snmp):
            await one.clock.advance(1.0)
            await asyncio.sleep(0.001)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
