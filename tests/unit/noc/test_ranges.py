import itertools

from hypothesis import given
from hypothesis import strategies as st

from edgeagent.noc.ranges import Ranges

SPANS = st.lists(st.tuples(st.integers(1, 60), st.integers(0, 10)).map(lambda one: (one[0], one[0] + one[1])))


@given(SPANS, st.integers(1, 70), st.integers(0, 10))
def test_ranges_are_the_set_of_what_was_put_in(spans, first, more):
    ranges, truth = Ranges(), set()
    for low, high in spans:
        ranges.add(low, high)
        truth |= set(range(low, high + 1))
    last = first + more
    assert {number for low, high in ranges for number in range(low, high + 1)} == truth
    assert ranges.total == len(truth)
    assert ranges.highest == max(truth, default=0)
    assert all(low <= high for low, high in ranges)
    pairs = list(ranges)
    assert all(before[1] + 1 < after[0] for before, after in itertools.pairwise(pairs))
    assert (first in ranges) == (first in truth)
    asked = set(range(first, last + 1))
    assert ranges.touches(first, last) == bool(asked & truth)
    holes = {number for low, high in ranges.holes(first, last) for number in range(low, high + 1)}
    assert holes == asked - truth
    watermark = 0
    while watermark + 1 in truth:
        watermark += 1
    assert ranges.watermark == watermark
    twin = ranges.copy()
    twin.add(500, 500)
    assert 500 not in ranges
