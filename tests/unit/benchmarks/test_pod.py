"""The figures of whole pods: cost against its target, lag beside an idle loop, and growth with the racks."""

from benchmarks.pod import Seen, figures
from benchmarks.rounds import Sample
from benchmarks.windows import Watched


def seen(cpu_percent: float, readings: float, lag_p99_ms: float = 1.0) -> Seen:
    watched = Watched(Sample((180.0,)), Sample((140.0,)), Sample((cpu_percent,)))
    return Seen(100, 4.0, 9.0, watched, readings, lag_p99_ms, 0.5)


def test_cost_and_lag_are_judged_at_the_big_pod_and_growth_against_the_racks() -> None:
    found = {one.name: one for one in figures(seen(3.0, 2500), seen(9.0, 10_000, 6.0))}
    assert found["pod24_cpu_percent"].ok
    assert found["pod24_loop_lag_p99_ms"].value == 5.5
    assert found["pod24_loop_lag_p99_ms"].ok is False, "what an idle loop shows too is taken off, and no more"
    assert found["pod6_cpu_percent"].ok is None
    assert (found["cpu_growth"].value, found["cpu_growth"].peer_value) == (3.0, 4.0)
    assert found["cpu_growth"].ok


def test_a_reading_costs_what_the_period_costs_by_its_number() -> None:
    found = {one.name: one for one in figures(seen(3.0, 2500), seen(10.0, 10_000))}
    assert found["pod24_us_per_reading"].value == 100.0


def test_a_loop_that_is_less_late_than_an_idle_one_is_not_late() -> None:
    found = {one.name: one for one in figures(seen(3.0, 2500, 0.2), seen(10.0, 10_000, 0.2))}
    assert found["pod24_loop_lag_p99_ms"].value == 0.0
