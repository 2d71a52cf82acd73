"""Devices that are dead, or answer too late to count, are named one by one, and the others go on as before."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.e2e.browser import Browser, Page, why_absent
from tests.e2e.rig import Rig

pytestmark = pytest.mark.asyncio(loop_scope="module")

DEAD, LATE = ("pdu-b1", "air-1b"), ("ups-a", "battery-1", "cdu-1")
"""Rack PDU and Modbus; SNMP, SunSpec and Redfish that answer after 5 s, where 1 s is allowed."""
TROUBLED = (*DEAD, *LATE)
ROW = "[...document.querySelectorAll('#devices tr')].find((row) => row.dataset.key === '{}')"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("slow"), plant=True)
    await one.start()
    try:
        await one.until(lambda: not offline(one), "every device online", 60)
        for name in DEAD:
            one.control(do="inject", device=name, kind="hang")
        for name in LATE:
            one.control(do="inject", device=name, kind="slow")
        await one.until(lambda: offline(one) == set(TROUBLED), "these devices and no others offline", 60)
        yield one
    finally:
        await one.stop()


def offline(rig: Rig) -> set[str]:
    return {row["device"] for row in rig.status()["devices"] if row["state"] != "online"}


async def test_status_names_each_with_what_it_does_not_do(rig: Rig) -> None:
    said = await rig.command("status", code=1)
    attention = " ".join(said.partition("NEEDS ATTENTION")[2].split())
    for name in TROUBLED:
        assert f"{name} is offline for" in attention, name
    assert attention.count(" within 1 s") >= len(TROUBLED), attention


async def test_the_others_are_read_as_before(rig: Rig) -> None:
    before = {row["device"]: row["polls"] for row in rig.status()["devices"] if row["device"] not in TROUBLED}
    await rig.until(
        lambda: all(
            row["polls"] >= before.get(row["device"], 0) + 3
            for row in rig.status()["devices"]
            if row["device"] in before
        ),
        "three polls more of all others",
    )
    assert offline(rig) == set(TROUBLED)


@pytest.mark.skipif(bool(why_absent()), reason=why_absent())
async def test_the_page_has_a_row_for_each(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> None:
    browser = await asyncio.to_thread(Browser, tmp_path_factory.mktemp("browser"))
    try:
        page = Page(browser, rig.status()["page"])
        await page.go()
        for name in TROUBLED:
            await page.until(f"return {ROW.format(name)}?.innerText.includes(' within 1 s')")
    finally:
        await asyncio.to_thread(browser.close)
