"""An APC rack PDU of the first generation: what it says, what it reckons, and outlets whose codes are its own.

Nobody recorded one for us: the stub and the agents made here are written down from PowerNet-MIB.
"""

import pytest

from edgeagent.core.clock import SystemClock
from edgeagent.drivers.profiled import Paces, ProfiledDevice
from edgeagent.model.errors import DeviceUnreachable
from edgeagent.model.reading import Reason
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.session import Lease, Sessions
from edgeagent.protocols.snmp import SnmpSession
from edgeagent.protocols.snmp_address import Community, SnmpAddress
from firmware_stubs.mib_apc_rpdu import LINE_V
from firmware_stubs.pod import Pod, PodPlan
from tests.fixtures.recorded import everything, shown

RPDU = "1.3.6.1.4.1.318.1.1.12"
FIRST, SECOND = "1.3.6.1.4.1.318.1.3.4.5", "1.3.6.1.4.1.318.1.3.4.6"  # masterSwitchrPDU, masterSwitchrPDU2
PROFILES = Profiles()
OUTLETS = 8


@pytest.fixture
async def pod(tmp_path):
    async with Pod(PodPlan(tmp_path, plain_agents=2, plain_family="apc-rpdu", outlets=OUTLETS)) as opened:
        yield opened


def driver(entry, timeout_s=1.0):
    address, access = SnmpAddress(entry["host"], entry["port"], v3=False), Community(entry["community"])

    def open_one(turn):
        return SnmpSession(address, access, turn, timeout_s=timeout_s)

    lease = Lease(Sessions(), (address.host, address.port), access, open_one)
    return ProfiledDevice("pdu", lease, SystemClock(), lambda: PROFILES.of_driver("ipdu"), Paces(10.0, 60.0, 6.0))


async def test_its_readings_are_what_the_world_holds(pod):
    pod.world.switch("pdu-a1", 2, on=False)
    info, readings = await everything(driver(pod.devices[0]))
    pdu = pod.world.pdus["pdu-a1"]
    assert (info.identity.vendor, info.identity.model) == ("APC", "AP7953")
    assert info.identity.serial == pod.devices[0]["serial"]
    values = shown(readings)
    currents = {"phase.1": pdu.current_a, "branch.1": pdu.branches[0].current_a}
    assert {name: values.pop(f"{name}.current") for name in currents} == pytest.approx(currents, abs=0.05 + 0.02)
    reckoned_w = pytest.approx(pdu.current_a * LINE_V, abs=5)
    assert (values.pop("inlet.power"), values.pop("inlet.apparent_power")) == (reckoned_w, reckoned_w)
    assert values == {
        "phase.1.load_state": "normal",
        "branch.1.load_state": "normal",
        "inlet.supply": "ok",
        **{f"outlet.{n}.state": "off" if n == 2 else "on" for n in range(1, OUTLETS + 1)},
    }


async def test_each_fault_costs_this_device_alone(pod):
    lost, healthy = pod.devices
    pod.inject("pdu-a1", "sentinel")
    values = shown((await everything(driver(lost)))[1])
    assert (values["inlet.power"], values["inlet.apparent_power"]) == (Reason.SENTINEL, Reason.SENTINEL)
    assert values["outlet.1.state"] == "on"
    pod.inject("pdu-a1", "hang")
    with pytest.raises(DeviceUnreachable):
        await everything(driver(lost, timeout_s=0.1))
    assert Reason.SENTINEL not in shown((await everything(driver(healthy)))[1]).values()


@pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")
async def test_phases_and_banks_are_told_apart_and_what_is_neither_is_no_point(made):
    # phase, bank, tenths of amperes, state
    rows = {
        1: (0, 0, 126, 1),
        2: (1, 0, 41, 1),
        3: (2, 0, 42, 2),
        4: (3, 0, 43, 3),
        5: (1, 1, 160, 4),
        6: (1, 2, 4294967295, 1),
    }
    loads = {f".2.3.1.1.1.{row}": row for row in rows}
    for place, column in enumerate((4, 5, 2, 3)):
        loads |= {f".2.3.1.1.{column}.{row}": told[place] for row, told in rows.items()}
    _, values = await made(FIRST, RPDU, {".1.5.0": "AP7998", ".4.1.3.0": 3, **loads, ".3.5.1.1.7.5": 16})
    assert values == {
        "inlet.supply": "second_failed",
        "phase.1.current": 4.1,
        "phase.2.current": 4.2,
        "phase.3.current": 4.3,
        "phase.1.load_state": "normal",
        "phase.2.load_state": "low",
        "phase.3.load_state": "near_overload",
        "branch.1.current": 16.0,
        "branch.1.load_state": "overload",
        "branch.2.current": Reason.SENTINEL,
        "branch.2.load_state": "normal",
        "outlet.5.current": 1.6,
    }


@pytest.mark.holds_the_loop("pysnmp loads its own MIB files inside a callback")
async def test_a_second_generation_that_answers_the_old_objects_too_is_none_of_the_first(made):
    old = {".1.5.0": "AP8659", ".2.3.1.1.1.1": 1, ".2.3.1.1.2.1": 12, ".2.3.1.1.4.1": 1, ".2.3.1.1.5.1": 0}
    new = {".4.3.1.1.1": 1, ".4.3.1.5.1": 27}
    both = {f".12{oid}": value for oid, value in old.items()} | {f".26{oid}": value for oid, value in new.items()}
    _, values = await made(SECOND, "1.3.6.1.4.1.318.1.1", both)
    assert values == {"inlet.power": 270.0}
