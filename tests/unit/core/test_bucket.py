"""A budget that fills again with time."""

from edgeagent.core.bucket import Bucket


def test_so_much_may_happen_at_once_and_then_so_much_a_second():
    bucket = Bucket(3.0, 0.5)
    assert [bucket.take(10.0) for _ in range(4)] == [True, True, True, False]
    assert not bucket.take(11.0)
    assert bucket.take(12.0)
    assert not bucket.take(12.0)


def test_it_never_holds_more_than_its_burst_and_time_that_runs_back_fills_nothing():
    bucket = Bucket(2.0, 1.0)
    assert [bucket.take(0.0) for _ in range(3)] == [True, True, False]
    assert [bucket.take(1000.0) for _ in range(3)] == [True, True, False]
    assert not bucket.take(500.0)
