"""Every kind of device in one pod: read over its own protocol, set through the one door, safe when the agent dies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from edgeagent.cli import client
from edgeagent.cli.demo_config import readable
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

BATTERY = "battery-1/setpoint.power"
WANTED_W = 1200.0
REVERTED_S = 70.0
"""The longest that the device's own timer may take (60 s), and the machine."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    async with running(tmp_path_factory.mktemp("devices")) as one:
        yield one


@asynccontextmanager
async def running(folder: Path, racks: int = 1) -> AsyncIterator[Rig]:
    one = Rig(folder, racks=racks, plant=True)
    await one.start()
    try:
        await one.until(lambda: all_online(one), "every device online", 60)
        yield one
    finally:
        await one.stop()


def all_online(rig: Rig) -> bool:
    offline = [row for row in rig.status()["devices"] if row["state"] != "online"]
    return not offline and len(rig.status()["devices"]) >= len(readable(rig.pod))


def battery_w(rig: Rig) -> float:
    return float(rig.truth()["plant"]["battery"]["battery-1"]["power_w"])


def point(rig: Rig, name: str) -> Any:
    return rig.points()[name]


async def test_every_device_is_read_and_tells_who_it_is(rig: Rig) -> None:
    rows = {row["device"]: row for row in rig.status()["devices"]}
    for device in readable(rig.pod):
        if device["driver"] not in {"gpu", "ups"}:  # RFC 1628 knows no serial number
            assert rows[device["name"]]["serial"] == device["serial"], device["name"]
    for name in ("ups-a/battery.charge", "battery-1/charge", "pv-1/ac.power", "meter-1/power", "cdu-1/secondary.flow"):
        assert point(rig, name)["quality"] == "GOOD", name


async def test_a_setpoint_is_clamped_to_its_table_and_read_back(rig: Rig) -> None:
    await rig.command("override", BATTERY, "9000", "--for", "5m", "--why", "test")
    await rig.until(lambda: abs(battery_w(rig) - 3000) < 60, "the battery at the most that its table allows", 30)
    await rig.command("override", "--end", BATTERY)
    await rig.command("override", "cdu-1/pump.1.setpoint", "75", "--for", "5m", "--why", "test")
    await rig.until(lambda: abs(point(rig, "cdu-1/pump.1.setpoint")["value"] - 75) <= 1, "the pump at 75 %", 30)


async def test_kill_minus_nine_leaves_the_battery_safe_within_its_own_timer(tmp_path: Path) -> None:
    async with running(tmp_path) as rig:
        await rig.command("override", BATTERY, f"{WANTED_W:.0f}", "--for", "30m", "--why", "test")
        await rig.until(lambda: abs(battery_w(rig) - WANTED_W) < 60, "the battery discharging", 30)
        rig.agent.kill()
        assert abs(battery_w(rig) - WANTED_W) < 60, "it goes on at first: only the timer ends it"
        await rig.until(lambda: abs(battery_w(rig)) < 60, "the battery idle by itself", REVERTED_S)
        rig.agent.start()
        await rig.until(rig.answers, "the agent")
        assert "1200" in await rig.command("explain", BATTERY)


async def test_two_pdus_that_swap_addresses_are_both_named_and_never_set(tmp_path: Path) -> None:
    async with running(tmp_path, racks=2) as rig:
        rig.control(do="inject", device="pdu-b1", kind="swap_addresses", **{"with": "pdu-b2"})
        swapped = {"pdu-b1", "pdu-b2"}
        await rig.until(lambda: swapped <= mismatched(rig), "both named", 30)
        assert mismatched(rig) == swapped
        before = relays(rig, swapped)
        for rack in ("rack-1", "rack-2"):
            rig.control(do="inject", device=rack, kind="hot_inlet", kelvin=12)
        await rig.until(lambda: any(key.startswith("interlock/hot-p3") for key in standing(rig)), "the heat", 30)
        await rig.until(lambda: any(key.startswith("refused/") for key in standing(rig)), "the refusals", 30)
        await rig.until(lambda: rig.autonomy()["shed"], "the loads of the other two shed", 30)
        assert relays(rig, swapped) == before, "a load that hangs on one of them is not switched at all"
        text = await rig.command("status", code=1)
        assert all(name in text for name in swapped)


def mismatched(rig: Rig) -> set[str]:
    return {row["device"] for row in rig.status()["devices"] if row["state"] == "identity mismatch"}


def standing(rig: Rig) -> list[str]:
    rows = client.get(rig.runtime / "api.sock", "/v1/alarms")["alarms"]
    return [row["key"] for row in rows if row["state"] == "standing"]


def relays(rig: Rig, pdus: set[str]) -> dict[tuple[str, str], bool]:
    return {
        (name, number): outlet["on"]
        for name, pdu in rig.truth()["pdus"].items()
        if name in pdus
        for number, outlet in pdu["outlets"].items()
    }
