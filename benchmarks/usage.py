"""What processes cost, from /proc: processor time, resident memory and their share of shared pages.

A process here is always its whole tree: a worker's cost is its parent's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICK_S = 1 / os.sysconf("SC_CLK_TCK")
MB = 1_000_000  # the unit of every figure in MB; /proc counts in KiB
_PPID, _CUTIME, _CSTIME = 1, 13, 14  # fields of /proc/PID/stat behind the command, see proc(5)
_CPUCLOCK_SCHED = 2  # of a process clock id as clock_getcpuclockid(3) makes it; Python has no wrapper


@dataclass(frozen=True, slots=True)
class Usage:
    """A process tree at one moment."""

    cpu_s: float
    rss_mb: float
    pss_mb: float


def tree(root_pid: int, proc: Path = PROC) -> Iterator[int]:
    """The process and all its descendants."""
    children: dict[int, list[int]] = {}
    for entry in proc.iterdir():
        if entry.name.isdigit() and (fields := _stat(entry)):
            children.setdefault(int(fields[_PPID]), []).append(int(entry.name))
    waiting = [root_pid]
    while waiting:
        pid = waiting.pop()
        waiting.extend(children.get(pid, ()))
        yield pid


def cpu_s(pid: int) -> float:
    """User and system time of the tree and of its finished, reaped children; ProcessLookupError when it is gone."""
    spent_s = _clock_s(pid)
    if spent_s is None:
        raise ProcessLookupError(f"process {pid} has ended while it was measured")
    spent_s += sum(_clock_s(member) or 0.0 for member in tree(pid) if member != pid)
    return spent_s + sum(_reaped_s(member) for member in tree(pid))


def usage(pid: int) -> Usage:
    """Everything at once; ProcessLookupError when it is gone."""
    spent_s = cpu_s(pid)
    rss_kib = pss_kib = 0
    for member in tree(pid):
        sizes = _sizes_kib(PROC / str(member))
        rss_kib += sizes.get("Rss", 0)
        pss_kib += sizes.get("Pss", 0)
    return Usage(spent_s, rss_kib * 1024 / MB, pss_kib * 1024 / MB)


def _clock_s(pid: int) -> float | None:
    """What the process itself used, to the nanosecond (/proc counts ticks); None when it is gone."""
    try:
        return time.clock_gettime((~pid << 3) | _CPUCLOCK_SCHED)
    except OSError:
        return None


def _reaped_s(pid: int) -> float:
    fields = _stat(PROC / str(pid))
    return (int(fields[_CUTIME]) + int(fields[_CSTIME])) * TICK_S if fields else 0.0


def _stat(entry: Path) -> list[str]:
    """The fields behind the command name, which may hold spaces; empty when the process is gone."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def _sizes_kib(entry: Path) -> dict[str, int]:
    try:
        lines = (entry / "smaps_rollup").read_text().splitlines()[1:]
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines) if rest}
