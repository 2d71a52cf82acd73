"""Leases: taken at the door, refreshed, ended, and carried over a reboot."""

from math import inf, nan

import pytest

from edgeagent.autonomy.compiled import SWITCH, Target
from edgeagent.autonomy.lease import MAX_LEASES, Book, Lease, carried, offered, refusal, released, resumed, swept
from edgeagent.model.intent import Choice, Domain, Intent, Range, Rank
from edgeagent.model.points import PointId

P = PointId("a/outlet.1.state")
TARGETS = {P: Target(P, SWITCH)}
ON = Choice(frozenset({"on"}))


def lease(name: str, expires_s: float = 100.0, *, durable: bool = False) -> Lease:
    return Lease(name, Intent(P, ON, Rank.NOC, name, "test", expires_s), durable)


@pytest.mark.parametrize(
    ("point", "allows", "expires_s", "why"),
    [
        ("b/x", ON, 50.0, "nothing of this name"),
        (P, Range(0, 1), 50.0, "it takes "),
        (P, Choice(frozenset({"reboot"})), 50.0, "it takes "),
        (P, ON, nan, "has no end"),
        (P, ON, inf, "has no end"),
        (P, ON, 10.0, "has ended"),
        (P, ON, 10.0 + 86401.0, "longer than 24 h"),
    ],
)
def test_the_door_refuses_with_a_reason(point: PointId, allows: Domain, expires_s: float, why: str) -> None:
    intent = Intent(point, allows, Rank.NOC, "noc", "test", expires_s)
    assert why in refusal(intent, TARGETS, 10.0)
    assert offered(Book(), Lease("x", intent), TARGETS, 10.0)[0] == Book()


def test_a_number_that_is_none_makes_no_range() -> None:
    with pytest.raises(ValueError, match="cannot make a range"):
        Range(nan, 1.0)


def test_a_lease_lives_until_its_end_is_refreshed_and_given_back() -> None:
    book, refused = offered(Book(), lease("one"), TARGETS, 0.0)
    assert not refused
    assert len(book.live(99.0)) == 1
    assert book.live(100.0) == ()
    book, _ = offered(book, lease("one", 200.0), TARGETS, 50.0)
    assert [one.expires_s for one in book.live(150.0)] == [200.0]
    assert released(book, "one") == Book()
    assert swept(book, 200.0) == Book()


def test_the_book_is_bounded_and_a_refresh_always_fits() -> None:
    book = Book({str(number): lease(str(number)) for number in range(MAX_LEASES)})
    assert "more than" in offered(book, lease("new"), TARGETS, 0.0)[1]
    assert not offered(book, lease("7", 150.0), TARGETS, 0.0)[1]
    assert not offered(book, lease("new", 150.0), TARGETS, 120.0)[1], "what has ended makes room"


def test_only_durable_leases_go_on_after_a_reboot_for_what_was_left() -> None:
    book = Book({"a": lease("a", durable=True), "b": lease("b"), "c": lease("c", 20.0, durable=True)})
    kept = carried(book, 40.0)
    assert [(one.id, left_s) for one, left_s in kept] == [("a", 60.0)]
    assert [one.expires_s for one in resumed(kept, 5.0).live(5.0)] == [65.0]
    assert resumed([(lease("b"), 60.0), (lease("a", durable=True), 90000.0)], 5.0) == Book()
