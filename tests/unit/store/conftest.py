from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.model.journal import Batch, Stream
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store
from edgeagent.wire.record import Record, decode

Opener = Callable[..., AbstractAsyncContextManager[Store]]
SMALL = StoreSettings(reserve_bytes=64 * 1024)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def opened(tmp_path: Path, clock: ManualClock) -> Opener:
    """Opens the store in the test's folder and closes it cleanly; settings may be changed by name."""

    @asynccontextmanager
    async def use(folder: Path = tmp_path, **settings: object) -> AsyncIterator[Store]:
        store = Store(folder, replace(SMALL, **settings), clock)
        store.open()
        try:
            yield store
        finally:
            await store.close()

    return use


@pytest.fixture
def crash() -> Callable[[Store], None]:
    """Lets go of the files as a killed process would: nothing is flushed, nothing is sealed."""

    def let_go(store: Store) -> None:
        store._files.abandon(damaged=None)
        store._files._lock.release()

    return let_go


def current(store: Store, stream: Stream = Stream.TELEMETRY) -> int:
    return [extent.epoch for extent in store.extents() if extent.stream is stream][-1]


async def everything(store: Store, stream: Stream = Stream.TELEMETRY) -> dict[tuple[int, int], bytes]:
    """All pending records of a stream, by (epoch, sequence)."""
    found: dict[tuple[int, int], bytes] = {}
    for extent in [one for one in store.extents() if one.stream is stream]:
        start = 1
        while (batch := await store.batch(stream, extent.epoch, start, 200, 65536)) is not None:
            found |= positions(batch)
            start = batch.last_sequence + 1
    return found


def positions(batch: Batch) -> dict[tuple[int, int], bytes]:
    return {(batch.epoch, sequence): content for sequence, content in enumerate(batch.records, batch.first_sequence)}


async def records(store: Store, kind: type[Record], stream: Stream = Stream.TELEMETRY) -> list[Record]:
    contents = (await everything(store, stream)).values()
    made = [decode(content) for content in contents if content[:1] != b"x"]
    return [record for record in made if isinstance(record, kind)]
