"""The conversation between the benchmark and a client that polls one device; its other end is `benchmarks/polls.py`.

A line with a number on standard input has so many polls made; the answer tells how long they took. What they cost is
seen from outside, so that processes behind the client count too.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

from benchmarks.clients.meter import say

Poll = Callable[[], Awaitable[object]]
"""Reads everything of the device once."""


async def serve(poll: Poll, points: int = 0) -> None:
    """Answer until standard input ends."""
    await poll()
    say({"ready": True, "points": points})
    while line := await asyncio.to_thread(sys.stdin.readline):
        took_ms = []
        for _ in range(int(line)):
            begun_s = time.perf_counter()
            await poll()
            took_ms.append((time.perf_counter() - begun_s) * 1000)
        say({"took_ms": [round(one, 4) for one in took_ms]})
