import math
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.errors import WireError
from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, ReadingBatch, Reason, bad
from edgeagent.wire import record
from edgeagent.wire.record import (
    AlarmChanged,
    Audited,
    ClockAnchor,
    Described,
    Entry,
    EpochOpened,
    Gap,
    Lost,
    PointSpec,
    Sample,
)

RECORDS = [
    Sample("abcdef01", 12.5, "pdu-a", "fast", (Entry("p", 1.5), Entry("q", None, "BAD", "stale"), Entry("r", "open"))),
    Described("abcdef01", 1.0, "pdu-a", "v", "m", "s", "f", (PointSpec("p", "Power", "W", "number", (), "label"),)),
    ClockAnchor("a" * 32, 1.0, 1e9, True, "start"),
    EpochOpened("unclean start", ((1, 20), (2, 0))),
    Gap(1, 5, 9, "budget"),
    Lost("queue full", 12),
    Audited("00" * 32, "abcdef01", 1.0, "agent", "start", "detail"),
    AlarmChanged("abcdef01", 1.0, "a", "major", "text", "b", "c", "shelved", True, "N. Berg", "why", 61.0, 3),
]


@pytest.mark.parametrize("one", RECORDS, ids=lambda one: type(one).__name__)
def test_a_record_comes_back_as_it_was(one):
    assert record.decode(record.encode(one)) == one


def test_integers_stay_integers_and_booleans_stay_booleans():
    values = (2**64 - 1, -5, True, False, 1.0, "on")
    decoded = record.decode(record.encode(Sample("b", 1.0, "d", "g", tuple(Entry("p", value) for value in values))))
    assert isinstance(decoded, Sample)
    assert [(type(entry.value), entry.value) for entry in decoded.readings] == [(type(one), one) for one in values]


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_refused(number):
    for one in (Sample("b", number, "d", "g", ()), Sample("b", 1.0, "d", "g", (Entry("p", number),))):
        with pytest.raises(WireError):
            record.decode(record.encode(one))
    with pytest.raises(WireError):
        record.decode(record.encode(ClockAnchor("b", number, 1.0, True, "start")))


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_an_alarm_whose_times_are_not_finite_is_refused(number):
    for time_s, until_s in ((number, None), (1.0, number)):
        one = AlarmChanged("b", time_s, "a", "major", "t", "", "", "raised", True, until_s=until_s)
        with pytest.raises(WireError):
            record.decode(record.encode(one))


def test_an_alarm_of_the_first_kind_is_read_for_good():
    """Its fields and their order are released: more may only come at the end, with a default."""
    raw = msgspec.msgpack.encode(["alarm", "b", 1.0, "a", "major", "t", "", "", "cleared", False])
    assert record.decode(raw) == AlarmChanged("b", 1.0, "a", "major", "t", "", "", "cleared", False)
    later = msgspec.msgpack.encode(["alarm", "b", 1.0, "a", "major", "t", "", "", "new", True, "", "", None, 2, "more"])
    assert record.decode(later) == AlarmChanged("b", 1.0, "a", "major", "t", "", "", "new", True, times=2)


@pytest.mark.parametrize(
    "raw",
    [b"", b"\xc0", b"\x93", msgspec.msgpack.encode(["other", 1]), msgspec.msgpack.encode(["gap", 1, 2, 2**63, "x"])],
)
def test_what_is_not_a_record_is_refused(raw):
    with pytest.raises(WireError):
        record.decode(raw)


def test_a_text_without_end_is_refused():
    with pytest.raises(WireError):
        record.decode(record.encode(Lost("x" * 1025, 1)))


@given(st.binary(max_size=300))
def test_no_bytes_break_the_decoder(raw):
    for one in (raw, b"\x95\xa3gap" + raw, b"\x96\xa6sample" + raw):
        with suppress(WireError):
            record.decode(one)


@given(st.sampled_from(RECORDS), st.data())
def test_a_changed_byte_gives_another_record_or_an_error(one, data):
    spoilt = bytearray(record.encode(one))
    spoilt[data.draw(st.integers(0, len(spoilt) - 1))] ^= data.draw(st.integers(1, 255))
    with suppress(WireError):
        record.decode(bytes(spoilt))


def test_a_poll_becomes_a_sample():
    good, stale = Reading(PointId("d/p"), 5, 1.0), bad(PointId("d/q"), Reason.STALE, 1.0)
    sample = record.sample_of("abcdef0123", ReadingBatch("d", "g", 1.0, [good, stale]))
    assert sample.boot == "abcdef01"
    assert sample.readings == (Entry("p", 5), Entry("q", None, Quality.BAD.value, Reason.STALE.value))
