"""Every kind of device in one pod: read over its own protocol, set through the one door, safe when the agent dies."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from edgeagent.cli import client
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

BATTERY = "battery-1/setpoint.power"
WANTED_W = 1200.0
REVERTED_S = 70.0
"""The longest that the device's own timer may take (60 s), and the machine."""
MORE = """
[devices.battery-1.set."setpoint.power"]
lowest = -3000
highest = 3000
tolerance = 60
every = "1 s"

[devices.cdu-1.set."pump.1.setpoint"]
lowest = 30
highest = 100
max_step = 20
every = "1 s"
tolerance = 1
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("devices"), plant=True)
    await one.start(more=MORE)
    await one.until(lambda: all_online(one), "every device online", 60)
    yield one
    await one.stop()


def all_online(rig: Rig) -> bool:
    offline = [row for row in rig.status()["devices"] if row["state"] != "online" and row["device"] != "gpus"]
    return not offline and len(rig.status()["devices"]) >= len(rig.pod["devices"])


def battery_w(rig: Rig) -> float:
    return float(rig.truth()["plant"]["battery"]["battery-1"]["power_w"])


def point(rig: Rig, name: str) -> Any:
    return rig.points()[name]


async def test_every_device_is_read_and_tells_who_it_is(rig: Rig) -> None:
    rows = {row["device"]: row for row in rig.status()["devices"]}
    for device in rig.pod["devices"]:
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


async def test_kill_minus_nine_leaves_the_battery_safe_within_its_own_timer(rig: Rig) -> None:
    await rig.command("override", BATTERY, f"{WANTED_W:.0f}", "--for", "30m", "--why", "test")
    await rig.until(lambda: abs(battery_w(rig) - WANTED_W) < 60, "the battery discharging", 30)
    rig.agent.kill()
    assert abs(battery_w(rig) - WANTED_W) < 60, "it goes on at first: only the timer ends it"
    await rig.until(lambda: abs(battery_w(rig)) < 60, "the battery idle by itself", REVERTED_S)
    rig.agent.start()
    await rig.until(rig.answers, "the agent")
    await rig.until(lambda: all_online(rig), "every device online", 60)
    audited = client.get(rig.runtime / "api.sock", "/v1/explain/battery-1/setpoint.power")
    assert "1200" in str(audited)
