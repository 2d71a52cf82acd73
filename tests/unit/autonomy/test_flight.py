"""The flight recording: decisions come out the same from it, other tables show where they differ, garbage is told."""

import tomllib
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.autonomy.flight import Head, Origin, Tick, decode_head, decode_tick, encode, intent, reading
from edgeagent.autonomy.flight_recorder import FlightRecorder
from edgeagent.autonomy.replay import Replay, merged
from edgeagent.autonomy.watched import watched
from edgeagent.core.clock import ManualClock
from edgeagent.model.errors import RecordingInvalid
from edgeagent.model.intent import Range, Rank
from edgeagent.model.reading import Quality, Reason
from tests.scenarios.play import Player
from tests.scenarios.world import HERE, site, tables
from tests.unit.autonomy.stand import Stand

FILES = sorted(path for path in HERE.glob("*.toml") if path.name != "pod.toml")
CASES = [(path.stem, case) for path in FILES for case in tomllib.loads(path.read_text())["case"]]
PLAYABLE = [(stem, case) for stem, case in CASES if "restart" not in case["table"] and "tables " not in case["table"]]
HERE_IS = Origin("a.jsonl", 2)


class Reel:
    """Files of lines, in memory."""

    def __init__(self, *, head_every: int = 1_000_000) -> None:
        self.files: list[list[bytes]] = []
        self._head_every = head_every

    @property
    def wants_head(self) -> bool:
        return not self.files or len(self.files[-1]) > self._head_every

    def begin(self, head: bytes) -> None:
        self.files.append([head])

    def append(self, line: bytes, *, soon: bool = False) -> None:
        assert line.endswith(b"\n")
        assert isinstance(soon, bool)
        self.files[-1].append(line)


class Recorded(Player):
    """A scenario with the flight recorder beside it."""

    def begin(self, reel: Reel) -> None:
        self.recorder = FlightRecorder(reel, ManualClock())

    def _decide(self) -> None:
        before, resets, snapshot = self.memory, frozenset(self.resets), self.world.snapshot(self.now_s)
        intents, locks = tuple(self.intents), frozenset(self.locks)
        super()._decide()
        assert self.decision is not None
        self.recorder.tick(
            snapshot, before, self.decision, intents=intents, locks=locks, resets=resets,
            site=self.world.site, tables=self.tables,
        )  # fmt: skip


def played(case: dict, reel: Reel) -> Recorded:
    player = Recorded(tables(case.get("tables", "")), halves=case.get("half", False))
    player.begin(reel)
    player.play(case["table"])
    return player


def replayed(reel: Reel, present) -> Replay:
    replay = Replay(site(), present)
    for number, lines in enumerate(reel.files):
        head = decode_head(lines[0], Origin(f"{number}", 1))
        replay.play(
            head, ((Origin(f"{number}", at), decode_tick(line, HERE_IS)) for at, line in enumerate(lines[1:], 2))
        )
    return replay


@pytest.mark.parametrize(
    ("stem", "case"), PLAYABLE[::3], ids=[f"{stem}: {case['name']}" for stem, case in PLAYABLE[::3]]
)
def test_every_scenario_decides_the_same_from_its_recording(stem: str, case: dict) -> None:
    reel = Reel(head_every=400)
    player = played(case, reel)
    result = replayed(reel, player.tables).result
    assert result.decisions > 10
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


def line(**changes: object) -> Tick:
    return Tick(t=1.0, **changes)  # type: ignore[arg-type]


def test_a_line_goes_there_and_back() -> None:
    written = line(r=((0, 24.5, 1.0), ("b/c", None, 1.0, "BAD", "stale")), x=("a",), h="abc")
    assert decode_tick(encode(written), HERE_IS) == written
    one = reading(written.r[1], (), HERE_IS)
    assert (one.point, one.quality, one.reason) == ("b/c", Quality.BAD, Reason.STALE)


def test_whole_numbers_words_and_booleans_stay_apart() -> None:
    written = line(r=(("a/b", 1, 1.0), ("a/b", 1.0, 1.0), ("a/b", "on", 1.0), ("a/b", True, 1.0)))
    values = [reading(one, (), HERE_IS).value for one in decode_tick(encode(written), HERE_IS).r]
    assert [type(value) for value in values] == [int, float, str, bool]


IMPOSSIBLE = [
    (5, 1.0, 1.0),
    ("a/b",),
    ("a/b", 1.0),
    ("a/b", 1.0, None),
    ("a/b", 1.0, "x"),
    ("a/b", None, 1.0),
    ("a/b", 1.0, 1.0, "GOOD", "stale"),
    ("a/b", 1.0, 1.0, "BAD", "odd"),
    ("a/b", 1.0, 1.0, "BAD"),
]


@pytest.mark.parametrize("one", IMPOSSIBLE)
def test_a_reading_that_cannot_be_is_told_with_its_place(one: tuple) -> None:
    with pytest.raises(RecordingInvalid, match=r"cannot use a\.jsonl:2"):
        reading(one, (), HERE_IS)


def test_an_intent_is_as_it_was_and_one_that_cannot_be_is_told() -> None:
    found = intent(("a/b", (20.0, 60.0), 4, "N. Berg", "why", 9.0), HERE_IS)
    assert (found.allows, found.rank) == (Range(20.0, 60.0), Rank.PERSON)
    for allows, rank in [((), 4), ((3.0, 1.0), 4), (("on",), 40), ((1.0,), 4)]:
        with pytest.raises(RecordingInvalid, match=r"a\.jsonl:2"):
            intent(("a/b", allows, rank, "", "", 1.0), HERE_IS)


@given(st.binary(max_size=200))
def test_no_bytes_do_anything_but_be_refused(content: bytes) -> None:
    for decode in (decode_head, decode_tick):
        with suppress(RecordingInvalid):
            assert isinstance(decode(content, HERE_IS), Head | Tick)


def test_the_scenarios_are_where_they_were() -> None:
    assert Path(HERE).is_dir()
    assert len(PLAYABLE) > 30
