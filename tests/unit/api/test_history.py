"""The last hour has gaps where nothing good was read, and never grows."""

from edgeagent.api.history import SLOTS, STEP_S, History
from edgeagent.core.clock import ManualClock
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, Identity
from edgeagent.model.points import DeviceId, Point
from edgeagent.model.reading import Reading, ReadingBatch, Reason
from edgeagent.model.units import Kind

PDU = DeviceId("pdu-a1")
INLET, POWER = Point(PDU, "probe.1.temperature", Kind.TEMPERATURE), Point(PDU, "inlet.power", Kind.POWER)
OUTLET, VOLTAGE = Point(PDU, "outlet.1.power", Kind.POWER), Point(PDU, "inlet.voltage", Kind.VOLTAGE)
POINTS = (INLET, POWER, OUTLET, VOLTAGE)


def image() -> State:
    state = State(ManualClock())
    state.describe(PDU, DeviceInfo(Identity(), POINTS, ()))
    return state


def read(state: State, inlet_cel: float) -> None:
    state.publish(ReadingBatch(PDU, "all", 1000.0, [Reading(INLET.id, inlet_cel, 1000.0)]))


def test_one_value_is_kept_per_slot_and_the_newest_is_last() -> None:
    state = image()
    history = History(state)
    for second in range(25):
        read(state, 20.0 + second)
        history.sample(1000.0 + second)
    assert history.values(INLET.id)[-4:] == [None, 20.0, 30.0, 40.0]
    assert len(history.values(INLET.id)) == SLOTS
    assert history.end_s == 1020


def test_a_failed_reading_is_a_gap_and_not_zero() -> None:
    state = image()
    history = History(state)
    read(state, 24.8)
    history.sample(1000.0)
    state.fail(PDU, "all", [INLET.id], Reason.DISCONNECTED)
    history.sample(1010.0)
    assert history.values(INLET.id)[-2:] == [24.8, None]


def test_slots_that_nobody_sampled_are_gaps() -> None:
    state = image()
    history = History(state)
    read(state, 24.8)
    history.sample(1000.0)
    history.sample(1030.0)
    assert history.values(INLET.id)[-5:] == [None, 24.8, None, None, 24.8]
    history.sample(1030.0 + 2 * SLOTS * STEP_S)
    assert [value for value in history.values(INLET.id) if value is not None] == [24.8]


def test_temperatures_and_powers_are_kept_single_outlets_and_voltages_are_not() -> None:
    history = History(image())
    history.sample(1000.0)
    assert [point.id in history for point in POINTS] == [True, True, False, False]


def test_what_finds_no_room_is_counted_and_a_vanished_point_makes_room() -> None:
    state = image()
    history = History(state, max_points=1)
    history.sample(1000.0)
    assert (INLET.id in history, POWER.id in history, history.left_out) == (True, False, 1)
    state.describe(PDU, DeviceInfo(Identity(), (POWER,), ()))
    history.sample(1010.0)
    assert (INLET.id in history, POWER.id in history, history.left_out) == (False, True, 0)
