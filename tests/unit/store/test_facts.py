"""Facts go with the records that are queued around them: all of it, or nothing."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

from edgeagent.model.journal import Stream
from edgeagent.store.queue import Queue, Queued
from tests.unit.store.conftest import Opener

WRITER = """
import asyncio, sys
from pathlib import Path
from edgeagent.core.clock import SystemClock
from edgeagent.model.journal import Stream
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store

async def main():
    store = Store(Path(sys.argv[1]), StoreSettings(), SystemClock())
    store.open()
    number = 0
    while True:
        number += 1
        store.append(Stream.ALARM, b"%d" % number)
        store.note_fact("number", number)
        await store.audit_durable("x", "y")
        print(number, flush=True)

asyncio.run(main())
"""


def a_record(number: int) -> Queued:
    return Queued(Stream.ALARM, b"%d" % number, 1)


def test_a_fact_is_taken_with_the_records_around_it() -> None:
    queue = Queue(10, 1000)
    queue.put(a_record(1))
    queue.note({"a": 1})
    queue.put(a_record(2))
    items, facts = queue.take_all(10)
    assert ([item.content for item in items], facts) == ([b"1", b"2"], {"a": 1})
    assert queue.take_all(10) == ([], {})


async def test_a_function_makes_the_fact_when_it_is_written(opened: Opener) -> None:
    threads: list[threading.Thread] = []

    def make() -> list[int]:
        threads.append(threading.current_thread())
        return [len(threads)]

    async with opened() as store:
        store.note_fact("a", make)
        assert not threads
        await store.audit_durable("x", "y")
        assert store.fact("a") == [1]
        assert threads != [threading.current_thread()]
        store.note_fact("b", b'{"c": [1.5]}')
        await store.audit_durable("x", "y")
        assert store.fact("b") == {"c": [1.5]}


def test_a_fact_never_overtakes_a_record_that_was_queued_before_it() -> None:
    queue = Queue(10, 1000)
    for number in range(3):
        queue.put(a_record(number))
    queue.note({"a": 1})
    assert queue.take_all(2)[1] == {}
    assert queue.take_all(2)[1] == {"a": 1}


def test_a_fact_that_could_not_be_written_waits_again_unless_there_is_a_newer_one() -> None:
    queue = Queue(10, 1000)
    queue.note({"a": 2})
    queue.note_again({"a": 1, "b": 1})
    assert queue.take_all(1)[1] == {"a": 2, "b": 1}


async def test_a_noted_fact_is_kept_at_the_next_commit_even_when_nothing_else_waits(opened: Opener) -> None:
    async with opened() as store:
        store.note_fact("a", [1])
        await store.flush()
        assert store.fact("a") == [1]


def test_after_a_kill_the_fact_is_never_ahead_of_its_record_nor_behind_the_next(tmp_path: Path) -> None:
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            for _ in range(20):
                writer.stdout.readline()
            os.kill(writer.pid, signal.SIGKILL)
        with sqlite3.connect(tmp_path / "safety.db") as database:
            [(value,)] = database.execute("SELECT value FROM facts WHERE name = 'number'").fetchall()
            contents = [content for (content,) in database.execute("SELECT content FROM records ORDER BY place")]
        database.close()
        newest = next(int(content) for content in reversed(contents) if content.isdigit())
        assert json.loads(value) == newest
