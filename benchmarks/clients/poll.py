"""Our driver of one device, as the daemon makes it, with the children behind it.

    python -m benchmarks.clients.poll EDGEAGENT.toml DEVICE REQUESTS.json

A poll is one read of every group. What one poll asks the device is written to the file, so that a peer can ask the
same.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gufo.snmp.aio import SnmpSession as GufoSession

from benchmarks.clients.ours import settle_memory
from benchmarks.clients.poll_meter import serve
from edgeagent.core.clock import SystemClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Driver
from edgeagent.daemon import logs
from edgeagent.daemon.configuration import read
from edgeagent.daemon.readers import Around, Readers
from edgeagent.model.reading import Reading
from edgeagent.protocols.modbus import ModbusSession
from edgeagent.protocols.redfish import RedfishSession

ASKS: Sequence[tuple[type, str]] = (
    (GufoSession, "get"),
    (GufoSession, "get_many"),
    (ModbusSession, "read_table"),
    (RedfishSession, "get"),
)
"""Where each protocol's requests pass."""


@contextmanager
def recorded() -> Iterator[list[list[Any]]]:
    """Every request while this is open, as its arguments."""
    seen: list[list[Any]] = []
    plain = [(owner, verb, getattr(owner, verb)) for owner, verb in ASKS]
    for owner, verb, method in plain:
        setattr(owner, verb, _recording(method, seen))
    try:
        yield seen
    finally:
        for owner, verb, method in plain:
            setattr(owner, verb, method)


def _recording(method: Callable[..., Any], seen: list[list[Any]]) -> Callable[..., Any]:
    def call(session: object, *arguments: Any, **options: Any) -> Any:
        seen.append(list(arguments))
        return method(session, *arguments, **options)

    return call


async def read_all(driver: Driver, groups: Sequence[str]) -> list[Reading]:
    """Every group once."""
    return [reading for group in groups for reading in await driver.read(group)]


async def main(config: Path, name: str, note: Callable[[str], object]) -> None:
    """Connect, tell what is asked, and poll."""
    logs.configure("error")
    clock = SystemClock()
    readers = Readers(Around(clock, Health(clock), Metrics()))
    children = [asyncio.create_task(one.run(lambda: None)) for one in readers.workers]
    device = next(one for one in read(config, {}).devices if one.name == name)
    driver = device.options.build(device.name, device.times, readers.parts)
    groups = [group.name for group in (await driver.connect()).groups]
    with recorded() as seen:
        readings = await read_all(driver, groups)
    sources = [reading.source for reading in readings]
    note(json.dumps({"points": len(readings), "requests": seen, "sources": sources}))
    settle_memory()
    await serve(lambda: read_all(driver, groups), len(readings))
    await driver.close()
    for child in children:
        child.cancel()
    await asyncio.wait(children)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]).write_text))
