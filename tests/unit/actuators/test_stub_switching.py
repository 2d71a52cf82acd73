"""Outlets of every simulated family switched over real SNMP: what moves in the world is what was meant."""

import pytest

from edgeagent.actuators.outlet import OutletActuator
from edgeagent.actuators.parts import Parts
from edgeagent.actuators.pdu import SwitchedPdu
from edgeagent.actuators.settings import PduSettings
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceRefused
from edgeagent.model.intent import DONE, FAILED, Output, Rank
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.switching import Switching
from firmware_stubs import mib_eaton, mib_geist, mib_mph, mib_sentry4
from tests.fixtures.recorded import PROFILES
from tests.fixtures.stubs import READ, WRITE, StubDevice, world_at

PDUS = {"eaton": mib_eaton, "geist": mib_geist, "sentry4": mib_sentry4, "mph": mib_mph}


class Rig:
    """A rack PDU in its world, and what switches it."""

    def __init__(self, module, worker):
        self.world = world_at(outlets=24)
        self.pdu = self.world.pdus["pdu-a1"]
        self.stub = StubDevice(module, lambda card: module.build(self.world, self.pdu, card))
        self.bound = "SN-1"
        self._worker = worker

    async def open(self):
        await self.stub.open()
        switching = Switching(allowed=True, write=WRITE, off_on_interval_s=0.0, settle_s=0.5)
        settings = PduSettings("pdu", self.stub.address, READ, switching, timeout_s=1.0)
        parts = Parts(SystemClock(), Sessions(), PROFILES, self._worker, self._identify)
        self.device = SwitchedPdu(settings, parts)

    def _identify(self, device, serial):
        return "" if serial == self.bound else f"{device} is bound to {self.bound}, and {serial} answers"

    async def switched(self, number, word):
        outlet = OutletActuator(self.device, number, SystemClock())
        return await outlet.apply(Output(outlet.target, word, Rank.EQUIPMENT, "test", "because", "audit-1"), granted)

    @property
    def off(self):
        return [outlet.number for outlet in self.pdu.outlets if not outlet.on]


@pytest.fixture(params=PDUS.values(), ids=list(PDUS))
async def rig(request, worker):
    rig = Rig(request.param, worker)
    await rig.open()
    yield rig
    await rig.device.close()
    rig.stub.close()


async def test_an_outlet_goes_off_and_on_again_and_no_other(rig):
    load = next(outlet for outlet in rig.pdu.outlets if outlet.power_w > 0 and outlet.number > 12)
    assert (await rig.switched(load.number, "off")).word == DONE
    assert (rig.off, load.power_w) == ([load.number], 0.0)
    assert await rig.device.look(f"outlet.{load.number}.state") == "off"
    assert (await rig.switched(load.number, "on")).word == DONE
    assert rig.off == []
    assert load.power_w > 0


async def test_a_cycle_comes_back_by_itself(rig):
    await rig.device.prepare("outlet.3.state")
    await rig.device.command("outlet.3.state", "cycle")
    assert rig.off == [3]
    assert await rig.device.look("outlet.3.state") == "off"
    rig.world.advance(20)
    assert rig.off == []
    assert await rig.device.look("outlet.3.state") == "on"


async def test_another_pdu_at_the_address_is_not_switched(rig, at_set):
    await rig.device.look("outlet.3.state")
    seen = at_set()
    rig.stub.card.serial = "SN-2"
    outcome = await rig.switched(3, "off")
    assert (outcome.word, seen, rig.off) == (FAILED, [], [])
    assert "SN-2 answers" in outcome.message


async def test_an_outlet_that_does_not_exist_is_refused(rig):
    with pytest.raises(DeviceRefused):
        await rig.device.look("outlet.25.state")


async def test_a_locked_receptacle_stays_on(worker):
    rig = Rig(mib_mph, worker)
    await rig.open()
    try:
        lock = next(row for row in rig.stub.table if row.name == "lgpPduRcpEntryControlLock" and row.oid[-1] == 3)
        lock.setter.write(mib_mph.LOCKED)
        outcome = await rig.switched(3, "off")
        assert (outcome.word, rig.off) == (FAILED, [])
        assert "nothing was written" in outcome.message or "refuses" in outcome.message
    finally:
        await rig.device.close()
        rig.stub.close()
