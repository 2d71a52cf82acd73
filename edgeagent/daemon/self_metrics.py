"""What the process tells of itself: points by quality, services, memory, processor time, open files."""

import os
import resource
from pathlib import Path

from edgeagent import __version__
from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State
from edgeagent.daemon.supervisor import Phase, Supervisor

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class SelfMetrics:
    """Collects on every scrape; names are those of Prometheus' own process metrics where one exists."""

    def __init__(
        self, metrics: Metrics, state: State, supervisor: Supervisor, clock: Clock, proc: Path = Path("/proc/self")
    ) -> None:
        self._state = state
        self._supervisor = supervisor
        self._clock = clock
        self._proc = proc
        self._started_s = clock.now_s()
        self._points = metrics.gauge("edgeagent_points", "Points by the quality of their latest reading")
        self._up = metrics.gauge("edgeagent_service_up", "1 while the Service runs")
        self._uptime = metrics.gauge("edgeagent_uptime_seconds", "Time since the daemon was made")
        self._cpu = metrics.counter("process_cpu_seconds", "User and system processor time of the process")
        self._memory = metrics.gauge("process_resident_memory_bytes", "Resident memory")
        self._files = metrics.gauge("process_open_fds", "Open file descriptors")
        metrics.gauge("edgeagent_build_info", "1, with the version as a label").set(1, version=__version__)
        metrics.collector(self._collect)

    def _collect(self) -> None:
        for quality, count in self._state.counts().items():
            self._points.set(count, quality=quality.value)
        for one in self._supervisor.services:
            self._up.set(float(one.phase is Phase.RUNNING), service=one.service.name)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        self._uptime.set(self._clock.now_s() - self._started_s)
        self._cpu.set(usage.ru_utime + usage.ru_stime)
        self._memory.set(int((self._proc / "statm").read_text().split()[1]) * PAGE_BYTES)
        self._files.set(sum(1 for _ in (self._proc / "fd").iterdir()))
