"""What of a decision's memory outlives the process: the loads that are off, what has tripped, what is beyond its limit.

How long something has persisted is not kept: after a stop nothing has.
"""

from dataclasses import replace
from types import MappingProxyType

import msgspec

from edgeagent.core.clock import Anchor
from edgeagent.model.decision import Memory, ShedLoad
from edgeagent.model.interlock import InterlockMemory, Standing
from edgeagent.model.limit import LimitMemory, Truth

VERSION = 1


class _Limit(msgspec.Struct, array_like=True, frozen=True):
    why: str
    changed_s: float
    transitions: int


class _Active(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is kept of an InterlockMemory: the same keys, without what counts from anew."""

    standing: Standing
    truth: str
    why: str
    trips: int
    changed_s: float
    demanded: bool = False


class _Kept(msgspec.Struct, frozen=True):
    """The fact. Times are boot times of the anchor's boot."""

    v: int
    anchor: Anchor
    version: str
    shed: tuple[ShedLoad, ...]
    restored_s: float | None
    interlocks: dict[str, _Active]
    """Those that are tripped or latched."""
    limits: dict[str, _Limit]
    """Those that hold."""
    trips: dict[str, int] = {}
    """How often each has tripped so far."""


def kernel(memory: Memory) -> tuple[object, ...]:
    """What of a memory is worth a write when it changes."""
    shed = tuple((one.load, one.returning_s is None, one.interlock) for one in memory.shed)
    return (shed, *((name, one.standing) for name, one in _active(memory).items()))


def _active(memory: Memory) -> dict[str, InterlockMemory]:
    """Those that are tripped or latched, sorted; who acts is never out of sight."""
    known = memory.interlocks
    names = known if memory.attention is None else memory.attention.interlocks
    return {name: known[name] for name in sorted(names) if known[name].active}


def kept(memory: Memory, anchor: Anchor) -> bytes:
    """The memory as JSON; ``anchor`` is of now."""
    limits = {
        name: _Limit(_plain(one.why), one.changed_s, one.transitions) for name, one in memory.limits.items() if one.on
    }
    trips = {name: one.trips for name, one in memory.interlocks.items() if one.trips}
    active = {
        name: _Active(one.standing, one.truth, one.why, one.trips, one.changed_s, one.demanded)
        for name, one in _active(memory).items()
    }
    fact = _Kept(VERSION, anchor, memory.version, memory.shed, memory.restored_s, active, limits, trips)
    return msgspec.json.encode(fact)


def _plain(text: str) -> str:
    """Its beginning, as UTF-8 can hold it: a device may have said anything."""
    return text[:200].encode(errors="replace").decode()


def resumed(fact: object, now: Anchor) -> tuple[Memory, str]:
    """The memory to go on with, and what is wrong with the fact, if anything: then it is blank."""
    if fact is None:
        return Memory(), ""
    try:
        found = msgspec.convert(fact, _Kept)
    except msgspec.ValidationError as error:
        return Memory(), f"cannot use what was kept of the last decisions: {error}"
    if found.v != VERSION:
        return Memory(), f"cannot use what was kept of the last decisions: it is of version {found.v}"
    shift_s = found.anchor.shift_s(now)
    shed = tuple(replace(one, since_s=one.since_s + shift_s) for one in found.shed)
    quiet = {name: InterlockMemory(trips=trips) for name, trips in found.trips.items()}
    active = {name: _interlock(one, shift_s) for name, one in found.interlocks.items()}
    return Memory(
        time_s=None,
        limits=MappingProxyType({name: _limit(one, shift_s) for name, one in found.limits.items()}),
        interlocks=MappingProxyType(quiet | active),
        shed=shed,
        restored_s=found.restored_s,
        version=found.version,
    ), ""


def joined(kept_before: Memory, present: Memory) -> Memory:
    """The present memory of a process that could not know what was kept until now, and what was kept."""
    if present.time_s is None:
        return kept_before
    off = {one.load for one in present.shed}
    active = {name: one for name, one in kept_before.interlocks.items() if one.active}
    return replace(
        present,
        shed=(*(one for one in kept_before.shed if one.load not in off), *present.shed),
        interlocks=MappingProxyType(
            {name: one if one.active else active.get(name, one) for name, one in present.interlocks.items()}
        ),
        restored_s=kept_before.restored_s if present.restored_s is None else present.restored_s,
        attention=None,  # it knows nothing of what was kept: the next decision looks at everything
    )


def _limit(one: _Limit, shift_s: float) -> LimitMemory:
    """It holds until it is seen not to; until it is seen at all, it is blind."""
    return LimitMemory(
        truth=Truth.STALE,
        why=one.why,
        on=True,
        transitions=one.transitions,
        changed_s=one.changed_s + shift_s,
    )


def _interlock(one: _Active, shift_s: float) -> InterlockMemory:
    changed_s = one.changed_s + shift_s
    return InterlockMemory(
        one.standing, one.truth, one.why, demanded=one.demanded, trips=one.trips, changed_s=changed_s
    )
