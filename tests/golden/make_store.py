"""Makes the golden databases of a release: ``python tests/golden/make_store.py``; run once per schema version.

A released pair is never made anew: it stands for the files that pods in the field have.
"""

import asyncio
import shutil
import tempfile
from pathlib import Path

from edgeagent.core.clock import ManualClock
from edgeagent.model.journal import Ack, Stream
from edgeagent.store.schema import SAFETY_FILE, SAFETY_MIGRATIONS, TELEMETRY_FILE, TELEMETRY_MIGRATIONS
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store
from edgeagent.wire.record import ClockAnchor, Entry, Sample, encode


async def make(folder: Path) -> None:
    clock = ManualClock()
    store = Store(folder, StoreSettings(reserve_bytes=65536), clock)
    store.open()
    store.append(Stream.TELEMETRY, encode(ClockAnchor(clock.boot_id, 1000.0, clock.wall_s(), True, "start")))
    for number in range(20):
        entries = (Entry("outlet.1.power", 100.0 + number), Entry("outlet.2.power", None, "BAD", "disconnected"))
        store.append(Stream.TELEMETRY, encode(Sample("00000000", 1000.0 + number, "pdu-a1", "fast", entries)))
    store.append(Stream.ALARM, b"an alarm of the first release")
    store.audit("golden", "made", "the first release")
    await store.flush()
    epoch = store.extents()[-1].epoch
    await store.settle(Ack("pod", Stream.TELEMETRY, epoch, 5, ((8, 9),)))
    await store.put_fact("identity", {"pdu-a1": "SN 1"})
    await store.close()


def main() -> None:
    here = Path(__file__).parent
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(make(Path(folder)))
        for name, version in ((SAFETY_FILE, len(SAFETY_MIGRATIONS)), (TELEMETRY_FILE, len(TELEMETRY_MIGRATIONS))):
            target = here / name.replace(".db", f"-v{version}.db")
            if target.exists():
                print(f"{target.name} is released and stays")
            else:
                shutil.copyfile(Path(folder) / name, target)
                print(f"made {target.name}")


if __name__ == "__main__":
    main()
