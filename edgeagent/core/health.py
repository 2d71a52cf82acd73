"""Health: what every part says of itself, for status, pages and metrics."""

from dataclasses import dataclass
from enum import StrEnum

from edgeagent.core.clock import Clock


class Level(StrEnum):
    """How a part is doing."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Condition:
    """One part's word about itself; ``since_s`` is CLOCK_BOOTTIME of the last change of level."""

    part: str
    level: Level
    message: str
    since_s: float


class Health:
    """The conditions of all parts. The link's condition stands here too, and never counts as liveness."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._conditions: dict[str, Condition] = {}

    def set(self, part: str, level: Level, message: str = "") -> bool:
        """Say how a part is; true when its level changed, so that the caller logs once."""
        before = self._conditions.get(part)
        changed = before is None or before.level is not level
        since_s = self._clock.now_s() if before is None or changed else before.since_s
        self._conditions[part] = Condition(part, level, message, since_s)
        return changed

    def forget(self, part: str) -> bool:
        """Take back a part's word, as when there is nothing more to say; true when it had one."""
        return self._conditions.pop(part, None) is not None

    def get(self, part: str) -> Condition | None:
        """The last word of one part."""
        return self._conditions.get(part)

    def conditions(self) -> tuple[Condition, ...]:
        """Every part's last word, worst first, then by name."""
        order = [Level.FAILED, Level.DEGRADED, Level.OK]
        return tuple(sorted(self._conditions.values(), key=lambda one: (order.index(one.level), one.part)))
