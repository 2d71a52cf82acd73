"""Workloads as systemd units, against a stand-in for systemctl that is a real program."""

import json
import sys

import pytest

from edgeagent.actuators import workload_settings
from edgeagent.actuators.workload import SystemdWorkloads, WorkloadActuator
from edgeagent.actuators.workload_settings import WorkloadSettings
from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceRefused, DeviceUnreachable
from edgeagent.model.intent import Output, Rank
from edgeagent.protocols.snmp_set import WriteOpen
from edgeagent.protocols.systemd_units import SystemdUnits, UnitState
from firmware_stubs import systemctl_stub

UNIT = "batch.service"


class Systemd:
    """The units and the faults of one stand-in."""

    def __init__(self, folder):
        self._path = folder / "units.json"
        unit = {"ActiveState": "active", "FreezerState": "running", "CPUWeight": "[not set]"}
        self._path.write_text(json.dumps({"units": {UNIT: unit}, "faults": {}}))
        self.units = SystemdUnits((sys.executable, systemctl_stub.__file__, str(self._path)))

    @property
    def unit(self):
        return json.loads(self._path.read_text())["units"][UNIT]

    def change(self, part, **values):
        state = json.loads(self._path.read_text())
        (state["units"][UNIT] if part == "unit" else state["faults"]).update(values)
        self._path.write_text(json.dumps(state))

    def hurry(self, timeout_s):
        self.units._timeout_s = timeout_s

    def actuator(self, settle_s=0.3):
        return WorkloadActuator(
            SystemdWorkloads({"batch": UNIT}, self.units), "batch", SystemClock(), settle_s=settle_s
        )


@pytest.fixture
def systemd(tmp_path):
    return Systemd(tmp_path)


def output(value, target="workloads/batch.state"):
    return Output(target, value, Rank.PLAN, "test", "a test", "d1")


@pytest.mark.parametrize(
    ("before", "word", "after"),
    [
        ({}, "frozen", ("active", "frozen")),
        ({}, "stopped", ("inactive", "running")),
        ({"FreezerState": "frozen"}, "running", ("active", "running")),
        ({"FreezerState": "frozen"}, "stopped", ("inactive", "running")),
        ({"ActiveState": "inactive"}, "running", ("active", "running")),
        ({"ActiveState": "failed"}, "running", ("active", "running")),
    ],
)
async def test_a_workload_is_brought_to_what_is_wanted_and_read_back(systemd, before, word, after):
    systemd.change("unit", **before)
    outcome = await systemd.actuator().apply(output(word), granted)
    assert (outcome.word, outcome.read_back) == ("done", word)
    assert (systemd.unit["ActiveState"], systemd.unit["FreezerState"]) == after


async def test_what_is_there_already_is_not_told_again(systemd):
    systemd.change("faults", deny=True)
    assert (await systemd.actuator().apply(output("running"), granted)).word == "done"


@pytest.mark.parametrize(
    ("unit", "value", "words"),
    [
        ({"ActiveState": "inactive"}, "frozen", "while it is stopped"),
        ({"ActiveState": "activating"}, "stopped", "while it is changing"),
        ({}, "on", "must be one of frozen, running, stopped"),
        ({}, 1.0, "must be one of"),
    ],
)
async def test_what_cannot_be_done_is_named_and_not_tried(systemd, unit, value, words):
    systemd.change("unit", **unit)
    before = systemd.unit
    outcome = await systemd.actuator().apply(output(value), granted)
    assert outcome.word == "failed"
    assert words in outcome.message
    assert systemd.unit == before


async def test_without_the_permit_nothing_is_told(systemd):
    async def refused():
        return "cannot act: the record could not be kept"

    outcome = await systemd.actuator().apply(output("frozen"), refused)
    assert (outcome.word, outcome.message) == ("failed", "cannot act: the record could not be kept")
    assert systemd.unit["FreezerState"] == "running"


async def test_a_refusal_says_what_allows_it(systemd):
    systemd.change("faults", deny=True)
    outcome = await systemd.actuator().apply(output("frozen"), granted)
    assert outcome.word == "failed"
    assert "edgeagent-units.rules allows it to polkit" in outcome.message


async def test_a_unit_that_does_not_follow_is_unverified(systemd):
    systemd.change("faults", ignore=True)
    outcome = await systemd.actuator().apply(output("frozen"), granted)
    assert (outcome.word, outcome.read_back) == ("unverified", "running")


async def test_a_computer_without_systemd_is_named(systemd):
    systemd.change("faults", no_bus=True)
    outcome = await systemd.actuator().apply(output("frozen"), granted)
    assert outcome.word == "failed"
    assert "nothing was done" in outcome.message
    with pytest.raises(DeviceUnreachable, match="cannot run"):
        await SystemdUnits(("/nowhere/systemctl",)).show(UNIT)


async def test_a_systemctl_that_hangs_is_ended_and_a_write_is_open(systemd):
    systemd.change("faults", hang_s=5)
    systemd.hurry(0.2)
    with pytest.raises(DeviceUnreachable, match=r"no answer within 0\.2 s"):
        await systemd.units.show(UNIT)
    with pytest.raises(WriteOpen):
        await systemd.units.command("freeze", UNIT)


async def test_a_unit_that_is_not_there_is_refused(systemd):
    with pytest.raises(DeviceRefused, match="not-found"):
        await systemd.units.show("other.service")


async def test_the_weight_is_a_clamped_setpoint(systemd):
    settings = [WorkloadSettings("batch", UNIT, frozenset({"weight"}))]
    actuators = workload_settings.build(settings, SystemClock(), systemd.units)
    (target,) = actuators
    assert target == "workloads/batch.cpu_weight"
    outcome = await actuators[target].apply(output(20000.0, target), granted)
    assert (outcome.word, outcome.read_back) == ("done", 10000)
    assert await systemd.units.show(UNIT) == UnitState("active", frozen=False, weight=10000)


def test_only_what_is_allowed_can_be_asked_for():
    settings = [
        WorkloadSettings("a", "a.service", frozenset({"freeze"})),
        WorkloadSettings("b", "b.slice", frozenset({"stop", "weight"})),
        WorkloadSettings("c", "c.slice", frozenset()),
    ]
    domains = {target: one.domain for target, one in workload_settings.build(settings, SystemClock()).items()}
    assert set(domains) == {"workloads/a.state", "workloads/b.state", "workloads/b.cpu_weight"}
    assert domains["workloads/a.state"].words == {"running", "frozen"}
    assert domains["workloads/b.state"].words == {"running", "stopped"}


def parsed(text):
    loaded = load([], layers=[Layer("a.toml", text)])
    return workload_settings.parse(loaded.root), [problem.message for problem in loaded.problems]


def test_workloads_are_named_in_the_configuration():
    text = '[workloads.training]\nunit = "training.slice"\nallow = ["freeze", "weight"]\nsettle = "10 s"'
    wanted = WorkloadSettings("training", "training.slice", frozenset({"freeze", "weight"}), 10.0)
    assert parsed(text) == ([wanted], [])


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("edgeagent.service", "the agent itself stands on it"),
        ("systemd-journald.service", "the agent itself stands on it"),
        ("system.slice", "the agent itself stands on it"),
        ("-.slice", "service, slice or scope"),
        ("--now.service", "service, slice or scope"),
        ("batch.timer", "service, slice or scope"),
        ("../../etc.service", "service, slice or scope"),
        ("--root=a.service", "service, slice or scope"),
    ],
)
def test_a_unit_that_must_not_be_touched_is_refused(unit, words):
    _, problems = parsed(f'[workloads.it]\nunit = "{unit}"')
    assert len(problems) == 1
    assert words in problems[0]
