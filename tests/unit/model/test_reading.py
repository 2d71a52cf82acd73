import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, Reason, bad

POINT = PointId("pdu-a/power")
values = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
reasons = st.sampled_from(Reason)


@pytest.mark.parametrize(
    ("quality", "reason"), [(Quality.GOOD, Reason.STALE), (Quality.BAD, None), (Quality.UNCERTAIN, None)]
)
def test_quality_and_reason_never_contradict_each_other(quality, reason):
    with pytest.raises(ValueError, match="cannot make a reading of pdu-a/power"):
        Reading(POINT, 1.0, 0.0, quality, reason)


def test_a_good_reading_has_a_value():
    with pytest.raises(ValueError, match="GOOD reading of pdu-a/power without a value"):
        Reading(POINT, None, 0.0)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize(("quality", "reason"), [(Quality.GOOD, None), (Quality.BAD, Reason.GARBLED)])
def test_a_number_is_finite(value, quality, reason):
    with pytest.raises(ValueError, match="is not a number"):
        Reading(POINT, value, 0.0, quality, reason)


@given(values.filter(lambda value: value is not None))
def test_any_value_can_be_good_also_zero_and_false_and_nothing_written(value):
    assert Reading(POINT, value, 5.0).value == value


@given(reasons, st.floats(0, 1e9), values)
def test_a_failed_reading_has_no_value_and_says_why(reason, time_s, raw):
    reading = bad(POINT, reason, time_s, source="1.3.6", raw=raw)
    assert (reading.value, reading.quality, reading.reason) == (None, Quality.BAD, reason)
    assert (reading.time_s, reading.source, reading.raw) == (time_s, "1.3.6", raw)


@given(reasons, reasons)
def test_a_mark_takes_trust_and_never_gives_it(first, second):
    good = Reading(POINT, 1.0, 0.0, source="x", raw=10)
    doubtful = good.marked(Quality.UNCERTAIN, first)
    assert doubtful == Reading(POINT, 1.0, 0.0, Quality.UNCERTAIN, first, "x", 10)
    lost = doubtful.marked(Quality.BAD, second)
    assert (lost.value, lost.quality, lost.reason) == (1.0, Quality.BAD, second)
    assert lost.marked(Quality.UNCERTAIN, first) is lost
    with pytest.raises(ValueError, match="cannot make"):
        good.marked(Quality.GOOD, first)
