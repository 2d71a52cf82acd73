"""Interlocks and their expressions: what dominates, when they trip, and when they let go."""

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.autonomy.expression import Unparsable, atoms, names, parse, truth_of
from edgeagent.autonomy.interlock import BLANK, evaluate
from edgeagent.model.interlock import Act, All, Interlock, InterlockMemory, Name, Not, ServiceState, Some, Standing
from edgeagent.model.limit import Truth

T, F, S, E = Truth.TRUE, Truth.FALSE, Truth.STALE, Truth.ERROR
A, B = Name("a"), Name("b")
HOT = Interlock(
    "hot", A, Act.SHED, ("r1",), for_s=2.0, clear_for_s=2.0, state=ServiceState.IN_SERVICE, aisle=("a", "b")
)
SECOND = replace(HOT, second=B, for_s=0.0)


@pytest.mark.parametrize(
    ("a", "b", "both", "either"),
    [
        (T, T, T, T), (T, F, F, T), (F, F, F, F), (T, S, S, T), (F, S, F, S), (T, E, E, T),
        (F, E, F, E), (S, E, E, E), (E, S, E, E), (S, S, S, S), (E, E, E, E),
    ],
)  # fmt: skip
def test_false_dominates_and_true_dominates_or_then_error_before_stale(
    a: Truth, b: Truth, both: Truth, either: Truth
) -> None:
    for one, other in ((a, b), (b, a)):
        truths = {"a": one, "b": other}
        assert truth_of(All((A, B)), truths) is both
        assert truth_of(Some((A, B)), truths) is either


def test_not_keeps_what_is_blind_and_nothing_is_false() -> None:
    assert [truth_of(Not(A), {"a": one}) for one in (T, F, S, E)] == [F, T, S, E]
    assert truth_of(Some(()), {}) is F


def test_and_binds_closer_than_or_and_names_are_sorted() -> None:
    term = parse("b or a and not (b or a)", lambda atom: Name(atom.name))
    assert term == Some((B, All((A, Not(Some((B, A)))))))
    assert names(term) == ("a", "b")
    assert [one.quantifier for one in atoms("any a or every a or neighbour a or a")] == [
        "any",
        "every",
        "neighbour",
        "",
    ]


@given(st.text(alphabet="ab() andornot-_.x1\n", max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    with suppress(Unparsable):
        assert names(parse(text, lambda atom: Name(atom.name)))


def run(
    interlock: Interlock, *seen: tuple[Truth, Truth], memory: InterlockMemory = BLANK, reset: bool = False
) -> InterlockMemory:
    for number, (a, b) in enumerate(seen):
        memory = evaluate(interlock, memory, {"a": a, "b": b}, float(number), 1.0, reset=reset)
    return memory


def test_it_trips_after_its_time_and_clears_after_its_own() -> None:
    assert run(HOT, (T, F), (T, F)).standing is Standing.PENDING
    tripped = run(HOT, *[(T, F)] * 3)
    assert (tripped.standing, tripped.trips, tripped.why) == (Standing.TRIPPED, 1, "its condition holds")
    assert run(HOT, (F, F), memory=tripped).standing is Standing.TRIPPED
    assert run(HOT, (F, F), (F, F), memory=tripped).standing is Standing.CLEAR
    assert run(HOT, (T, F), (F, F)).standing is Standing.CLEAR


def test_blind_neither_trips_nor_clears() -> None:
    assert run(HOT, *[(S, F)] * 50).standing is Standing.CLEAR
    tripped = run(HOT, *[(T, F)] * 3)
    assert run(HOT, *[(E, F)] * 50, memory=tripped).standing is Standing.TRIPPED
    assert run(HOT, (T, F), (T, F), (S, F)).standing is Standing.PENDING


def test_blind_for_five_seconds_with_a_second_sign_trips() -> None:
    assert run(SECOND, *[(S, T)] * 5).why == "it is blind, and there is a second sign"
    assert run(SECOND, *[(S, S)] * 50).standing is Standing.CLEAR
    assert run(SECOND, *[(F, T)] * 50).standing is Standing.CLEAR


def test_a_late_poll_beside_a_hot_rack_sheds_nothing() -> None:
    assert run(SECOND, *[(S, T)] * 4, (F, T)).standing is Standing.CLEAR
    assert run(SECOND, *[(S, T)] * 4, (F, T), *[(S, T)] * 4).trips == 0


def test_the_time_blind_counts_only_while_the_whole_aisle_is() -> None:
    dark = replace(HOT, blind_for_s=3.0, for_s=0.0)
    assert run(dark, *[(S, E)] * 2).standing is Standing.CLEAR
    assert run(dark, *[(S, E)] * 3).why == "the whole aisle was blind for 3 s"
    assert run(dark, *[(S, F)] * 50).standing is Standing.CLEAR
    assert run(dark, (S, E), (S, E), (S, F), (S, E), (S, E)).standing is Standing.CLEAR


def test_an_aisle_that_is_dark_at_the_first_look_is_counted_from_there() -> None:
    calm = replace(HOT, when=Name("c"), aisle=("a", "b"), blind_for_s=3.0)
    dark = {"a": S, "b": S, "c": F}
    first = evaluate(calm, BLANK, dark, 0.0, 0.0)
    assert not first.settled
    assert evaluate(calm, first, dark, 1.0, 1.0).dark_s == 1.0
    seen = evaluate(calm, first, {"a": F, "b": S, "c": F}, 1.0, 1.0)
    assert (seen.settled, seen.dark_s) == (True, 0.0)


def test_a_latch_waits_for_a_person_and_trips_again() -> None:
    latched = replace(HOT, latch=True, clear_for_s=0.0)
    held = run(latched, *[(T, F)] * 3, (F, F), (F, F))
    assert held.standing is Standing.LATCHED
    assert held.active
    assert run(latched, (S, F), memory=held, reset=True).standing is Standing.LATCHED
    assert run(latched, (T, F), memory=held, reset=True).standing is Standing.TRIPPED
    assert run(latched, (F, F), memory=held, reset=True).standing is Standing.CLEAR


def test_out_of_service_forgets_all_but_the_count() -> None:
    tripped = run(HOT, *[(T, F)] * 3)
    out = run(replace(HOT, state=ServiceState.OUT_OF_SERVICE), (T, F), (T, F), memory=tripped)
    assert (out.standing, out.active, out.trips) == (Standing.OUT, False, 1)
    back = run(HOT, (F, F), memory=out)
    assert (back.standing, back.trips) == (Standing.CLEAR, 1)
