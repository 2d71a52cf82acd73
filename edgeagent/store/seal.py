"""The seal of a clean stop: which run closed the files, and how each file looked after closing.

It is broken before the first write of the next run, so that it never describes a file that has changed since.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from edgeagent.model.errors import StoreError
from edgeagent.store.opening import Incarnation

SEAL_FILE = "closed.json"
MAX_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Seal:
    """The run, and by file name its inode, change time (ns) and size."""

    incarnation: Incarnation
    files: dict[str, tuple[int, ...]]

    def fits(self, path: Path, incarnation: Incarnation | None) -> bool:
        """The file is the one that this run closed, unchanged, and no write-ahead log stands beside it."""
        return (
            incarnation == self.incarnation
            and path.name in self.files
            and _looks(path) == self.files[path.name]
            and not _has_log(path)
        )


def write_seal(folder: Path, incarnation: Incarnation, names: tuple[str, ...]) -> None:
    """Seal closed files; without a seal the next start opens new epochs, so a failure costs nothing else."""
    files = {name: _looks(folder / name) for name in names if (folder / name).exists()}
    text = json.dumps({"number": incarnation.number, "nonce": incarnation.nonce, "files": files})
    try:
        with (folder / SEAL_FILE).open("w", encoding="ascii") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        _sync(folder)
    except OSError:
        (folder / SEAL_FILE).unlink(missing_ok=True)


def read_seal(folder: Path) -> Seal | None:
    """The seal of the last run, or None when it did not end cleanly."""
    try:
        with (folder / SEAL_FILE).open("r", encoding="ascii") as file:
            said = json.loads(file.read(MAX_BYTES))
        incarnation = Incarnation(int(said["number"]), str(said["nonce"]))
        return Seal(incarnation, {str(name): tuple(map(int, look)) for name, look in said["files"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def break_seal(folder: Path) -> None:
    """Take the seal away for good.

    Raises:
        StoreError: the folder cannot be written.
    """
    try:
        (folder / SEAL_FILE).unlink(missing_ok=True)
        _sync(folder)
    except OSError as error:
        raise StoreError(f"cannot write in {folder}: {error.strerror}") from error


def _looks(path: Path) -> tuple[int, ...]:
    try:
        status = path.stat()
    except OSError:
        return ()
    return (status.st_ino, status.st_ctime_ns, status.st_size)


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    try:
        return log.stat().st_size > 0
    except OSError:
        return False


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
