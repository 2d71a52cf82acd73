"""A hot rack, from the air to the relay: real SNMP in both directions, seen by net-snmp's own tools."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from edgeagent.cli import client
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

RACK = "rack-1"
HOT_S = 25.0
"""12 K are believed after 4 s at 3 K/s and must last 4 s; polls are a second apart; the rest is the machine's."""
RARITAN_STATE = "1.3.6.1.4.1.13742.6.4.1.2.1.3.1.{}"
"""PDU2-MIB outletSwitchingState by PDU and outlet; on is 7, off is 8."""
APC_STATE = "1.3.6.1.4.1.318.1.1.26.9.2.3.1.5.{}"
"""PowerNet-MIB rPDU2OutletSwitchedStatusState by outlet; off is 1, on is 2."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("protection"))
    await one.start()
    await one.until(lambda: len(one.points()) > 100 and not one.autonomy()["shed"], "the pod known")
    yield one
    await one.stop()


def snmpget(device: dict[str, Any], oid: str) -> int:
    """The value as net-snmp's own program reads it."""
    where = f"{device['host']}:{device['port']}"
    if device["version"] == "v3":
        access = ["-v3", "-l", "authPriv", "-u", device["user"], "-a", "SHA-256", "-A", device["auth_key"]]
        access += ["-x", "AES", "-X", device["priv_key"]]
    else:
        access = ["-v2c", "-c", device["community"]]
    command = ["snmpget", "-m", "", "-Oqve", "-t", "2", *access, where, oid]
    return int(subprocess.run(command, capture_output=True, text=True, check=True, timeout=20).stdout)


def outlets_as_seen_by_snmpget(rig: Rig, load: dict[str, Any]) -> list[bool]:
    """Whether each cord of a load is on."""
    devices = {one["name"]: one for one in rig.pod["devices"]}
    found = []
    for pdu, number in load["cords"]:
        if devices[pdu]["family"] == "raritan-pdu2":
            found.append(snmpget(devices[pdu], RARITAN_STATE.format(number)) == 7)
        else:
            found.append(snmpget(devices[pdu], APC_STATE.format(number)) == 2)
    return found


def p3(rig: Rig) -> list[dict[str, Any]]:
    return [load for load in rig.pod["loads"] if load["rack"] == RACK and load["class"] == "P3"]


def total_w(rig: Rig) -> float:
    return float(sum(pdu["power_w"] for pdu in rig.truth()["pdus"].values()))


def alarms(rig: Rig) -> list[str]:
    rows = client.get(rig.runtime / "api.sock", "/v1/alarms")["alarms"]
    return [row["key"] for row in rows if row["state"] == "standing" and not row["folded"]]


async def cool_again(rig: Rig) -> None:
    rig.control(do="clear", device=None)
    await rig.until(lambda: not rig.autonomy()["shed"], "all loads back", 90)
    await rig.until(lambda: not alarms(rig), "no alarm left", 30)


async def test_a_hot_inlet_takes_both_cords_of_every_p3_load_off_and_cool_air_brings_them_back(rig: Rig) -> None:
    loads = p3(rig)
    assert {len(load["cords"]) for load in loads} == {1, 2}
    before_w = total_w(rig)
    drawn_w = sum(rig.truth()["loads"][load["name"]]["power_w"] for load in loads)
    assert all(all(outlets_as_seen_by_snmpget(rig, load)) for load in loads)

    rig.control(do="inject", device=RACK, kind="hot_inlet", kelvin=12)
    await rig.until(lambda: all(not any(outlets_as_seen_by_snmpget(rig, load)) for load in loads), "all off", HOT_S)
    assert abs((before_w - total_w(rig)) - drawn_w) < 0.12 * before_w, "the watts of the loads are gone"

    def read_back() -> bool:
        points = rig.points()
        states = [points[f"{pdu}/outlet.{number}.state"]["value"] for load in loads for pdu, number in load["cords"]]
        return set(states) == {"off"}

    await rig.until(read_back, "read back as off", 6)
    others = [load for load in rig.pod["loads"] if load not in loads]
    assert all(all(rig.truth()["pdus"][pdu]["outlets"][str(n)]["on"] for pdu, n in load["cords"]) for load in others)

    told = " ".join(client.get(rig.runtime / "api.sock", "/v1/explain")["text"])
    assert all(load["name"] in told for load in loads)
    assert "because the inlet of rack-1 is above 32 °C" in told
    assert alarms(rig) == ["interlock/hot-p3@rack-1"]
    assert rig.status()["headline"].startswith(f"Looking after itself: {len(loads)} loads in rack-1 are off since")

    rig.control(do="clear", device=None)
    back: list[float] = []
    seen: set[str] = set()
    loop = asyncio.get_running_loop()
    end_s = loop.time() + 90
    while len(seen) < len(loads) and loop.time() < end_s:
        state = rig.truth()["pdus"]
        fresh = {
            load["name"]
            for load in loads
            if load["name"] not in seen and all(state[pdu]["outlets"][str(n)]["on"] for pdu, n in load["cords"])
        }
        back += [loop.time()] * len(fresh)
        seen |= fresh
        await asyncio.sleep(0.05)
    assert len(seen) == len(loads)
    gaps_s = [later - earlier for earlier, later in pairwise(back)]
    assert min(gaps_s) > 1.0, f"loads return one by one: {gaps_s}"
    await rig.until(lambda: not rig.autonomy()["shed"], "every cord read as on", 10)
    assert rig.status()["headline"].startswith(("Nothing needs you", "Needs a look"))


async def test_one_cord_alone_only_moves_its_watts_and_the_interlock_never_does_that(rig: Rig) -> None:
    """In the simulated pod the other feed takes over; and every order that the agent gave was for a whole load."""
    await cool_again(rig)
    load = next(one for one in p3(rig) if len(one["cords"]) == 2)
    (pdu, number), (other, _) = load["cords"]
    before = rig.truth()
    rig.control(do="switch", pdu=pdu, outlet=number, on=False)
    after = rig.truth()
    drawn_w = before["loads"][load["name"]]["power_w"]
    assert abs(after["loads"][load["name"]]["power_w"] - drawn_w) < 0.05 * drawn_w
    assert after["pdus"][other]["power_w"] - before["pdus"][other]["power_w"] > 0.4 * drawn_w
    rig.control(do="switch", pdu=pdu, outlet=number, on=True)
    acts = [entry["text"] for entry in client.get(rig.runtime / "api.sock", f"/v1/explain/{load['name']}")["history"]]
    ordered = [text for text in acts if text.startswith("ordered: ")]
    assert ordered
    assert all(f"load/{load['name']}.power" in text for text in ordered)


async def test_a_person_acts_by_the_command_line_and_is_named(rig: Rig) -> None:
    await cool_again(rig)
    load = next(one for one in p3(rig) if len(one["cords"]) == 2)
    await rig.command("lock", load["name"], "--why", "hands inside")
    refused = await rig.command("override", load["name"], "off", code=1)
    assert "locked it out; unlock it first" in refused
    await rig.command("unlock", load["name"])
    await rig.command("override", load["name"], "off", "--for", "2 min", "--why", "new memory")
    await rig.until(lambda: not any(outlets_as_seen_by_snmpget(rig, load)), "off by a person", 10)
    assert "is held off by" in await rig.command("explain", load["name"])
    await rig.command("override", load["name"], "on", "--for", "1 min")
    await rig.until(lambda: all(outlets_as_seen_by_snmpget(rig, load)), "on by a person", 15)
    held = json.loads(await rig.command("override", "--json"))
    assert [one["value"] for one in held] == ["on"]
    await rig.command("override", "--end", load["name"])
    await rig.command("cycle", load["name"], "--off-for", "20 s", "--why", "it hangs")
    assert "is to be on again at" in await rig.command("explain", load["name"])
    await rig.until(lambda: not any(outlets_as_seen_by_snmpget(rig, load)), "off by a cycle", 15)
    await rig.until(lambda: all(outlets_as_seen_by_snmpget(rig, load)), "on by the cycle", 30)
    await rig.command("override", "--end", load["name"])
    assert "no load, outlet or setpoint" in await rig.command("override", "nobody", "off", code=1)
