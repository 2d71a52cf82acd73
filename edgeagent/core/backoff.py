"""Backoff: how long to wait before trying again."""

from dataclasses import dataclass, field
from random import Random


@dataclass(slots=True)
class Backoff:
    """Waits that double from ``first_s`` to ``last_s`` with jitter between half and all of each.

    Jitter keeps a thousand pods from coming back in the same second (KubeEdge #3567).
    """

    first_s: float = 1.0
    last_s: float = 60.0
    chance: Random = field(default_factory=Random)
    failures: int = 0

    def next_s(self) -> float:
        """The next wait in seconds, counting one more failure."""
        ceiling_s = min(self.last_s, self.first_s * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return ceiling_s * (0.5 + self.chance.random() / 2)

    def reset(self) -> None:
        """Success: the next failure waits ``first_s`` again."""
        self.failures = 0
