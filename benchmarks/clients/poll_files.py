"""Plain reads of the files that our driver's readings come from.

python -m benchmarks.clients.poll_files REQUESTS.json
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

from benchmarks.clients.poll_meter import serve


async def main(files: list[Path]) -> None:
    """Open, read and close each once a poll."""

    async def poll() -> None:
        for file in files:
            file.read_text()

    await serve(poll)


if __name__ == "__main__":
    sources = json.loads(Path(sys.argv[1]).read_text())["sources"]
    asyncio.run(main([Path(source) for source in dict.fromkeys(sources)]))
