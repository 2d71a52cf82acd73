"""Bytes set apart on the disk, given up when it is full so that the audit and the alarms still find room."""

import os
from pathlib import Path

MIN_FREE_FACTOR = 4
"""The reserve is taken back when this many times its size is free: not every freed byte is grabbed at once."""


class Reserve:
    """A file of allocated blocks beside the databases. While it is given up, telemetry is not written."""

    def __init__(self, path: Path, size_bytes: int) -> None:
        self._path = path
        self._size_bytes = size_bytes
        self.held = False

    def take(self) -> bool:
        """Allocate the reserve if it is missing and the disk has room to spare; true when it is held."""
        if self.held or self._size_bytes == 0:
            return True
        try:
            present = self._path.exists() and self._path.stat().st_size >= self._size_bytes
            if not present and not self._room():
                return False
            self._allocate()
        except OSError:
            return False
        self.held = True
        return True

    def release(self) -> bool:
        """Give the blocks back to the disk; false when there were none to give."""
        if not self.held:
            return False
        self.held = False
        try:
            self._path.unlink()
        except OSError:
            return False
        return True

    def _room(self) -> bool:
        status = os.statvfs(self._path.parent)
        return status.f_bavail * status.f_frsize >= self._size_bytes * MIN_FREE_FACTOR

    def _allocate(self) -> None:
        descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, self._size_bytes)
        finally:
            os.close(descriptor)
