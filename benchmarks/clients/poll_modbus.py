"""libmodbus, a C library, reading the same registers, and nothing done with them.

python -m benchmarks.clients.poll_modbus HOST PORT REQUESTS.json
"""

from __future__ import annotations

import asyncio
import ctypes
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks.clients.poll_meter import serve

LIBRARY = "libmodbus.so.5"
READS = {
    "holding": "modbus_read_registers",
    "input": "modbus_read_input_registers",
    "coil": "modbus_read_bits",
    "discrete": "modbus_read_input_bits",
}


def connected(host: str, port: int) -> tuple[Any, Any]:
    """The library and its context; SystemExit where nothing takes the connection."""
    library = ctypes.CDLL(LIBRARY)
    library.modbus_new_tcp.restype = ctypes.c_void_p
    for name in ("modbus_set_slave", "modbus_connect", *READS.values()):
        getattr(library, name).argtypes = [ctypes.c_void_p, *([] if name == "modbus_connect" else [ctypes.c_int])]
    for name in READS.values():
        getattr(library, name).argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_int, ctypes.c_void_p]
    context = library.modbus_new_tcp(host.encode(), port)
    if library.modbus_connect(context):
        raise SystemExit(f"libmodbus cannot reach {host}:{port}")
    return library, context


def poller(library: Any, context: Any, requests: Sequence[tuple[str, int, int, int]]) -> Callable[[], None]:
    """One poll: each block once; OSError for one that is refused."""
    buffer = ctypes.create_string_buffer(4096)

    def poll() -> None:
        for table, unit, address, count in requests:
            library.modbus_set_slave(context, unit)
            if getattr(library, READS[table])(context, address, count, buffer) != count:
                raise OSError(f"libmodbus cannot read {count} of {table} {address}")

    return poll


async def main(host: str, port: int, requests: Sequence[tuple[str, int, int, int]]) -> None:
    """Connect, and poll."""
    poll = poller(*connected(host, port), requests)

    async def once() -> None:
        poll()

    await serve(once)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text())["requests"]))
