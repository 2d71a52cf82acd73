"""The exposition is valid OpenMetrics and never shows a reading that is not GOOD."""

from edgeagent.api.exposition import render
from edgeagent.core.clock import ManualClock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, Identity
from edgeagent.model.points import DeviceId, Point, ValueType
from edgeagent.model.reading import Reading, ReadingBatch, Reason, bad
from edgeagent.model.units import Kind

PDU = DeviceId("pdu-a1")
POINTS = (
    Point(PDU, "inlet.power", Kind.POWER),
    Point(PDU, "inlet.energy", Kind.ENERGY),
    Point(PDU, "outlet.1.state", Kind.SWITCH, ValueType.CODE, ("on", "off")),
    Point(PDU, "inlet.voltage", Kind.VOLTAGE),
    Point(PDU, "name", Kind.TEXT, ValueType.TEXT),
)


def image() -> State:
    state = State(ManualClock())
    state.describe(PDU, DeviceInfo(Identity(), POINTS, ()))
    readings = [
        Reading(POINTS[0].id, 1665.0, 1000.0),
        Reading(POINTS[1].id, 2.5, 1000.0),
        Reading(POINTS[2].id, "on", 1000.0),
        bad(POINTS[3].id, Reason.SENTINEL, 1000.0),
        Reading(POINTS[4].id, "rack 1", 1000.0),
    ]
    state.publish(ReadingBatch(PDU, "all", 1000.0, readings))
    return state


def test_readings_bear_otel_names_and_base_units() -> None:
    lines = render(Metrics(), image()).splitlines()
    assert 'hw_power_watts{device="pdu-a1",point="inlet.power"} 1665' in lines
    assert 'hw_energy_joules{device="pdu-a1",point="inlet.energy"} 9000' in lines
    assert 'hw_switch{device="pdu-a1",point="outlet.1.state"} 1' in lines


def test_a_bad_reading_is_absent_and_never_zero() -> None:
    assert "hw_voltage_volts" not in render(Metrics(), image())


def test_text_is_not_a_metric() -> None:
    assert "rack 1" not in render(Metrics(), image())


def test_counters_end_in_total_and_the_text_ends_in_eof() -> None:
    metrics = Metrics()
    metrics.counter("edgeagent_frames", "Frames").add(3, stream="audit")
    text = render(metrics, State(ManualClock()))
    assert 'edgeagent_frames_total{stream="audit"} 3' in text
    assert text.endswith("# EOF\n")


def test_labels_are_escaped() -> None:
    metrics = Metrics()
    metrics.gauge("edgeagent_up", "Up").set(1, device='a"b\\c\nd')
    assert 'edgeagent_up{device="a\\"b\\\\c\\nd"} 1' in render(metrics, State(ManualClock()))


def test_a_histogram_is_cumulative() -> None:
    metrics = Metrics()
    histogram = metrics.histogram("edgeagent_poll_seconds", "Polls", (0.1, 1.0))
    for value in (0.05, 0.5, 5.0):
        histogram.observe(value)
    lines = render(metrics, State(ManualClock())).splitlines()
    assert 'edgeagent_poll_seconds_bucket{le="0.1"} 1' in lines
    assert 'edgeagent_poll_seconds_bucket{le="1.0"} 2' in lines
    assert 'edgeagent_poll_seconds_bucket{le="+Inf"} 3' in lines
    assert "edgeagent_poll_seconds_count 3" in lines


def test_collectors_run_before_rendering() -> None:
    metrics = Metrics()
    gauge = metrics.gauge("edgeagent_pending", "Pending")
    metrics.collector(lambda: gauge.set(7))
    assert "edgeagent_pending 7" in render(metrics, State(ManualClock()))
