"""Reading the kernel's small files inside a child: a chip that does not answer holds the reader in the kernel."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

LONGEST = 4096  # octets of a file in sysfs: one page


def read(*, paths: Sequence[str]) -> list[bytes | int]:
    """What stands in each file, or the errno of why it cannot be read."""
    return [_content(path) for path in paths]


def _content(path: str) -> bytes | int:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        return error.errno or 0
    try:
        return os.read(descriptor, LONGEST)
    except OSError as error:
        return error.errno or 0
    finally:
        os.close(descriptor)


HANDLERS: Mapping[str, Callable[..., Any]] = {"read": read}
