"""A bad day has a defined and visible behaviour: no broker, a second daemon, a damaged file, a clock at 1970."""

import asyncio
import itertools
import os
import shutil
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from edgeagent.wire.record import ClockAnchor, EpochOpened, decode
from tests.e2e.oracle import noc_rows
from tests.e2e.rig import Rig


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    one = Rig(tmp_path)
    await one.start()
    yield one
    await one.stop()


async def arrived(rig: Rig, more_than: int = 0) -> None:
    await rig.until(lambda: rig.noc_db.exists() and len(noc_rows(rig.noc_db)) > more_than, "rows at the NOC")


def fill(path: Path) -> None:
    """Write until the disk takes no more."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(handle, b"\0" * 4096)
    except OSError:
        return
    finally:
        os.close(handle)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "edgeagent", *words], capture_output=True, text=True, timeout=20)


async def test_a_second_daemon_on_the_same_folder_is_refused_and_the_first_goes_on(rig: Rig) -> None:
    second = await asyncio.to_thread(run, "run", "--config", str(rig.config))
    assert second.returncode == 1
    assert "another edgeagent" in second.stderr
    assert "Traceback" not in second.stderr
    assert rig.answers()


async def test_without_a_broker_the_pod_goes_on_and_delivers_later(rig: Rig) -> None:
    await arrived(rig)
    rig.broker.kill()
    await rig.until(lambda: rig.status()["link"]["state"] == "disconnected", "the lost link seen")
    status = rig.status()
    assert "NOC link disconnected" in status["sentence"]
    healthy = await asyncio.to_thread(run, "status", "--config", str(rig.config))
    assert healthy.returncode == 0, "a lost link alone is no fault of the pod"
    await rig.until(lambda: rig.status()["journal"]["telemetry"]["pending"] > 5, "records kept")
    before = len(noc_rows(rig.noc_db))
    rig.broker.start()
    await arrived(rig, before + 5)
    await rig.until(lambda: rig.status()["journal"]["telemetry"]["pending"] < 5, "the backlog gone", 30)


async def test_a_cold_boot_without_a_broker_polls_and_keeps(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.broker.start = lambda: None  # type: ignore[method-assign]
    (tmp_path / "broker").mkdir()
    try:
        await rig.start()
        await rig.until(lambda: rig.status()["journal"]["telemetry"]["pending"] > 5, "records kept")
        assert all(device["state"] == "online" for device in rig.status()["devices"])
    finally:
        await rig.stop()


async def test_a_damaged_telemetry_file_is_set_aside_and_the_pod_goes_on(rig: Rig) -> None:
    await arrived(rig)
    rig.agent.kill()
    path = rig.state / "telemetry.db"
    path.write_bytes(b"this is not a database" * 1000)
    for suffix in ("-wal", "-shm"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)
    before = len(noc_rows(rig.noc_db))
    rig.agent.start()
    await rig.until(rig.answers, "the agent")
    await arrived(rig, before + 5)
    assert list(rig.state.glob("telemetry.db.damaged-*"))
    assert any("damage" in one["part"] and one["level"] == "degraded" for one in rig.status()["conditions"])


async def test_an_older_telemetry_file_is_restored_and_every_new_record_reaches_the_noc(rig: Rig) -> None:
    await arrived(rig, 10)
    rig.agent.end()
    backup = rig.folder / "backup"
    backup.mkdir()
    shutil.copy2(rig.state / "telemetry.db", backup)
    rig.agent.start()
    await rig.until(rig.answers, "the agent")
    await arrived(rig, len(noc_rows(rig.noc_db)) + 20)
    rig.agent.end()
    held = noc_rows(rig.noc_db)
    assert rig.tail.rows, "the test's own log of the journal is empty"
    rig.tail.rows.clear()
    fresh = rig.state / "telemetry.db.old"
    shutil.copy2(backup / "telemetry.db", fresh)
    for suffix in ("-wal", "-shm"):
        (rig.state / f"telemetry.db{suffix}").unlink(missing_ok=True)
    fresh.replace(rig.state / "telemetry.db")
    rig.agent.start()
    await rig.until(rig.answers, "the agent")
    await arrived(rig, len(held) + 20)
    rig.agent.end()
    await rig.until(lambda: set(rig.tail.rows) <= set(noc_rows(rig.noc_db)), "every new record at the NOC")
    after = noc_rows(rig.noc_db)
    assert {key: after[key] for key in rig.tail.rows} == rig.tail.rows
    assert {key: after[key] for key in held} == held, "an older file changed what the NOC holds"
    opened = [record for record in map(decode, after.values()) if isinstance(record, EpochOpened)]
    assert any("older" in record.why or "restored" in record.why for record in opened), [one.why for one in opened]


async def test_a_clock_at_1970_is_marked_and_the_rows_are_delivered(tmp_path: Path) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed (scripts/bootstrap dev)")
    rig = Rig(tmp_path)
    rig.agent._environment |= {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"-{int(time.time()) - 3600}",
        "DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    await rig.start()
    try:
        await arrived(rig, 10)
        anchors = [one for one in map(decode, noc_rows(rig.noc_db).values()) if isinstance(one, ClockAnchor)]
        assert anchors
        assert not any(anchor.trusted for anchor in anchors)
        assert all(anchor.wall_s < 86_400 for anchor in anchors)
    finally:
        await rig.stop()


async def test_a_clock_that_steps_is_told_and_costs_nothing(tmp_path: Path) -> None:
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        pytest.skip("libfaketime is not installed (scripts/bootstrap dev)")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    rig = Rig(tmp_path)
    rig.agent._environment |= {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(offset),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    await rig.start()
    try:
        await arrived(rig, 10)
        for step in ("+7200", "-86400"):
            before, told = len(noc_rows(rig.noc_db)), len(steps(rig))
            offset.write_text(step)
            await rig.until(lambda told=told: len(steps(rig)) > told, f"the step to {step} told")
            assert abs(steps(rig)[-1]) > 3600
            await arrived(rig, before + 5)
        assert all(device["state"] == "online" for device in rig.status()["devices"])
        assert rig.status()["journal"]["telemetry"]["dropped"] == {}
    finally:
        await rig.stop()


def steps(rig: Rig) -> list[float]:
    """How far the wall clock moved at each anchor that tells of a step."""
    anchors = [
        one for one in map(decode, dict(sorted(noc_rows(rig.noc_db).items())).values()) if isinstance(one, ClockAnchor)
    ]
    return [
        (later.wall_s - first.wall_s) - (later.boottime_s - first.boottime_s)
        for first, later in itertools.pairwise(anchors)
        if later.why == "step"
    ]


async def test_status_of_a_stopped_daemon_reads_the_journal_and_says_so(rig: Rig) -> None:
    await arrived(rig)
    rig.agent.kill()
    told = await asyncio.to_thread(run, "status", "--config", str(rig.config))
    assert told.returncode == 3
    assert "not running" in told.stdout
    assert "telemetry:" in told.stdout


async def test_an_unwritable_state_folder_is_a_clear_error(rig: Rig) -> None:
    rig.agent.end()
    text = rig.config.read_text().replace(f'state = "{rig.state}"', 'state = "/proc/nowhere"')
    broken = rig.folder / "broken.toml"
    broken.write_text(text)
    told = await asyncio.to_thread(run, "run", "--config", str(broken))
    assert told.returncode == 1
    assert "cannot make the folder /proc/nowhere" in told.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
async def test_a_full_disk_drops_telemetry_counts_it_and_recovers(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(small)], capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let root mount a small file system")
    rig = Rig(tmp_path)
    rig.state = small / "state"
    rig.tail._path = rig.state / "telemetry.db"
    try:
        await rig.start()
        await arrived(rig, 5)
        ballast = small / "ballast"
        fill(ballast)
        await rig.until(
            lambda: any(one["level"] != "ok" for one in rig.status()["conditions"]), "the full disk seen", 40
        )
        assert rig.answers()
        ballast.unlink()
        await rig.until(lambda: all(one["level"] == "ok" for one in rig.status()["conditions"]), "recovery", 40)
        await arrived(rig, len(noc_rows(rig.noc_db)) + 5)
    finally:
        await rig.stop()
        subprocess.run(["umount", "-l", str(small)], check=True)
