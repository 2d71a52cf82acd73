"""Channels: one publisher's facts to any number of bounded subscribers; a slow one loses its own oldest, counted."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

T = TypeVar("T")


class Subscription(Generic[T]):
    """One subscriber's queue. When it is full the oldest item makes room and ``dropped`` grows."""

    def __init__(self, name: str, limit: int) -> None:
        if limit < 1:
            raise ValueError(f"cannot subscribe {name}: a queue of {limit} holds nothing")
        self.name = name
        self.dropped = 0
        self._limit = limit
        self._items: deque[T] = deque()
        self._filled = asyncio.Event()

    def __len__(self) -> int:
        return len(self._items)

    def offer(self, item: T) -> None:
        """Take one item now, at the cost of the oldest when full."""
        if len(self._items) >= self._limit:
            self._items.popleft()
            self.dropped += 1
        self._items.append(item)
        self._filled.set()

    async def next(self) -> T:
        """The oldest item; waits for one."""
        while not self._items:
            self._filled.clear()
            await self._filled.wait()
        return self._items.popleft()

    def take(self) -> T | None:
        """The oldest item, or None when none waits."""
        return self._items.popleft() if self._items else None

    def drain(self) -> list[T]:
        """All items that wait now, oldest first."""
        items = list(self._items)
        self._items.clear()
        return items

    async def __aiter__(self) -> AsyncIterator[T]:
        while True:
            yield await self.next()


class Channel(Generic[T]):
    """A named stream of facts of one type."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._subscriptions: list[Subscription[T]] = []

    @property
    def subscriptions(self) -> tuple[Subscription[T], ...]:
        """Who listens now."""
        return tuple(self._subscriptions)

    def publish(self, item: T) -> None:
        """Give the item to every subscriber; never waits."""
        for subscription in self._subscriptions:
            subscription.offer(item)

    @contextmanager
    def subscribe(self, name: str, limit: int = 1000) -> Iterator[Subscription[T]]:
        """Listen until the block ends."""
        subscription: Subscription[T] = Subscription(name, limit)
        self._subscriptions.append(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.remove(subscription)
