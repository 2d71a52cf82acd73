"""Replay: recorded decisions made again, by the tables of then or by others, and where they differ.

What a decision would have changed in the world is not played: the readings stand as they were recorded. What it would
have remembered is: other tables go on from their own decisions, not from the recorded ones.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.decide import LONGEST_STEP_S, decide
from edgeagent.autonomy.flight import Head, Origin, Tick, fingerprint, gone, intent, reading, told
from edgeagent.autonomy.whole import whole
from edgeagent.model.decision import Decision, Memory
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
    """Decisions that came out just as they were recorded: to the letter, or in outputs and alarms where no more is."""
    first_wall_s: float | None = None
    last_wall_s: float | None = None
    is_dated: bool = True
    """Whether the wall clock could be trusted all along; else its times are only good for telling lengths."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def is_identical(self) -> bool:
        """Whether there were decisions, and every one came out as it was."""
        return 0 < self.same == self.decisions


Lines = Iterable[tuple[Origin, Tick]]


@dataclass(slots=True)
class _Inputs:
    """What decisions are made from, as far as it was recorded."""

    readings: dict[PointId, Reading] = field(default_factory=dict)
    intents: tuple[Intent, ...] = ()
    locks: frozenset[str] = frozenset()

    def take(self, tick: Tick, head: Head, origin: Origin) -> None:
        """Go on to the next decision."""
        for one in tick.r:
            found = reading(one, head.points, origin)
            self.readings[found.point] = found
        for place in tick.g:
            self.readings.pop(gone(place, head.points, origin), None)
        if tick.i is not None:
            self.intents = tuple(intent(one, origin) for one in tick.i)
        if tick.l is not None:
            self.locks = frozenset(tick.l)


class Replay:
    """Plays files one after another by one site and its tables."""

    def __init__(self, site: Site, tables: Tables) -> None:
        self._site, self._tables = site, tables
        self._open: dict[tuple[str, str], float] = {}
        self._boot, self._memory = "", Memory()
        self.result = Result()

    def play(self, head: Head, lines: Lines) -> None:
        """One file, which goes on where the one before ended if nothing is missing between them.

        Raises:
            RecordingInvalid: a line names what does not exist.
        """
        self._begin(head)
        inputs, then, wall_s = _Inputs(), set[str](), head.wall_s
        for origin, tick in lines:
            inputs.take(tick, head, origin)
            decision = self._decide(tick, inputs)
            then, now = _then(then, tick), self._now(decision)
            wall_s = head.wall_s + tick.t - head.time_s
            self._count(wall_s, is_same=fingerprint(decision) == tick.h if tick.h else then == now)
            self._compare(then, now, wall_s)
        self._compare(set(), set(), wall_s)

    def _begin(self, head: Head) -> None:
        """The recorded memory, unless it is of other tables and ours reaches up to here."""
        gap_s = None if self._memory.time_s is None else head.time_s - self._memory.time_s
        joins = gap_s is not None and 0 <= gap_s <= LONGEST_STEP_S and head.boot == self._boot
        if head.version == self._tables.version or not joins:
            self._memory = head.memory
        self._boot = head.boot
        self.result.is_dated &= head.trusted

    def _decide(self, tick: Tick, inputs: _Inputs) -> Decision:
        snapshot = Snapshot(tick.t, 0, MappingProxyType(dict(inputs.readings)))
        decision = decide(
            snapshot,
            self._memory,
            self._site,
            self._tables,
            intents=inputs.intents,
            locks=inputs.locks,
            resets=tick.x,
        )
        self._memory = decision.memory
        return decision

    def _now(self, decision: Decision) -> set[str]:
        """What is so by the present tables."""
        outputs = told(whole(decision.outputs, self._tables, self._site))
        return {_words(*one) for one in outputs} | {f"alarm {one.key}" for one in decision.alarms}

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


def merged(differences: Iterable[Difference]) -> list[Difference]:
    """In the order of their beginning; what goes on within 5 s, as over the end of a file, is one."""
    found: list[Difference] = []
    places: dict[tuple[str, str], int] = {}
    for one in sorted(differences, key=lambda one: (one.from_wall_s, one.who, one.what)):
        place = places.get((one.who, one.what))
        if place is not None and one.from_wall_s - found[place].to_wall_s <= LONGEST_STEP_S:
            found[place] = replace(found[place], to_wall_s=max(found[place].to_wall_s, one.to_wall_s))
        else:
            places[one.who, one.what] = len(found)
            found.append(one)
    return found
