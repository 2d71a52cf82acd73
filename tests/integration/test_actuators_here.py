"""What is set on the agent's own computer: the power limits of GPUs through NVML, and workloads through systemd."""

import asyncio
import json
import sys

import pytest

from edgeagent.actuators import gpu, workload_settings
from edgeagent.actuators.workload_settings import WorkloadSettings
from edgeagent.cli.keys import make_ingest_keys
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import granted
from edgeagent.daemon.configuration import check
from edgeagent.model.errors import DeviceError
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Output, Rank
from edgeagent.protocols.no_worker import NoWorker
from edgeagent.protocols.systemd_units import SystemdUnits
from firmware_stubs import systemctl_stub
from tests.fixtures.actuated import BASE, Agent, Case
from tests.fixtures.gpus import simulated_gpus


@pytest.fixture
def hurried(monkeypatch):
    monkeypatch.setattr(gpu, "ANSWER_S", 1.0)


GPU = Case("gpus/gpu.0.power_limit", 300.0, lambda _stubs: 0.0, 9_000.0, 350.0, 250, 350, 1.0)


async def gpu_outcome(folder, value, **faults):
    """What becomes of it, and the limit of the GPU afterwards."""
    make_ingest_keys(folder)
    (folder / "edgeagent.toml").write_text(f'{BASE}[devices.gpus]\ndriver = "gpu"\n{GPU.table}')
    configuration = check(folder / "edgeagent.toml", {}).configuration
    async with simulated_gpus() as gpus:
        gpus.control.set(0, limit_mw=500_000)
        uuid = (await gpus.uuids())[0]  # the driver was first to look, before anything befell it
        gpus.control.set(0, **faults)
        outcome = await Agent(configuration, NoWorker("snmp"), nvml=gpus.nvml).apply(GPU.target, value)
        gpus.control.set(0, **dict.fromkeys(faults, 0))
        async with asyncio.timeout(20):
            while True:
                try:
                    return outcome, (await gpus.nvml.limits(uuid, 10.0)).now / 1000
                except DeviceError:  # the child comes back
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
async def test_the_power_limit_of_a_gpu(tmp_path, value, faults, expected):
    outcome, now_w = await gpu_outcome(tmp_path, value, **faults)
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
