"""Each fault of a device costs only that device: its points turn BAD for the right reason, and come back."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

POLL_S = 1.0
TIMEOUT_S = 1.0
MARGIN_S = 1.5
"""What a look from outside adds: the machine is shared, and the look itself is not instant."""

PDU_FAULTS = [
    ("hang", {}, {"disconnected"}),
    ("slow", {"delay_s": 4}, {"disconnected"}),
    ("garbage", {"mode": "random"}, {"garbled"}),
    ("garbage", {"mode": "truncated"}, {"garbled"}),
    ("garbage", {"mode": "request_id"}, {"disconnected", "garbled"}),
    ("sentinel", {}, {"sentinel", "absent"}),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("faults"))
    await one.start()
    await one.until(lambda: all_good(one), "all points good")
    yield one
    await one.stop()


def of(rig: Rig, device: str) -> list[dict[str, Any]]:
    return [row for row in rig.points().values() if row["device"] == device]


def fresh(row: dict[str, Any]) -> bool:
    return row["quality"] == "GOOD" and row["age_s"] < 2 * POLL_S + MARGIN_S


def all_good(rig: Rig) -> bool:
    rows = rig.points().values()
    wanted = {"pdu-a1", "pdu-b1", "host", "chassis"}
    return wanted <= {row["device"] for row in rows} and all(
        row["quality"] == "GOOD" for row in rows if "pdu" in row["device"]
    )


@pytest.mark.parametrize("device", ["pdu-a1", "pdu-b1"])
@pytest.mark.parametrize(("kind", "options", "reasons"), PDU_FAULTS)
async def test_a_fault_costs_its_own_device_and_nothing_else(
    rig: Rig, device: str, kind: str, options: dict[str, object], reasons: set[str]
) -> None:
    other = {"pdu-a1": "pdu-b1", "pdu-b1": "pdu-a1"}[device]
    rig.control(do="inject", device=device, kind=kind, **options)
    within_s = 2 * POLL_S + TIMEOUT_S + MARGIN_S
    await rig.until(lambda: any(row["reason"] in reasons for row in of(rig, device)), f"{kind} seen", within_s)
    await asyncio.sleep(POLL_S)
    hurt = {row["reason"] for row in of(rig, device)} - {None}
    assert hurt <= reasons, hurt
    if kind != "sentinel":
        assert all(row["quality"] == "BAD" and row["value"] is None for row in of(rig, device))
    assert all(fresh(row) for row in of(rig, other)), "a neighbour was hurt"
    rig.control(do="clear", device=device)
    await rig.until(
        lambda: all(fresh(row) for row in of(rig, device)), f"recovery from {kind}", POLL_S + TIMEOUT_S + MARGIN_S
    )


@pytest.mark.parametrize("device", ["pdu-a1", "pdu-b1"])
@pytest.mark.parametrize("changed", [False, True])
async def test_an_agent_that_restarts_is_read_again_within_a_poll(rig: Rig, device: str, changed: bool) -> None:
    rig.control(do="inject", device=device, kind="reset", for_s=1.0, engine_id_change=changed)
    await asyncio.sleep(1.5)
    within_s = 2 * (POLL_S + TIMEOUT_S) + MARGIN_S
    await rig.until(lambda: all(fresh(row) for row in of(rig, device)), "recovery from a reset", within_s)


async def test_a_rebooting_card_is_read_again_and_its_neighbour_never_noticed(rig: Rig) -> None:
    rig.control(do="inject", device="pdu-b1", kind="card_reboot", for_s=4.0)
    await rig.until(lambda: all(row["reason"] == "disconnected" for row in of(rig, "pdu-b1")), "silence seen", 6)
    assert all(fresh(row) for row in of(rig, "pdu-a1"))
    await rig.until(lambda: all(fresh(row) for row in of(rig, "pdu-b1")), "recovery", 4 + POLL_S + TIMEOUT_S + MARGIN_S)


async def test_another_serial_makes_readings_uncertain_and_names_the_device(rig: Rig) -> None:
    rig.control(do="inject", device="pdu-b1", kind="swap_identity", serial="STRANGER1")

    def named() -> bool:
        device = next(one for one in rig.status()["devices"] if one["device"] == "pdu-b1")
        return device["state"] == "identity mismatch" and "STRANGER1" in device["message"]

    await rig.until(named, "the mismatch named", 10)
    assert {row["reason"] for row in of(rig, "pdu-b1") if row["quality"] != "BAD"} == {"identity"}
    rig.control(do="clear", device="pdu-b1")
    await rig.until(lambda: all(fresh(row) for row in of(rig, "pdu-b1")), "the right device back", 10)


async def test_a_missing_and_a_garbled_sensor_file_cost_only_their_point(rig: Rig) -> None:
    rows = of(rig, "chassis")
    assert rows
    for kind in ("missing", "garbage"):
        rig.control(do="inject", device="host", kind=kind, path="class/hwmon/hwmon0/temp1_input")
        await rig.until(lambda: len([one for one in of(rig, "chassis") if one["quality"] == "BAD"]) == 1, kind, 5)
        rig.control(do="clear", device="host")
        await rig.until(lambda: all(one["quality"] == "GOOD" for one in of(rig, "chassis")), f"recovery from {kind}", 5)
    assert len(of(rig, "chassis")) == len(rows)


async def test_a_hot_inlet_is_seen_as_the_temperature_it_is(rig: Rig) -> None:
    def inlet_c() -> float:
        return max(
            r["value"] for r in rig.points().values() if r["name"].endswith(".temperature") and "probe" in r["name"]
        )

    before_c = inlet_c()
    rig.control(do="inject", device="rack-1", kind="hot_inlet", kelvin=15)
    await rig.until(lambda: inlet_c() > before_c + 10, "the hot inlet", 6)
    rig.control(do="clear", device="rack-1")
    await rig.until(lambda: inlet_c() < before_c + 5, "the cool inlet", 6)
