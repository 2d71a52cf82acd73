"""The book of alarms as tables: at a second these conditions hold, or somebody does something; these words come of it.

A condition is ``key``, ``key!severity``, ``key<parent`` or ``key'text``; a change is ``key word``.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from edgeagent.autonomy.alarm_book import (
    CLEARED_S,
    LONGEST_SHELF_S,
    MAX_ALARMS,
    MAX_CLEARED,
    Book,
    Turn,
    acknowledge,
    shelve,
    unshelve,
    update,
)
from edgeagent.autonomy.alarm_view import rows, worst
from edgeagent.core.clock import Anchor
from edgeagent.model.alarm import Alarm, Change, Shelf, leads
from edgeagent.model.decision import AlarmWanted, Severity

Step = tuple[float, str, str]
_WANT = re.compile(r"(?P<key>\w+)(!(?P<severity>\w+))?(<(?P<parent>\w+))?('(?P<text>\w+))?")


def want(word: str, severity: Severity = "major") -> AlarmWanted:
    found = _WANT.fullmatch(word)
    assert found is not None
    return AlarmWanted(
        found["key"], found["severity"] or severity, found["text"] or "words", found["parent"] or "", cause="why"
    )


def turn(book: Book, what: str, now_s: float) -> Turn:
    match what.split():
        case ["ack", key]:
            return acknowledge(book, key, "N. Berg", now_s)
        case ["shelve", key, for_s]:
            return shelve(book, key, Shelf(now_s + float(for_s), "N. Berg", "card is replaced"))
        case ["unshelve", key]:
            return unshelve(book, key, "N. Berg")
        case words:
            return update(book, map(want, words), now_s)


def told(changes: Sequence[Change]) -> str:
    return ", ".join(f"{one.alarm.key} {one.word}" for one in changes)


def played(*steps: Step) -> Book:
    book = Book()
    for now_s, what, words in steps:
        book, changes = turn(book, what, now_s)
        assert told(changes) == words, f"at {now_s:g} s: {what}"
    return book


def turns(key: str, times_s: Sequence[float]) -> Iterator[Step]:
    """It comes at these times and goes a second after each."""
    for now_s in times_s:
        yield now_s, key, f"{key} raised"
        yield now_s + 1, "", f"{key} cleared"


CHATTER = (*turns("a", [0, 10, 20]), (30.0, "a", "a chattering"))
TABLES: dict[str, tuple[Sequence[Step], str]] = {
    "what holds is told once": ([(0, "a", "a raised"), (1, "a", ""), (500, "a", "")], "a"),
    "what ends stays in the list until somebody has seen it": (
        [(0, "a", "a raised"), (1, "", "a cleared"), (2, "", ""), (3, "ack a", "a acknowledged")],
        "",
    ),
    "what was acknowledged leaves with its end": (
        [(0, "a", "a raised"), (1, "ack a", "a acknowledged"), (2, "a", ""), (3, "", "a cleared")],
        "",
    ),
    "what comes again is nobody's yet": (
        [(0, "a", "a raised"), (1, "", "a cleared"), (2, "a", "a raised"), (3, "", "a cleared"), (4, "", "")],
        "a:cleared",
    ),
    "worse un-acknowledges": (
        [(0, "a!minor", "a raised"), (1, "ack a", "a acknowledged"), (2, "a!critical", "a changed")],
        "a",
    ),
    "milder counts once it has lasted a minute, and stays acknowledged": (
        [
            (0, "a!critical", "a raised"),
            (1, "ack a", "a acknowledged"),
            (2, "a!minor", ""),
            (61, "a!minor", ""),
            (62, "a!minor", "a changed"),
        ],
        "a:acknowledged",
    ),
    "milder for a moment is nothing": (
        [(0, "a", "a raised"), (50, "a!minor", ""), (100, "a", ""), (120, "a!minor", ""), (179, "a!minor", "")],
        "a",
    ),
    "another text is told once a minute": (
        [
            (0, "a", "a raised"),
            (30, "a'one", ""),
            (59, "a'two", ""),
            (60, "a'three", "a changed"),
            (119, "a'four", ""),
            (120, "a'four", "a changed"),
            (300, "a'four", ""),
        ],
        "a",
    ),
    "another parent is told once a minute": (
        [(0, "a b", "a raised, b raised"), (30, "a<b b", ""), (60, "a<b b", "a changed"), (200, "a<b b", "")],
        "a:folded b+1",
    ),
    "a child has its own line when its parent is gone": (
        [(0, "a<b b", "a raised, b raised"), (1, "a<b", "b cleared")],
        "a b:cleared",
    ),
    "a child of nobody is not folded": ([(0, "a<b", "a raised")], "a"),
    "grandchildren fold under the topmost": (
        [(0, "a<b b<c c", "a raised, b raised, c raised")],
        "a:folded b:folded c+2",
    ),
    "what is worse than its parent has its own line": (
        [(0, "a!critical<b b c<a", "a raised, b raised, c raised")],
        "a+1 b c:folded",
    ),
    "in a circle everyone has a line": ([(0, "a<b b<a c<a", "a raised, b raised, c raised")], "a+1 b c:folded"),
    "nobody folds under itself": ([(0, "a<a", "a raised")], "a"),
    "a shelf ends by itself": (
        [(0, "a", "a raised"), (1, "shelve a 100", "a shelved"), (100, "a", ""), (101, "a", "a unshelved")],
        "a",
    ),
    "a shelf is ended by a person": (
        [(0, "a", "a raised"), (1, "shelve a 100", "a shelved"), (2, "unshelve a", "a unshelved"), (3, "a", "")],
        "a",
    ),
    "a shelf ends also when its alarm has gone": (
        [(0, "a", "a raised"), (1, "shelve a 9", "a shelved"), (2, "", "a cleared"), (10, "", "a unshelved")],
        "a:cleared",
    ),
    "a shelf outlasts the end of an acknowledged alarm": (
        [
            (0, "a", "a raised"),
            (1, "ack a", "a acknowledged"),
            (2, "shelve a 100", "a shelved"),
            (3, "", "a cleared"),
            (4, "a", "a raised"),
        ],
        "a:shelved",
    ),
    "a shelf outlasts an acknowledgement": (
        [
            (0, "a", "a raised"),
            (1, "shelve a 100", "a shelved"),
            (2, "", "a cleared"),
            (3, "ack a", "a acknowledged"),
            (4, "", ""),
        ],
        "a:acknowledged:cleared:shelved",
    ),
    "what is cleared and acknowledged leaves with its shelf's end": (
        [
            (0, "a", "a raised"),
            (1, "shelve a 9", "a shelved"),
            (2, "", "a cleared"),
            (3, "ack a", "a acknowledged"),
            (10, "", "a unshelved"),
        ],
        "",
    ),
    "what is cleared and acknowledged leaves when a person ends its shelf": (
        [
            (0, "a", "a raised"),
            (1, "shelve a 9", "a shelved"),
            (2, "", "a cleared"),
            (3, "ack a", "a acknowledged"),
            (4, "unshelve a", "a unshelved"),
        ],
        "",
    ),
    "three times in ten minutes is no chatter": (list(turns("a", [0, 10, 20])), "a:cleared"),
    "four times in more than ten minutes is no chatter": (list(turns("a", [0, 300, 590, 601])), "a:cleared"),
    "chatter stands and is told once": (
        [*CHATTER, (31, "", ""), (40, "a", ""), (41, "", ""), (300, "a", ""), (301, "", ""), (600, "", "")],
        "a:chattering",
    ),
    "chatter is acknowledged once for all its turns": (
        [*CHATTER, (31, "ack a", "a acknowledged"), (32, "", ""), (33, "a", ""), (34, "", "")],
        "a:acknowledged:chattering",
    ),
    "chatter ends when it was quiet for five minutes": (
        [*CHATTER, (31, "", ""), (330, "", ""), (331, "", "a cleared")],
        "a:cleared",
    ),
    "after chatter the count begins anew": (
        [*CHATTER, (31, "", ""), (331, "", "a cleared"), *turns("a", [340, 350, 360])],
        "a:cleared",
    ),
    "of two conditions with one key the worse counts": ([(0, "a!minor a!critical a!major", "a raised")], "a"),
    "what nobody sees to leaves after seven days": (
        [(0, "a", "a raised"), (1, "", "a cleared"), (CLEARED_S + 1, "", ""), (CLEARED_S + 2, "", "a closed")],
        "",
    ),
}


def shown(book: Book, now_s: float = 1e6) -> str:
    return " ".join(sorted(map(_shown, rows(book, Anchor("0" * 32, now_s, 0.0, trusted=False)))))


def _shown(row: dict[str, object]) -> str:
    flags = ("acknowledged", "chattering", "cleared_for_s", "folded", "shelved")
    words = [flag.removesuffix("_for_s") for flag in flags if row[flag] is not None and row[flag] is not False]
    return ":".join([f"{row['key']}+{row['children']}" if row["children"] else str(row["key"]), *words])


@pytest.mark.parametrize(("steps", "end"), TABLES.values(), ids=TABLES.keys())
def test_the_book_does_as_the_table_says(steps: Sequence[Step], end: str) -> None:
    assert shown(played(*steps)) == end


@pytest.mark.parametrize(("steps", "end"), TABLES.values(), ids=TABLES.keys())
def test_the_same_steps_give_the_same_book(steps: Sequence[Step], end: str) -> None:
    assert played(*steps) == played(*steps)


def test_what_does_not_change_is_the_same_book() -> None:
    book = played((0, "a b<a", "a raised, b raised"))
    assert update(book, [want("a"), want("b<a")], 1.0)[0] is book


def test_an_alarm_tells_when_how_often_and_of_what() -> None:
    book = played(*turns("a", [0, 10]), (20, "a!critical'fire", "a raised"))
    alarm = book.alarms["a"]
    assert (alarm.raised_s, alarm.times, alarm.severity, alarm.text, alarm.cause) == (20, 3, "critical", "fire", "why")


def test_each_turn_of_chatter_is_counted() -> None:
    book = played(*CHATTER, (31, "", ""), (40, "a", ""), (41, "", ""), (50, "a", ""))
    assert book.alarms["a"].times == 6


def test_escalation_is_seen_at_once_also_while_it_chatters() -> None:
    book = played(*CHATTER, (31, "ack a", "a acknowledged"), (32, "", ""), (33, "a!critical", "a changed"))
    assert (book.alarms["a"].severity, book.alarms["a"].acknowledged) == ("critical", None)


def test_an_act_says_who_and_why() -> None:
    book = played((0, "a", "a raised"))
    (shelved,) = shelve(book, "a", Shelf(100.0, "N. Berg", "card is replaced"))[1]
    assert (shelved.by, shelved.why, shelved.alarm.shelved) == (
        "N. Berg",
        "card is replaced",
        Shelf(100.0, "N. Berg", "card is replaced"),
    )
    (seen,) = acknowledge(book, "a", "N. Berg", 7.0)[1]
    assert (seen.by, seen.alarm.acknowledged and seen.alarm.acknowledged.at_s) == ("N. Berg", 7.0)


def many(count: int, severity: Severity = "major", prefix: str = "n") -> list[AlarmWanted]:
    return [want(f"{prefix}{number}", severity) for number in range(count)]


def test_at_most_1000_alarms_stand_and_the_rest_are_counted() -> None:
    book, changes = update(Book(), many(MAX_ALARMS + 5), 0.0)
    assert (len(book.alarms), book.overflow, len(changes)) == (MAX_ALARMS, 5, MAX_ALARMS)
    assert update(book, many(MAX_ALARMS + 5), 1.0)[0] is book
    assert update(book, many(MAX_ALARMS), 2.0)[0].overflow == 0


def test_the_worst_find_room_and_who_gives_way_is_not_told_as_cleared() -> None:
    """Its condition holds: that it ended would be a lie."""
    book, _ = update(Book(), many(MAX_ALARMS, "minor"), 0.0)
    book, changes = update(book, [*many(MAX_ALARMS, "minor"), want("fire!critical")], 1.0)
    assert told(changes) == f"fire raised, n{MAX_ALARMS - 1} closed"
    assert (len(book.alarms), book.overflow) == (MAX_ALARMS, 1)
    book, changes = update(book, many(MAX_ALARMS, "minor"), 2.0)
    assert told(changes) == f"fire cleared, n{MAX_ALARMS - 1} raised, fire closed"


def test_what_only_may_come_back_gives_way_to_what_holds() -> None:
    chatter = many(100, "critical", "c")
    book = Book()
    for now_s in range(7):
        book, _ = update(book, chatter if now_s % 2 == 0 else [], float(now_s))
    book, _ = update(book, [], 7.0)
    assert sum(one.stands for one in book.alarms.values()) == 100
    book, changes = update(book, many(MAX_ALARMS - 40), 8.0)
    assert len(book.alarms) == MAX_ALARMS
    assert sum(one.word == "closed" for one in changes) == 60
    assert all(f"n{number}" in book.alarms for number in range(MAX_ALARMS - 40))


def test_of_the_cleared_the_newest_200_are_kept() -> None:
    book, _ = update(Book(), many(10, prefix="old"), 0.0)
    book, _ = update(book, many(MAX_CLEARED), 1.0)
    book, changes = update(book, [], 2.0)
    assert [one.alarm.key for one in changes if one.word == "closed"] == [f"old{number}" for number in range(10)]
    assert len(book.alarms) == MAX_CLEARED


def test_cleared_ones_give_way_to_what_stands() -> None:
    book, _ = update(Book(), many(150, prefix="old"), 0.0)
    book, _ = update(book, many(MAX_ALARMS - 100), 1.0)
    assert len(book.alarms) == MAX_ALARMS
    assert sum(not one.stands for one in book.alarms.values()) == 100


def test_what_is_not_sure_to_have_ended_stays_as_it_is_until_it_is_seen() -> None:
    book = played((0, "a b", "a raised, b raised"), (1, "ack a", "a acknowledged"), (2, "shelve b 5", "b shelved"))
    same, changes = update(book, [], 3.0, unsure={"a", "b", "gone"})
    assert (same, changes) == (book, ())
    later, changes = update(book, [want("a!critical")], 7.0, unsure={"a", "b"})
    assert told(changes) == "a changed, b unshelved"
    assert told(update(later, [], 8.0)[1]) == "a cleared, b cleared"


def test_what_is_not_sure_gives_way_to_what_holds() -> None:
    book, _ = update(Book(), many(MAX_ALARMS, "critical", "old"), 0.0)
    book, changes = update(book, many(10, "warning"), 1.0, unsure=set(book.alarms))
    assert len(book.alarms) == MAX_ALARMS
    assert sum(one.word == "closed" for one in changes) == 10


def test_rows_are_worst_first_then_the_newest_and_what_is_cleared_last() -> None:
    book, _ = update(Book(), [want("gone!critical"), want("old"), want("mild!minor")], 0.0)
    book, _ = update(book, [want("old"), want("new"), want("mild!minor"), want("fire!critical")], 10.0)
    found = rows(book, Anchor("0" * 32, 20.0, 1e9, trusted=True))
    assert [one["key"] for one in found] == ["fire", "new", "old", "mild", "gone"]
    assert worst(found[1:4]) == "major"
    assert worst([]) is None
    assert (found[0]["for_s"], found[0]["since_wall_s"]) == (10.0, 1e9 - 10.0)
    assert found[4]["cleared_for_s"] == 10.0


def test_a_row_of_1970_has_no_wall_time() -> None:
    book = played((0, "a", "a raised"))
    assert rows(book, Anchor("0" * 32, 20.0, 30.0, trusted=False))[0]["since_wall_s"] is None


@pytest.mark.parametrize(
    ("parents", "expected"),
    [
        ({}, {}),
        ({"a": "b"}, {"a": "b"}),
        ({"a": "b", "b": "c"}, {"a": "c", "b": "c"}),
        ({"b": "c", "a": "b"}, {"a": "c", "b": "c"}),
        ({"a": "a"}, {"a": "a"}),
        ({"a": "b", "b": "a"}, {"a": "a", "b": "b"}),
        ({"x": "a", "a": "b", "b": "a"}, {"x": "a", "a": "a", "b": "b"}),
        ({"a": "b", "b": "a", "y": "x", "x": "b"}, {"a": "a", "b": "b", "x": "b", "y": "b"}),
    ],
)
def test_who_leads(parents: dict[str, str], expected: dict[str, str]) -> None:
    assert leads(parents) == expected


def test_the_longest_shelf_is_a_day() -> None:
    assert LONGEST_SHELF_S == 24 * 3600


def test_an_alarm_that_was_shelved_again_has_only_the_last_shelf() -> None:
    book = played(
        (0, "a", "a raised"), (1, "shelve a 10", "a shelved"), (2, "shelve a 100", "a shelved"), (50, "a", "")
    )
    alarm: Alarm = book.alarms["a"]
    assert alarm == replace(alarm, shelved=Shelf(102.0, "N. Berg", "card is replaced"))
