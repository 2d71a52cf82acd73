"""gufo-snmp alone: the requests that our driver makes, and nothing done with the answers.

python -m benchmarks.clients.gufo PORT COMMUNITY REQUESTS.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from gufo.snmp import SnmpVersion
from gufo.snmp.aio import SnmpSession

from benchmarks.clients.meter import serve


async def replay(session: SnmpSession, requests: list[list[Any]]) -> int:
    """Every request once, in order."""
    varbinds = 0
    for verb, *arguments in requests:
        if verb == "get_many":
            varbinds += len(await session.get_many(arguments[0]))
        elif verb == "getbulk":
            async for _ in session.getbulk(*arguments):
                varbinds += 1
        else:
            await session.get(arguments[0])
            varbinds += 1
    return varbinds


async def main(port: str, community: str, wanted: list[list[Any]]) -> None:
    session = SnmpSession(addr="127.0.0.1", port=int(port), community=community, version=SnmpVersion.v2c, timeout=5.0)
    async with session:
        await serve(lambda: replay(session, wanted))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], json.loads(Path(sys.argv[3]).read_text())))
