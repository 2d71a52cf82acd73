"""Medians of interleaved rounds."""

import pytest

from benchmarks.rounds import Sample, interleaved


def test_one_disturbed_round_does_not_move_the_median() -> None:
    assert Sample((1.0, 1.1, 0.9, 50.0, 1.0)).median == 1.0


def test_a_ratio_is_taken_round_by_round_so_that_a_drifting_machine_cancels_out() -> None:
    ours, peer = Sample((2.0, 20.0, 200.0)), Sample((1.0, 10.0, 100.0))

    assert ours.over(peer).values == (2.0, 2.0, 2.0)


def test_rounds_that_do_not_pair_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        Sample((1.0, 2.0)).over(Sample((1.0,)))


def test_a_sample_without_a_round_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Sample(())


def test_the_sides_take_turns_after_a_round_that_does_not_count() -> None:
    turns: list[str] = []

    def side(name: str) -> float:
        turns.append(name)
        return float(len(turns))

    measured = interleaved({"ours": lambda: side("ours"), "peer": lambda: side("peer")}, 5)

    assert turns == ["ours", "peer"] * 6
    assert measured["ours"].values == (3.0, 5.0, 7.0, 9.0, 11.0)


def test_fewer_than_five_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="at least 5 rounds"):
        interleaved({"ours": lambda: 1.0}, 4)
