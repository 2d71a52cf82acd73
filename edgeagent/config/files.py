"""Bounded reading of a regular file."""

import os
import stat
from pathlib import Path

from edgeagent.model.errors import ConfigError


class Unreadable(ConfigError):
    """The file cannot be used; the text says why."""


def read_bounded(path: Path, limit_bytes: int, *, private: bool = False) -> bytes:
    """The content of a regular file of at most `limit_bytes`.

    `private` refuses a file that its group or others may use. Raises Unreadable. The checks are made on the open
    file, so nobody can swap it in between; O_NONBLOCK keeps a named pipe from holding us.
    """
    try:
        content = _read(path, limit_bytes + 1, private=private)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise Unreadable(f"cannot read {path}: {reason}") from error
    except ValueError as error:  # a NUL in the name
        raise Unreadable(f"cannot read {str(path)!r}: {error}") from error
    except Unreadable as error:
        raise Unreadable(f"cannot read {path}: {error}") from None
    if len(content) > limit_bytes:
        raise Unreadable(f"cannot read {path}: it is larger than {limit_bytes // 1024} KiB")
    return content


def _read(path: Path, most_bytes: int, *, private: bool) -> bytes:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        _check(os.fstat(handle), private=private)
        with os.fdopen(handle, "rb", closefd=False) as file:
            return file.read(most_bytes)
    finally:
        os.close(handle)


def _check(status: os.stat_result, *, private: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise Unreadable("it is not a regular file")
    if private and status.st_mode & 0o077:
        raise Unreadable(f"its mode {stat.S_IMODE(status.st_mode):04o} lets others use it; run chmod 600 on it")
