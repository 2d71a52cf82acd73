"""Replay: recorded decisions made again, by the tables of then or by others, and where they differ.

What a decision would have changed in the world is not played: the readings stand as they were recorded.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import MappingProxyType

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.decide import decide
from edgeagent.autonomy.flight import Head, Origin, Tick, fingerprint, intent, reading, told
from edgeagent.autonomy.whole import whole
from edgeagent.model.decision import Memory
from edgeagent.model.intent import Intent
from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading
from edgeagent.model.site import Site
from edgeagent.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that was so in only one of the two, and for how long; ``who`` is "recorded" or "present"."""

    who: str
    what: str
    from_wall_s: float
    to_wall_s: float


@dataclass(slots=True)
class Result:
    """What came of a replay."""

    decisions: int = 0
    same: int = 0
    """Decisions that came out just as they were recorded, to the letter."""
    first_wall_s: float | None = None
    last_wall_s: float | None = None
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_identical(self) -> bool:
        """Whether there were decisions, and every one came out as it was."""
        return 0 < self.same == self.decisions


Lines = Iterable[tuple[Origin, Tick]]


class Replay:
    """Plays files one after another by one site and its tables."""

    def __init__(self, site: Site, tables: Tables) -> None:
        self._site, self._tables = site, tables
        self._open: dict[tuple[str, str], float] = {}
        self.result = Result()

    def play(self, head: Head, lines: Lines) -> None:
        """One file.

        Raises:
            RecordingInvalid: a line names what does not exist.
        """
        memory: Memory = head.memory
        readings: dict[PointId, Reading] = {}
        intents: tuple[Intent, ...] = ()
        locks: tuple[str, ...] = ()
        then: set[str] = set()
        wall_s = head.wall_s
        for origin, tick in lines:
            for one in tick.r:
                found = reading(one, head.points, origin)
                readings[found.point] = found
            intents = intents if tick.i is None else tuple(intent(one, origin) for one in tick.i)
            locks = locks if tick.l is None else tick.l
            snapshot = Snapshot(tick.t, 0, MappingProxyType(dict(readings)))
            decision = decide(
                snapshot, memory, self._site, self._tables, intents=intents, locks=frozenset(locks), resets=tick.x
            )
            memory = decision.memory
            wall_s = head.wall_s + tick.t - head.time_s
            self._count(wall_s, is_same=fingerprint(decision) == tick.h)
            then = _then(then, tick)
            now = {_words(*one) for one in told(whole(decision.outputs, self._tables, self._site))}
            self._compare(then, now | {f"alarm {one.key}" for one in decision.alarms}, wall_s)
        self._compare(set(), set(), wall_s)

    def _count(self, wall_s: float, *, is_same: bool) -> None:
        result = self.result
        result.decisions += 1
        result.same += is_same
        result.first_wall_s = wall_s if result.first_wall_s is None else result.first_wall_s
        result.last_wall_s = wall_s

    def _compare(self, then: set[str], now: set[str], wall_s: float) -> None:
        """Begin the differences that are new, and end those that are over."""
        differ = {("recorded", what) for what in then - now} | {("present", what) for what in now - then}
        for key in differ - self._open.keys():
            self._open[key] = wall_s
        for key in sorted(self._open.keys() - differ):
            self.result.differences.append(Difference(*key, self._open.pop(key), wall_s))


def _then(before: set[str], tick: Tick) -> set[str]:
    """What was so by the recording."""
    outputs = {one for one in before if not one.startswith("alarm ")} if tick.o is None else set(map(_of, tick.o))
    alarms = (
        {one for one in before if one.startswith("alarm ")} if tick.a is None else {f"alarm {key}" for key in tick.a}
    )
    return outputs | alarms


def _of(one: tuple[str, object, str]) -> str:
    return _words(*one)


def _words(target: str, value: object, source: str) -> str:
    return f"{target} {value} by {source}"


def merged(differences: Iterable[Difference]) -> Iterator[Difference]:
    """In the order of their beginning."""
    yield from sorted(differences, key=lambda one: (one.from_wall_s, one.who, one.what))
