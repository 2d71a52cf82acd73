import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.core.clock import YEAR_2020_S, Anchor, ManualClock, SystemClock


async def sleeper(clock, seconds, woken):
    await clock.sleep(seconds)
    woken.append((seconds, clock.now_s()))


async def test_sleepers_wake_in_order_each_at_its_own_moment():
    clock, woken = ManualClock(now_s=100.0), []
    async with asyncio.TaskGroup() as group:
        for seconds in (3.0, 1.0, 2.0):
            group.create_task(sleeper(clock, seconds, woken))
        await clock.advance(2.5)
        assert woken == [(1.0, 101.0), (2.0, 102.0)]
        assert clock.now_s() == 102.5
        assert clock.sleepers == 1
        await clock.advance(0.5)
    assert woken[-1] == (3.0, 103.0)


async def test_one_that_sleeps_again_wakes_again_within_the_same_advance():
    clock, ticks = ManualClock(now_s=0.0), []

    async def tick():
        while True:
            await clock.sleep(1.0)
            ticks.append(clock.now_s())

    task = asyncio.create_task(tick())
    await clock.advance(3.0)
    assert ticks == [1.0, 2.0, 3.0]
    task.cancel()
    await asyncio.wait([task])
    assert clock.sleepers == 0


async def test_a_cancelled_sleeper_does_not_stand_in_the_way_of_others():
    clock, woken = ManualClock(now_s=0.0), []
    cancelled = asyncio.create_task(sleeper(clock, 1.0, woken))
    kept = asyncio.create_task(sleeper(clock, 1.0, woken))
    await asyncio.sleep(0)
    assert clock.sleepers == 2
    cancelled.cancel()
    assert clock.sleepers == 1
    await clock.advance(1.0)
    await kept
    assert woken == [(1.0, 1.0)]


async def test_a_sleep_cut_off_by_a_timeout_leaves_nothing():
    clock = ManualClock()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await clock.sleep(5.0)
    assert clock.sleepers == 0
    await clock.advance(10.0)


@pytest.mark.parametrize("seconds", [0.0, -1.0])
async def test_a_sleep_of_nothing_only_yields(seconds):
    clock = ManualClock()
    await clock.sleep(seconds)
    await SystemClock().sleep(seconds)
    assert clock.sleepers == 0


@pytest.mark.parametrize("clock", [ManualClock(), SystemClock()])
async def test_a_wait_ends_early_when_its_future_is_set_and_leaves_nothing(clock):
    woken = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(clock.wait(woken, 60.0))
    await asyncio.sleep(0)
    assert not waiting.done()
    woken.set_result(None)
    await waiting
    assert not isinstance(clock, ManualClock) or clock.sleepers == 0


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.01])
async def test_a_wait_that_nobody_ends_is_over_at_its_time(seconds):
    manual, loop = ManualClock(), asyncio.get_running_loop()
    woken = loop.create_future()
    waiting = asyncio.create_task(manual.wait(woken, seconds))
    await manual.advance(max(0.0, seconds))
    await waiting
    assert woken.done()
    await SystemClock().wait(loop.create_future(), seconds)


async def test_a_wait_that_is_cancelled_is_no_sleeper():
    clock = ManualClock()
    waiting = asyncio.create_task(clock.wait(asyncio.get_running_loop().create_future(), 5.0))
    await asyncio.sleep(0)
    assert clock.sleepers == 1
    waiting.cancel()
    await asyncio.wait([waiting])
    assert clock.sleepers == 0
    await clock.advance(10.0)


async def test_manual_time_never_goes_back():
    clock = ManualClock(now_s=5.0)
    with pytest.raises(ValueError, match="cannot advance by -1"):
        await clock.advance(-1.0)
    await asyncio.gather(clock.advance(1.0), clock.advance(3.0))
    assert clock.now_s() == 8.0


async def test_two_who_advance_at_once_never_turn_time_back():
    clock, seen = ManualClock(now_s=0.0), []

    async def late():
        await clock.sleep(1.0)
        await clock.advance(10.0)
        seen.append(clock.now_s())

    task = asyncio.create_task(late())
    await clock.advance(2.0)
    await task
    assert seen == [11.0]
    assert clock.now_s() == 11.0


@given(st.lists(st.floats(0.001, 1000.0), max_size=20), st.lists(st.floats(0.0, 500.0), max_size=10))
async def test_whatever_the_steps_nobody_wakes_early_or_late(sleeps, steps):
    clock, woken = ManualClock(now_s=0.0), []
    tasks = [asyncio.create_task(sleeper(clock, seconds, woken)) for seconds in sleeps]
    for step in [0.0, *steps]:
        await clock.advance(step)
    assert woken == [(seconds, seconds) for seconds in sorted(sleeps) if seconds <= clock.now_s()]
    assert clock.sleepers == len(sleeps) - len(woken)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def test_the_wall_clock_steps_without_the_other():
    clock = ManualClock(now_s=10.0, wall_s=YEAR_2020_S - 5, boot_id="a" * 32)
    before = Anchor.of(clock)
    assert before == Anchor("a" * 32, 10.0, YEAR_2020_S - 5, trusted=False)
    clock.step_wall(100.0)
    after = Anchor.of(clock)
    assert after.trusted
    assert clock.now_s() == 10.0
    assert before.stepped_s(after) == 100.0


async def test_passing_time_is_no_step():
    clock = ManualClock()
    before = Anchor.of(clock)
    await clock.advance(60.0)
    assert before.stepped_s(Anchor.of(clock)) == 0.0


@pytest.mark.parametrize(
    ("boot", "trusted", "up_s", "off_s", "expected_s"),
    [
        ("a", True, 900.0, 0.0, 0.0),  # the same boot
        ("b", True, 50.0, 600.0, -1550.0),  # 550 s off, 50 s up
        ("b", False, 50.0, 600.0, -1000.0),
        ("b", True, 50.0, -86400.0, -1000.0),  # the wall clock went back
    ],
)
def test_a_boot_time_is_moved_into_a_later_boot_and_never_beyond_its_beginning(boot, trusted, up_s, off_s, expected_s):
    before = Anchor("a", 1000.0, YEAR_2020_S + 1e6, trusted=True)
    assert before.shift_s(Anchor(boot, up_s, before.wall_s + off_s, trusted)) == expected_s


async def test_the_system_clock_counts_from_boot_and_names_it(tmp_path):
    clock = SystemClock()
    assert len(clock.boot_id) == 32
    assert int(clock.boot_id, 16) > 0
    before_s = clock.now_s()
    await clock.sleep(0.01)
    assert clock.now_s() > before_s
    assert abs(clock.wall_s() - time.time()) < 5
    (tmp_path / "boot_id").write_text("01234567-89ab-cdef-0123-456789abcdef\n")
    assert SystemClock(tmp_path / "boot_id").boot_id == "0123456789abcdef0123456789abcdef"
