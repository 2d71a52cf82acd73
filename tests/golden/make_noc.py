"""Makes the golden NOC database of a release: ``python tests/golden/make_noc.py``; run once per schema version.

A released one is never made anew: it stands for the files that NOCs in the field have. It is made of messages as pods
send them, also of kinds that the release does not know.
"""

import shutil
import tempfile
from pathlib import Path

import msgspec

from edgeagent.core.database import Database
from edgeagent.model.journal import Batch, Stream
from edgeagent.noc.fleet import Fleet
from edgeagent.noc.intake import Arrival, Intake
from edgeagent.noc.schema import MIGRATIONS, PROFILE
from edgeagent.wire import frame
from edgeagent.wire.record import Audited, ClockAnchor, Entry, Gap, Sample, encode
from edgeagent.wire.topics import Address, Leaf

NOW_S = 1.8e9
BOOT = "b" * 32
POD = Address("site-1", "pod-1")
GENESIS = "00" * 32


def make(path: Path) -> None:
    database, fleet = Database(path, PROFILE), Fleet(10)
    samples = [Sample(BOOT[:8], 100.0 + n, "pdu-a1", "fast", (Entry("outlet.1.power", 100.0 + n),)) for n in range(5)]
    batches = [
        Batch(Stream.TELEMETRY, 1, 1, (encode(ClockAnchor(BOOT, 90.0, NOW_S, True, "start")), *map(encode, samples))),
        Batch(Stream.TELEMETRY, 1, 10, (encode(Gap(1, 7, 8, "budget")),)),
        Batch(Stream.AUDIT, 1, 1, (encode(Audited(GENESIS, BOOT[:8], 1.0, "golden", "made", "the first release")),)),
        Batch(Stream.ALARM, 1, 1, (alarm("blind/pdu-a1", "raised", stands=True),)),
    ]
    arrivals = [Arrival(POD.topic(Leaf.JOURNAL), frame.encode(batch), False, NOW_S) for batch in batches]
    database.transact(lambda connection: Intake(connection, fleet).take(arrivals))
    database.close_now()


def alarm(key: str, word: str, *, stands: bool) -> bytes:
    """An alarm record, also where the release does not know it yet."""
    told = ("alarm", BOOT[:8], 101.0, key, "major", "pdu-a1 cannot be read", "", "", word, stands)
    return msgspec.msgpack.encode(told)


def main() -> None:
    target = Path(__file__).with_name(f"noc-v{len(MIGRATIONS)}.db")
    if target.exists():
        print(f"{target.name} is released and stays")
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "noc.db"
        make(path)
        shutil.copyfile(path, target)
    print(f"made {target.name}")


if __name__ == "__main__":
    main()
