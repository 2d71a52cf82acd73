"""Damaged files: moved out of the way, kept for people to look at, and bounded in number."""

from pathlib import Path

from edgeagent.model.errors import StoreError
from edgeagent.store.schema import SAFETY_FILE, TELEMETRY_FILE

KEEP_DAMAGED = 2


def set_aside(path: Path) -> Path:
    """Move a damaged file and its logs out of the way; the newest few are kept for people to look at.

    Raises:
        StoreError: it cannot be moved.
    """
    taken = sorted(_damaged(path))
    number = taken[-1] + 1 if taken else 1
    aside = path.with_name(f"{path.name}.damaged-{number}")
    try:
        for suffix in ("", "-wal", "-shm"):
            source = path.with_name(path.name + suffix)
            if source.exists():
                source.rename(aside.with_name(aside.name + suffix))
        for old in taken[: max(0, len(taken) + 1 - KEEP_DAMAGED)]:
            for suffix in ("", "-wal", "-shm"):
                path.with_name(f"{path.name}.damaged-{old}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise StoreError(f"cannot set {path.name} aside: {error.strerror}") from error
    return aside


def damaged_files(folder: Path) -> list[Path]:
    """Files that were set aside and still stand there."""
    found = (path.with_name(f"{path.name}.damaged-{number}") for path in _paths(folder) for number in _damaged(path))
    return sorted(found)


def _paths(folder: Path) -> tuple[Path, Path]:
    return (folder / SAFETY_FILE, folder / TELEMETRY_FILE)


def _damaged(path: Path) -> set[int]:
    prefix = f"{path.name}.damaged-"
    names = (found.name.removeprefix(prefix) for found in path.parent.glob(f"{prefix}*"))
    return {int(name) for name in names if name.isdecimal()}
