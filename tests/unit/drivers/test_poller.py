"""The poller over drivers that do as they are told, on a clock that moves when it is told."""

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from itertools import pairwise
from random import Random

import pytest
from structlog.testing import capture_logs

from edgeagent.core.clock import ManualClock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.drivers.identity import DeviceChanged, MemoryBook
from edgeagent.drivers.polled import MAX_BATCH, DevicePlan
from edgeagent.drivers.poller import Poller
from edgeagent.model.device import DeviceInfo, DeviceState, Group, Identity
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.points import Point, point_id
from edgeagent.model.reading import Quality, Reading, Reason
from edgeagent.model.units import Kind

PERIOD_S = 10.0
SLOW_S = 60.0
DEADLINE_S = 4.0


class Scripted:
    """A Driver that gives one value per point, or fails as `failure` says."""

    def __init__(self, device, clock, *, points=2, deadline_s=DEADLINE_S, period_s=PERIOD_S):
        self.device = device
        self.serial = f"serial of {device}"
        self.failure = None
        self.hangs = False
        self.value = 1.0
        self.reads = []
        self.connects = 0
        self.closes = 0
        self._clock = clock
        self._names = {"fast": [f"fast.{n}" for n in range(points)], "slow": ["slow.0"]}
        self._periods_s = {"fast": period_s, "slow": 6 * period_s}
        self._deadline_s = deadline_s

    async def connect(self):
        self.connects += 1
        await self._trouble()
        names = [name for group in self._names.values() for name in group]
        points = tuple(Point(self.device, name, Kind.POWER) for name in names)
        groups = tuple(
            Group(group, self._periods_s[group], self._deadline_s, frozenset(names))
            for group, names in self._names.items()
        )
        return DeviceInfo(Identity("ACME", "one", self.serial), points, groups)

    async def read(self, group):
        await self._trouble()
        self.reads.append((group, self._clock.now_s()))
        now_s = self._clock.now_s()
        return [Reading(point_id(self.device, name), self.value, now_s) for name in self._names[group]]

    async def close(self):
        self.closes += 1

    async def _trouble(self):
        if self.hangs:
            await asyncio.Event().wait()
        if self.failure is not None:
            raise self.failure

    def times(self, group="fast"):
        return [when_s for name, when_s in self.reads if name == group]


class Stage:
    """A clock, a state, a poller and its drivers."""

    def __init__(self, count=1, *, serial=None, book=None, **options):
        self.clock = ManualClock()
        self.state = State(self.clock)
        self.metrics = Metrics()
        self.book = book or MemoryBook()
        self.drivers = {f"d{n}": Scripted(f"d{n}", self.clock, **options) for n in range(count)}
        self.beats = 0
        period_s = options.get("period_s", PERIOD_S)
        plans = [(DevicePlan(name, period_s, DEADLINE_S, serial), one) for name, one in self.drivers.items()]
        self.poller = Poller(plans, state=self.state, clock=self.clock, metrics=self.metrics, book=self.book)

    @asynccontextmanager
    async def running(self):
        task = asyncio.create_task(self.poller.run(self._beat))
        await self.clock.advance(1.0)
        yield self
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    def _beat(self):
        self.beats += 1

    @property
    def driver(self):
        return self.drivers["d0"]

    def qualities(self, device="d0"):
        """(quality, reason) of every point of the device, each once."""
        readings = self.state.snapshot().readings.items()
        return {(one.quality, one.reason) for point, one in readings if point.startswith(f"{device}/")}

    def status(self, device="d0"):
        return self.state.statuses()[device]


GOOD = {(Quality.GOOD, None)}


def bad(reason):
    return {(Quality.BAD, reason)}


async def test_every_group_is_read_at_once_and_then_on_its_own_period():
    async with Stage().running() as stage:
        assert stage.qualities() == GOOD
        assert stage.status().state is DeviceState.ONLINE
        await stage.clock.advance(120.0)
        assert len(stage.driver.times("fast")) == 1 + 12
        assert len(stage.driver.times("slow")) == 1 + 2
        assert stage.driver.connects == 1
        fast = stage.driver.times("fast")[1:]
        assert {after - before for before, after in pairwise(fast)} == {PERIOD_S}


async def test_fifty_devices_are_polled_apart():
    async with Stage(50).running() as stage:
        await stage.clock.advance(2 * PERIOD_S)  # they start apart too
        when_s = sorted(driver.times()[1] for driver in stage.drivers.values())
        assert max(Counter(round(time_s, 3) for time_s in when_s).values()) <= 3, "a wake-up is for a few of them"
        assert when_s[-1] - when_s[0] > 0.9 * PERIOD_S


async def test_a_suspension_causes_no_burst():
    async with Stage(20).running() as stage:
        await stage.clock.advance(30.0)
        stage.clock._now_s += 7200.0  # the machine slept: time passed and nobody ran
        before = {name: len(driver.reads) for name, driver in stage.drivers.items()}
        await stage.clock.advance(0.001)
        assert sum(len(driver.reads) - before[name] for name, driver in stage.drivers.items()) <= 2
        await stage.clock.advance(PERIOD_S)
        assert {len(driver.reads) - before[name] for name, driver in stage.drivers.items()} <= {1, 2}
        readings = stage.state.snapshot().readings
        assert all(readings[f"{name}/fast.0"].quality is Quality.GOOD for name in stage.drivers)


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (DeviceUnreachable("no answer"), Reason.DISCONNECTED),
        (DeviceRefused("wrong key"), Reason.REFUSED),
        (DeviceGarbled("nonsense"), Reason.GARBLED),
    ],
)
async def test_a_failure_turns_every_point_bad_with_its_reason_and_the_return_is_seen_within_a_period(failure, reason):
    async with Stage(2).running() as stage:
        await stage.clock.advance(25.0)
        stage.driver.failure = failure
        await stage.clock.advance(PERIOD_S)
        assert stage.qualities() == bad(reason)
        assert stage.status().state is DeviceState.OFFLINE
        assert stage.status().message == str(failure)
        assert stage.status().retry_at_s is not None
        assert stage.qualities("d1") == GOOD
        await stage.clock.advance(500.0)
        stage.driver.failure = None
        await stage.clock.advance(PERIOD_S)
        assert stage.qualities() == GOOD
        assert stage.status().state is DeviceState.ONLINE
        assert stage.status().retry_at_s is None


async def test_a_dead_device_is_tried_about_once_a_period_and_never_less():
    async with Stage().running() as stage:
        stage.driver.failure = DeviceUnreachable("no answer")
        await stage.clock.advance(100.0)
        before = stage.driver.connects
        await stage.clock.advance(100 * PERIOD_S)
        assert 100 <= stage.driver.connects - before <= 200


async def test_a_failure_is_published_once_and_said_once():
    with capture_logs() as logs:
        async with Stage().running() as stage:
            with stage.state.batches.subscribe("test") as batches:
                stage.driver.failure = DeviceUnreachable("no answer")
                await stage.clock.advance(200.0)
                failed = [batch for batch in batches.drain() if batch.readings[0].quality is Quality.BAD]
                assert len(failed) == 2  # one per group
                stage.driver.failure = DeviceGarbled("nonsense")
                await stage.clock.advance(50.0)
                assert stage.qualities() == bad(Reason.GARBLED)
            stage.driver.failure = None
            await stage.clock.advance(PERIOD_S)
    warnings = [log for log in logs if log["log_level"] == "warning"]
    assert [log["event"] for log in warnings] == ["device failed"]
    assert warnings[0]["device"] == "d0"
    back = [log for log in logs if log["log_level"] == "info"]
    assert [log["event"] for log in back] == ["device answers again"]
    assert 240.0 < back[0]["down_s"] < 270.0


async def test_a_hanging_device_is_given_up_at_its_deadline_and_costs_no_other():
    stage = Stage(2, deadline_s=0.05)
    async with stage.running():
        stage.driver.hangs = True
        await stage.clock.advance(PERIOD_S)  # its read begins, and hangs in real time
        await until(lambda: stage.qualities() == bad(Reason.DISCONNECTED))
        assert "not done within 0.05 s" in stage.status().message
        await stage.clock.advance(5 * PERIOD_S)
        assert stage.qualities("d1") == GOOD
        assert len(stage.drivers["d1"].times()) >= 6


async def test_a_device_whose_task_stands_still_turns_stale():
    release = asyncio.Event()

    async def stubborn():
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:  # so the deadline does not help
                continue

    stage = Stage(2)
    async with stage.running():
        stage.driver._trouble = stubborn
        await stage.clock.advance(PERIOD_S + 2 * PERIOD_S + DEADLINE_S + 2.0)
        stale = {point for point, one in stage.state.snapshot().readings.items() if one.reason is Reason.STALE}
        assert stale == {"d0/fast.0", "d0/fast.1"}
        assert stage.qualities("d1") == GOOD
        release.set()


async def test_a_bug_in_one_driver_keeps_its_traceback_and_costs_no_other():
    with capture_logs() as logs:
        async with Stage(2).running() as stage:
            stage.driver.failure = ZeroDivisionError("oops")
            await stage.clock.advance(PERIOD_S)
            assert stage.qualities() == bad(Reason.GARBLED)
            assert "its driver has a bug (ZeroDivisionError('oops'))" in stage.status().message
            await stage.clock.advance(5 * PERIOD_S)
            assert stage.qualities("d1") == GOOD
            stage.driver.failure = None
            await stage.clock.advance(PERIOD_S)
            assert stage.qualities() == GOOD
    bugs = [log for log in logs if log["log_level"] == "error"]
    assert bugs
    assert bugs[0]["exc_info"]


async def test_a_reading_of_an_unknown_point_is_such_a_bug():
    async with Stage(2).running() as stage:
        stage.driver._names["fast"].append("never.described")
        with capture_logs() as logs:
            await stage.clock.advance(PERIOD_S)
        assert any(log["log_level"] == "error" for log in logs)
        assert stage.qualities("d1") == GOOD


async def test_a_poke_reads_everything_now():
    async with Stage(2).running() as stage:
        await stage.clock.advance(5.0)
        before = {name: len(driver.reads) for name, driver in stage.drivers.items()}
        assert stage.poller.poke("d0")
        assert not stage.poller.poke("nobody")
        await stage.clock.advance(0.0)
        assert len(stage.driver.reads) == before["d0"] + 2
        assert len(stage.drivers["d1"].reads) == before["d1"]


async def test_a_poke_tries_a_dead_device_now():
    async with Stage().running() as stage:
        stage.driver.failure = DeviceUnreachable("no answer")
        await stage.clock.advance(100.0)
        stage.driver.failure = None
        stage.poller.poke("d0")
        await stage.clock.advance(0.0)
        assert stage.qualities() == GOOD


async def test_a_device_that_never_answered_has_no_points_and_says_why():
    stage = Stage()
    stage.driver.failure = DeviceRefused("wrong key")
    async with stage.running():
        assert stage.status().state is DeviceState.OFFLINE
        assert stage.status().message == "wrong key"
        assert stage.state.points() == ()
        assert stage.status().failures >= 1


async def test_another_serial_makes_readings_uncertain_and_is_named():
    async with Stage().running() as stage:
        assert stage.book.serial_of("d0") == "serial of d0"
        stage.driver.serial = "somebody else"
        stage.driver.failure = DeviceChanged("it changed")
        await stage.clock.advance(9.0)
        stage.driver.failure = None
        await stage.clock.advance(PERIOD_S)
        assert stage.qualities() == {(Quality.UNCERTAIN, Reason.IDENTITY)}
        assert stage.status().state is DeviceState.MISMATCH
        assert "somebody else" in stage.status().message
        await stage.clock.advance(5 * PERIOD_S)
        assert stage.qualities() == {(Quality.UNCERTAIN, Reason.IDENTITY)}


async def test_a_configured_serial_binds_from_the_first_answer():
    async with Stage(serial="another one").running() as stage:
        assert stage.status().state is DeviceState.MISMATCH
        assert stage.status().identity.serial == "serial of d0"


async def test_a_changed_device_is_learnt_anew_at_once():
    async with Stage().running() as stage:
        original = stage.driver.read

        async def changed(_):
            stage.driver.read = original
            stage.driver.serial = "another"
            raise DeviceChanged("it changed")

        stage.driver.read = changed
        await stage.clock.advance(PERIOD_S)
        assert stage.driver.connects == 2
        assert stage.status().state is DeviceState.MISMATCH


async def test_large_groups_are_published_in_batches_that_fit_a_record():
    stage = Stage(points=2 * MAX_BATCH + 1)
    with stage.state.batches.subscribe("test") as batches:
        async with stage.running():
            sizes = [len(batch.readings) for batch in batches.drain() if batch.group == "fast"]
            assert sizes == [MAX_BATCH, MAX_BATCH, 1]
            stage.driver.failure = DeviceUnreachable("no answer")
            await stage.clock.advance(PERIOD_S)
            assert max(len(batch.readings) for batch in batches.drain()) == MAX_BATCH


async def test_it_beats_while_every_device_is_down_and_counts_what_happens():
    stage = Stage(3)
    for driver in stage.drivers.values():
        driver.failure = DeviceUnreachable("no answer")
    async with stage.running():
        before = stage.beats
        await stage.clock.advance(60.0)
        assert stage.beats - before >= 60
        up = stage.metrics.gauge("edgeagent_device_up", "")
        assert [up.get(device=name) for name in stage.drivers] == [0, 0, 0]
        stage.drivers["d1"].failure = None
        await stage.clock.advance(PERIOD_S)
        stage.metrics.collect()
        assert up.get(device="d1") == 1
        failures = stage.metrics.counter("edgeagent_poll_failures", "")
        assert failures.get(device="d0", reason="disconnected") >= 6
        age = stage.metrics.gauge("edgeagent_device_age_seconds", "")
        assert 0 <= age.get(device="d1") <= PERIOD_S


async def test_drivers_are_closed_when_the_poller_ends():
    stage = Stage(3)
    async with stage.running():
        pass
    assert all(driver.closes == 1 for driver in stage.drivers.values())
    async with stage.running():  # and it can run again
        assert stage.qualities() == GOOD


async def test_random_trouble_never_ends_the_poller_and_always_heals():
    chance = Random(7)
    troubles = [DeviceUnreachable("a"), DeviceGarbled("b"), DeviceRefused("c"), DeviceChanged("d"), KeyError("e"), None]
    stage = Stage(5)
    with capture_logs():
        async with stage.running():
            for _ in range(100):
                chance.choice(list(stage.drivers.values())).failure = chance.choice(troubles)
                await stage.clock.advance(chance.uniform(0.0, 15.0))
            for driver in stage.drivers.values():
                driver.failure = None
            await stage.clock.advance(PERIOD_S)
            assert all(stage.qualities(name) == GOOD for name in stage.drivers)


def fresh(stage, name, driver=None, **plan):
    """A device as `apply` takes it, with a driver that does as it is told."""
    stage.drivers[name] = driver or Scripted(name, stage.clock)
    return DevicePlan(name, plan.pop("period_s", PERIOD_S), DEADLINE_S, **plan), stage.drivers[name]


async def test_a_change_leaves_the_other_devices_alone():
    async with Stage(3).running() as stage:
        await stage.clock.advance(25.0)
        changed_s = stage.clock.now_s()
        untouched, gone, old = stage.drivers["d0"], stage.drivers["d1"], stage.drivers["d2"]
        with stage.state.batches.subscribe("test") as batches:
            stage.poller.apply(["d1"], [fresh(stage, "d2"), fresh(stage, "d3")])
            await stage.clock.advance(5 * PERIOD_S)
            assert not any(one.readings[0].quality is Quality.BAD for one in batches.drain())
        assert untouched.connects == 1
        assert untouched.closes == 0
        assert {after - before for before, after in pairwise(untouched.times()[1:])} == {PERIOD_S}
        assert (gone.closes, old.closes) == (1, 1)
        assert max(when_s for _, when_s in gone.reads + old.reads) <= changed_s
        assert [stage.drivers[name].connects for name in ("d2", "d3")] == [1, 1]
        assert stage.qualities("d2") == stage.qualities("d3") == GOOD


async def test_of_a_removed_device_nothing_stays():
    async with Stage(2).running() as stage:
        stage.poller.apply(["d1", "nobody"], [])
        await stage.clock.advance(0.0)
        stage.metrics.collect()
        assert set(stage.state.statuses()) == set(stage.state.infos()) == {"d0"}
        assert {point.device for point in stage.state.points()} == {"d0"}
        labels = {dict(labels).get("device") for family in stage.metrics.families() for labels in family.values}
        assert labels == {"d0"}
        assert not stage.poller.poke("d1")


async def test_the_points_of_a_changed_device_stay_good_until_it_fails():
    async with Stage().running() as stage:
        plan = fresh(stage, "d0")
        stage.driver.failure = DeviceUnreachable("the new address is wrong")
        stage.poller.apply([], [plan])
        assert stage.qualities() == GOOD
        await stage.clock.advance(0.0)
        assert stage.qualities() == bad(Reason.DISCONNECTED)


async def test_a_changed_device_that_hangs_in_its_connect_turns_stale():
    async with Stage().running() as stage:
        plan = fresh(stage, "d0")
        stage.driver.hangs = True
        stage.poller.apply([], [plan])
        await stage.clock.advance(2 * 6 * PERIOD_S + DEADLINE_S + 2.0)
        assert stage.qualities() == bad(Reason.STALE)


async def test_a_device_that_hangs_in_its_connect_can_be_replaced_and_removed():
    stage = Stage(2)
    stage.drivers["d0"].hangs = stage.drivers["d1"].hangs = True
    async with stage.running():
        stage.poller.apply(["d1"], [fresh(stage, "d0")])
        await stage.clock.advance(1.0)
        assert stage.qualities() == GOOD
        assert set(stage.state.statuses()) == {"d0"}


async def test_a_driver_that_hangs_in_close_is_left_behind_and_blocks_nobody():
    closing = asyncio.Event()

    async def hang():
        closing.set()
        await asyncio.Event().wait()

    stage = Stage()
    with capture_logs() as logs:
        stage.poller.apply([], [fresh(stage, name, close_deadline_s=0.05) for name in ("d0", "d1")])
        stage.drivers["d0"].close = stage.drivers["d1"].close = hang
        async with stage.running():
            stage.poller.apply(["d1"], [fresh(stage, "d0", close_deadline_s=0.05), fresh(stage, "d2")])
            await closing.wait()
            await stage.clock.advance(1.0)
            assert stage.qualities("d2") == GOOD
            await until(lambda: stage.driver.connects)
            await stage.clock.advance(0.0)
            assert stage.status().state is DeviceState.ONLINE
    said = [log["device"] for log in logs if log["event"] == "device does not let itself be closed"]
    assert sorted(said) == ["d0", "d1"]


async def test_a_driver_that_swallows_its_cancellation_never_speaks_again():
    release = asyncio.Event()

    async def stubborn(_):
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue
        return []

    stage = Stage(2)
    async with stage.running():
        old = stage.drivers["d0"]
        old.read = stubborn
        await stage.clock.advance(PERIOD_S)
        stage.poller.apply(["d0"], [])
        await stage.clock.advance(PERIOD_S)
        release.set()
        await until(lambda: old.closes)
        assert set(stage.state.statuses()) == {"d1"}
        assert stage.qualities("d1") == GOOD


async def test_a_bug_in_close_costs_no_other_device():
    async def bug():
        raise ZeroDivisionError

    async with Stage(2).running() as stage:
        stage.driver.close = bug
        stage.driver.failure = DeviceUnreachable("no answer")
        with capture_logs() as logs:
            await stage.clock.advance(3 * PERIOD_S)
            stage.poller.apply(["d0"], [])
            await stage.clock.advance(PERIOD_S)
        assert stage.qualities("d1") == GOOD
        assert any(log["event"] == "device failed while closing" for log in logs)


async def test_changes_before_the_start_and_many_at_once_end_in_the_last_one():
    stage = Stage()
    stage.poller.apply(["d0"], [fresh(stage, "d1")])
    async with stage.running():
        assert set(stage.state.statuses()) == {"d1"}
        drivers = []
        for _ in range(5):
            stage.poller.apply([], [fresh(stage, "d1")])
            drivers.append(stage.drivers["d1"])
        stage.poller.apply(["d1"], [])
        stage.poller.apply([], [fresh(stage, "d1")])
        await stage.clock.advance(PERIOD_S)
        assert [driver.connects for driver in drivers] == [0] * 5
        assert stage.drivers["d1"].connects == 1
        assert stage.qualities("d1") == GOOD


async def until(condition, within_s=2.0):
    """Wait for a truth in real time."""
    async with asyncio.timeout(within_s):
        while not condition():
            await asyncio.sleep(0.002)
