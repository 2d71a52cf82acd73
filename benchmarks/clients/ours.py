"""Our path: a rack PDU driver's ``read`` of every group, from the request to finished Readings.

    python -m benchmarks.clients.ours PORT COMMUNITY REQUESTS.json

The requests that one read of everything makes are written to the file, so that gufo-snmp alone can make the same.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gufo.snmp.aio import SnmpSession as GufoSession

from benchmarks.clients.meter import serve
from edgeagent.core import memory
from edgeagent.core.clock import SystemClock
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.snmp_device import SnmpOptions
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Quality
from edgeagent.protocols.snmp_address import Community, parse_address

VERBS = ("get", "get_many", "getbulk")
TIMES = Times(every_s=10.0, slow_every_s=10.0, timeout_s=5.0)


def device(port: str, community: str) -> Driver:
    """The driver as the daemon makes it."""
    options = SnmpOptions(parse_address(f"snmp://127.0.0.1:{port}"), Community(community))
    return options.build(DeviceId("pdu"), TIMES, Parts(SystemClock()))


def settle_memory() -> None:
    """What the daemon does once it has started: the collector leaves alone what stays for ever."""
    gc.collect()
    memory.settle()


@contextmanager
def recorded() -> Iterator[list[list[Any]]]:
    """Every request to the library while this is open: its name and its arguments."""
    seen: list[list[Any]] = []
    plain = {verb: getattr(GufoSession, verb) for verb in VERBS}

    def recording(verb: str) -> Callable[..., Any]:
        def call(session: GufoSession, *arguments: Any, **options: Any) -> Any:
            seen.append([verb, *arguments, *options.values()])
            return plain[verb](session, *arguments, **options)

        return call

    for verb in VERBS:
        setattr(GufoSession, verb, recording(verb))
    try:
        yield seen
    finally:
        for verb in VERBS:
            setattr(GufoSession, verb, plain[verb])


async def main(port: str, community: str, note: Callable[[str], object]) -> None:
    driver = device(port, community)
    groups = [group.name for group in (await driver.connect()).groups]

    async def read_all() -> list[Quality]:
        return [reading.quality for group in groups for reading in await driver.read(group)]

    with recorded() as seen:
        qualities = await read_all()
    note(json.dumps(seen))
    varbinds = sum(len(words[1]) if words[0] == "get_many" else 1 for words in seen)

    async def read_once() -> int:
        for group in groups:
            await driver.read(group)
        return varbinds

    bad = sum(quality is not Quality.GOOD for quality in qualities)
    print(f"{len(qualities)} readings, {bad} of them not GOOD, from {varbinds} variable bindings", file=sys.stderr)
    settle_memory()
    await serve(read_once)
    await driver.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], Path(sys.argv[3]).write_text))
