"""The flight recording's lines: they go there and back, and garbage is told with its place."""

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeagent.autonomy import flight
from edgeagent.autonomy.flight import Head, Origin, Tick, decode_head, decode_tick, encode, gone, intent, reading
from edgeagent.autonomy.replay import Replay
from edgeagent.model.decision import Memory
from edgeagent.model.errors import RecordingInvalid
from edgeagent.model.intent import Range, Rank
from edgeagent.model.limit import LimitMemory
from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, Reason
from tests.scenarios.world import site, tables

HERE_IS = Origin("a.jsonl", 2)


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
    ("a/b", 1.0, "nan"),
    ("a/b", 1.0, True),
    ("a/b", 2**64, 1.0),
    ("a/b", 1.0, 10**400),
    (True, 1.0, 1.0),
    (-1, 1.0, 1.0),
    (1.5, 1.0, 1.0),
    (None, 1.0, 1.0),
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


def test_a_head_whose_memory_cannot_be_is_told() -> None:
    memory = Memory(limits={"hot": LimitMemory(seen=Reading(PointId("a/b"), 24.0, 1.0))})
    content = json.loads(encode(Head("", 1.0, 1.0, True, "", (), memory)))
    assert decode_head(json.dumps(content).encode(), HERE_IS).memory.limits == memory.limits
    content["memory"]["limits"]["hot"][LimitMemory._fields.index("seen")]["value"] = None
    with pytest.raises(RecordingInvalid, match=r"a\.jsonl:2.*GOOD reading"):
        decode_head(json.dumps(content).encode(), HERE_IS)


def test_a_misspelt_key_and_a_line_without_end_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RecordingInvalid, match="unknown field `readings`"):
        decode_tick(b'{"t":1,"readings":[]}', HERE_IS)
    monkeypatch.setattr(flight, "MAX_LINE_BYTES", 1 << 20)
    for decode in (decode_head, decode_tick):
        with pytest.raises(RecordingInvalid, match="longer than 1 MiB"):
            decode(b'{"t":1}' + b" " * (1 << 20), HERE_IS)


VALUES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5) | st.just(10**400)
PLACES = st.sampled_from([0, 1, "a-r1/inlet.power"]) | VALUES
TIMES = st.floats(0, 9e9)
SOUND = st.fixed_dictionaries(
    {"t": TIMES},
    optional={
        "r": st.lists(st.tuples(st.sampled_from([0, 1]), VALUES, TIMES), max_size=3),
        "g": st.lists(st.sampled_from([0, 1]), max_size=2),
        "l": st.lists(st.sampled_from(["r1-p3", "x"]), max_size=2),
        "x": st.lists(st.sampled_from(["hot-p3@r1", "x"]), max_size=2),
    },
)
ODD = st.fixed_dictionaries(
    {"t": VALUES},
    optional={
        "r": st.lists(st.lists(VALUES, max_size=5) | st.tuples(PLACES, VALUES, VALUES, VALUES), max_size=2),
        "g": st.lists(PLACES, max_size=2),
        "i": st.lists(st.tuples(PLACES, st.lists(VALUES, max_size=3), VALUES, VALUES, VALUES, VALUES), max_size=2),
    },
)
PRESENT = tables()


@settings(deadline=None)
@given(st.lists(SOUND, max_size=6), st.lists(ODD, max_size=1))
def test_hostile_lines_are_played_or_refused_and_nothing_else(sound: list[dict], odd: list[dict]) -> None:
    head = Head("", 1.0, 1.0, True, "", ("a-r1/probe.1.temperature", "a-r1/outlet.1.state"), Memory())
    written = (msgspec.json.encode(one) for one in [*sound, *odd])
    with suppress(RecordingInvalid):
        Replay(site(), PRESENT).play(head, ((HERE_IS, decode_tick(one, HERE_IS)) for one in written))


def test_a_point_that_is_gone_must_have_been_there() -> None:
    assert gone(0, ("a/b",), HERE_IS) == "a/b"
    with pytest.raises(RecordingInvalid, match=r"a\.jsonl:2: there is no point 1"):
        gone(1, ("a/b",), HERE_IS)
