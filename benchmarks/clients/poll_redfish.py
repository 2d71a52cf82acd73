"""A bare aiohttp loop that gets the same resources of a Redfish service, one after the other, and parses their JSON.

python -m benchmarks.clients.poll_redfish ORIGIN USER PASSWORD REQUESTS.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import aiohttp

from benchmarks.clients.poll_meter import serve


async def main(origin: str, user: str, password: str, paths: Sequence[str]) -> None:
    """Poll with one connection that stays open."""
    access = aiohttp.BasicAuth(user, password)
    async with aiohttp.ClientSession(origin, auth=access, connector=aiohttp.TCPConnector(limit=1)) as session:

        async def poll() -> None:
            for path in paths:
                async with session.get(path) as answer:
                    answer.raise_for_status()
                    json.loads(await answer.read())

        await serve(poll)


if __name__ == "__main__":
    asked = json.loads(Path(sys.argv[4]).read_text())["requests"]
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], [path for path, *_ in asked]))
