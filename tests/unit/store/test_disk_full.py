import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.model.errors import StoreError, StoreFull
from edgeagent.model.journal import Stream
from edgeagent.store.service import StoreService
from edgeagent.store.store import Store
from edgeagent.wire.record import Lost

from .conftest import Opener, everything, records

DISK_BYTES = 6 * 1024 * 1024


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own that is soon full."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(disk)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("may not mount a small file system here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def ballast(disk: Path, leave_bytes: int = 0) -> Path:
    """Fill the disk with somebody else's data."""
    status = os.statvfs(disk)
    path = disk / "ballast"
    with path.open("wb") as file:
        file.write(bytes(max(0, status.f_bavail * status.f_frsize - leave_bytes)))
    return path


async def until_refused(store: Store) -> None:
    for _ in range(5000):
        try:
            await store.audit_durable("test", "act", "why " * 2000)
        except StoreFull:
            return
    raise AssertionError("the disk never got full")


async def overflow(store: Store) -> None:
    for _ in range(40):
        for _ in range(40):
            store.append(Stream.TELEMETRY, b"x" * 4000)
        await store.flush()


async def test_a_full_disk_drops_telemetry_counted_keeps_audit_and_recovers_by_itself(
    opened: Opener, small_disk: Path, clock: ManualClock
) -> None:
    async with opened(small_disk) as store:
        health = Health(clock)
        service = StoreService(store, clock, health, Metrics())
        service._report()
        assert health.get("store").level is Level.OK
        other = ballast(small_disk, leave_bytes=512 * 1024)
        await overflow(store)
        service._report()
        assert health.get("store").level is Level.DEGRADED
        assert "full" in health.get("store").message
        dropped = store.counts()[Stream.TELEMETRY].dropped
        assert dropped["disk_full"] > 0
        for number in range(20):
            await store.audit_durable("test", "act", f"number {number}")
        other.unlink()
        store.upkeep.take_reserve()
        store.append(Stream.TELEMETRY, b"x again")
        await clock.advance(10)
        await store.flush()
        service._report()
        assert health.get("store").level is Level.OK
        assert b"x again" in (await everything(store)).values()
        lost = await records(store, Lost)
        assert lost[-1] == Lost("disk_full", store.counts()[Stream.TELEMETRY].dropped["disk_full"])
        counts = store.counts()[Stream.TELEMETRY]
        assert counts.pending == len(await everything(store))


async def test_when_not_one_byte_is_free_the_reserve_still_takes_the_audit(opened: Opener, small_disk: Path) -> None:
    async with opened(small_disk, reserve_bytes=1024 * 1024) as store:
        other = ballast(small_disk)
        for number in range(400):
            await store.audit_durable("test", "act", f"number {number}: " + "why " * 200)
        assert not store.reserve_held
        store.append(Stream.TELEMETRY, b"x")
        await store.flush()
        assert store.counts()[Stream.TELEMETRY].dropped == {"disk_full": 1}
        store.upkeep.take_reserve()
        assert not store.reserve_held
        other.unlink()
        store.upkeep.take_reserve()
        assert store.reserve_held


async def test_when_the_reserve_is_used_up_too_an_audit_write_fails_by_name(opened: Opener, small_disk: Path) -> None:
    async with opened(small_disk) as store:
        ballast(small_disk)
        await until_refused(store)
        with pytest.raises(StoreFull):
            await store.audit_durable("test", "act", "why " * 2000)
        counts = store.counts()[Stream.AUDIT]
        assert counts.pending == len(await everything(store, Stream.AUDIT))


async def test_a_start_on_a_full_disk_waits_for_space_and_says_so(
    opened: Opener, small_disk: Path, clock: ManualClock
) -> None:
    async with opened(small_disk) as store:
        store.append(Stream.TELEMETRY, b"x before")
        await store.flush()
    (small_disk / "reserve").unlink()
    other = ballast(small_disk)
    async with opened(small_disk) as store:
        assert store.upkeep.needs_healing
        assert store.troubles
        store.append(Stream.TELEMETRY, b"x lost")
        await store.flush()
        with pytest.raises(StoreError):
            await store.audit_durable("test", "act")
        await store.upkeep.heal()
        assert store.upkeep.needs_healing
        other.unlink()
        await store.upkeep.heal()
        assert not store.upkeep.needs_healing
        assert not store.troubles
        await store.audit_durable("test", "act")
        assert b"x before" in (await everything(store)).values()
        assert store.counts()[Stream.TELEMETRY].dropped == {"io_error": 1}


async def test_a_folder_that_turns_read_only_costs_telemetry_and_nothing_else(opened: Opener, small_disk: Path) -> None:
    async with opened(small_disk) as store:
        store.append(Stream.TELEMETRY, b"x before")
        await store.flush()
    remount = ["mount", "-o", "remount,ro", str(small_disk)]
    subprocess.run(remount, check=True)
    async with opened(small_disk) as store:
        assert store.troubles
        store.append(Stream.TELEMETRY, b"x lost")
        await store.flush()
        assert store.counts()[Stream.TELEMETRY].dropped == {"io_error": 1}
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
        await store.upkeep.heal()
        assert not store.troubles
        assert b"x before" in (await everything(store)).values()
