"""Explanations are sentences that name the load, the cause, what limits it and when it ends."""

import asyncio
import json

import pytest

from edgeagent.autonomy.explain import Explainer
from edgeagent.autonomy.past import lines
from edgeagent.autonomy.terms import listed, seconds
from edgeagent.model.journal import AuditEntry
from tests.unit.autonomy.stand import Stand


def explainer(stand: Stand) -> Explainer:
    return Explainer(stand.now, stand.overview, stand.executor, alarms=stand.ear, trail=stand.keeper)


async def text(stand: Stand, name: str = "") -> str:
    found = await explainer(stand).explain(name)
    assert found is not None
    return " ".join(found["text"])  # type: ignore[arg-type]


async def hot(stand: Stand) -> None:
    await stand.pass_time(4)
    stand.heat("r1", 33.0)
    await stand.pass_time(18)


async def test_when_nothing_is_held_it_says_so_and_what_is_in_service() -> None:
    stand = Stand()
    await stand.pass_time(2)
    said = await text(stand)
    assert said.startswith("Nothing is switched off or held by the agent.")
    assert "9 of 9 interlocks are in service." in said


async def test_what_is_off_is_told_with_since_why_and_when_it_returns() -> None:
    stand = Stand()
    await hot(stand)
    said = await text(stand)
    assert "r1: P3 loads r1-p3 and r1-p3b are off since" in said
    assert "because the inlet of r1 is above 32 °C for 6 s (hot-p3@r1; the inlet of r1: it is 33)." in said
    assert "They return when the inlet of r1 is below 27 °C for 2 min, one every 10 s," in said
    assert "at or below 80% of its rating" in said
    assert "Maximum cooling is asked for in aisle north by hot-p3@r1" in said
    assert stand.overview.sentence().startswith("2 loads in r1 are off since")


async def test_a_load_that_could_not_be_shed_is_named_with_the_reason() -> None:
    stand = Stand()
    await stand.pass_time(4)
    stand.orders.lock("r1-p3", by="N. Berg", why="hands inside")
    stand.heat("r1", 33.0)
    await stand.pass_time(18)
    said = await text(stand)
    assert "r1-p3 is not switched off: it is locked out." in said
    assert "r1-p3 is locked out by N. Berg since" in said
    assert "hands inside. Nobody switches it." in said
    assert "r1-p3 is not switched off: it is locked out." in await text(stand, "r1-p3")


async def test_an_override_is_told_with_its_end_and_what_limits_it() -> None:
    stand = Stand()
    await stand.pass_time(4)
    stand.orders.override("r1-p3", "on", 3600.0, by="N. Berg", why="a test runs")
    stand.heat("r1", 33.0)
    await stand.pass_time(18)
    said = await text(stand, "r1-p3")
    assert "load/r1-p3.power is held on by N. Berg until" in said
    assert "59 min 42 s from now: a test runs" in said
    assert "It is limited: " in await text(stand)


async def test_one_load_is_told_with_its_history_newest_first() -> None:
    stand = Stand()
    run = asyncio.create_task(stand.executor.run(lambda: None))
    await hot(stand)
    async with asyncio.timeout(5):
        while not stand.world.is_off("r1-p3"):
            await asyncio.sleep(0.001)
    await stand.pass_time(2)
    found = await explainer(stand).explain("r1-p3")
    run.cancel()
    await asyncio.wait([run])
    assert found is not None
    lines = [row["text"] for row in found["history"]]  # type: ignore[attr-defined]
    assert lines[0] == "done: r1-p3 is off"
    assert lines[1] == "ordered: load/r1-p3.power off by interlock hot-p3@r1: r1-p3 is shed"
    assert lines[2] == "decided: load/r1-p3.power off by interlock hot-p3@r1: r1-p3 is shed"
    assert all(row["wall_s"] is not None for row in found["history"])  # type: ignore[attr-defined]


async def test_an_interlock_an_alarm_and_a_decision_are_told_by_their_names() -> None:
    stand = Stand()
    await hot(stand)
    said = await text(stand, "hot-p3@r1")
    assert said.startswith("hot-p3@r1 (in service) switches off P3 loads when the inlet of r1 is above 32 °C for 6 s.")
    assert "It is tripped since" in said
    assert "Major: interlock/hot-p3@r1." in await text(stand, "interlock/hot-p3@r1")
    latest = stand.cycle.latest
    assert latest is not None
    output = next(one for one in latest.outputs if one.target == "load/r1-p3.power")
    assert "load/r1-p3.power is off by interlock hot-p3@r1" in await text(stand, output.decision)


async def test_what_monitor_only_would_do_is_told_as_such() -> None:
    stand = Stand('[interlocks.hot-p3]\nstate = "monitor only"\n[interlocks.hot-p2]\nstate = "monitor only"')
    await hot(stand)
    assert "In service it would shed r1-p3 and r1-p3b now" in await text(stand)


async def test_a_name_that_nothing_has_is_not_explained() -> None:
    stand = Stand()
    await stand.pass_time(1)
    assert await explainer(stand).explain("no-such-thing") is None


async def test_without_a_trusted_clock_times_are_told_as_how_long_ago() -> None:
    stand = Stand()
    stand.clock.step_wall(-1_790_000_000.0)
    await hot(stand)
    assert "are off since" in await text(stand)
    assert "ago" in await text(stand)
    assert "1970" not in await text(stand)


@pytest.mark.parametrize(
    ("value_s", "said"),
    [
        (0.5, "0.5 s"),
        (6.0, "6 s"),
        (42, "42 s"),
        (90, "90 s"),
        (60, "1 min"),
        (120, "2 min"),
        (3582, "59 min 42 s"),
        (5400, "1 h 30 min"),
        (7200, "2 h"),
    ],
)
def test_times_are_told_as_people_write_them(value_s: float, said: str) -> None:
    assert seconds(value_s) == said


def test_names_are_listed_as_people_do() -> None:
    assert [listed(some) for some in (["a"], ["a", "b"], ["a", "b", "c"])] == ["a", "a and b", "a, b and c"]


async def test_a_setpoint_a_point_and_a_rack_are_told_by_their_names() -> None:
    stand = Stand()
    await stand.pass_time(4)
    assert "crac-north/fan.speed is to be 60" in await text(stand, "crac-north/fan.speed")
    stand.orders.override("crac-north/fan.speed", "500", 60.0, by="N. Berg", why="")
    await stand.pass_time(1)
    said = await text(stand, "crac-north/fan.speed")
    assert "is to be 100" in said
    assert "That is not as N. Berg on site asked. It takes 20 to 100." in said
    inlet = stand.world.site.racks["r1"].inlet
    assert inlet is not None
    assert f"{inlet} is " in await text(stand, inlet)
    said = await text(stand, "r1")
    assert f"{inlet} is " in said
    assert "hot-p3@r1 (in service) is clear." in said


def test_what_is_decided_again_is_told_once_as_of_the_first_time() -> None:
    def decided(time_s: float, value: float) -> AuditEntry:
        row = {"target": "fan", "value": value, "by": "safe", "why": "nobody asks"}
        return AuditEntry("boot", time_s, "decision", "decided", json.dumps({"wall_s": time_s, "outputs": [row]}))

    acted = AuditEntry("boot", 2.5, "fan", "done", "fan is 60")
    entries = [decided(5, 60.0), decided(4, 60.0), decided(3, 80.0), acted, decided(2, 60.0), decided(1, 60.0)]
    assert [(one.wall_s, one.text) for one in lines(entries, {"fan"}, lambda entry: entry.time_s)] == [
        (4.0, "decided: fan 60 by safe: nobody asks"),
        (3.0, "decided: fan 80 by safe: nobody asks"),
        (2.5, "done: fan is 60"),
        (1.0, "decided: fan 60 by safe: nobody asks"),
    ]
