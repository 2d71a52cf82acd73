"""Whatever comes, the book keeps its bounds, tells all that happens, and comes back as it was kept."""

import json
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgeagent.autonomy import alarm_book
from edgeagent.autonomy.alarm_book import Book, Turn, acknowledge, shelve, unshelve, update
from edgeagent.autonomy.alarm_view import rows
from edgeagent.autonomy.kept_alarms import kept, resumed
from edgeagent.core.clock import Anchor
from edgeagent.model.alarm import SEVERITIES, Change, Shelf
from edgeagent.model.decision import AlarmWanted

BOOT, OTHER = "a" * 32, "b" * 32
WALL_S = 1_790_000_000.0
ROOM, CLEARED_ROOM = 4, 2
KEYS = "abcdefg"

conditions = st.builds(
    AlarmWanted,
    st.sampled_from(KEYS),
    st.sampled_from(SEVERITIES),
    st.sampled_from(["one", "two"]),
    st.sampled_from(["", *KEYS]),
)
steps = st.tuples(
    st.sampled_from([0.0, 1.0, 30.0, 60.0, 100.0, 300.0, 86400.0 * 8]),
    st.lists(conditions, max_size=7)
    | st.tuples(st.sampled_from(["ack", "unshelve"]), st.sampled_from(KEYS), st.just(0.0))
    | st.tuples(st.just("shelve"), st.sampled_from(KEYS), st.sampled_from([1.0, 100.0, 86400.0])),
)
Scripts = list[tuple[float, list[AlarmWanted] | tuple[str, str, float]]]
firsts = st.tuples(st.just(0.0), st.lists(conditions, min_size=1, max_size=7))
scripts = st.builds(lambda first, rest: [first, *rest], firsts, st.lists(steps, max_size=40))


def act(book: Book, order: tuple[str, str, float], now_s: float) -> Turn:
    verb, key, for_s = order
    if key not in book.alarms:
        return book, ()
    if verb == "ack":
        return acknowledge(book, key, "N. Berg", now_s)
    return shelve(book, key, Shelf(now_s + for_s, "N. Berg", "why")) if for_s else unshelve(book, key, "N. Berg")


class Witness:
    """Knows only what it was told, as the NOC does."""

    def __init__(self) -> None:
        self.standing: set[str] = set()

    def hear(self, changes: Sequence[Change]) -> None:
        for one in changes:
            stands = one.alarm.stands and one.word != "closed"
            (self.standing.add if stands else self.standing.discard)(one.alarm.key)


def check(book: Book, wants: list[AlarmWanted], now_s: float) -> None:
    standing = {key for key, one in book.alarms.items() if one.stands}
    wanted = {one.key for one in wants}
    assert len(book.alarms) <= ROOM
    assert len(book.alarms) - len(standing) <= CLEARED_ROOM
    assert book.overflow == max(0, len(wanted) - ROOM)
    assert len(standing & wanted) == min(ROOM, len(wanted)), "what holds stands, as far as there is room"
    assert all(book.alarms[key].chattering for key in standing - wanted)
    for alarm in book.alarms.values():
        assert not alarm.is_over
        assert alarm.times >= 1
        assert alarm.shelved is None or now_s < alarm.shelved.until_s <= now_s + 86400.0
        assert now_s >= max(alarm.raised_s, alarm.told_s, alarm.cleared_s or 0.0, alarm.quiet_s or 0.0)
    assert update(book, wants, now_s) == (book, ()), "twice the same is once"


def played(script: Scripts) -> tuple[Book, float]:
    book, now_s, witness = Book(), 1000.0, Witness()
    for seconds, what in script:
        now_s += seconds
        book, changes = update(book, what, now_s) if isinstance(what, list) else act(book, what, now_s)
        witness.hear(changes)
        assert witness.standing == {key for key, one in book.alarms.items() if one.stands}
        if isinstance(what, list):
            check(book, what, now_s)
        found = rows(book, Anchor(BOOT, now_s, WALL_S, trusted=True))
        assert sum(row["children"] for row in found) == sum(bool(row["folded"]) for row in found)
    return book, now_s


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_book, "MAX_ALARMS", ROOM)
    monkeypatch.setattr(alarm_book, "MAX_CLEARED", CLEARED_ROOM)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(scripts)
def test_whatever_comes_the_book_keeps_its_bounds_and_comes_back_as_it_was(small: None, script: Scripts) -> None:
    book, now_s = played(script)
    assert played(script) == (book, now_s)
    anchor = Anchor(BOOT, now_s, WALL_S, trusted=True)
    fact = json.loads(json.dumps(kept(book, anchor)))
    again, trouble = resumed(fact, replace(anchor, boottime_s=now_s + 9, wall_s=WALL_S + 9))
    assert trouble == ""
    assert again == replace(book, overflow=0), "who finds no room is counted anew"


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    scripts,
    st.booleans(),
    st.floats(0.0, 1e6),
    st.floats(-1e6, 1e6),
)
def test_in_another_boot_all_times_are_moved_by_the_same_and_none_lies_ahead(
    small: None, script: Scripts, trusted: bool, up_s: float, off_s: float
) -> None:
    """Whatever the wall clock says: also where it went back between the two boots."""
    book, now_s = played(script)
    fact = kept(book, Anchor(BOOT, now_s, WALL_S, trusted=True))
    again, _ = resumed(fact, Anchor(OTHER, up_s, WALL_S + off_s, trusted))
    assert again.alarms.keys() == book.alarms.keys()
    for key, after in again.alarms.items():
        before = book.alarms[key]
        shift_s = after.raised_s - before.raised_s
        assert now_s + shift_s <= up_s + 1e-6
        pairs = [
            (before.told_s, after.told_s),
            (before.cleared_s, after.cleared_s),
            (before.quiet_s, after.quiet_s),
            (before.eased_s, after.eased_s),
            *zip(before.raises_s, after.raises_s, strict=True),
            (before.acknowledged and before.acknowledged.at_s, after.acknowledged and after.acknowledged.at_s),
            (before.shelved and before.shelved.until_s, after.shelved and after.shelved.until_s),
        ]
        assert all(
            late is early is None or late == pytest.approx(early + shift_s, rel=0, abs=1e-3) for early, late in pairs
        )
        if after.shelved is not None and before.shelved is not None:
            assert after.shelved.until_s - up_s <= before.shelved.until_s - now_s + 1e-6


def test_a_reboot_of_ten_minutes_makes_an_alarm_ten_minutes_older() -> None:
    book, _ = update(Book(), [AlarmWanted("a", "major", "words")], 1000.0)
    book, _ = shelve(book, "a", Shelf(2000.0, "N. Berg", "why"))
    fact = kept(book, Anchor(BOOT, 1100.0, WALL_S, trusted=True))
    (alarm,) = resumed(fact, Anchor(OTHER, 50.0, WALL_S + 600.0, trusted=True))[0].alarms.values()
    assert (50.0 - alarm.raised_s, alarm.shelved and alarm.shelved.until_s - 50.0) == (700.0, 300.0)


def test_a_reboot_of_unknown_length_leaves_the_rest_of_a_shelf() -> None:
    book, _ = update(Book(), [AlarmWanted("a", "major", "words")], 1000.0)
    book, _ = shelve(book, "a", Shelf(2000.0, "N. Berg", "why"))
    fact = kept(book, Anchor(BOOT, 1100.0, WALL_S, trusted=True))
    (alarm,) = resumed(fact, Anchor(OTHER, 0.0, 30.0, trusted=False))[0].alarms.values()
    assert (alarm.raised_s, alarm.shelved and alarm.shelved.until_s) == (-100.0, 900.0)


NOW = Anchor(BOOT, 5.0, WALL_S, trusted=True)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def test_where_nothing_was_kept_the_book_is_empty_and_nothing_is_wrong() -> None:
    assert resumed(None, NOW) == (Book(), "")


@pytest.mark.parametrize("version", [0, 2])
def test_a_fact_of_another_version_is_told_and_not_used(version: int) -> None:
    fact = kept(Book(), NOW)
    assert isinstance(fact, dict)
    assert resumed({**fact, "v": version}, NOW) == (
        Book(),
        f"cannot use the alarms that were kept: they are of version {version}",
    )


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_time_that_is_not_finite_is_told_and_not_used(number: str) -> None:
    book, _ = update(Book(), [AlarmWanted("a", "major", "words")], 1.0)
    fact = json.loads(json.dumps(kept(book, NOW)).replace('"raised_s": 1.0', f'"raised_s": {number}'))
    again, trouble = resumed(fact, NOW)
    assert (again, trouble.startswith("cannot use the alarms that were kept: ")) == (Book(), True)


@given(plain)
def test_garbage_is_told_and_not_used(fact: object) -> None:
    book, trouble = resumed(fact, NOW)
    assert book == Book()
    assert fact is None or trouble.startswith("cannot use the alarms that were kept: ")


@given(st.sampled_from(["key", "severity", "raised_s", "shelved", "raises_s", "times", "acknowledged"]), plain)
def test_a_spoilt_alarm_is_told_or_fits(name: str, value: object) -> None:
    book, _ = update(Book(), [AlarmWanted("a", "major", "words")], 1.0)
    fact = json.loads(json.dumps(kept(book, NOW)))
    fact["alarms"][0][name] = value
    again, trouble = resumed(fact, NOW)
    assert bool(trouble) is not bool(again.alarms)
