"""Every limit and interlock after one more look; what cannot have changed is not looked at, so thousands are cheap."""

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from edgeagent.autonomy import interlock, limit
from edgeagent.autonomy.compiled import Tables
from edgeagent.model.decision import Attention, Memory
from edgeagent.model.interlock import Interlock, InterlockMemory, Standing
from edgeagent.model.limit import Limit, LimitMemory, Truth
from edgeagent.model.points import PointId
from edgeagent.model.snapshot import Snapshot

M = TypeVar("M")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What each says now. ``awake`` are the interlocks there is anything to say of, ``unseen`` the blind limits."""

    limits: Mapping[str, LimitMemory]
    interlocks: Mapping[str, InterlockMemory]
    awake: tuple[Interlock, ...]
    unseen: tuple[tuple[Limit, LimitMemory], ...]
    attention: Attention


@dataclass(frozen=True, slots=True)
class _Turned:
    """The limits that say something else than before, and those of them that went blind or see again."""

    all: set[str]
    sight: set[str]

    def concerns(self, one: Interlock) -> bool:
        """Whether it may matter to one that counts nothing: a second sign, or another rack of the aisle, does so only
        beside a blind limit.
        """
        return not (self.all.isdisjoint(one.watches) and self.sight.isdisjoint(one.uses))


def _copied(known: Mapping[str, M]) -> dict[str, M]:
    """A dict of it; what stands behind a read-only view is copied in a tenth of the time."""
    return known.copy() if isinstance(known, MappingProxyType) else dict(known)


class _Truths(dict[str, Truth]):
    """What each limit says, made when it is asked for: most are not."""

    def __init__(self, limits: Mapping[str, LimitMemory]) -> None:
        super().__init__()
        self._limits = limits

    def __missing__(self, name: str) -> Truth:
        truth = self[name] = self._limits[name].truth
        return truth


def look(tables: Tables, memory: Memory, snapshot: Snapshot, step_s: float, resets: Collection[str]) -> Evaluated:
    """All of them after ``step_s`` more seconds; pure, and the same whether or not the snapshot says what changed."""
    known = memory.attention
    is_next = known is not None and known.image == snapshot.since and snapshot.time_s < known.until_s
    if not is_next or snapshot.changed is None or memory.version != tables.version:
        known = None
    limits, turned, restless, until_s = _limits(tables, memory, snapshot, step_s, known)
    interlocks, awake = _interlocks(tables, memory, limits, turned, snapshot.time_s, step_s, resets, known)
    return Evaluated(
        MappingProxyType(limits),
        interlocks,
        tuple(tables.interlocks[place] for place in sorted(tables.interlock_places[name] for name in awake)),
        tuple(
            (tables.limits[place], after)
            for place in sorted(tables.limit_places[name] for name in restless)
            if (after := limits[tables.limits[place].id]).blind
        ),
        Attention(snapshot.version, frozenset(restless), frozenset(awake), until_s),
    )


def _limits(
    tables: Tables, memory: Memory, snapshot: Snapshot, step_s: float, known: Attention | None
) -> tuple[dict[str, LimitMemory], _Turned, set[str], float]:
    """Each limit's memory, which ones say something else than before, which ones count time, and when one grows old."""
    readings, now_s, same_tables = snapshot.readings, snapshot.time_s, memory.version == tables.version
    found, restless, until_s = dict[str, LimitMemory](), set[str](), math.inf
    todo: Iterable[Limit] = tables.limits
    if known is not None and snapshot.changed is not None:
        found, restless, until_s = _copied(memory.limits), set(known.limits), known.until_s
        todo = _to_look_at(tables, snapshot.changed, known)
    turned = _Turned(set(), set())
    for one in todo:
        name = one.id
        after = before = memory.limits.get(name, limit.BLANK)
        reading = readings.get(one.point)
        if reading is not before.seen or now_s > before.quiet_until_s or not same_tables:
            after = limit.evaluate(one, before if same_tables else limit.anew(before), reading, now_s, step_s)
            if after.truth is not before.truth:
                turned.all.add(name)
                if after.truth.blind or before.truth.blind:
                    turned.sight.add(name)
        found[name] = after
        if after.quiet_until_s < 0.0:
            restless.add(name)
        else:
            restless.discard(name)
            until_s = min(until_s, after.quiet_until_s)
    return found, turned, restless, until_s


def _to_look_at(tables: Tables, changed: Collection[PointId], known: Attention) -> list[Limit]:
    """The limits whose points were read anew, and those that count time; each once."""
    fresh = tables.watchers.keys() & changed
    found = [one for point in fresh for one in tables.watchers[point]]
    counting = (tables.limits[tables.limit_places[name]] for name in known.limits)
    found.extend(one for one in counting if one.point not in fresh)
    return found


def _interlocks(  # noqa: PLR0917 - what a decision has at hand
    tables: Tables,
    memory: Memory,
    limits: dict[str, LimitMemory],
    turned: _Turned,
    now_s: float,
    step_s: float,
    resets: Collection[str],
    known: Attention | None,
) -> tuple[Mapping[str, InterlockMemory], Collection[str]]:
    """Each interlock's memory, and which ones there is anything to say of; see `look`."""
    same_tables = memory.version == tables.version
    found, awake = dict[str, InterlockMemory](), set[str]()
    todo: Iterable[Interlock] = tables.interlocks
    if known is not None:
        names = {name for name in known.interlocks if not memory.interlocks[name].settled}
        names.update(*(tables.minders.get(name, ()) for name in turned.all))
        names.update(*(tables.users.get(name, ()) for name in turned.sight))
        names.update(name for name in resets if name in tables.interlock_places)
        if not names:
            return memory.interlocks, known.interlocks
        found, awake = _copied(memory.interlocks), set(known.interlocks)
        todo = [tables.interlocks[tables.interlock_places[name]] for name in names]
    truths = _Truths(limits)
    for one in todo:
        name = one.id
        after = before = memory.interlocks.get(name, interlock.BLANK)
        if not (before.settled and same_tables and name not in resets) or turned.concerns(one):
            after = interlock.evaluate(one, before, truths, now_s, step_s, reset=name in resets)
        found[name] = after
        if _is_awake(after):
            awake.add(name)
        else:
            awake.discard(name)
    return MappingProxyType(found), awake


def _is_awake(memory: InterlockMemory) -> bool:
    """Whether there is anything to say of it: it is not simply clear, or out, until a limit turns."""
    standing = memory.standing
    return not memory.settled or (standing is not Standing.CLEAR and standing is not Standing.OUT)
