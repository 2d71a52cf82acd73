"""Several running programs watched over the same windows of time, each window one interleaved round."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from benchmarks.rounds import Sample
from benchmarks.usage import Usage, usage


@dataclass(frozen=True, slots=True)
class Watched:
    """What one program took, window by window."""

    rss_mb: Sample
    pss_mb: Sample
    cpu_percent: Sample
    """Of one core."""


def watch(
    pids: Mapping[str, int],
    windows: int,
    window_s: float,
    *,
    measure: Callable[[int], Usage] = usage,
    sleep: Callable[[float], None] = time.sleep,
    now_s: Callable[[], float] = time.monotonic,
) -> dict[str, Watched]:
    """Each program's processor time over every window, and its memory at the end of it.

    Raises:
        ProcessLookupError: one of them has ended.
    """
    started_s = now_s()
    before = {name: (now_s(), measure(pid)) for name, pid in pids.items()}
    rows: dict[str, list[tuple[float, float, float]]] = {name: [] for name in pids}
    for number in range(1, windows + 1):
        sleep(max(0.0, started_s + number * window_s - now_s()))
        for name, pid in pids.items():
            at_s, used = now_s(), measure(pid)
            last_s, last = before[name]
            rows[name].append((used.rss_mb, used.pss_mb, (used.cpu_s - last.cpu_s) / (at_s - last_s) * 100))
            before[name] = at_s, used
    return {name: Watched(*(Sample(column) for column in zip(*taken, strict=True))) for name, taken in rows.items()}
