"""A desk over a real store, killed with SIGKILL: what was told and what is kept never part."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

from edgeagent.autonomy.alarms import FACT
from edgeagent.autonomy.kept_alarms import resumed
from edgeagent.core.clock import Anchor, SystemClock
from edgeagent.model.errors import WireError
from edgeagent.wire.record import AlarmChanged, decode

ROUNDS = 4
TURNS = 15
WRITER = """
import asyncio, itertools, sys
from pathlib import Path
import structlog
from edgeagent.autonomy.alarms import AlarmDesk
from edgeagent.core.clock import SystemClock
from edgeagent.core.metrics import Metrics
from edgeagent.model.decision import AlarmWanted
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store

structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

async def main():
    store = Store(Path(sys.argv[1]), StoreSettings(), SystemClock())
    store.open()
    desk = AlarmDesk(store, store, store, SystemClock(), Metrics())
    for number in itertools.count():
        desk.update([AlarmWanted(f"a{number % 7}", "major", "words"), AlarmWanted(f"b{number % 5}", "minor", "words")])
        if number % 3 == 0:
            desk.acknowledge("all", "N. Berg")
        if number % 4 == 0:
            await store.audit_durable("x", "y")
        print(number, flush=True)
        await asyncio.sleep(0)

asyncio.run(main())
"""
State = dict[str, tuple[bool, bool]]
"""What stands by its key: whether it is acknowledged, and whether it comes and goes."""


def killed(folder: Path) -> None:
    """A desk that has worked for a while is killed wherever it is."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as writer:
        assert writer.stdout is not None
        for _ in range(TURNS):
            assert writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)


def on_disk(folder: Path) -> tuple[list[bytes], object]:
    with closing(sqlite3.connect(folder / "safety.db")) as database:
        [(value,)] = database.execute("SELECT value FROM facts WHERE name = ?", (FACT,)).fetchall()
        contents = [content for (content,) in database.execute("SELECT content FROM records ORDER BY place")]
    return contents, json.loads(value)


def told(contents: list[bytes]) -> State:
    """What somebody knows who has only the records, as the NOC."""
    known: State = {}
    for content in contents:
        try:
            record = decode(content)
        except WireError:
            continue
        if not isinstance(record, AlarmChanged):
            continue
        seen, chatters = known.get(record.key, (False, False))
        seen = record.word == "acknowledged" or (seen and record.word not in {"raised", "chattering"})
        known[record.key] = (seen, chatters or record.word == "chattering")
        if not record.stands:
            del known[record.key]
    return known


def test_after_a_kill_the_kept_book_is_what_the_records_told(tmp_path: Path) -> None:
    counts = []
    for _ in range(ROUNDS):
        killed(tmp_path)
        contents, fact = on_disk(tmp_path)
        book, trouble = resumed(fact, Anchor.of(SystemClock()))
        assert trouble == ""
        kept = {one.key: (one.acknowledged is not None, one.chattering) for one in book.alarms.values() if one.stands}
        assert kept == told(contents)
        assert kept
        counts.append(len(contents))
    assert counts == sorted(set(counts)), "each round has told more"
