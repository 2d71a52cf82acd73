from dataclasses import replace
from types import MappingProxyType

import pytest

from edgeagent.autonomy.estimates.condensation import CondensationAlarms, margins
from edgeagent.autonomy.estimates.pod import DERIVED, PodEstimates
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.points import DeviceId, Point, PointId, point_id
from edgeagent.model.reading import Quality, Reading, ReadingBatch, Reason, bad
from edgeagent.model.snapshot import Snapshot
from edgeagent.model.units import Kind
from tests.unit.autonomy.stand import Stand

RATING_W = 1800.0


class Pod:
    """The scenarios' pod (800 W on each PDU) with ratings, a coolant loop and a probe."""

    def __init__(self) -> None:
        self.stand = Stand()
        ratings = dict.fromkeys(self.stand.world.site.pdus, RATING_W)
        self.tables = replace(self.stand.tables, ratings_w=MappingProxyType(ratings))
        self.state, self.clock = self.stand.state, self.stand.clock
        self.estimates = PodEstimates(self.stand.world.site, self.tables, state=self.state, clock=self.clock)
        self.add("cdu-1", "secondary.supply.temperature")
        self.add("crac-north", "probe.1.dew_point")

    def add(self, device: str, name: str) -> None:
        name_of = DeviceId(device)
        points = (Point(name_of, name, Kind.TEMPERATURE),)
        self.state.describe(name_of, DeviceInfo(Identity(), points, (Group("all", 10.0, 5.0, frozenset({name})),)))

    def cool(self, supply_c: float | None, dew_c: float | None) -> None:
        for device, name, value in (
            ("cdu-1", "secondary.supply.temperature", supply_c),
            ("crac-north", "probe.1.dew_point", dew_c),
        ):
            point, now_s = point_id(DeviceId(device), name), self.clock.now_s()
            reading = bad(point, Reason.SENTINEL, now_s) if value is None else Reading(point, value, now_s)
            self.state.publish(ReadingBatch(DeviceId(device), "all", now_s, [reading]))

    def reading(self, name: str) -> Reading:
        found = self.state.reading(point_id(DERIVED, name))
        assert found is not None
        return found


@pytest.fixture
def pod() -> Pod:
    pod = Pod()
    # The cooling devices of the scenarios are described anew by a probe here; only PDUs are polled.
    pod.stand.world.values = {one: value for one, value in pod.stand.world.values.items() if "crac" not in one}
    pod.stand.poll()
    pod.cool(18.0, 12.0)
    pod.estimates.turn()
    return pod


def test_each_feed_has_the_power_of_its_pdus(pod: Pod) -> None:
    found = pod.reading("feed.a.power")
    assert (found.value, found.quality, found.source) == (2400.0, Quality.GOOD, "derived")


def test_each_pdu_has_its_headroom_in_percent_and_watts(pod: Pod) -> None:
    assert pod.reading("a-r1.after_loss").value == pytest.approx(100 * 1600 / 1800, abs=0.01)
    assert pod.reading("a-r1.headroom").value == pytest.approx(80 - 100 * 1600 / 1800, abs=0.01)
    assert pod.reading("a-r1.headroom.power").value == pytest.approx(1440 - 1600, abs=0.01)
    assert pod.estimates.alarms()[0].key == "headroom"


def test_the_coolant_has_its_distance_from_the_dew_point(pod: Pod) -> None:
    assert pod.reading("cdu-1.condensation_margin").value == 6.0
    pod.cool(13.0, 12.0)
    pod.estimates.turn()
    assert [one.severity for one in pod.estimates.alarms() if "condensation" in one.key] == ["warning"]
    pod.cool(11.0, 12.0)
    pod.estimates.turn()
    assert [one.severity for one in pod.estimates.alarms() if "condensation" in one.key] == ["major"]


def test_what_cannot_be_known_is_bad_with_the_reason(pod: Pod) -> None:
    pod.stand.world.silent[DeviceId("a-r1")] = Reason.DISCONNECTED
    pod.stand.poll()
    pod.cool(None, 12.0)
    pod.estimates.turn()
    for name in ("feed.a.power", "a-r1.headroom", "b-r1.headroom.power", "b-r1.after_loss"):
        assert (pod.reading(name).value, pod.reading(name).reason) == (None, Reason.DISCONNECTED)
    assert pod.reading("cdu-1.condensation_margin").reason is Reason.SENTINEL
    assert pod.reading("feed.b.power").quality is Quality.GOOD


async def test_without_new_readings_all_turns_stale(pod: Pod) -> None:
    await pod.clock.advance(151.0)
    pod.estimates.turn()
    assert {pod.reading(name).reason for name in ("feed.a.power", "a-r1.headroom", "cdu-1.condensation_margin")} == {
        Reason.STALE
    }


def test_a_reload_describes_what_is_derived_anew(pod: Pod) -> None:
    pod.estimates.adopt(pod.stand.world.site, replace(pod.tables, ratings_w=MappingProxyType({})))
    pod.estimates.turn()
    assert pod.state.reading(point_id(DERIVED, "a-r1.headroom")) is None
    assert pod.reading("feed.a.power").quality is Quality.GOOD
    assert pod.estimates.alarms() == []


def test_one_probe_that_fails_leaves_the_margin_uncertain() -> None:
    loop, one, other = (
        PointId(name) for name in ("cdu/secondary.supply.temperature", "p/a.dew_point", "p/b.dew_point")
    )
    readings = {loop: Reading(loop, 18.0, 0.0), one: Reading(one, 10.0, 0.0), other: bad(other, Reason.ABSENT, 0.0)}
    found = margins(Snapshot(0.0, 1, readings), readings)[DeviceId("cdu")]
    assert (found.value, found.is_sure) == (8.0, False)
    desk = CondensationAlarms()
    desk.update({DeviceId("cdu"): found})
    assert desk.alarms() == []
