"""One number is never written outside its guard, however many ask and whatever the device says."""

import asyncio
import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.autonomy.compiled import Target
from edgeagent.autonomy.executor import Executor
from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import granted
from edgeagent.model.errors import DeviceRefused, DeviceUnreachable
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Hold, Output, Range, Rank
from edgeagent.model.journal import Position
from edgeagent.model.points import PointId
from edgeagent.protocols.snmp_set import WriteOpen
from tests.unit.autonomy.stand import Stand as Pod

TARGET = PointId("crac-1/supply_air.setpoint")
GUARD = Guard(16.0, 30.0, max_step=2.0, min_interval_s=5.0, settle_s=3.0, tolerance=0.2)


class Device:
    """A number in a device that can be deaf, stubborn, coarse or silent; ``writes`` holds what came, and when."""

    target = TARGET

    def __init__(self, clock, value=20.0):
        self._clock = clock
        self.value, self.writes, self.armed, self.reads = value, [], 0, 0
        self.silent = self.ignores = self.loses_answers = False
        self.refusal, self.arm_refusal = "", ""
        self.resolution = 0.0
        self.when_read = lambda: None

    async def read(self):
        await asyncio.sleep(0)
        self.reads += 1
        self.when_read()
        if self.silent:
            raise DeviceUnreachable("cannot reach it: no answer")
        return self.value

    async def arm(self):
        self.armed += 1
        if self.arm_refusal:
            raise DeviceRefused(self.arm_refusal)

    async def write(self, value):
        assert self.armed > len(self.writes), "it is armed before each write"
        await asyncio.sleep(0)
        if self.refusal:
            raise DeviceRefused(self.refusal)
        self.writes.append((self._clock.now_s(), value))
        if not self.ignores:
            self.value = round(value / self.resolution) * self.resolution if self.resolution else value
        if self.loses_answers:
            raise WriteOpen("no answer to the write")

    @property
    def written(self):
        return [value for _, value in self.writes]


class Stand:
    def __init__(self, guard=GUARD, value=20.0):
        self.clock = ManualClock()
        self.device = Device(self.clock, value)
        self.actuator = SetpointActuator(self.device, guard, self.clock)

    def output(self, value, rank=Rank.PLAN):
        return Output(TARGET, value, rank, "test", "because", "audit-1")

    async def apply(self, value, permit=granted, step_s=0.5):
        return await self.done(self.actuator.apply(self.output(value), permit), step_s)

    async def done(self, work, step_s=0.5):
        task = asyncio.ensure_future(work)
        while not task.done():
            await self.clock.advance(step_s)
        return await task


@pytest.fixture
def stand():
    return Stand()


async def refuse():
    return "the record could not be kept"


async def test_it_is_written_once_and_read_back(stand):
    outcome = await stand.apply(21.5)
    assert (outcome.word, outcome.read_back, outcome.tolerance) == (DONE, 21.5, 0.2)
    assert stand.device.written == [21.5]


async def test_what_is_there_already_is_not_written(stand):
    assert (await stand.apply(20.1)).word == DONE
    assert (stand.device.writes, stand.device.armed) == ([], 0)


@pytest.mark.parametrize(("asked", "set_to"), [(-500.0, 16.0), (1e300, 30.0), (15.999, 16.0)])
async def test_nothing_is_set_outside_its_bounds(asked, set_to):
    stand = Stand(Guard(16.0, 30.0, tolerance=0.2))
    assert (await stand.apply(asked)).read_back == set_to
    assert stand.device.written == [set_to]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, "off", True])
async def test_what_is_no_number_is_refused_and_nothing_is_even_read(stand, value):
    outcome = await stand.apply(value)
    assert outcome.word == FAILED
    assert "must be a number" in outcome.message
    assert (stand.device.reads, stand.device.writes) == (0, [])


async def test_a_long_way_is_gone_in_steps_with_their_interval_between_them(stand):
    outcome = await stand.apply(29.0)
    assert (outcome.word, outcome.read_back) == (DONE, 29.0)
    assert stand.device.written == [22.0, 24.0, 26.0, 28.0, 29.0]
    assert all(later - sooner >= 5.0 for (sooner, _), (later, _) in pairwise(stand.device.writes))
    assert stand.device.armed == 5


async def test_what_stands_outside_comes_back_within_one_step_of_the_edge():
    stand = Stand(value=80.0)
    assert (await stand.apply(24.0)).word == DONE
    assert stand.device.written == [28.0, 26.0, 24.0]


async def test_the_interval_holds_between_one_act_and_the_next(stand):
    await stand.apply(21.0)
    began_s = stand.clock.now_s()
    await stand.apply(22.0)
    assert stand.device.writes[1][0] - stand.device.writes[0][0] >= 5.0
    assert stand.clock.now_s() - began_s >= 4.0


async def test_what_changed_while_it_waited_is_looked_at_again(stand):
    """Else a step would be reckoned from where it stood before a person at the device turned it."""
    await stand.apply(21.0)
    task = asyncio.ensure_future(stand.actuator.apply(stand.output(23.0), granted))
    await stand.clock.advance(1.0)
    stand.device.value = 28.0
    await stand.done(task)
    assert stand.device.written == [21.0, 26.0, 24.0, 23.0]


async def test_a_device_that_rounds_is_there_within_the_tolerance(stand):
    stand.device.resolution = 0.5
    outcome = await stand.apply(21.4)
    assert (outcome.word, outcome.read_back) == (DONE, 21.5)


async def test_a_device_that_says_another_value_is_unverified(stand):
    stand.device.ignores = True
    outcome = await stand.apply(21.5)
    assert (outcome.word, outcome.read_back) == (UNVERIFIED, 20.0)
    assert "was set to 21.5 and says 20 after 3 s" in outcome.message
    assert stand.device.written == [21.5]


async def test_a_device_that_never_comes_nearer_is_given_up():
    """A step that is smaller than the tolerance looks done each time."""
    stand = Stand(Guard(16.0, 30.0, max_step=0.1, tolerance=0.5))
    stand.device.ignores = True
    outcome = await stand.apply(25.0)
    assert outcome.word == UNVERIFIED
    assert "does not come to 25" in outcome.message
    assert len(stand.device.writes) <= 2 * 140 + 1


async def test_a_write_whose_answer_is_lost_is_read_back(stand):
    stand.device.loses_answers = True
    outcome = await stand.apply(21.0)
    assert (outcome.word, stand.device.written) == (DONE, [21.0])
    assert "no answer to the write" in outcome.message


async def test_a_write_whose_answer_is_lost_and_that_cannot_be_read_is_open(stand):
    stand.device.loses_answers = True
    write = stand.device.write

    async def then_silent(value):
        stand.device.silent = True
        await write(value)

    stand.device.write = then_silent
    with pytest.raises(DeviceUnreachable, match=r"cannot tell whether .* is 21"):
        await stand.apply(21.0)


async def test_a_refusal_wrote_nothing(stand):
    stand.device.refusal = "it is under local control"
    outcome = await stand.apply(21.0)
    assert outcome.word == FAILED
    assert "nothing was written: it is under local control" in outcome.message
    assert stand.device.writes == []


async def test_a_refusal_on_the_way_says_that_a_part_was_written(stand):
    task = asyncio.ensure_future(stand.actuator.apply(stand.output(25.0), granted))
    await stand.clock.advance(1.0)
    stand.device.refusal = "it is under local control"
    outcome = await stand.done(task)
    assert (outcome.word, outcome.read_back, stand.device.written) == (FAILED, 22.0, [22.0])
    assert "nothing more was written" in outcome.message


async def test_a_silent_device_is_not_written(stand):
    stand.device.silent = True
    outcome = await stand.apply(21.0)
    assert outcome.word == FAILED
    assert "nothing was written" in outcome.message
    assert (stand.device.writes, stand.device.armed) == ([], 0)


@pytest.mark.parametrize("nonsense", [math.nan, math.inf])
async def test_a_device_that_says_nonsense_is_not_written(stand, nonsense):
    stand.device.value = nonsense
    outcome = await stand.apply(21.0)
    assert (outcome.word, stand.device.writes) == (FAILED, [])


async def test_what_is_not_permitted_is_not_written(stand):
    outcome = await stand.apply(21.0, refuse)
    assert (outcome.word, outcome.message) == (FAILED, "the record could not be kept")
    assert (stand.device.writes, stand.device.armed) == ([], 0)


async def test_what_cannot_be_armed_is_not_written(stand):
    stand.device.arm_refusal = "it did not take its time-out"
    outcome = await stand.apply(21.0)
    assert (outcome.word, stand.device.writes) == (FAILED, [])
    assert "nothing was written: it did not take its time-out" in outcome.message


async def test_a_newer_output_takes_the_place_of_one_that_waits(stand):
    await stand.apply(21.0)
    older = asyncio.ensure_future(stand.actuator.apply(stand.output(18.0), granted))
    await stand.clock.advance(1.0)  # it waits for the interval
    newer = asyncio.ensure_future(stand.actuator.apply(stand.output(22.0), granted))
    assert (await stand.done(newer)).word == DONE
    outcome = await older
    assert outcome.word == FAILED
    assert "a newer output took its place" in outcome.message
    assert stand.device.written == [21.0, 22.0]


async def test_a_newer_output_ends_a_long_way_at_its_next_step(stand):
    older = asyncio.ensure_future(stand.actuator.apply(stand.output(30.0), granted))
    await stand.clock.advance(1.0)
    newer = asyncio.ensure_future(stand.actuator.apply(stand.output(20.0), granted))
    assert (await stand.done(newer)).word == DONE
    assert (await older).word == FAILED
    assert stand.device.written == [22.0, 20.0]


async def test_what_it_is_and_where_it_goes_is_told():
    stand = Stand(Guard(16.0, 30.0, max_step=2.0, min_interval_s=5.0, settle_s=3.0, safe=20.0))
    actuator = stand.actuator
    assert (actuator.domain, actuator.safe, actuator.feedback) == (Range(16.0, 30.0), 20.0, TARGET)
    assert actuator.settle_s == 7 * 5.0 + 3.0
    assert Stand().actuator.safe == Hold()


# -- floods


def allowed(seconds):
    """How many writes may fall into a time."""
    return math.floor(seconds / GUARD.min_interval_s) + 1


async def test_a_flood_of_outputs_makes_no_more_writes_than_the_guard_allows(stand):
    began_s = stand.clock.now_s()
    flood = [stand.actuator.apply(stand.output(16.0 + number % 14), granted) for number in range(1_000)]
    outcomes = await stand.done(asyncio.gather(*flood))
    words = [one.word for one in outcomes]
    assert (words[-1], words.count(DONE)) == (DONE, 1)
    assert len(stand.device.writes) <= allowed(stand.clock.now_s() - began_s)
    assert stand.device.value == 16.0 + 999 % 14


async def test_a_flood_that_goes_on_is_let_through_one_write_an_interval(stand):
    began_s, tasks = stand.clock.now_s(), []
    for number in range(1_000):
        tasks.append(asyncio.ensure_future(stand.actuator.apply(stand.output(19.0 + number % 2), granted)))
        await stand.clock.advance(0.03)
    await stand.done(asyncio.gather(*tasks))
    assert len(stand.device.writes) <= allowed(stand.clock.now_s() - began_s)
    assert all(later - sooner >= 5.0 for (sooner, _), (later, _) in pairwise(stand.device.writes))


class Book:
    """An audit that is always at hand."""

    def __init__(self):
        self.acts = 0

    def audit(self, *_):
        pass

    async def audit_durable(self, *_):
        self.acts += 1
        return Position(1, self.acts)


async def test_a_flood_through_the_executor_makes_no_more_writes_than_the_guard_allows(stand):
    clock, book = stand.clock, Book()
    executor = Executor({TARGET: stand.actuator}, audit=book, clock=clock, health=Health(clock), metrics=Metrics())
    run = asyncio.ensure_future(executor.run(lambda: None))
    began_s = clock.now_s()
    for number in range(1_000):
        executor.submit([stand.output(16.0 + number % 14)])
        await clock.advance(0.05)
    async with asyncio.timeout(20):
        while (standing := executor.standings[TARGET]).outcome is None:
            await clock.advance(0.5)
    took_s = clock.now_s() - began_s
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert (standing.outcome.word, stand.device.value) == (DONE, 16.0 + 999 % 14)
    assert len(stand.device.writes) <= allowed(took_s)
    assert book.acts <= 1_000


async def test_an_order_of_a_higher_rank_does_not_wait_for_the_end_of_a_long_way(stand):
    clock = stand.clock
    executor = Executor({TARGET: stand.actuator}, audit=Book(), clock=clock, health=Health(clock), metrics=Metrics())
    run = asyncio.ensure_future(executor.run(lambda: None))
    executor.submit([stand.output(30.0)])
    async with asyncio.timeout(10):
        while not stand.device.writes:
            await clock.advance(0.1)
    executor.submit([stand.output(16.0, Rank.LIFE)])
    async with asyncio.timeout(20):
        while executor.standings[TARGET].outcome is None:
            await clock.advance(0.5)
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert stand.device.written == [22.0, 20.0, 18.0, 16.0]


async def test_a_flood_of_peoples_overrides_makes_no_more_writes_than_the_guard_allows():
    pod = Pod()
    guard = Guard(20.0, 100.0, min_interval_s=5.0, settle_s=3.0, tolerance=0.2)
    device = Device(pod.clock, 30.0)
    device.target = PointId("crac-north/fan.speed")
    assert pod.tables.targets[device.target] == Target(device.target, *_domain(pod, device.target))
    pod.executor.adopt({device.target: SetpointActuator(device, guard, pod.clock)})
    run = asyncio.ensure_future(pod.executor.run(lambda: None))
    began_s = pod.clock.now_s()
    for number in range(1_000):
        pod.orders.override(str(device.target), str(40 + number % 50), 600.0, by="N. Berg", why="flood")
        if number % 20 == 0:
            await pod.pass_time(1)
    async with asyncio.timeout(30):
        while device.value != 40 + 999 % 50:
            await pod.pass_time(1)
            await asyncio.sleep(0.001)
    took_s = pod.clock.now_s() - began_s
    run.cancel()
    await asyncio.gather(run, return_exceptions=True)
    assert len(device.writes) <= allowed(took_s)
    assert len(pod.orders.overrides()) == 1


def _domain(pod, target):
    known = pod.tables.targets[target]
    return known.domain, known.safe


# -- whatever comes


GUARDS = st.builds(
    lambda low, width, step, interval_s, tolerance: Guard(
        low, low + width, None if step is None else width / step + 0.01, interval_s, 2.0, tolerance
    ),
    st.floats(-1e4, 1e4),
    st.floats(0.0, 1e4),
    st.none() | st.integers(1, 12),
    st.sampled_from((0.0, 1.0, 7.5)),
    st.sampled_from((0.0, 0.1, 5.0)),
)
STEPS = st.lists(
    st.tuples(
        st.sampled_from(("ask", "turn", "silent", "ignores", "refuses", "loses", "coarse", "well")),
        st.floats(-1e5, 1e5),
        st.floats(0.0, 9.0),
    ),
    max_size=12,
)


def happen(stand, kind, value):
    """Something that befalls the device."""
    device = stand.device
    if kind == "turn":
        device.value = value
    elif kind == "well":
        device.silent = device.ignores = device.loses_answers = False
        device.refusal, device.resolution = "", 0.0
    else:
        device.silent |= kind == "silent"
        device.ignores |= kind == "ignores"
        device.loses_answers |= kind == "loses"
        device.refusal = "no" if kind == "refuses" else device.refusal
        device.resolution = 0.5 if kind == "coarse" else device.resolution


async def lived(guard, first, steps):
    """All of it, one after another or at the same time; each write with what stood there when it came."""
    stand, tasks, stood = Stand(guard, first), [], []
    write = stand.device.write

    async def noted(value):
        stood.append(stand.device.value)
        await write(value)

    stand.device.write = noted
    for kind, value, pause_s in steps:
        if kind == "ask":
            tasks.append(asyncio.ensure_future(stand.actuator.apply(stand.output(value), granted)))
        else:
            happen(stand, kind, value)
        await stand.clock.advance(pause_s)
    happen(stand, "well", 0.0)
    await stand.done(asyncio.gather(*tasks, return_exceptions=True), 5.0)
    return stand, tasks, stood


@settings(max_examples=150, deadline=None)
@given(GUARDS, st.floats(-2e4, 2e4), STEPS)
async def test_whatever_comes_no_write_is_outside_its_guard_too_far_or_too_soon(guard, first, steps):
    stand, tasks, stood = await lived(guard, first, steps)
    assert all(task.exception() is None or isinstance(task.exception(), DeviceUnreachable) for task in tasks)
    assert all(guard.low <= value <= guard.high for value in stand.device.written)
    assert all(
        later - sooner >= guard.min_interval_s - 1e-6 for (sooner, _), (later, _) in pairwise(stand.device.writes)
    )
    if guard.max_step is not None:
        for before, value in zip(stood, stand.device.written, strict=False):
            assert abs(value - guard.clamped(before)) <= guard.max_step * (1 + 1e-9) + 1e-6
    if guard.max_step is None:
        asked = [value for kind, value, _ in steps if kind == "ask"]
        assert set(stand.device.written) <= {guard.clamped(value) for value in asked}
