"""The model's values keep their promises."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.journal import Ack, Batch, Position, Stream
from edgeagent.model.points import DeviceId, Point, device_of, name_of, point_id
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.model.site import Load, Outlet, RackPdu, ServiceClass, Site
from edgeagent.model.snapshot import Snapshot
from edgeagent.model.units import UNIT_OF_KIND, Kind

P = point_id(DeviceId("pdu"), "outlet.1.power")


def test_every_kind_has_one_unit():
    assert set(UNIT_OF_KIND) == set(Kind)
    assert Point(DeviceId("pdu"), "outlet.1.power", Kind.POWER).unit == "W"


def test_a_point_id_comes_apart_again():
    point = Point(DeviceId("pdu-a1"), "outlet.12.power", Kind.POWER)
    assert (device_of(point.id), name_of(point.id)) == ("pdu-a1", "outlet.12.power")


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_none_makes_no_reading(value):
    with pytest.raises(ValueError, match="not a number"):
        Reading(P, value, 1.0)


@pytest.mark.parametrize(
    ("value", "quality", "reason"),
    [
        (None, Quality.GOOD, None),
        (1.0, Quality.GOOD, Reason.STALE),
        (1.0, Quality.UNCERTAIN, None),
        (None, Quality.BAD, None),
    ],
)
def test_quality_value_and_reason_agree_or_there_is_no_reading(value, quality, reason):
    with pytest.raises(ValueError, match="cannot make a"):
        Reading(P, value, 1.0, quality, reason)


def test_a_true_zero_is_good():
    assert Reading(P, 0, 1.0).quality is Quality.GOOD


def test_a_mark_takes_trust_and_never_gives_it():
    uncertain = Reading(P, 5.0, 1.0).marked(Quality.UNCERTAIN, Reason.IDENTITY)
    assert (uncertain.value, uncertain.quality, uncertain.reason) == (5.0, Quality.UNCERTAIN, Reason.IDENTITY)
    failed = bad(P, Reason.ABSENT, 1.0)
    assert failed.marked(Quality.UNCERTAIN, Reason.IDENTITY) is failed


def test_a_snapshot_knows_ages_and_what_it_does_not_know():
    snapshot = Snapshot(10.0, 1, {P: Reading(P, 5.0, 7.5)})
    assert snapshot.age_s(P) == 2.5
    assert snapshot.age_s(point_id(DeviceId("pdu"), "other")) is None


def test_positions_sort_by_epoch_then_sequence():
    assert Position(1, 900) < Position(2, 1) < Position(2, 2)


@given(first=st.integers(1, 1000), count=st.integers(1, 100))
def test_a_batch_ends_where_its_records_end(first, count):
    batch = Batch(Stream.AUDIT, 1, first, tuple(b"" for _ in range(count)))
    assert batch.last_sequence == first + count - 1


def test_an_ack_speaks_of_its_highest_range():
    assert Ack("pod", Stream.AUDIT, 1, 10).highest == 10
    assert Ack("pod", Stream.AUDIT, 1, 10, ((20, 30), (12, 15))).highest == 30


def test_a_load_hangs_on_the_feeds_of_its_cords():
    pdus = {name: RackPdu(name, feed, "r1") for name, feed in (("a", "A"), ("b", "B"))}
    load = Load("server", ServiceClass.P1, "r1", (Outlet("a", 1), Outlet("b", 2), Outlet("gone", 1)))
    site = Site(("A", "B"), pdus=pdus, loads={"server": load})
    assert site.feeds_of(load) == {"A", "B"}
    assert site.load_at(Outlet("b", 2)) is load
    assert site.load_at(Outlet("b", 3)) is None
    assert str(Outlet("b", 2)) == "b/outlet.2"
