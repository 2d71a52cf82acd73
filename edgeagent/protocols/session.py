"""Sessions: one per address and access, shared by name; who writes goes before who reads."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar


class Session(Protocol):
    """Something open towards a device."""

    async def close(self) -> None:
        """Let go; safe twice."""


S = TypeVar("S", bound=Session)


class Turn:
    """One talker at a time at an address; a waiting writer goes before every waiting reader."""

    def __init__(self) -> None:
        self._taken = False
        self._writers: deque[asyncio.Future[None]] = deque()
        self._readers: deque[asyncio.Future[None]] = deque()

    @asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """Hold the turn to read."""
        await self._take(self._readers)
        try:
            yield
        finally:
            self._give()

    @asynccontextmanager
    async def write(self) -> AsyncIterator[None]:
        """Hold the turn to write."""
        await self._take(self._writers)
        try:
            yield
        finally:
            self._give()

    async def _take(self, queue: deque[asyncio.Future[None]]) -> None:
        if not self._taken:
            self._taken = True
            return
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.append(called)
        try:
            await called
        except asyncio.CancelledError:
            if called.done() and not called.cancelled():
                self._give()  # the turn came and the cancellation with it: the next one takes it
            raise

    def _give(self) -> None:
        for queue in (self._writers, self._readers):
            while queue:
                called = queue.popleft()
                if not called.done():
                    called.set_result(None)
                    return
        self._taken = False


@dataclass(slots=True)
class _Entry(Generic[S]):
    session: S
    users: int = 0


class Sessions(Generic[S]):
    """The open sessions. Sessions of one address share its Turn, whatever credentials they use."""

    def __init__(self) -> None:
        self._entries: dict[tuple[Hashable, Hashable], _Entry[S]] = {}
        self._turns: dict[Hashable, Turn] = {}

    def __len__(self) -> int:
        return len(self._entries)

    def open(self, address: Hashable, access: Hashable, make: Callable[[Turn], S]) -> S:
        """The session for this address and access, made by the first who asks; each `open` needs one `close`."""
        key = (address, access)
        if key not in self._entries:
            turn = self._turns.setdefault(address, Turn())
            self._entries[key] = _Entry(make(turn))
        entry = self._entries[key]
        entry.users += 1
        return entry.session

    def find(self, address: Hashable, access: Hashable) -> S | None:
        """The session that is open now, if there is one; this makes nobody a user of it."""
        entry = self._entries.get((address, access))
        return None if entry is None else entry.session

    async def close(self, address: Hashable, access: Hashable) -> None:
        """One user less; the last one closes the session."""
        entry = self._entries.get((address, access))
        if entry is None:
            return
        entry.users -= 1
        if entry.users > 0:
            return
        del self._entries[address, access]
        if all(known != address for known, _ in self._entries):
            self._turns.pop(address, None)
        await entry.session.close()


class Lease(Generic[S]):
    """One user's hold on a shared session: taken when first needed, given back once."""

    def __init__(self, sessions: Sessions[S], address: Hashable, access: Hashable, make: Callable[[Turn], S]) -> None:
        self._sessions = sessions
        self._address = address
        self._access = access
        self._make = make
        self._session: S | None = None

    def open(self) -> S:
        """The session; the same one until `close`."""
        if self._session is None:
            self._session = self._sessions.open(self._address, self._access, self._make)
        return self._session

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""
        if self._session is not None:
            self._session = None
            await self._sessions.close(self._address, self._access)
