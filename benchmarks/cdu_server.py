"""The simulated coolant distribution unit that speaks Modbus; a pod's own speak Redfish.

    python -m benchmarks.cdu_server

Prints its port, and serves until it is ended.
"""

from __future__ import annotations

import asyncio
import time

from firmware_stubs import modbus_cdu
from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_server import ModbusServer
from firmware_stubs.plant import Cdu

UNIT = 1


async def main() -> None:
    """Serve."""
    faulty = Faulty()
    unit, _ = modbus_cdu.cdu(Cdu("cdu-1", "CD01"), time.monotonic, faulty)
    server = ModbusServer({UNIT: unit}, faulty=faulty)
    await server.open()
    print(server.port, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
