"""Events tell what changed, and nothing else; a reading that went keeps its last good value beside it."""

import json
from typing import Any

from edgeagent.api.live import QUEUE, Live
from edgeagent.core.bus import Subscription
from edgeagent.core.clock import ManualClock
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.points import DeviceId, Point
from edgeagent.model.reading import Reading, ReadingBatch, Reason
from edgeagent.model.site import Site
from edgeagent.model.units import Kind

PDU = DeviceId("pdu-a1")
POWER, INLET = Point(PDU, "inlet.power", Kind.POWER), Point(PDU, "probe.1.temperature", Kind.TEMPERATURE)
INFO = DeviceInfo(Identity(), (POWER, INLET), (Group("fast", 2.0, 1.0, frozenset({POWER.name, INLET.name})),))


class Stage:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.state = State(self.clock)
        self.status: dict[str, object] = {"headline": "Nothing needs you"}
        self.site = Site()
        self.live = Live(self.state, self.clock, lambda: self.status, lambda: self.site)
        self.state.describe(PDU, INFO)
        self.read(1781.0, 24.8)
        self.live.tick()

    def read(self, power_w: float, inlet_cel: float) -> None:
        now_s = self.clock.now_s()
        readings = [Reading(POWER.id, power_w, now_s, source="1.3.6"), Reading(INLET.id, inlet_cel, now_s)]
        self.state.publish(ReadingBatch(PDU, "fast", now_s, readings))

    async def tick(self, events: Subscription[bytes]) -> list[tuple[str, Any]]:
        await self.clock.advance(1.0)
        self.live.tick()
        return [parsed(event) for event in events.drain()]


def parsed(event: bytes) -> tuple[str, Any]:
    name, data, *rest = event.decode().split("\n")
    assert rest == ["", ""]
    return name.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_the_whole_image_describes_each_point_and_tells_its_group() -> None:
    name, body = parsed(Stage().live.full())
    assert name == "full"
    assert body["points"][0] == ["pdu-a1/inlet.power", "Power", "W", "pdu-a1/fast", 1781.0, "GOOD", None, "1.3.6", None]
    assert body["groups"] == {"pdu-a1/fast": 1000.0}
    assert body["status"] == {"headline": "Nothing needs you"}


async def test_only_the_points_that_changed_are_told_and_the_others_by_their_groups_time() -> None:
    stage = Stage()
    with stage.live.watch("test") as events:
        await stage.tick(events)
        stage.read(1782.0, 24.8)
        ((name, body),) = await stage.tick(events)
    assert name == "change"
    assert body["points"] == {"pdu-a1/inlet.power": [1782.0, "GOOD", None, "1.3.6", None]}
    assert body["groups"] == {"pdu-a1/fast": 1001.0}
    assert "status" not in body


async def test_nothing_is_told_when_nothing_changed_until_the_heartbeat() -> None:
    stage = Stage()
    with stage.live.watch("test") as events:
        told = [await stage.tick(events) for _ in range(6)]
    assert [len(one) for one in told] == [1, 0, 0, 0, 0, 1]
    assert set(told[5][0][1]) == {"now_s", "wall_s", "status"}


async def test_a_changed_headline_is_told_at_the_next_tick() -> None:
    stage = Stage()
    with stage.live.watch("test") as events:
        await stage.tick(events)
        stage.status = {"headline": "Needs a look"}
        ((_, body),) = await stage.tick(events)
    assert body["status"] == {"headline": "Needs a look"}


async def test_what_is_not_good_keeps_its_last_good_value_and_time_until_it_is_good_again() -> None:
    stage = Stage()
    with stage.live.watch("test") as events:
        await stage.tick(events)
        for _ in range(2):  # a second failure tells nothing new
            stage.state.fail(PDU, "fast", [POWER.id, INLET.id], Reason.DISCONNECTED)
            told = await stage.tick(events)
            row = [None, "BAD", "disconnected", "1.3.6", None, 1781.0, 1000.0]
            assert parsed(stage.live.full())[1]["points"][0][4:] == row
        assert "points" not in told[0][1]
        stage.read(1781.0, 24.8)
        ((_, body),) = await stage.tick(events)
    assert body["points"]["pdu-a1/inlet.power"] == [1781.0, "GOOD", None, "1.3.6", None]


async def test_a_new_device_a_vanished_one_and_a_changed_site_are_told_as_a_whole_image() -> None:
    stage = Stage()
    host = DeviceId("host")
    with stage.live.watch("test") as events:
        stage.state.describe(host, DeviceInfo(Identity(), (Point(host, "cpu", Kind.PERCENT),), ()))
        assert [name for name, _ in await stage.tick(events)] == ["full"]
        stage.state.forget(PDU)
        ((name, body),) = await stage.tick(events)
        assert (name, [row[0] for row in body["points"]]) == ("full", ["host/cpu"])
        stage.site = Site(feeds=("A",))
        assert [name for name, _ in await stage.tick(events)] == ["full"]


async def test_a_viewer_that_takes_nothing_holds_a_few_events_and_no_more() -> None:
    stage = Stage()
    with stage.live.watch("slow") as slow, stage.live.watch("quick") as quick:
        for number in range(3 * QUEUE):
            stage.read(1000.0 + number, 24.8)
            assert len(await stage.tick(quick)) == 1
        assert (len(slow), slow.dropped, quick.dropped) == (QUEUE, 2 * QUEUE, 0)
    assert stage.live.viewers == 0
