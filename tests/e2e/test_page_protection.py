"""The pod's page while the pod protects itself: alarms, causes and effects, who holds what until when, and why."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from edgeagent.cli import client
from tests.e2e.browser import Browser, Page, why_absent
from tests.e2e.rig import Rig

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.skipif(bool(why_absent()), reason=why_absent()),
]

SHED_S = 40.0
"""14 K are believed after 8 s and must last 4 s; polls are a second apart; the rest is the machine's."""
WHY = "hands inside <b>now</b>"
ALARM = "interlock/hot-p3@rack-1"
LINE = f"document.querySelector('#alarms-list [data-key=\"{ALARM}\"]')"
CELL = "document.querySelector('#matrix-rows [data-key=\"{}\"]').children[{}]"
HELD = "[...document.querySelectorAll('#holds-rows tr')].map((row) => [...row.children].map((one) => one.textContent))"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def rig(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Rig]:
    one = Rig(tmp_path_factory.mktemp("protection"))
    await one.start()
    await one.until(lambda: one.status()["headline"].startswith("Nothing needs you"), "the pod is well", 40)
    yield one
    await one.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(rig: Rig, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Page]:
    browser = await asyncio.to_thread(Browser, tmp_path_factory.mktemp("browser"))
    try:
        one = Page(browser, rig.status()["page"])
        await one.size(1280, 1400)
        await one.go()
        await one.until("return document.querySelector('#matrix-rows tr') && document.querySelector('#plots svg')")
        yield one
    finally:
        await asyncio.to_thread(browser.close)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def locked(rig: Rig) -> str:
    """A P3 load that a person locked out before it became hot."""
    names = sorted(load["name"] for load in rig.pod["loads"] if load["rack"] == "rack-1" and load["class"] == "P3")
    client.do(rig.runtime / "api.sock", "lock", {"name": names[0], "why": WHY})
    return names[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hot(rig: Rig, page: Page, locked: str) -> list[str]:
    """The loads that are off since the rack ran hot; the page was open meanwhile, and was not loaded anew."""
    await page.js("window.wasOpen = true")
    rig.control(do="inject", device="rack-1", kind="hot_inlet", kelvin=14)
    await page.until("return document.title === 'pod-1: acting'", SHED_S)
    await rig.until(lambda: all(one["outcome"] == "done" for one in rig.autonomy()["outputs"]), "all of it is off")
    shed = [one["load"] for one in rig.autonomy()["shed"]]
    assert shed
    assert locked not in shed
    await page.until(f"return {HELD}.flat().join().includes('{shed[-1]}')")
    assert await page.js("return window.wasOpen")
    return shed


async def test_a_pod_that_is_well_says_so_in_sentences(page: Page) -> None:
    assert await page.js("return document.querySelector('#alarms-none').checkVisibility()")
    assert await page.text("#alarms-none") == "No alarms."
    assert (await page.text("#holds-none")).startswith("Nothing is held")
    assert "3 of 3 interlocks in service" in await page.text("#chips")
    assert await page.js(f"return {CELL.format('hot-p3', 1)}.textContent") == "•clear"


async def test_an_alarm_appears_while_one_looks_with_what_folds_under_it(
    page: Page, hot: list[str], locked: str
) -> None:
    await page.until(f"return {LINE}?.querySelector('summary').textContent === '+1 folded'")
    told = await page.js(f"return [...{LINE}.children].map((one) => one.textContent)")
    assert told[0] == "major"
    assert told[1].startswith("The inlet of rack-1 is above 32 °C")
    assert " ago" in told[1]
    assert not await page.js(f"return {LINE}.querySelector('details li').checkVisibility()")
    await page.js(f"{LINE}.querySelector('summary').focus()")
    await page.press("Enter", "\r")
    await page.until(f"return {LINE}.querySelector('details li').checkVisibility()")
    assert f"{locked} cannot be shed: it is locked out" in await page.js(
        f"return {LINE}.querySelector('li').textContent"
    )
    await page.until("return document.querySelector('#chips').textContent.includes('1 alarm1 not acknowledged')")


async def test_the_matrix_marks_what_is_tripped_and_counts_down_to_what_is_not_yet(page: Page, hot: list[str]) -> None:
    for column in (1, 2):
        assert (await page.js(f"return {CELL.format('hot-p3', column)}.textContent")).startswith("!tripped")
    assert await page.js(f"return {CELL.format('hot-p3', 1)}.firstChild.className") == "x hit"
    left = f"return parseInt({CELL.format('hot-p2', 3)}.textContent)"
    first = await page.js(left)
    assert 0 < first <= 60
    await page.until(f"{left} <= {first - 2}")


async def test_outputs_say_who_holds_them_and_until_when(page: Page, hot: list[str]) -> None:
    rows = await page.js(f"return {HELD}")
    names, value, by, until = next(row for row in rows if row[1] == "off")
    assert all(name in names for name in hot)
    assert value == "off"
    assert by.startswith("interlock: hot-p3, rack-1")
    assert until.startswith("the inlet of rack-1 is below 27 °C")


async def test_a_lock_names_its_person_and_text_is_never_markup(page: Page, hot: list[str], locked: str) -> None:
    row = next(row for row in await page.js(f"return {HELD}") if row[1] == "locked")
    assert row[0] == locked
    assert WHY in row[2]
    assert row[3].startswith("unlocked")
    assert await page.js("return document.querySelectorAll('#holds-rows b').length") == 0


async def test_a_timed_override_counts_down(rig: Rig, page: Page, hot: list[str]) -> None:
    load = next(one["name"] for one in rig.pod["loads"] if one["class"] == "P2")
    order = {"name": load, "value": "on", "for_s": 90.0, "why": "a test"}
    client.do(rig.runtime / "api.sock", "override", order)
    row = f"{HELD}.find((row) => row[0].includes('{load}'))"
    await page.until(f"return {row}")
    left = f"return parseInt({row}[3].split(', ')[1])"
    first = await page.js(left)
    assert 60 < first <= 90
    await page.until(f"{left} < {first}")
    client.do(rig.runtime / "api.sock", "override.end", {"name": load})
    await page.until(f"return !{row}")


async def test_the_rack_and_its_chart_show_what_is_off_and_since_when(page: Page, hot: list[str]) -> None:
    words = await page.text(".rack .acts")
    assert words.startswith(f"{len(hot)} P3 off · locked: ")
    await page.until("return document.querySelector('#plots svg .told')?.textContent.endsWith(' shed')")
    assert " shed" in await page.js("return document.querySelector('#plots svg').getAttribute('aria-label')")


async def test_explain_opens_and_closes_by_the_keyboard_alone(page: Page, hot: list[str]) -> None:
    await page.js(f"{LINE}.querySelector('.explain').focus()")
    await page.press("Enter", "\r")
    await page.until("return document.querySelector('#explain').open")
    told = await page.text("#explain-text")
    assert "because the inlet of rack-1 is above 32 °C" in told
    assert all(name in told for name in hot)
    assert f"edgeagent alarms ack {ALARM}" in await page.text("#explain-how")
    assert await page.js("return document.querySelector('#explain').contains(document.activeElement)")
    await page.press("Escape")
    await page.until("return !document.querySelector('#explain').open")
    assert await page.js(f"return document.activeElement === {LINE}.querySelector('.explain')")


async def test_what_can_no_longer_be_explained_says_so(page: Page, hot: list[str]) -> None:
    await page.js(f"const b = {LINE}.querySelector('.explain'); b.dataset.name = 'gone/with <i>it</i>'; b.click()")
    await page.until("return document.querySelector('#explain').open")
    assert (await page.text("#explain-text")).startswith("cannot explain gone/with <i>it</i>: ")
    await page.press("Escape")
    await page.until("return !document.querySelector('#explain').open")


@pytest.mark.parametrize("width", [400, 320])
async def test_a_phone_shows_all_of_it_without_scrolling_to_the_side(page: Page, hot: list[str], width: int) -> None:
    await page.size(width, 800, mobile=True)
    await page.until(f"return innerWidth === {width}")
    await page.js("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert await page.js("return document.documentElement.scrollWidth") <= width
    wide = "return [...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth).length"
    assert width < 400 or await page.js(wide) == 0
    await page.size(1280, 1400)


async def test_a_screen_reader_finds_heads_and_names_and_hears_only_the_sentence(page: Page, hot: list[str]) -> None:
    assert await page.js("return document.querySelectorAll('table th:not([scope])').length") == 0
    assert await page.js("return [...document.querySelectorAll('[aria-live]')].map((one) => one.id)") == ["sentence"]
    names = await page.js("return [...document.querySelectorAll('.explain')].map((one) => one.ariaLabel)")
    assert names
    assert all(name.startswith("Explain: ") for name in names)


async def test_no_request_leaves_the_pod_while_it_acts(page: Page, hot: list[str]) -> None:
    await page.js("document.querySelector('.explain').click()")
    await page.until("return document.querySelector('#explain').open")
    await page.press("Escape")
    expected = [one for one in await page.strangers() if "404" not in one]  # the explanation that there was none
    assert expected == []


async def test_loads_that_return_leave_nothing_held_but_the_lock(rig: Rig, page: Page, hot: list[str]) -> None:
    rig.control(do="clear")
    await page.until("return document.title === 'pod-1: well'", 90)
    await page.until(f"return {HELD}.length === 1")
    assert (await page.text(".rack .acts")).startswith("locked: ")
    await page.until(f"return {LINE}?.className === 'al old'")
    assert await page.js(f"return {LINE}.firstChild.textContent") == "cleared"
