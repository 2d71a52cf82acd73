from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Condition, Health, Level


async def test_a_change_of_level_is_told_once_and_dated():
    clock = ManualClock(now_s=10.0)
    health = Health(clock)
    assert health.get("disk") is None
    assert health.set("disk", Level.OK)
    await clock.advance(5.0)
    assert not health.set("disk", Level.OK, "plenty")
    assert health.get("disk") == Condition("disk", Level.OK, "plenty", 10.0)
    assert health.set("disk", Level.FAILED, "full")
    assert health.get("disk") == Condition("disk", Level.FAILED, "full", 15.0)


def test_the_worst_comes_first_then_the_name():
    health = Health(ManualClock())
    for part, level in [("b", Level.OK), ("a", Level.OK), ("z", Level.FAILED), ("m", Level.DEGRADED)]:
        health.set(part, level)
    assert [condition.part for condition in health.conditions()] == ["z", "m", "a", "b"]


def test_a_word_can_be_taken_back():
    health = Health(ManualClock())
    health.set("configuration", Level.DEGRADED, "restart needed")
    assert health.forget("configuration")
    assert not health.forget("configuration")
    assert health.conditions() == ()
