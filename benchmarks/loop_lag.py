"""How late an event loop runs a timer that is due, every few milliseconds."""

from __future__ import annotations

import asyncio

EVERY_S = 0.005


async def probe(lags_ms: list[float]) -> None:
    """Add what is seen until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + EVERY_S
        await asyncio.sleep(EVERY_S)
        lags_ms.append(max(0.0, loop.time() - due_s) * 1000)


async def idle(for_s: float) -> list[float]:
    """What a loop shows that has nothing else to do: the timer's own granularity, and the machine."""
    lags_ms: list[float] = []
    probing = asyncio.create_task(probe(lags_ms))
    await asyncio.sleep(for_s)
    probing.cancel()
    await asyncio.wait([probing])
    return lags_ms
