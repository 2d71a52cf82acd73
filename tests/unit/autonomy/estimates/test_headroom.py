from dataclasses import replace
from types import MappingProxyType

import pytest

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.estimates.headroom import Headroom, HeadroomAlarms, headrooms
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Reason
from tests.scenarios.world import World

RATING_W = 3680.0
A, B = DeviceId("a-r1"), DeviceId("b-r1")


class Rack:
    """Rack r1 of the scenarios' pod: four loads on two PDUs, each with so much of the rating."""

    def __init__(self, share: float, other: float | None = None) -> None:
        self.world = World()
        self.shares = {A: share, B: share if other is None else other}
        for pdu, one in self.shares.items():
            self.world.values[PointId(f"{pdu}/inlet.power")] = one * RATING_W
            for number in range(1, 5):
                self.world.values[PointId(f"{pdu}/outlet.{number}.power")] = one * RATING_W / 4

    def found(self, now_s: float = 1000.0) -> dict[DeviceId, Headroom]:
        self.world.poll(1000.0)
        ratings_w = MappingProxyType(dict.fromkeys((A, B), RATING_W))
        return {one.pdu: one for one in headrooms(self.world.snapshot(now_s), self.world.site, ratings_w)}


def alarms(*racks: Rack) -> list[str]:
    desk = HeadroomAlarms()
    for rack in racks:
        desk.update(list(rack.found().values()))
    return [f"{one.key} {one.severity}" for one in desk.alarms()]


def test_two_feeds_at_45_percent_alarm_before_one_is_lost() -> None:
    rack = Rack(0.45)
    assert rack.found()[A].share == pytest.approx(0.9)
    assert rack.found()[A].lost == "B"
    assert rack.found()[A].left_w == pytest.approx(-0.1 * RATING_W)
    assert alarms(rack) == ["headroom warning", "headroom/a-r1 warning", "headroom/b-r1 warning"]


def test_two_feeds_at_39_percent_are_well() -> None:
    assert alarms(Rack(0.39)) == []


def test_what_would_trip_the_breaker_is_major_and_says_what_to_shed() -> None:
    desk = HeadroomAlarms()
    desk.update(list(Rack(0.55).found().values()))
    parent, first, _ = desk.alarms()
    assert (parent.severity, first.severity, first.parent) == ("major", "major", "headroom")
    assert "if feed B were lost" in first.text
    assert "its breaker would trip: move or shed 1104 W" in first.text


def test_an_alarm_does_not_flutter_at_the_limit_and_ends_below_it() -> None:
    assert len(alarms(Rack(0.41), Rack(0.395))) == 3
    assert alarms(Rack(0.41), Rack(0.385)) == []


def test_a_load_with_three_cords_is_shared_by_those_that_are_left() -> None:
    rack = Rack(0.2)
    site = rack.world.site
    load = site.loads["r1-p1"]
    third = replace(load.cords[1], pdu=DeviceId("b-r2"))
    rack.world.site = replace(site, loads=MappingProxyType({"r1-p1": replace(load, cords=(*load.cords, third))}))
    assert rack.found()[B].share == pytest.approx(0.2 + 0.05 / 2)


def test_a_cord_that_is_off_carries_nothing_after_the_loss() -> None:
    rack = Rack(0.45)
    for number in range(1, 5):
        rack.world.values[PointId(f"{B}/outlet.{number}.state")] = "off"
    assert rack.found()[B].share == pytest.approx(0.45)
    assert rack.found()[A].share == pytest.approx(0.9)


def test_outlets_without_meters_share_what_their_pdu_takes_in_and_that_is_uncertain() -> None:
    rack = Rack(0.45)
    for point in [one for one in rack.world.values if one.startswith(f"{B}/outlet") and one.endswith("power")]:
        del rack.world.values[point]
    found = rack.found()[A]
    assert found.share == pytest.approx(0.9)
    assert not found.after.is_sure


@pytest.mark.parametrize("point", ["a-r1/inlet.power", "b-r1/outlet.2.power"])
def test_what_is_not_known_makes_no_number(point: str) -> None:
    rack = Rack(0.45)
    rack.world.failed[PointId(point)] = Reason.DISCONNECTED
    assert (rack.found()[A].share, rack.found()[A].after.reason) == (None, Reason.DISCONNECTED)


def test_what_is_old_makes_no_number() -> None:
    assert Rack(0.45).found(now_s=1151.0)[A].after.reason is Reason.STALE


def test_an_alarm_that_stands_is_not_ended_by_blindness() -> None:
    blind = Rack(0.3)
    blind.world.silent[A] = blind.world.silent[B] = Reason.DISCONNECTED
    assert len(alarms(Rack(0.45), blind)) == 3


def test_a_pdu_without_a_rating_has_no_headroom() -> None:
    rack = Rack(0.45)
    rack.world.poll(1000.0)
    assert list(headrooms(rack.world.snapshot(1000.0), rack.world.site, Tables().ratings_w)) == []
