import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.core.bus import Channel, Subscription


async def test_every_subscriber_gets_every_item_in_order():
    channel = Channel("numbers")
    with channel.subscribe("a") as one, channel.subscribe("b") as other:
        assert [subscription.name for subscription in channel.subscriptions] == ["a", "b"]
        for number in range(3):
            channel.publish(number)
        assert [await one.next() for _ in range(3)] == [0, 1, 2]
        assert other.drain() == [0, 1, 2]
        assert len(other) == 0
    assert channel.subscriptions == ()
    channel.publish(4)
    assert len(one) == 0


def test_a_slow_subscriber_loses_its_own_oldest_and_it_is_counted():
    channel = Channel("numbers")
    with channel.subscribe("slow", limit=2) as slow, channel.subscribe("roomy") as roomy:
        for number in range(5):
            channel.publish(number)
        assert (slow.drain(), slow.dropped) == ([3, 4], 3)
        assert (roomy.drain(), roomy.dropped) == ([0, 1, 2, 3, 4], 0)


async def test_one_who_waits_is_woken_by_the_next_item():
    channel = Channel("numbers")
    with channel.subscribe("waits") as subscription:
        waiting = asyncio.create_task(subscription.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        channel.publish("now")
        assert await waiting == "now"


async def test_two_who_wait_at_one_subscription_get_one_item_each():
    with Channel("numbers").subscribe("shared") as subscription:
        waiting = [asyncio.create_task(subscription.next()) for _ in range(2)]
        await asyncio.sleep(0)
        subscription.offer(1)
        await asyncio.sleep(0.001)
        subscription.offer(2)
        assert await asyncio.gather(*waiting) == [1, 2]


async def test_a_subscription_can_be_looped_over():
    channel, seen = Channel("numbers"), []
    with channel.subscribe("loop") as subscription:
        channel.publish(1)
        channel.publish(2)
        async for item in subscription:
            seen.append(item)
            if item == 2:
                break
    assert seen == [1, 2]


def test_the_subscription_ends_with_its_block_also_when_that_fails():
    channel = Channel("numbers")
    with pytest.raises(RuntimeError), channel.subscribe("short"):
        raise RuntimeError
    assert channel.subscriptions == ()


def test_a_queue_without_room_is_refused():
    with pytest.raises(ValueError, match="cannot subscribe none: a queue of 0 holds nothing"):
        Subscription("none", 0)


@given(st.lists(st.integers()), st.integers(1, 10))
def test_what_is_kept_and_what_is_dropped_add_up(items, limit):
    subscription = Subscription("any", limit)
    for item in items:
        subscription.offer(item)
    assert subscription.dropped == max(0, len(items) - limit)
    assert subscription.drain() == items[-limit:]


async def test_take_gives_the_oldest_at_once_or_nothing() -> None:
    channel: Channel[int] = Channel("numbers")
    with channel.subscribe("test") as subscription:
        assert subscription.take() is None
        channel.publish(1)
        channel.publish(2)
        assert (subscription.take(), subscription.take(), subscription.take()) == (1, 2, None)
