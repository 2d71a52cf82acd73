"""Replay: decisions come out the same from their recording, and other tables show where they differ."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec import structs

from edgeagent.autonomy.decide import decide
from edgeagent.autonomy.flight import Origin, decode_head, decode_tick, encode
from edgeagent.autonomy.flight_recorder import FlightRecorder
from edgeagent.autonomy.replay import Difference, merged
from edgeagent.autonomy.watched import watched
from edgeagent.model.points import DeviceId, PointId, device_of
from tests.scenarios.play import Player
from tests.scenarios.world import HERE, tables
from tests.unit.autonomy.reel import Reel, played, replayed
from tests.unit.autonomy.stand import Stand

FILES = sorted(path for path in HERE.glob("*.toml") if path.name != "pod.toml")
CASES = [(path.stem, case) for path in FILES for case in tomllib.loads(path.read_text())["case"]]
PLAYABLE = [(stem, case) for stem, case in CASES if "restart" not in case["table"] and "tables " not in case["table"]]
HERE_IS = Origin("a.jsonl", 2)


@pytest.mark.parametrize(
    ("stem", "case"), PLAYABLE[::3], ids=[f"{stem}: {case['name']}" for stem, case in PLAYABLE[::3]]
)
def test_every_scenario_decides_the_same_from_its_recording(stem: str, case: dict) -> None:
    reel = Reel(head_every=400)
    player = played(case, reel)
    result = replayed(reel, player.tables).result
    assert result.decisions == sum(len(lines) - 1 for lines in reel.files)
    assert result.is_identical, stem
    assert result.differences == []


HOT = {"name": "hot", "table": "10 inlet r1 31.5\n60 off\n61 inlet r1 24\n100 off"}


def test_a_lower_limit_is_told_by_the_load_and_the_time() -> None:
    reel = Reel()
    played(HOT, reel)
    present = tables("[limits.inlet-hot]\nvalue = 30.0\nclear_value = 29.0")
    result = replayed(reel, present).result
    assert not result.is_identical
    told = [(one.who, one.what) for one in merged(result.differences)]
    assert ("present", "load/r1-p3.power off by interlock hot-p3@r1") in told
    assert ("present", "alarm interlock/hot-p3@r1") in told
    assert {one for one in told if one[0] == "recorded"} == {("recorded", "crac-north/fan.speed 60.0 by safe")}
    first = min(result.differences, key=lambda one: one.from_wall_s)
    assert result.first_wall_s is not None
    assert 10 < first.from_wall_s - result.first_wall_s < 40


def test_a_higher_limit_is_told_as_what_only_the_recording_has() -> None:
    reel = Reel()
    played({"name": "hot", "table": "10 inlet r1 33\n60 off r1-p3 r1-p3b"}, reel)
    result = replayed(reel, tables("[limits.inlet-hot]\nvalue = 40.0\nclear_value = 39.0")).result
    assert "load/r1-p3.power off by interlock hot-p3@r1" in {
        one.what for one in result.differences if one.who == "recorded"
    }


async def test_the_cycle_itself_can_be_replayed() -> None:
    stand, reel = Stand(), Reel()
    stand.cycle._flight = FlightRecorder(reel, stand.clock)
    await stand.pass_time(4)
    stand.orders.lock("r1-p3", by="N. Berg", why="")
    stand.orders.override("crac-north/fan.speed", "70..80", 12.0, by="N. Berg", why="")
    stand.orders.override("r3-p3", "off", 12.0, by="N. Berg", why="")
    stand.heat("r1", 33.0)
    await stand.pass_time(30)
    result = replayed(reel, stand.tables).result
    assert (result.decisions, result.is_identical) == (34, True)


def test_only_what_decisions_look_at_is_recorded_and_only_when_it_changes() -> None:
    reel = Reel()
    player = played({"name": "calm", "table": "1 off\n20 off"}, reel)
    head = decode_head(reel.files[0][0], HERE_IS)
    assert head.points == watched(player.tables, player.world.site)
    ticks = [decode_tick(line, HERE_IS) for line in reel.files[0][1:]]
    assert len(ticks[0].r) == len(head.points) - len(player.tables.cooling), "nothing reads the fans here"
    assert [len(tick.r) for tick in ticks[1::2]] == [0] * len(ticks[1::2]), "polls come every other second"


def test_an_unrelated_change_of_the_tables_changes_nothing_that_was_decided() -> None:
    reel = Reel()
    player = played({"name": "hot", "table": "10 inlet r1 33\n60 off r1-p3 r1-p3b"}, reel)
    present = tables("[limits.inlet-hot]\nstale_after = '29 s'")
    assert present.version != player.tables.version
    assert replayed(reel, present).result.is_identical


def test_what_other_tables_remember_goes_on_over_the_end_of_a_file() -> None:
    """Each file begins with the recorded memory: by that, a load that only they shed would be on again."""
    found = []
    for head_every in (1_000_000, 20):
        reel = Reel(head_every=head_every)
        played({"name": "hot", "table": "10 inlet r1 31.5\n100 off"}, reel)
        present = tables("[limits.inlet-hot]\nvalue = 30.0\nclear_value = 29.0")
        found.append(merged(replayed(reel, present).result.differences))
    assert found[0] == found[1]
    shed = [one for one in found[1] if one.what == "load/r1-p3.power off by interlock hot-p3@r1"]
    assert len(shed) == 1
    assert shed[0].to_wall_s - shed[0].from_wall_s > 70


def test_after_a_gap_the_recorded_memory_holds_again() -> None:
    reel = Reel(head_every=40)
    played({"name": "hot", "table": "10 inlet r1 31.5\n100 off"}, reel)
    del reel.files[1]
    present = tables("[limits.inlet-hot]\nvalue = 30.0\nclear_value = 29.0")
    shed = [one for one in merged(replayed(reel, present).result.differences) if "r1-p3.power off" in one.what]
    assert len(shed) == 2, "once in each piece, since nobody knows what was between them"


def test_the_same_difference_is_one_while_it_goes_on_and_two_after_a_pause() -> None:
    some = [Difference("present", "alarm a", *times) for times in [(9.0, 12.0), (1.0, 3.0), (4.0, 4.5), (30.0, 31.0)]]
    other = Difference("recorded", "alarm a", 2.0, 3.0)
    assert merged([*some, other]) == [
        Difference("present", "alarm a", 1.0, 12.0),
        other,
        Difference("present", "alarm a", 30.0, 31.0),
    ]


async def test_a_device_that_leaves_leaves_the_recording_too() -> None:
    stand, reel = Stand(), Reel()
    stand.cycle._flight = FlightRecorder(reel, stand.clock)
    await stand.pass_time(10)
    stand.state.forget(DeviceId("a-r1"))
    stand.world.values = {point: value for point, value in stand.world.values.items() if device_of(point) != "a-r1"}
    stand.world._readings.clear()
    await stand.pass_time(60)
    result = replayed(reel, stand.tables).result
    assert (result.decisions, result.is_identical) == (70, True)


async def test_an_order_with_an_open_end_does_not_spoil_the_recording() -> None:
    stand, reel = Stand(), Reel()
    stand.cycle._flight = FlightRecorder(reel, stand.clock)
    stand.orders.override("crac-north/fan.speed", "70..inf", 12.0, by="N. Berg", why="")
    await stand.pass_time(4)
    assert any(
        one.target == "crac-north/fan.speed" and one.value == 70.0 for one in stand.cycle.latest.decision.outputs
    )
    assert replayed(reel, stand.tables).result.is_identical


@pytest.mark.parametrize("case", [case for _, case in PLAYABLE[1::5]], ids=[case["name"] for _, case in PLAYABLE[1::5]])
def test_what_is_watched_is_all_that_decisions_look_at(case: dict) -> None:
    """To the last byte of what they remember, and not only in what the recording keeps."""

    class Twice(Player):
        def _decide(self) -> None:
            memory, resets, snapshot = self.memory, set(self.resets), self.world.snapshot(self.now_s)
            super()._decide()
            points = watched(self.tables, self.world.site)
            few = {point: snapshot.readings[point] for point in points if point in snapshot.readings}
            again = decide(
                replace(snapshot, readings=few), memory, self.world.site, self.tables,
                intents=self.intents, locks=self.locks, resets=resets,
            )  # fmt: skip
            assert self.decision is not None
            assert again.canonical() == self.decision.canonical()

    player = Twice(tables(case.get("tables", "")), halves=case.get("half", False))
    player.world.values[PointId("a-r1/probe.7.humidity")] = 40.0
    player.play(case["table"])


def test_a_recording_without_fingerprints_is_compared_by_what_it_says() -> None:
    reel = Reel()
    player = played({"name": "hot", "table": "10 inlet r1 33\n60 off r1-p3 r1-p3b"}, reel)
    bare = [encode(structs.replace(decode_tick(line, HERE_IS), h="")) for line in reel.files[0][1:]]
    reel.files = [[reel.files[0][0], *bare]]
    assert replayed(reel, player.tables).result.is_identical
    assert not replayed(reel, tables("[limits.inlet-hot]\nvalue = 40.0\nclear_value = 39.0")).result.is_identical


def test_the_scenarios_are_where_they_were() -> None:
    assert Path(HERE).is_dir()
    assert len(PLAYABLE) > 30
