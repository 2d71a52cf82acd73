"""The conversation between the benchmark and a client process, one JSON object a line.

The benchmark writes how many passes it wants; the client answers with the processor time of its whole process (all
threads and finished children) over those passes, and with what it read. Start and imports are not counted: a poller
starts once.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from collections.abc import Awaitable, Callable

Pass = Callable[[], Awaitable[int]]
"""Reads everything once; returns how many variable bindings the agent delivered."""


def spent_s() -> float:
    """Processor time of this process and its finished children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(part.ru_utime + part.ru_stime for part in used)


async def serve(read_once: Pass) -> None:
    """Answer until standard input ends."""
    say({"ready": True, "varbinds": await read_once()})
    while line := await asyncio.to_thread(sys.stdin.readline):
        before_s, varbinds = spent_s(), 0
        for _ in range(int(line)):
            varbinds += await read_once()
        say({"cpu_s": spent_s() - before_s, "varbinds": varbinds})


def say(message: dict[str, object]) -> None:
    """One line, at once."""
    print(json.dumps(message), flush=True)
