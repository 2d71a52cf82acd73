"""pysnmp as a careful user runs it: one engine, GETBULK, ``lookupMib=False``.

python -m benchmarks.clients.pysnmp_bulk PORT COMMUNITY MAX_REPETITIONS SUBTREE...
"""

from __future__ import annotations

import asyncio
import sys

from pysnmp.hlapi.v3arch.asyncio import (
    CommunityData,
    ContextData,
    ObjectIdentity,
    ObjectType,
    SnmpEngine,
    UdpTransportTarget,
    bulk_walk_cmd,
)

from benchmarks.clients.meter import serve


async def main(port: str, community: str, repetitions: str, *subtrees: str) -> None:
    engine, context = SnmpEngine(), ContextData()
    target = await UdpTransportTarget.create(("127.0.0.1", int(port)), timeout=5, retries=1)
    access = CommunityData(community, mpModel=1)

    async def walk(subtree: str) -> int:
        varbinds = 0
        rows = bulk_walk_cmd(
            engine,
            access,
            target,
            context,
            0,
            int(repetitions),
            ObjectType(ObjectIdentity(subtree)),
            lookupMib=False,
            lexicographicMode=False,
        )
        async for problem, status, _, bindings in rows:
            if problem or status:
                raise SystemExit(f"cannot walk {subtree}: {problem or status}")
            varbinds += len(bindings)
        return varbinds

    async def read_once() -> int:
        return sum([await walk(subtree) for subtree in subtrees])

    await serve(read_once)
    engine.close_dispatcher()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
