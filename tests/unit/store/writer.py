"""Appends to a store as fast as it can and says on standard output what was committed; it ends by being killed."""

import asyncio
import itertools
import sys
from pathlib import Path

from edgeagent.core.clock import SystemClock
from edgeagent.model.journal import Stream
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store


async def main(folder: Path) -> None:
    store = Store(folder, StoreSettings(reserve_bytes=65536), SystemClock())
    store.open()
    print("ready", flush=True)
    for number in itertools.count():
        for step in range(7):
            store.append(Stream.TELEMETRY, b"x%d.%d" % (number, step))
        if number % 3 == 0:
            store.audit("writer", "wrote", str(number))
            position = await store.append_durable(Stream.ALARM, b"x%d" % number)
            say(Stream.ALARM, position.epoch, position.sequence, b"x%d" % number)
        await store.flush()
        extent = store.extents()[-1]
        start = max(1, extent.last_committed - 6)
        batch = await store.batch(Stream.TELEMETRY, extent.epoch, start, 200, 65536)
        assert batch is not None
        for sequence, content in enumerate(batch.records, start):
            say(Stream.TELEMETRY, extent.epoch, sequence, content)
        sys.stdout.flush()


def say(stream: Stream, epoch: int, sequence: int, content: bytes) -> None:
    print(stream, epoch, sequence, content.hex())


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
