"""A lock file: one process owns a folder at a time. The kernel lets go when the process ends, however it ends."""

import fcntl
import os
from pathlib import Path

from edgeagent.model.errors import StoreError


class LockFile:
    """An exclusive ``flock`` on a file that names the owner's process id."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor: int | None = None

    def acquire(self) -> None:
        """Own the lock; already owning it is fine.

        Raises:
            StoreError: another process owns it, or the file cannot be made.
        """
        if self._descriptor is not None:
            return
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreError(f"cannot lock {self.path}: {error.strerror}") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            owner = os.read(descriptor, 32).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise LockHeld(
                f"cannot use {self.path.parent}: another edgeagent (process {owner}) runs there; "
                "stop it first, or give this one its own state folder"
            ) from error
        self._descriptor = descriptor
        self._sign(descriptor)

    def release(self) -> None:
        """Let go; safe twice. The file stays: removing it would let two owners hold two files."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _sign(self, descriptor: int) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, b"%d\n" % os.getpid(), 0)
        except OSError:
            pass  # the name helps people; on a full disk the lock itself still holds


class LockHeld(StoreError):
    """Another process owns the lock."""
