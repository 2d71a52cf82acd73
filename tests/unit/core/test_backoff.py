import random

from hypothesis import given
from hypothesis import strategies as st

from edgeagent.core.backoff import Backoff


@given(st.integers(0, 10_000), st.floats(0.01, 10.0), st.floats(10.0, 1000.0), st.randoms(use_true_random=False))
def test_each_wait_lies_between_half_and_all_of_its_ceiling(failures, first_s, last_s, dice):
    backoff = Backoff(first_s, last_s, dice, failures)
    ceiling_s = min(last_s, first_s * 2.0 ** min(failures, 100))
    assert ceiling_s / 2 <= backoff.next_s() <= ceiling_s
    assert backoff.failures == failures + 1


def test_waits_double_and_a_success_starts_over():
    backoff = Backoff(1.0, 8.0, random.Random(1))
    waits = [backoff.next_s() for _ in range(5)]
    assert all(low <= wait <= 2 * low for wait, low in zip(waits, (0.5, 1, 2, 4, 4), strict=True))
    backoff.reset()
    assert backoff.failures == 0
    assert backoff.next_s() <= 1.0


def test_two_pods_do_not_come_back_in_the_same_moment():
    assert len({Backoff().next_s() for _ in range(100)}) > 90
