"""What was told and happened once, by traps and in the kernel's log: the newest few, for people."""

from collections import deque
from collections.abc import Hashable, Mapping
from contextlib import ExitStack

from edgeagent.core.clock import Clock
from edgeagent.core.state import State
from edgeagent.model.event import Event

KEPT = 200
SHOWN = 50
QUEUE = 1000


class Notices:
    """A Section of the page, newest first; all of them are records on their way to the NOC."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[Event] = deque(maxlen=KEPT)
        self._total = 0
        self._listening = listening = ExitStack()  # for as long as this lives
        self._told = listening.enter_context(state.events.subscribe("page", QUEUE))

    @property
    def version(self) -> Hashable:
        """Another one whenever something was told."""
        self._take()
        return self._total

    def view(self) -> Mapping[str, object]:
        """The newest, and how many there were since the start."""
        self._take()
        newest = list(self._kept)[-SHOWN:]
        return {"total": self._total, "notices": [self._row(event) for event in reversed(newest)]}

    def _take(self) -> None:
        fresh = self._told.drain()
        self._total += len(fresh) + self._told.dropped
        self._told.dropped = 0
        self._kept.extend(fresh)

    def _row(self, event: Event) -> Mapping[str, object]:
        age_s = self._clock.now_s() - event.time_s
        return {
            "origin": event.origin,
            "word": event.word,
            "subject": event.subject,
            "text": event.text,
            "severity": event.severity,
            "age_s": round(age_s, 1),
            "wall_s": round(self._clock.wall_s() - age_s, 1),
        }
