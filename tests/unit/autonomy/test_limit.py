"""One limit: what it says of each reading, and for how long."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.autonomy.limit import BLANK, anew, calm, evaluate, thorough
from edgeagent.model.limit import Limit, LimitMemory, Operator, Truth
from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, Reason, Value, bad

P = PointId("a/x")
HOT = Limit("hot", P, Operator.ABOVE, 32.0, 4.0, 6.0, 30.0, 30.0, -10.0, 70.0, 5.0)


def good(value: Value, time_s: float) -> Reading:
    return Reading(P, value, time_s)


def run(limit: Limit, *values: Value | None, every_s: float = 2.0) -> list[LimitMemory]:
    memory, found = BLANK, []
    for number, value in enumerate(values):
        now_s = number * every_s
        reading = bad(P, Reason.STALE, now_s) if value is None else good(value, now_s)
        memory = evaluate(limit, memory, reading, now_s, every_s)
        found.append(memory)
    return found


def truths(limit: Limit, *values: Value | None) -> str:
    return "".join(memory.truth[0] for memory in run(limit, *values))


def test_it_turns_after_its_time_and_clears_after_its_own() -> None:
    assert truths(HOT, 30.0, 33.0, 33.0, 33.0, 33.0) == "FFFTT"
    assert truths(HOT, 33.0, 33.0, 33.0, 31.0, 31.0, 31.0, 31.0, 31.0) == "FFTTTTTT"
    assert truths(HOT, 33.0, 33.0, 33.0, 29.0, 29.0, 29.0, 29.0) == "FFTTTTF"


def test_without_a_time_it_turns_at_once() -> None:
    assert truths(replace(HOT, for_s=0.0, clear_for_s=0.0), 33.0, 29.0) == "TF"


def test_one_reading_looked_at_often_does_not_persist() -> None:
    memory, reading = BLANK, good(33.0, 0.0)
    for now_s in range(20):
        memory = evaluate(HOT, memory, reading, float(now_s), 1.0)
    assert memory.truth is Truth.FALSE
    assert memory.evaluations == 1


def test_a_gap_shorter_than_the_time_keeps_what_was_pending_and_a_longer_one_forgets_it() -> None:
    assert truths(HOT, 33.0, 33.0, None, 33.0) == "FFST"
    assert truths(HOT, 33.0, 33.0, None, None, None, None, 33.0) == "FFSSSSF"


def test_blind_while_true_is_blind_and_then_true_again() -> None:
    assert truths(HOT, 33.0, 33.0, 33.0, None, 33.0) == "FFTST"


def test_an_old_reading_is_stale_and_a_missing_point_too() -> None:
    memory = evaluate(HOT, BLANK, good(20.0, 0.0), 31.0, 1.0)
    assert (memory.truth, memory.blind) == (Truth.STALE, True)
    assert evaluate(HOT, memory, None, 32.0, 1.0).why == "there is no such point"


@pytest.mark.parametrize(
    ("reading", "why"),
    [
        (bad(P, Reason.GARBLED, 2.0), "garbled"),
        (Reading(P, 40.0, 2.0, Quality.UNCERTAIN, Reason.IDENTITY), "identity"),
        (good(240.0, 2.0), "cannot be believed"),
        (good(-40.0, 2.0), "cannot be believed"),
        (good(40.0, 2.0), "faster than can be believed"),
        (good("hot", 2.0), "of another kind"),
        (good(True, 2.0), "of another kind"),
    ],
)
def test_what_cannot_be_believed_or_compared_is_an_error(reading: Reading, why: str) -> None:
    memory = evaluate(HOT, run(HOT, 20.0)[0], reading, 2.0, 2.0)
    assert memory.truth is Truth.ERROR
    assert memory.blind
    assert why in memory.why


def test_a_jump_is_believed_once_it_has_lasted() -> None:
    assert truths(HOT, 20.0, 45.0, 45.0, 45.0, 45.0, 45.0) == "FEEFFT"
    assert run(HOT, 20.0, *[45.0] * 8)[-1].truth is Truth.TRUE


def test_words_and_booleans_are_compared_as_words() -> None:
    fault = Limit("fault", P, Operator.EQUAL, "yes")
    assert truths(fault, "no", "yes", "yes") == "FTT"
    assert truths(replace(fault, operator=Operator.UNEQUAL, clear_for_s=0.0), "no", "yes") == "TF"
    assert truths(replace(fault, value="true"), True, False) == "TF"
    assert truths(fault, 3.0) == "E"


@pytest.mark.parametrize(
    ("operator", "told"),
    [(">", "FFT"), (">=", "FTT"), ("<", "TFF"), ("<=", "TTF"), ("==", "FTF"), ("!=", "TFT")],
)
def test_every_operator_compares(operator: str, told: str) -> None:
    limit = Limit("l", P, Operator(operator), 2.0)
    assert truths(replace(limit, clear_for_s=0.0), 1, 2, 3) == told


def test_the_rise_over_a_window_is_known_after_half_of_it() -> None:
    rising = Limit("rising", P, Operator.ABOVE, 4.0, window_s=20.0)
    told = run(rising, *[20.0 + 0.2 * number for number in range(12)])
    assert [one.truth for one in told[:5]] == [Truth.STALE] * 5
    assert not told[2].blind, "the point itself is known"
    assert told[-1].truth is Truth.TRUE
    assert len(told[-1].samples) <= 13


def test_new_tables_look_anew_and_keep_what_has_tripped() -> None:
    hot = run(HOT, 33.0, 33.0, 33.0)[-1]
    assert anew(hot).on
    lower = replace(HOT, value=40.0, clear_value=38.0)
    memory = anew(hot)
    for now_s in (6.0, 8.0, 10.0, 12.0):
        memory = evaluate(lower, memory, good(33.0, now_s), now_s, 2.0)
    assert memory.truth is Truth.FALSE


def test_it_counts_evaluations_and_transitions() -> None:
    last = run(HOT, 33.0, 33.0, 33.0, 33.0)[-1]
    assert (last.evaluations, last.transitions, last.changed_s) == (4, 2, 4.0)
    assert last.believed == (6.0, 33.0)


@given(
    st.lists(st.sampled_from([20.0, 29.0, 31.0, 33.0, 36.0, 240.0, None, "x", 33]), max_size=20),
    st.sampled_from([HOT, replace(HOT, operator=Operator.BELOW, clear_value=None, max_change_per_s=None)]),
)
def test_the_short_way_says_what_the_thorough_one_says(values: list[Value | None], limit: Limit) -> None:
    memory = BLANK
    for number, value in enumerate(values):
        now_s = 2.0 * number
        reading = bad(P, Reason.STALE, now_s) if value is None else good(value, now_s)
        quick, whole = calm(limit, memory, reading, now_s), thorough(limit, memory, reading, now_s, 2.0)
        assert quick is None or quick == whole
        memory = whole
