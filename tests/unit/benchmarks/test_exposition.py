"""What is read off two looks at ``/metrics``."""

import pytest

from benchmarks.exposition import Exposition, quantile
from edgeagent.api.exposition import render
from edgeagent.core.clock import ManualClock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State

LAG = "lag_seconds"


def looked(metrics: Metrics) -> Exposition:
    return Exposition(render(metrics, State(ManualClock())))


def test_a_counter_is_summed_over_its_labels_and_no_others_of_a_longer_name() -> None:
    metrics = Metrics()
    readings, more = metrics.counter("readings", "some"), metrics.counter("readings_more", "others")
    readings.add(2, device="a")
    readings.add(3, device="b")
    more.add(7)
    assert looked(metrics).total("readings_total") == 5
    assert looked(metrics).total("nothing") == 0


def test_a_quantile_is_of_what_came_between_two_looks() -> None:
    metrics = Metrics()
    lag = metrics.histogram(LAG, "how late", (0.001, 0.002, 0.005))
    for _ in range(1000):
        lag.observe(1.0)  # before the first look: the start was late, and is over
    before = looked(metrics).buckets(LAG)
    for _ in range(99):
        lag.observe(0.0005)
    lag.observe(0.003)
    after = looked(metrics).buckets(LAG)
    assert quantile(before, after, 0.5) < 0.001
    assert quantile(before, after, 0.99) == pytest.approx(0.001)
    assert 0.002 < quantile(before, after, 0.995) <= 0.005


def test_beyond_the_last_bound_the_bound_is_told() -> None:
    assert quantile([], [(0.5, 0), (float("inf"), 4)], 0.99) == 0.5


def test_nothing_that_came_has_no_quantile() -> None:
    with pytest.raises(ValueError, match="observed"):
        quantile([(0.5, 3)], [(0.5, 3)], 0.99)
