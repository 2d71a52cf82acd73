"""What a SunSpec device does by itself when its controller falls silent: reversion timers and heartbeats."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

Now = "Callable[[], float]"


@dataclass
class Reversion:
    """A timer in seconds that goes back to something safe. Without a time it never runs."""

    now: Callable[[], float]
    revert: Callable[[], None]
    time_s: float = 0.0
    ends_s: float | None = None
    count: int = 0
    """How often it ran out."""

    @property
    def remaining_s(self) -> float:
        """What is left of it, as the device shows it."""
        return 0.0 if self.ends_s is None else max(0.0, self.ends_s - self.now())

    def start(self) -> None:
        """Begin anew."""
        self.ends_s = self.now() + self.time_s if self.time_s > 0.0 else None

    def stop(self) -> None:
        """Nothing to revert."""
        self.ends_s = None

    def tick(self) -> None:
        """Revert when the time is over."""
        if self.ends_s is not None and self.now() >= self.ends_s:
            self.ends_s = None
            self.count += 1
            self.revert()


@dataclass
class Heartbeat:
    """A counter that a controller must change; once it was changed, silence makes the device go back."""

    now: Callable[[], float]
    revert: Callable[[], None]
    limit_s: float = 10.0
    value: int = 0
    heard_s: float | None = None
    count: int = 0
    """How often it was missed."""

    def write(self, value: float) -> bool:
        """What the controller wrote."""
        if int(value) != self.value:
            self.value, self.heard_s = int(value), self.now()
        return True

    def tick(self) -> None:
        """Go back when the controller is silent for too long."""
        if self.heard_s is not None and self.now() - self.heard_s > self.limit_s:
            self.heard_s = None
            self.count += 1
            self.revert()


@dataclass
class Setting:
    """One setpoint with its enable, and what both are after the timer; ``apply`` is told what stands now, or None."""

    now: Callable[[], float]
    apply: Callable[[float | None], None]
    is_local: Callable[[], bool]
    has_reversion: bool = True
    value: float = 0.0
    enabled: bool = False
    revert_value: float = 0.0
    revert_enabled: bool = False
    timer: Reversion = field(init=False)

    def __post_init__(self) -> None:
        self.timer = Reversion(self.now, self.go_back)

    def set_value(self, value: float) -> bool:
        """A new setpoint; it acts at once where it is enabled. Under local control it is taken and does nothing."""
        if not self.is_local():
            self.value = value
            self._act()
        return True

    def enable(self, code: float) -> bool:
        """Enable or disable it; the timer begins anew with each enable."""
        if self.is_local():
            return True
        self.enabled = code == 1.0
        if self.enabled:
            self.timer.start()
        else:
            self.timer.stop()
        self._act()
        return True

    def set_time(self, seconds: float) -> bool:
        """The reversion time; a running timer begins anew with it."""
        if self.has_reversion and not self.is_local():
            self.timer.time_s = seconds
            if self.enabled:
                self.timer.start()
        return self.has_reversion

    def set_revert(self, value: float) -> bool:
        """What the setpoint is afterwards."""
        self.revert_value = value
        return self.has_reversion

    def set_revert_enabled(self, code: float) -> bool:
        """Whether it is enabled afterwards."""
        self.revert_enabled = code == 1.0
        return self.has_reversion

    def go_back(self) -> None:
        """What happens when nobody is heard any more."""
        self.timer.stop()
        self.value, self.enabled = self.revert_value, self.revert_enabled
        self._act()

    def _act(self) -> None:
        self.apply(self.value if self.enabled else None)
