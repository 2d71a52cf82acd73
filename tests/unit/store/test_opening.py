import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.journal import Stream
from edgeagent.store.ledger import Ledger, Tally
from edgeagent.store.opening import (
    ANNOUNCED_EPOCHS,
    MAX_EPOCH,
    Found,
    Incarnation,
    known_epochs,
    next_epoch,
    open_stream,
    why_safety,
    why_telemetry,
)

RUN_7, RUN_8, OTHER_8 = Incarnation(7, "a"), Incarnation(8, "b"), Incarnation(8, "c")
CLOSED_8 = Found(RUN_8, intact=True, sealed=True)
NEW = Found(None)


@pytest.mark.parametrize(
    ("safety", "telemetry", "expected"),
    [
        (NEW, NEW, ("first start", "first start")),
        (CLOSED_8, CLOSED_8, ("", "")),
        (Found(RUN_8), Found(RUN_8), ("unclean stop", "unclean stop")),
        (CLOSED_8, NEW, ("", "telemetry.db was missing")),
        (CLOSED_8, Found(None, "telemetry.db was damaged"), ("", "telemetry.db was damaged")),
        (CLOSED_8, Found(RUN_7, sealed=True), ("", "an older telemetry.db was restored")),
        (Found(RUN_8), Found(RUN_7), ("unclean stop", "an older telemetry.db was restored")),
        (Found(RUN_7, sealed=True), CLOSED_8, ("an older safety.db was restored", "an older safety.db was restored")),
        (NEW, CLOSED_8, ("safety.db was missing", "safety.db was missing")),
        (Found(None, "safety.db was damaged"), CLOSED_8, ("safety.db was damaged", "safety.db was damaged")),
        (
            Found(RUN_8, sealed=True),
            Found(RUN_8, sealed=True),
            ("a file was replaced while the agent was stopped", "a file was replaced while the agent was stopped"),
        ),
    ],
)
def test_each_history_has_its_reason(safety: Found, telemetry: Found, expected: tuple[str, str]) -> None:
    assert (why_safety(safety, telemetry), why_telemetry(safety, telemetry)) == expected


@given(st.integers(0, MAX_EPOCH - 2**28), st.integers())
def test_a_new_epoch_lies_above_all_known_ones(known: int, seed: int) -> None:
    assert known < next_epoch(known, random.Random(seed)) < MAX_EPOCH


def test_epochs_that_run_out_are_an_error_and_not_a_repetition() -> None:
    with pytest.raises(OverflowError):
        next_epoch(MAX_EPOCH - 1, random.Random(1))


def test_two_pods_restored_from_one_copy_choose_different_epochs() -> None:
    source = random.SystemRandom()
    assert len({next_epoch(1000, source) for _ in range(200)}) == 200


def test_the_higher_end_that_either_file_knows_is_announced() -> None:
    safety, telemetry = Ledger(), Ledger()
    safety.put(Stream.TELEMETRY, 5, Tally(last=90, ceiling=2000))
    telemetry.put(Stream.TELEMETRY, 5, Tally(last=120, ceiling=120, pending=3))
    safety.put(Stream.AUDIT, 6, Tally(last=10, ceiling=10))
    telemetry.put(Stream.AUDIT, 6, Tally(last=14, ceiling=14))
    known = known_epochs(safety, telemetry)
    assert (known[Stream.TELEMETRY][5].last, known[Stream.TELEMETRY][5].ceiling) == (120, 2000)
    assert (known[Stream.AUDIT][6].last, known[Stream.AUDIT][6].ceiling) == (14, MAX_EPOCH)
    opening = open_stream(Stream.TELEMETRY, "x", known, telemetry.epochs[Stream.TELEMETRY], random.Random(1))
    assert opening.earlier == ((5, 120),)
    assert opening.epoch > 6


def test_only_the_newest_earlier_epochs_are_named() -> None:
    own = {epoch: Tally(last=epoch) for epoch in range(1, 200)}
    opening = open_stream(Stream.ALARM, "x", {Stream.ALARM: own}, own, random.Random(1))
    assert [epoch for epoch, _ in opening.earlier] == list(range(200 - ANNOUNCED_EPOCHS, 200))
