"""Rounds of polls: long enough to see their cost, and counted apart from how long they take."""

from collections.abc import Sequence

from benchmarks.polls import LEAST_POLLS, MAX_POLLS, Side
from benchmarks.rounds import MIN_ROUNDS, interleaved


class Steady:
    """Costs and takes the same each time."""

    def __init__(self, cost_s: float, took_ms: float) -> None:
        self._cost_s, self._took_ms = cost_s, took_ms
        self.polls = 0

    def poll(self, times: int) -> Sequence[float]:
        self.polls += times
        return [self._took_ms] * times

    def spent_s(self) -> float:
        return self.polls * self._cost_s


def test_a_round_is_long_against_the_cost_of_a_poll() -> None:
    cheap, dear = Side(Steady(10e-6, 0.1)), Side(Steady(0.5, 600.0))
    cheap.calibrate()
    dear.calibrate()
    assert LEAST_POLLS < cheap.polls <= MAX_POLLS
    assert dear.polls == LEAST_POLLS


def test_cost_is_per_poll_and_the_round_that_warms_up_does_not_count() -> None:
    side = Side(Steady(200e-6, 1.5))
    cost_us = interleaved({"ours": side.round_us}, MIN_ROUNDS)["ours"]
    assert round(cost_us.median) == 200
    p50, p99 = side.latencies()
    assert (p50.median, p99.median) == (1.5, 1.5)
    assert len(p50.values) == len(cost_us.values)
