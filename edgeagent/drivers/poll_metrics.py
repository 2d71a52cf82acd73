"""The poller's metrics, per device."""

from edgeagent.core.clock import Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.state import State

BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class PollMetrics:
    """What is counted about polls."""

    def __init__(self, metrics: Metrics, state: State, clock: Clock) -> None:
        self.up = metrics.gauge("edgeagent_device_up", "1 while the device answers, else 0")
        self.polls = metrics.counter("edgeagent_polls", "Reads of a group of points that were tried")
        self.failures = metrics.counter("edgeagent_poll_failures", "Connects and reads that failed, by reason")
        self.readings = metrics.counter("edgeagent_readings", "Readings that devices gave")
        self.seconds = metrics.gauge("edgeagent_poll_seconds", "How long the device's last read took")
        self.all_seconds = metrics.histogram("edgeagent_poll_duration_seconds", "How long reads take", BOUNDS_S)
        self._age = metrics.gauge("edgeagent_device_age_seconds", "Time since the device last gave readings")
        self._state = state
        self._clock = clock
        metrics.collector(self._collect)

    def read(self, device: str, took_s: float, readings: int) -> None:
        """A read that gave readings."""
        self.up.set(1, device=device)
        self.readings.add(readings, device=device)
        self.seconds.set(took_s, device=device)
        self.all_seconds.observe(took_s)

    def failed(self, device: str, reason: str) -> None:
        """A connect or read that gave none."""
        self.up.set(0, device=device)
        self.failures.add(device=device, reason=reason)

    def forget(self, device: str) -> None:
        """A device that is no longer read: its series end."""
        for family in (self.up, self.polls, self.failures, self.readings, self.seconds, self._age):
            family.forget(device=device)

    def _collect(self) -> None:
        now_s = self._clock.now_s()
        for name, status in self._state.statuses().items():
            if status.last_poll_s is not None:
                self._age.set(now_s - status.last_poll_s, device=name)
