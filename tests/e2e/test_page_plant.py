"""The plant on the page: what the pod has is shown with its figures, what it lacks is absent, many stay readable."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from edgeagent.api.files import load_pages
from tests.e2e.browser import Browser, Page, why_absent
from tests.e2e.rig import Rig

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(why_absent()), reason=why_absent()),
]

MOST_BYTES = 60 * 1024
ROW = "[...document.querySelectorAll('#plant li')].find((row) => row.dataset.key === '{}')"
TEXT = f"return ({ROW}?.innerText ?? '').replaceAll('\\u00a0', ' ')"
DEVICE = "[...document.querySelectorAll('#devices tr')].find((row) => row.dataset.key === '{}')"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("plant"), plant=True)
    await one.start()
    await one.until(lambda: one.status()["headline"].startswith("Nothing needs you"), "the pod is well", 60)
    yield one
    await one.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    browser = await asyncio.to_thread(Browser, tmp_path_factory.mktemp("browser"))
    try:
        one = Page(browser, rig.status()["page"])
        await one.size(1280, 1400)
        await one.go()
        await one.until("return document.querySelector('#plant li') && document.querySelector('#plots svg')")
        yield one
    finally:
        await asyncio.to_thread(browser.close)


async def told(page: Page, key: str) -> str:
    return str(await page.js(TEXT.format(key)))


async def test_what_the_pod_has_is_shown_in_tiles(rig: Rig, page: Page) -> None:
    titles = await page.js("return [...document.querySelectorAll('#plant h3')].map((one) => one.textContent)")
    assert titles[:4] == ["Energy", "Uninterrupted supply", "Air cooling", "Liquid cooling"]
    assert titles[-1] == "Doors, leaks and smoke"
    assert "all as usual" in await page.text("#plant-aside")


async def test_each_tells_its_state_and_its_figures(rig: Rig, page: Page) -> None:
    assert "from the grid" in await told(page, "meter-1/")
    assert " % charged" in await told(page, "battery-1/")
    assert "on mains" in await told(page, "ups-a/")
    assert " left · load " in await told(page, "ups-a/")
    assert " → " in await told(page, "air-1a/")
    assert "of heat" in await told(page, "cdu-1/")
    assert "all closed" in await told(page, "door")
    assert "all dry" in await told(page, "leak")
    charge = rig.points()["battery-1/charge"]["value"]
    width = await page.js(f"return parseFloat({ROW.format('battery-1/')}.querySelector('.bar i').style.width)")
    assert abs(width - charge) < 1


async def test_a_battery_that_a_person_sets_is_seen_to_discharge(rig: Rig, page: Page) -> None:
    await rig.command("override", "battery-1/setpoint.power", "1500", "--for", "5m", "--why", "test")
    await page.until(f"{TEXT.format('battery-1/')}.includes('discharging')", 30)
    await page.until(f"{TEXT.format('battery-1/')}.includes('1.50 kW')", 30)
    await rig.command("override", "--end", "battery-1/setpoint.power")


async def test_an_open_door_and_smoke_are_named(rig: Rig, page: Page) -> None:
    rig.control(do="inject", device="enclosure-1", kind="door_open", door="front")
    rig.control(do="inject", device="enclosure-1", kind="smoke")
    await page.until(f"{TEXT.format('door')}.includes('enclosure-1/door.front open')", 30)
    await page.until(f"return {ROW.format('smoke')}.querySelector('.shape').className === 'shape crit'", 30)
    rig.control(do="clear")
    await page.until(f"{TEXT.format('smoke')}.includes('all clear')", 30)


async def test_a_device_that_falls_silent_shows_no_figures(rig: Rig, page: Page) -> None:
    rig.control(do="inject", device="ups-a", kind="hang")
    await page.until(f"{TEXT.format('ups-a/')}.includes('not known')", 30)
    assert "%" not in await told(page, "ups-a/")
    assert "1 not as usual" in await page.text("#plant-aside")
    assert await page.js("return document.querySelector('#devices tr').dataset.key") == "ups-a"
    rig.control(do="clear")
    await page.until(f"{TEXT.format('ups-a/')}.includes('on mains')", 30)


async def test_devices_of_a_kind_are_one_row_that_opens_by_the_keyboard(rig: Rig, page: Page) -> None:
    await page.until("return document.querySelector('h1').textContent.startsWith('Nothing needs you')", 30)
    assert await page.js(f"return {DEVICE.format('ups-a')}") is None
    opener = f"{DEVICE.format('kind ups')}.querySelector('button')"
    assert await page.js(f"return {opener}.textContent") == "▸2 UPS"
    await page.js(f"{opener}.focus()")
    await page.press("Enter", "\r")
    await page.until(f"return {DEVICE.format('ups-a')} && {opener}.ariaExpanded === 'true'")
    assert await page.js(f"return document.activeElement === {opener}")
    await page.js(f"{DEVICE.format('ups-a')}.querySelector('button').click()")
    found = await page.js("return [...document.querySelectorAll('#rows tr')].map((row) => row.dataset.key)")
    assert found
    assert all(name.startswith("ups-a/") for name in found)


async def test_points_are_found_by_several_words_and_by_the_kind_of_device(page: Page) -> None:
    find = "const find = document.getElementById('filter'); find.value = '%s'; find.dispatchEvent(new Event('input'))"
    await page.js(find % "battery charge")
    found = await page.js("return [...document.querySelectorAll('#rows tr')].map((row) => row.dataset.key)")
    assert {"battery-1/charge", "ups-a/battery.charge"} <= set(found)
    await page.js(find % "")


async def test_what_a_device_does_not_give_is_no_fault(page: Page) -> None:
    await page.js("document.getElementById('filter').value = 'meter-1/'")
    await page.js("document.getElementById('filter').dispatchEvent(new Event('input'))")
    row = "[...document.querySelectorAll('#rows tr')].find((row) => row.dataset.key === 'meter-1/reactive_power')"
    assert await page.js(f"return {row}.children[3].textContent") == "not given by the device"
    assert "not good" not in await page.text("#points-aside")
    assert "all good" in await page.text("#chips")


@pytest.mark.parametrize("width", [400, 320])
async def test_a_phone_shows_the_plant_without_scrolling_to_the_side(page: Page, width: int) -> None:
    await page.size(width, 800, mobile=True)
    await page.until(f"return innerWidth === {width}")
    assert await page.js("return document.documentElement.scrollWidth") <= width
    await page.size(1280, 1400)


async def test_the_plant_has_names_for_a_screen_reader_and_asks_nobody_else(page: Page) -> None:
    named = (
        "const s = document.getElementById('plant'); return document.getElementById(s.ariaLabelledByElements?.[0]?.id"
    )
    assert await page.js(f"{named} ?? s.getAttribute('aria-labelledby')).textContent") == "Plant"
    assert (
        await page.js("return document.querySelectorAll('#plant ul:not(.plain), #plant img, #plant svg').length") == 0
    )
    assert await page.js("return document.querySelectorAll('table th:not([scope])').length") == 0
    assert await page.strangers() == []


async def test_a_pod_without_a_plant_shows_none(tmp_path: Path) -> None:
    rig = Rig(tmp_path / "bare")
    await rig.start()
    browser = await asyncio.to_thread(Browser, tmp_path / "browser")
    try:
        page = Page(browser, rig.status()["page"])
        await page.go()
        await page.until("return document.querySelector('#rows tr')")
        assert await page.js("return document.getElementById('plant').hidden")
    finally:
        await asyncio.to_thread(browser.close)
        await rig.stop()


async def test_the_page_stays_small() -> None:
    assert sum(len(gzip.compress(page.body, 9)) for page in load_pages().values()) < MOST_BYTES
