"""Outlets of families whose commands differ: what is written where, over real SNMP, to agents made from the MIBs."""

import pytest
from pysnmp.entity import config
from pysnmp.entity.rfc3413 import cmdrsp

from edgeagent.actuators.parts import Parts
from edgeagent.actuators.pdu import SwitchedPdu
from edgeagent.actuators.settings import PduSettings
from edgeagent.core.clock import SystemClock
from edgeagent.model.errors import DeviceRefused
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.session import Sessions
from edgeagent.protocols.snmp_address import Community, SnmpAddress
from edgeagent.protocols.switching import Switching
from tests.fixtures.recorded import RecordedAgent, Recording

pytestmark = pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")

EATON = "1.3.6.1.4.1.534.6.6.7"
LIEBERT = "1.3.6.1.4.1.476.1.42"
SERIAL = "S1"


class WritableAgent(RecordedAgent):
    """It takes every SET and notes it."""

    def __init__(self, path):
        super().__init__(path)
        self.written = []

    async def open(self):
        await super().open()
        config.add_vacm_user(self._engine, 2, "area", "noAuthNoPriv", (1, 3, 6), (1, 3, 6))
        cmdrsp.SetCommandResponder(self._engine, self.served)
        self.recording.write_variables = self._write

    def _write(self, *varbinds, **_):
        self.written += [(str(oid), int(value)) for oid, value in varbinds]
        return varbinds


@pytest.fixture
async def switched(tmp_path, worker):
    """A rack PDU with these objects, as something that switches, and its agent."""
    open_ones = []

    async def build(object_id, values):
        lines = [f"1.3.6.1.2.1.1.2.0|6|{object_id}"]
        lines += [f"{oid}|{4 if isinstance(value, str) else 2}|{value}" for oid, value in values.items()]
        (tmp_path / "made.snmprec").write_text("\n".join(lines))
        agent = WritableAgent(tmp_path / "made.snmprec")
        assert isinstance(agent.recording, Recording)
        await agent.open()
        address = SnmpAddress("127.0.0.1", agent.port, v3=False)
        settings = PduSettings("pdu", address, Community(), Switching(allowed=True, write=Community()))
        pdu = SwitchedPdu(settings, Parts(SystemClock(), Sessions(), Profiles(), worker, lambda *_: ""))
        open_ones.append((pdu, agent))
        return pdu, agent

    yield build
    for pdu, agent in open_ones:
        await pdu.close()
        agent.close()


async def test_each_command_to_an_eaton_is_a_delay_of_0_written_to_an_object_of_its_own(switched):
    states = {f"{EATON}.6.6.1.2.0.{n}": n - 1 for n in (1, 2, 3, 4)}
    commands = {f"{EATON}.6.6.1.{column}.0.1": -1 for column in (3, 4, 5)}
    pdu, agent = await switched(EATON, {f"{EATON}.1.2.1.4.0": SERIAL, **states, **commands})
    assert [await pdu.look(f"outlet.{n}.state") for n in (1, 2, 3, 4)] == ["off", "on", "on", "off"]
    for word in ("on", "off", "cycle"):
        await pdu.command("outlet.1.state", word)
    assert agent.written == [(f"{EATON}.6.6.1.{column}.0.1", 0) for column in (4, 3, 5)]


async def test_the_branch_of_a_lieberts_outlet_is_found_though_its_name_does_not_say_it(switched):
    root = f"{LIEBERT}.3.8"
    states = {f"{root}.50.20.1.95.1.2.{n}": state for n, state in ((1, 1), (2, 2))}
    controls = {f"{root}.50.20.1.100.1.2.{n}": 0 for n in (1, 2)}
    pdu, agent = await switched(LIEBERT, {f"{root}.20.1.45.1": SERIAL, **states, **controls})
    assert [await pdu.look(f"outlet.{n}.state") for n in (1, 2)] == ["off", "on"]
    await pdu.command("outlet.2.state", "off")
    assert agent.written == [(f"{root}.50.20.1.100.1.2.2", 0)]
    with pytest.raises(DeviceRefused, match=r"cannot switch outlet\.3\.state"):
        await pdu.look("outlet.3.state")
