"""Schedules and wakers."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.schedule import SLOT_S, Schedule, Waker, phase


def test_fifty_devices_do_not_start_together():
    phases = sorted(phase(place) for place in range(50))
    gaps = [after - before for before, after in pairwise(phases)]
    assert min(gaps) > 0.008  # 0.02 would be perfect
    assert max(gaps) < 0.04


def test_groups_are_due_on_their_own_grids():
    schedule = Schedule({"fast": 10.0, "slow": 60.0}, 0.5, 1000.0)
    assert schedule.next_s == 1005.0
    assert schedule.due(1004.9) == []
    assert schedule.due(1005.0) == ["fast"]
    schedule.done("fast", 1005.3)
    assert schedule.next_s == 1015.0  # a late poll does not move the next one
    assert schedule.due(1030.0) == ["slow"]  # the fast one is a whole period past: it waits for its grid


def test_time_that_was_missed_is_not_caught_up():
    schedule = Schedule({"fast": 10.0}, 0.0, 1000.0)
    assert schedule.due(1000.0 + 86_407.0) == []
    assert schedule.next_s == 1000.0 + 86_410.0


@example(period_s=0.75, offset=0.875, now_s=1.0, gap_s=0.0)  # the edge of the slot is in the next period
@given(period_s=st.floats(0.1, 3600), offset=st.floats(0, 0.999), now_s=st.floats(0, 1e7), gap_s=st.floats(0, 1e6))
def test_the_next_time_is_always_ahead_and_at_most_one_period_away(period_s, offset, now_s, gap_s):
    schedule = Schedule({"fast": period_s}, offset, now_s)
    later_s = now_s + gap_s
    schedule.due(later_s)
    schedule.done("fast", later_s)
    assert later_s - 1e-6 <= schedule.next_s <= later_s + period_s * 1.001 + 1e-6


def test_devices_share_wake_ups_and_keep_their_periods():
    schedules = [Schedule({"fast": 1.0}, phase(place), 1000.03) for place in range(48)]
    first = {round(schedule.next_s, 6) for schedule in schedules}
    assert len(first) <= 1.0 / SLOT_S + 1
    assert max(first) - min(first) > 0.7, "over the whole period"
    for schedule in schedules:
        due_s = schedule.next_s
        schedule.done("fast", due_s + 0.01)
        assert schedule.next_s == pytest.approx(due_s + 1.0)


@pytest.mark.parametrize("period_s", [0.05, 0.5, 10.0])
def test_a_slot_is_a_small_part_of_a_period(period_s):
    times = {Schedule({"fast": period_s}, phase(place), 1000.0).next_s for place in range(200)}
    assert len(times) >= 5


async def test_a_waker_waits_for_its_time():
    clock = ManualClock()
    waiting = asyncio.create_task(Waker(clock).until(clock.now_s() + 5))
    await clock.advance(4.9)
    assert not waiting.done()
    await clock.advance(0.1)
    assert await waiting is False


async def test_a_poke_ends_the_wait_or_the_next_one():
    clock = ManualClock()
    waker = Waker(clock)
    waiting = asyncio.create_task(waker.until(clock.now_s() + 5))
    await clock.advance(0)
    waker.poke()
    assert await waiting is True
    waker.poke()
    assert waker.poked
    assert await waker.until(clock.now_s() + 5) is True
    assert not waker.poked
    assert clock.sleepers == 0
