"""A bare fsync, again and again, beside what is measured and on the same disk."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

EVERY_S = 0.05
PAGE = bytes(4096)  # what one small SQLite commit appends


@contextlib.contextmanager
def bare_fsyncs(folder: Path) -> Iterator[list[float]]:
    """While this is open, the list grows by the milliseconds of each write with its fsync."""
    took_ms: list[float] = []
    over = threading.Event()
    thread = threading.Thread(target=_write, args=(folder / "fsync", took_ms, over), name="fsync")
    thread.start()
    try:
        yield took_ms
    finally:
        over.set()
        thread.join()


def _write(path: Path, took_ms: list[float], over: threading.Event) -> None:
    with path.open("wb", buffering=0) as file:
        while not over.wait(EVERY_S):
            begun_s = time.perf_counter()
            file.write(PAGE)
            os.fsync(file.fileno())
            took_ms.append((time.perf_counter() - begun_s) * 1000)
