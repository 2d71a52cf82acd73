"""The whole audit trail of a pod, link by link: what its own file and the NOC hold of it, and what it says of loads."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from edgeagent.store.peek import reading
from edgeagent.store.schema import SAFETY_FILE
from edgeagent.wire.chain import GENESIS, link
from edgeagent.wire.record import Audited, EpochOpened, decode
from tests.e2e.oracle import noc_rows
from tests.e2e.tail import Key

AUDIT = 1
"""The stream's number in both databases."""
OWN = """SELECT epoch, place & 0xFFFFFFFFFF, content FROM records JOIN epochs ON slot = place >> 40 AND stream = 1
UNION ALL SELECT epoch, sequence, content FROM sealed"""


@dataclass(frozen=True)
class Told:
    """What the trail says last of one load: the value that was ordered, and the word of what came of it.

    ``cut`` is true of an order whose agent died before it told what came of it.
    """

    ordered: str
    word: str
    detail: str
    cut: bool = False


def trail(state: Path, noc_db: Path) -> dict[Key, bytes]:
    """Every audit record there is, in order; the pod and the NOC must not differ in one."""
    found = noc_rows(noc_db, AUDIT) if noc_db.exists() else {}
    with reading(state / SAFETY_FILE) as own:
        for epoch, sequence, content in own.execute(OWN):
            assert found.setdefault((epoch, sequence), content) == content, f"two contents of {epoch}/{sequence}"
    return dict(sorted(found.items()))


def flaws(rows: Mapping[Key, bytes]) -> list[str]:
    """Where the chain does not hold: a sequence that is missing, or a head that is not the one before."""
    head, wrong, before = GENESIS, [], (0, 0)
    for epoch, sequence in rows:
        content = rows[epoch, sequence]
        record = decode(content)
        if sequence != (before[1] + 1 if epoch == before[0] else 1):
            wrong.append(f"{epoch}/{sequence} follows {before[0]}/{before[1]}")
        if epoch != before[0] and before[0] and not _announces(record, before):
            wrong.append(f"{epoch}/{sequence} does not announce the end of {before[0]}/{before[1]}")
        if isinstance(record, Audited) and record.previous != head.hex():
            wrong.append(f"{epoch}/{sequence} ({record.subject} {record.action}) does not follow the head before it")
        head, before = link(head, content), (epoch, sequence)
    return wrong


def _announces(record: object, before: Key) -> bool:
    return isinstance(record, EpochOpened) and before in record.earlier


def told(rows: Mapping[Key, bytes]) -> dict[str, Told]:
    """Load → what is said of it last."""
    found: dict[str, Told] = {}
    for record in map(decode, rows.values()):
        if not isinstance(record, Audited):
            continue
        load = record.subject.removeprefix("load/").removesuffix(".power")
        if (record.subject, record.action) == ("daemon", "start"):
            found = {name: replace(one, cut=one.word == "act") for name, one in found.items()}
        elif record.subject.startswith("load/") and record.action == "act":
            found[load] = Told(json.loads(record.detail)["value"], "act", record.detail)
        elif record.subject.startswith("load/") and load in found:
            found[load] = Told(found[load].ordered, record.action, record.detail)
    return found


def breaks(noc_db: Path) -> int:
    """How many links the NOC itself found broken."""
    with sqlite3.connect(f"file:{noc_db}?mode=ro", uri=True) as connection:
        rows = connection.execute("SELECT breaks FROM chain").fetchall()
    connection.close()
    return sum(count for (count,) in rows)
