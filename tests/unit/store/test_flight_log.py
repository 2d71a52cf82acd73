"""The files of the flight recording: bounded, one member for each flush, and no trouble of the disk stops anything."""

import asyncio
import gzip
import os
import signal
import subprocess
import sys
import zlib
from pathlib import Path

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.store.flight_log import FILE_BYTES, FILE_S, MAX_WAITING_BYTES, PART, FlightLog, recordings

from .test_disk_full import ballast
from .test_disk_full import small_disk as small_disk  # noqa: PLC0414 -- a fixture

HEAD = b'{"flight":1}\n'


class Stand:
    def __init__(self, folder: Path, budget_bytes: int = 4 * FILE_BYTES) -> None:
        self.clock, self.metrics = ManualClock(), Metrics()
        self.health = Health(self.clock)
        self.folder = folder
        self.log = FlightLog(folder, budget_bytes, self.clock, self.health, self.metrics)

    def dropped(self) -> float:
        return self.metrics.counter("edgeagent_flight_lines_dropped", "").get()


@pytest.fixture
def stand(tmp_path: Path) -> Stand:
    return Stand(tmp_path / "flight")


async def test_lines_are_written_as_members_of_one_file_after_their_head(stand: Stand) -> None:
    assert stand.log.wants_head
    stand.log.begin(HEAD)
    assert not stand.log.wants_head
    stand.log.append(b"1\n")
    await stand.log._flush()
    stand.log.append(b"2\n")
    await stand.log._flush()
    (path,) = recordings(stand.folder)
    assert gzip.decompress(path.read_bytes()) == HEAD + b"1\n2\n"
    assert path.read_bytes().count(b"\x1f\x8b") == 2
    assert stand.folder.stat().st_mode & 0o777 == 0o750


async def test_it_writes_soon_when_asked_and_the_rest_when_it_is_cancelled(stand: Stand) -> None:
    run = asyncio.create_task(stand.log.run(lambda: None))
    await asyncio.sleep(0)
    stand.log.begin(HEAD)
    stand.log.append(b"1\n", soon=True)
    async with asyncio.timeout(5):
        while not recordings(stand.folder) or not recordings(stand.folder)[0].stat().st_size:
            await asyncio.sleep(0.01)
    stand.log.append(b"2\n")
    run.cancel()
    await asyncio.wait([run])
    assert gzip.decompress(recordings(stand.folder)[0].read_bytes()) == HEAD + b"1\n2\n"


async def test_a_file_ends_when_it_is_long_or_old_and_the_next_has_the_next_number(stand: Stand) -> None:
    stand.log.begin(HEAD)
    stand.log.append(os.urandom(FILE_BYTES + 1))
    await stand.log._flush()
    assert stand.log.wants_head
    stand.log.begin(HEAD)
    await stand.clock.advance(FILE_S + 1)
    assert stand.log.wants_head
    await stand.log._flush()
    assert [path.name for path in recordings(stand.folder)] == ["000001.jsonl.gz", "000002.jsonl.gz"]


async def test_a_restart_goes_on_with_the_next_number(stand: Stand) -> None:
    stand.log.begin(HEAD)
    await stand.log._flush()
    again = Stand(stand.folder)
    again.log.begin(HEAD)
    await again.log._flush()
    assert len(recordings(stand.folder)) == 2


async def test_the_oldest_files_make_room_and_the_budget_holds(tmp_path: Path) -> None:
    stand = Stand(tmp_path, 3 * FILE_BYTES)
    for _ in range(8):
        stand.log.begin(HEAD)
        stand.log.append(os.urandom(FILE_BYTES - 4096))
        await stand.log._flush()
    kept = recordings(tmp_path)
    assert [path.name for path in kept][-1] == "000008.jsonl.gz"
    assert sum(path.stat().st_size for path in kept) <= 3 * FILE_BYTES


async def test_what_cannot_be_written_is_counted_and_told_once_and_it_goes_on_later(tmp_path: Path) -> None:
    blocked = tmp_path / "flight"
    blocked.write_text("a file where the folder should be")
    stand = Stand(blocked)
    for _ in range(2):
        assert stand.log.wants_head
        stand.log.begin(HEAD)
        stand.log.append(b"1\n")
        await stand.log._flush()
    condition = stand.health.get(PART)
    assert condition is not None
    assert "what decisions were made from is not kept" in condition.message
    assert stand.dropped() == 4
    blocked.unlink()
    stand.log.begin(HEAD)
    await stand.log._flush()
    assert stand.health.get(PART) is None
    assert len(recordings(blocked)) == 1


def test_what_waits_is_bounded_and_what_follows_a_gap_begins_anew(stand: Stand) -> None:
    stand.log.begin(HEAD)
    for _ in range(3):
        stand.log.append(b"x" * (MAX_WAITING_BYTES // 2))
    assert stand.dropped() == 2
    assert stand.log.wants_head


async def test_what_lost_its_head_is_not_written_after_another(stand: Stand) -> None:
    stand.log.begin(HEAD)
    stand.log.append(b"x" * (MAX_WAITING_BYTES - 40))
    stand.log.append(b"a line that does not fit any more\n")
    assert not stand.log.wants_head, "there is no room for one"
    stand.log.begin(b"a head that does not fit either\n")
    stand.log.append(b"1\n")
    assert stand.dropped() == 3
    await stand.log._flush()
    assert stand.log.wants_head
    (path,) = recordings(stand.folder)
    assert gzip.decompress(path.read_bytes()).endswith(b"x")


async def test_a_full_disk_costs_what_it_refuses_and_spoils_no_other_line(small_disk: Path) -> None:
    stand = Stand(small_disk / "flight")
    stand.log.begin(HEAD)
    stand.log.append(b"1\n")
    await stand.log._flush()
    filler = ballast(small_disk)
    stand.log.append(os.urandom(FILE_BYTES))
    turn = asyncio.create_task(stand.log._flush())
    await asyncio.sleep(0)
    stand.log.append(b"that came meanwhile\n")
    await turn
    assert (stand.dropped(), stand.log.wants_head) == (2, True)
    assert stand.health.get(PART) is not None
    filler.unlink()
    stand.log.begin(HEAD)
    stand.log.append(b"2\n")
    await stand.log._flush()
    assert stand.health.get(PART) is None
    first, second = recordings(stand.folder)
    assert _unpacked(first).startswith(HEAD + b"1\n")
    assert b"that came meanwhile" not in first.read_bytes()
    assert gzip.decompress(second.read_bytes()) == HEAD + b"2\n"


async def test_who_is_cancelled_while_it_writes_waits_and_writes_the_rest_after_it(stand: Stand) -> None:
    lines = [f"{number}\n".encode() for number in range(60_000)]
    run = asyncio.create_task(stand.log.run(lambda: None))
    stand.log.begin(HEAD)
    for line in lines[:-1]:
        stand.log.append(line)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert stand.log._waiting == [], "a thread writes them now"
    stand.log.append(lines[-1])
    run.cancel()
    await asyncio.wait([run])
    (path,) = recordings(stand.folder)
    assert gzip.decompress(path.read_bytes()) == HEAD + b"".join(lines)


def test_a_kill_costs_what_was_not_written_and_the_next_start_takes_another_file(tmp_path: Path) -> None:
    script = (
        "import asyncio, os, pathlib, signal\n"
        "from tests.unit.store.test_flight_log import HEAD, Stand\n"
        "async def main():\n"
        f"    log = Stand(pathlib.Path({str(tmp_path)!r})).log\n"
        "    log.begin(HEAD); log.append(b'1\\n'); await log._flush()\n"
        "    log.append(b'2\\n'); os.kill(os.getpid(), signal.SIGKILL)\n"
        "asyncio.run(main())\n"
    )
    root = Path(__file__).parents[3]
    for _ in range(2):
        assert subprocess.run([sys.executable, "-c", script], cwd=root, check=False).returncode == -signal.SIGKILL
    assert [gzip.decompress(path.read_bytes()) for path in recordings(tmp_path)] == [HEAD + b"1\n"] * 2


def _unpacked(path: Path) -> bytes:
    """What can be read of a file whose end may be torn."""
    file, found = zlib.decompressobj(31), b""
    rest = path.read_bytes()
    while rest:
        found += file.decompress(rest)
        file, rest = zlib.decompressobj(31), file.unused_data
    return found


def test_other_files_in_the_folder_are_let_be(tmp_path: Path) -> None:
    (tmp_path / "notes.jsonl.gz").write_text("")
    (tmp_path / "000010.jsonl.gz").write_text("")
    (tmp_path / "000009.jsonl.gz").write_text("")
    assert [path.name for path in recordings(tmp_path)] == ["000009.jsonl.gz", "000010.jsonl.gz"]
