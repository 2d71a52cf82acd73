import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, DeviceState, DeviceStatus, Group, Identity
from edgeagent.model.points import DeviceId, Point, PointId, ValueType
from edgeagent.model.reading import Quality, Reading, ReadingBatch, Reason
from edgeagent.model.units import Kind

PDU = DeviceId("pdu-a")


def info(*names, kind=Kind.POWER, **rest):
    points = tuple(Point(PDU, name, kind, **rest) for name in names)
    return DeviceInfo(Identity(serial="1"), points, (Group("all", 5.0, 2.0, frozenset(names)),))


def batch(**values):
    readings = [Reading(PointId(f"pdu-a/{name}"), value, 1000.0) for name, value in values.items()]
    return ReadingBatch(PDU, "all", 1000.0, readings)


@pytest.fixture
def clock():
    return ManualClock(now_s=1000.0)


@pytest.fixture
def state(clock):
    return State(clock)


def test_a_described_point_is_bad_until_it_is_read(state):
    state.describe(PDU, info("one"))
    reading = state.reading(PointId("pdu-a/one"))
    assert (reading.value, reading.quality, reading.reason) == (None, Quality.BAD, Reason.NEVER_READ)
    assert state.reading(PointId("pdu-a/two")) is None
    state.publish(batch(one=5.0))
    assert state.reading(PointId("pdu-a/one")).value == 5.0


def test_a_vanished_point_leaves_and_the_others_keep_their_readings(state):
    state.describe(PDU, info("one", "two"))
    state.describe(DeviceId("other"), DeviceInfo(Identity(), (Point(DeviceId("other"), "x", Kind.POWER),), ()))
    state.publish(batch(one=1.0, two=2.0))
    state.describe(PDU, info("two", "three"))
    assert {point: reading.value for point, reading in state.snapshot().readings.items()} == {
        "pdu-a/two": 2.0,
        "pdu-a/three": None,
        "other/x": None,
    }
    assert {point.id for point in state.points()} == {"pdu-a/two", "pdu-a/three", "other/x"}


def test_a_reading_does_not_outlive_what_its_point_meant(state):
    state.describe(PDU, info("one"))
    state.publish(batch(one=230.0))
    state.describe(PDU, info("one", label="Server 4"))
    assert state.reading(PointId("pdu-a/one")).value == 230.0
    state.describe(PDU, info("one", kind=Kind.STATE, type=ValueType.CODE, codes=("on", "off")))
    assert state.reading(PointId("pdu-a/one")).reason is Reason.NEVER_READ


def test_only_a_changed_description_is_told(state):
    with state.described.subscribe("test") as told:
        state.describe(PDU, info("one"))
        state.describe(PDU, info("one"))
        state.describe(PDU, info("two"))
        assert told.drain() == [(PDU, info("one")), (PDU, info("two"))]
    assert state.infos() == {PDU: info("two")}


def test_every_batch_is_told_and_counts_as_a_version(state):
    state.describe(PDU, info("one"))
    before = state.snapshot()
    with state.batches.subscribe("test") as told:
        state.publish(batch(one=1.0))
        assert told.drain() == [batch(one=1.0)]
    assert state.snapshot().version == before.version + 1


def test_a_batch_with_an_unknown_point_changes_nothing(state):
    state.describe(PDU, info("one"))
    before = state.snapshot()
    with state.batches.subscribe("test") as told:
        with pytest.raises(KeyError, match="pdu-a/strange"):
            state.publish(batch(one=1.0, strange=2.0))
        assert told.drain() == []
    assert state.snapshot() == before


def test_a_snapshot_stands_still(state):
    state.describe(PDU, info("one"))
    snapshot = state.snapshot()
    state.publish(batch(one=1.0))
    assert snapshot.readings[PointId("pdu-a/one")].value is None
    with pytest.raises(TypeError):
        snapshot.readings[PointId("pdu-a/one")] = None


async def test_a_snapshot_knows_the_age_of_a_reading(state, clock):
    state.describe(PDU, info("one"))
    await clock.advance(2.5)
    assert state.snapshot().age_s(PointId("pdu-a/one")) == 2.5
    assert state.snapshot().age_s(PointId("pdu-a/none")) is None


async def test_failed_points_lose_their_value_and_say_why(state, clock):
    state.describe(PDU, info("one", "two"))
    state.publish(batch(one=1.0, two=2.0))
    await clock.advance(1.0)
    with state.batches.subscribe("test") as told:
        state.fail(PDU, "all", [PointId("pdu-a/one"), PointId("pdu-a/gone")], Reason.DISCONNECTED)
        assert [[reading.point for reading in one.readings] for one in told.drain()] == [["pdu-a/one"]]
        state.fail(PDU, "all", [PointId("pdu-a/gone")], Reason.DISCONNECTED)
        assert told.drain() == []
    reading = state.reading(PointId("pdu-a/one"))
    assert (reading.value, reading.reason, reading.time_s) == (None, Reason.DISCONNECTED, 1001.0)
    assert state.reading(PointId("pdu-a/two")).value == 2.0
    assert state.counts() == {Quality.GOOD: 1, Quality.UNCERTAIN: 0, Quality.BAD: 1}


def test_the_status_of_a_device_is_its_last(state):
    for name in (DeviceState.CONNECTING, DeviceState.ONLINE):
        state.report(DeviceStatus("pdu-a", name, 1000.0))
    assert state.statuses() == {PDU: DeviceStatus("pdu-a", DeviceState.ONLINE, 1000.0)}


def test_of_a_forgotten_device_nothing_stays_and_the_others_do(state):
    other = DeviceId("other")
    state.describe(PDU, info("one", "two"))
    state.describe(other, DeviceInfo(Identity(), (Point(other, "x", Kind.POWER),), ()))
    for device in (PDU, other):
        state.report(DeviceStatus(device, DeviceState.ONLINE, 1000.0))
    version = state.snapshot().version
    state.forget(PDU)
    state.forget(DeviceId("nobody"))
    assert list(state.snapshot().readings) == ["other/x"]
    assert [point.id for point in state.points()] == ["other/x"]
    assert list(state.infos()) == list(state.statuses()) == [other]
    assert state.snapshot().version > version
    with state.described.subscribe("test") as described:
        state.describe(PDU, info("one", "two"))  # it comes back, and is described again
        assert len(described.drain()) == 1


def test_what_never_had_a_value_is_missed_only_once_it_had_one(state):
    state.describe(PDU, info("one", "two"))
    one, two = PointId("pdu-a/one"), PointId("pdu-a/two")
    state.fail(PDU, "all", [one, two], Reason.SENTINEL)
    assert [state.is_missed(state.reading(name)) for name in (one, two)] == [False, False]
    state.publish(batch(one=1.0))
    state.describe(PDU, info("one", "two"))
    state.fail(PDU, "all", [one, two], Reason.SENTINEL)
    assert [state.is_missed(state.reading(name)) for name in (one, two)] == [True, False]
    state.fail(PDU, "all", [two], Reason.DISCONNECTED)
    assert state.is_missed(state.reading(two))
