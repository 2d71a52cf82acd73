"""The pod's page in a real browser: it lives, it greys what is old, it fits a phone, and it asks nobody else."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.e2e.browser import Browser, Page, why_absent
from tests.e2e.rig import Rig

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(why_absent()), reason=why_absent()),
]

INLET = "pdu-a1/probe.1.temperature"
ROW = f"[...document.querySelectorAll('#rows tr')].find((row) => row.dataset.key === '{INLET}')"


async def row_of(page: Page) -> dict[str, Any]:
    """Class, value and quality of the inlet's row."""
    script = f"const row = {ROW}; const [, value, , quality] = row.children;"
    return dict(
        await page.js(script + "return {kind: row.className, value: value.textContent, quality: quality.textContent}")
    )


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("page"))
    await one.start()
    await one.until(lambda: one.points().get(INLET, {}).get("quality") == "GOOD", "the inlet is read")
    yield one
    await one.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    browser = await asyncio.to_thread(Browser, tmp_path_factory.mktemp("browser"))
    try:
        one = Page(browser, rig.status()["page"])
        await one.size(1280, 1400)
        await one.go()
        await one.until(f"return {ROW} && document.querySelector('#plots svg')")
        yield one
    finally:
        await asyncio.to_thread(browser.close)


@pytest_asyncio.fixture(loop_scope="module")
async def healthy(rig: Rig, page: Page) -> AsyncIterator[None]:
    """The pod is well before the test, and is made well after it."""
    await page.until("return document.querySelector('h1').textContent.startsWith('Nothing needs you')", 30)
    yield
    rig.control(do="clear")


async def test_it_says_in_one_sentence_that_nothing_needs_a_person(page: Page, healthy: None) -> None:
    assert await page.js("return document.querySelectorAll('h1').length") == 1
    assert await page.js("return document.querySelector('h1').getAttribute('aria-live')") == "polite"
    assert await page.js("return document.title") == "pod-1: well"


async def test_values_change_live_in_table_and_heat_strip(rig: Rig, page: Page, healthy: None) -> None:
    before = await row_of(page)
    cell = await page.js("return document.querySelector('.rack .cell').textContent")
    assert before["value"] == f"{cell} °C"
    rig.control(do="inject", device="rack-1", kind="hot_inlet", kelvin=8)
    await page.until("return document.querySelector('.rack .cell').classList.contains('t4')")
    assert "warm" in await page.js("return document.querySelector('.rack small').textContent")
    assert float((await row_of(page))["value"].split()[0]) > float(before["value"].split()[0]) + 3


async def test_a_hung_devices_rows_grey_with_their_age_and_its_power_is_unknown_not_zero(
    rig: Rig, page: Page, healthy: None
) -> None:
    value = (await row_of(page))["value"]
    rig.control(do="inject", device="pdu-a1", kind="hang")
    await page.until(f"return {ROW}.className === 'old'")
    row = await row_of(page)
    assert row["value"] == f"last {value}"
    assert row["quality"] == "fault: no answer"
    age = f"return parseInt({ROW}.children[2].textContent)"
    await page.until(f"{age} >= {await page.js(age) + 2}")  # it goes on growing
    assert await page.js("return document.querySelector('.rack .cell').textContent") == "fault"
    assert "unknown" in await page.js("return document.querySelector('#feeds').textContent")
    assert await page.js("return document.querySelector('#power-total span').textContent") == "unknown"
    assert "pdu-a1 does not answer" in await page.js("return document.querySelector('h1').textContent")
    assert await page.js("return document.querySelector('#devices tr').textContent.includes('no answer within')")
    rig.control(do="clear")
    await page.until(f"return {ROW}.className === ''")


async def test_a_gap_in_the_data_is_a_gap_in_the_line(page: Page) -> None:
    drawn = """
      const {chart} = await import('/page/chart.js');
      const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
      chart(svg, {values: [1, 2, null, 2, 1, null, 2], stepS: 10, ageS: 0, range: [0, 3], format: String, label: '',
        tone: 'temp', lines: [], moments: [], pointer: null});
      return [svg.querySelectorAll('.line').length, svg.querySelectorAll('circle').length];"""
    assert await page.js(f"return (async () => {{{drawn}}})()") == [2, 1]


async def test_it_finds_points_by_a_part_of_their_name(page: Page, healthy: None) -> None:
    find = "const find = document.getElementById('filter'); find.value = '%s'; find.dispatchEvent(new Event('input'))"
    await page.js(find % "PROBE.1.TEMP")
    rows = await page.js("return [...document.querySelectorAll('#rows tr')].map((row) => row.dataset.key)")
    assert rows == ["pdu-a1/probe.1.temperature", "pdu-b1/probe.1.temperature"]
    await page.js(find % "")


async def test_a_keyboard_reaches_everything_and_the_focus_is_seen(page: Page) -> None:
    found = await page.js(
        """const all = [...document.querySelectorAll('a, button, input, summary')];
          const focused = (one) => { one.focus({focusVisible: true}); return document.activeElement === one; };
          return all.filter((one) => one.checkVisibility()).map((one) =>
            [one.id || one.className, focused(one), getComputedStyle(one).outlineStyle]);"""
    )
    assert {"skip", "theme", "filter", "more"} <= {name for name, *_ in found}
    assert all(focused and outline == "solid" for _, focused, outline in found)


async def test_tables_landmarks_and_pictures_have_names_for_a_screen_reader(page: Page) -> None:
    nameless = await page.js(
        """return [...document.querySelectorAll('section, svg[role=img], input')].filter((one) => !(one.ariaLabel ||
          one.labels?.length || document.getElementById(one.getAttribute('aria-labelledby'))?.textContent)).length"""
    )
    assert nameless == 0
    assert await page.js("return document.querySelectorAll('table th:not([scope])').length") == 0
    assert await page.js("return document.querySelectorAll('header, main').length") == 2


async def test_a_theme_is_chosen_by_hand_and_kept(page: Page) -> None:
    colours = set()
    for name in ("light", "dark"):
        await page.js("document.getElementById('theme').click()")
        assert await page.js("return document.documentElement.dataset.theme") == name
        colours.add(await page.js("return getComputedStyle(document.body).backgroundColor"))
    assert len(colours) == 2
    assert await page.js("return localStorage.getItem('theme')") == "dark"
    await page.js("document.getElementById('theme').click()")


@pytest.mark.parametrize("width", [400, 320])
async def test_a_phone_needs_no_scrolling_to_the_side(page: Page, width: int) -> None:
    await page.size(width, 800, mobile=True)
    await page.until(f"return innerWidth === {width}")
    assert await page.js("return document.documentElement.scrollWidth") <= width
    await page.size(1280, 1400)


async def test_a_pod_that_falls_silent_is_told_and_found_again(rig: Rig, page: Page, healthy: None) -> None:
    port = page.url.rstrip("/").rpartition(":")[2]
    rig.agent.kill()
    await page.until("return document.documentElement.classList.contains('lost')", 25)
    assert "does not hear the pod" in await page.js("return document.querySelector('h1').textContent")
    rig.config.write_text(rig.config.read_text().replace("[api]\nport = 0", f"[api]\nport = {port}"))
    rig.agent.start()
    await page.until("return !document.documentElement.classList.contains('lost')", 25)
    await asyncio.to_thread(rig.agent.end)  # its new way through the proxy began in this test, and must end with it


async def test_no_request_leaves_the_pod_and_the_page_breaks_no_rule_of_its_own(page: Page) -> None:
    asked = await asyncio.to_thread(page.browser.seen)
    assert {page.url, f"{page.url}v1/events", f"{page.url}page/page.css"} <= set(asked)
    assert await page.strangers() == []
