import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.core.metrics import MAX_SERIES, Histogram, Metrics, labels_of

BOUNDS = (0.001, 0.01, 0.1, 1.0)


def test_a_counter_grows_per_label_and_the_order_of_labels_is_nothing():
    family = Metrics().counter("polls", "Polls")
    family.add(device="a", group="fast")
    family.add(2, group="fast", device="a")
    assert family.get(device="a", group="fast") == 3
    assert family.get(device="b") == 0
    assert family.values == {labels_of({"device": "a", "group": "fast"}): 3}


def test_a_gauge_holds_its_last_value():
    family = Metrics().gauge("depth", "Depth")
    family.set(5.0)
    family.set(3.0)
    assert family.get() == 3.0


def test_series_are_bounded_and_what_goes_beyond_is_counted_without_labels():
    family = Metrics().counter("polls", "Polls")
    for number in range(MAX_SERIES + 10):
        family.add(device=str(number))
    family.add(device="0")
    assert len(family.values) == MAX_SERIES + 1
    assert family.get() == 10
    assert family.get(device="0") == 2


def test_the_series_of_what_is_gone_are_dropped():
    family = Metrics().counter("failures", "Failures")
    family.add(device="a", reason="garbled")
    family.add(device="a", reason="refused")
    family.add(device="b", reason="refused")
    family.forget(device="a")
    assert family.values == {labels_of({"device": "b", "reason": "refused"}): 1}


def test_a_name_means_one_thing():
    metrics = Metrics()
    assert metrics.counter("polls", "Polls") is metrics.counter("polls", "Polls")
    assert metrics.histogram("lag", "Lag", BOUNDS) is metrics.histogram("lag", "Lag", BOUNDS)
    for again in (
        lambda: metrics.gauge("polls", "Polls"),
        lambda: metrics.histogram("polls", "Polls", BOUNDS),
        lambda: metrics.counter("lag", "Lag"),
    ):
        with pytest.raises(ValueError, match="is a metric already"):
            again()


def test_metrics_come_by_name_and_collectors_bring_them_up_to_date():
    metrics = Metrics()
    metrics.gauge("b", "B")
    metrics.counter("a", "A")
    metrics.histogram("d", "D", BOUNDS)
    metrics.histogram("c", "C", BOUNDS)
    metrics.collector(lambda: metrics.gauge("b", "B").set(7))
    metrics.collect()
    assert [family.name for family in metrics.families()] == ["a", "b"]
    assert [histogram.name for histogram in metrics.histograms()] == ["c", "d"]
    assert metrics.gauge("b", "B").get() == 7


def test_nothing_observed_has_no_quantile():
    assert Histogram("lag", "Lag", BOUNDS).quantile(0.99) == 0.0


def test_an_observation_on_a_bound_counts_below_it():
    histogram = Histogram("lag", "Lag", BOUNDS)
    histogram.observe(0.01)
    assert histogram.buckets == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(("share", "expected"), [(0.0, 0.01), (0.5, 0.01), (0.51, 0.1), (0.99, 0.1), (1.0, 5.0)])
def test_a_quantile_is_the_bound_of_the_bucket_that_holds_it(share, expected):
    histogram = Histogram("lag", "Lag", BOUNDS)
    for value in [0.005] * 50 + [0.05] * 49 + [5.0]:
        histogram.observe(value)
    assert histogram.quantile(share) == expected


def test_seven_of_a_hundred_are_seven_percent():
    histogram = Histogram("lag", "Lag", BOUNDS)
    for value in [0.005] * 7 + [0.5] * 93:
        histogram.observe(value)
    assert histogram.quantile(0.07) == 0.01  # 0.07 * 100 is a little over 7


def test_the_greatest_of_negative_observations_is_negative():
    histogram = Histogram("drift", "Drift", (-1.0, 0.0, 1.0))
    histogram.observe(-0.5)
    assert histogram.max == -0.5
    assert histogram.quantile(0.5) == -0.5


@given(st.lists(st.floats(0, 10), min_size=1), st.floats(0, 1))
def test_a_quantile_is_never_below_the_true_one_nor_above_the_greatest(values, share):
    histogram = Histogram("lag", "Lag", BOUNDS)
    for value in values:
        histogram.observe(value)
    rank = max(1, math.ceil(round(share * len(values), 6)))
    assert sorted(values)[rank - 1] <= histogram.quantile(share) <= max(values)
    assert histogram.count == sum(histogram.buckets) == len(values)
    assert histogram.sum == pytest.approx(sum(values))
