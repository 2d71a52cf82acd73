"""Evaluating an interlock: when it trips, clears and latches, and what it does while blind. Blind is not hot."""

from collections.abc import Mapping
from dataclasses import replace

from edgeagent.autonomy.blind import AFTER_S
from edgeagent.autonomy.expression import truth_of
from edgeagent.model.interlock import Interlock, InterlockMemory, ServiceState, Standing
from edgeagent.model.limit import Truth

BLANK = InterlockMemory()
HOLDS = "its condition holds"
_OUT = InterlockMemory(Standing.OUT, settled=True)


def evaluate(
    interlock: Interlock,
    memory: InterlockMemory,
    truths: Mapping[str, Truth],
    now_s: float,
    step_s: float,
    *,
    reset: bool = False,
) -> InterlockMemory:
    """The interlock after ``step_s`` more seconds, given what each limit says; pure.

    ``reset`` is a person's; it ends a latch, and does nothing while the condition is not over.
    """
    if interlock.state is ServiceState.OUT_OF_SERVICE:
        return memory if memory.standing is Standing.OUT else replace(_OUT, trips=memory.trips, changed_s=now_s)
    if memory.standing is Standing.OUT:
        memory = replace(BLANK, trips=memory.trips, changed_s=now_s)
    truth = truth_of(interlock.when, truths)
    if _is_same(interlock, memory, truths, truth) and not reset:
        return memory
    dark = bool(interlock.aisle) and all(truths[name].blind for name in interlock.aisle)
    sighted = _sighted(memory, truth, step_s, dark=dark)
    why = _demand(interlock, sighted, truths, truth)
    after = replace(sighted, truth=truth.value, demanded=bool(why))
    after = (
        _active(interlock, after, truth, step_s, reset=reset) if memory.active else _idle(interlock, after, why, step_s)
    )
    if dark and after.settled:
        after = replace(after, settled=False)  # that is counted
    return _told(memory, after, now_s)


def _is_same(interlock: Interlock, memory: InterlockMemory, truths: Mapping[str, Truth], truth: Truth) -> bool:
    """The common case when a neighbour's limit turns: it says what it said, and nothing is counted."""
    standing = memory.standing
    if not memory.settled or truth.value != memory.truth:
        return False
    idle = standing is Standing.CLEAR and truth is Truth.FALSE
    acting = standing is Standing.TRIPPED and truth is Truth.TRUE and memory.demanded and not memory.cleared_s
    return (idle or acting) and not (interlock.aisle and truths[interlock.aisle[0]].blind)


def _sighted(memory: InterlockMemory, truth: Truth, step_s: float, *, dark: bool) -> InterlockMemory:
    """How long its condition, and its whole aisle, has been blind."""
    blind_s = memory.blind_s + step_s if truth.blind else 0.0
    dark_s = memory.dark_s + step_s if dark else 0.0
    if blind_s == memory.blind_s and dark_s == memory.dark_s:
        return memory
    return replace(memory, blind_s=blind_s, dark_s=dark_s)


def _demand(interlock: Interlock, memory: InterlockMemory, truths: Mapping[str, Truth], truth: Truth) -> str:
    """Why it should act now, or nothing."""
    if truth is Truth.TRUE:
        return HOLDS
    if truth is Truth.FALSE:
        return ""
    blind_long = memory.blind_s >= AFTER_S  # one late poll beside a rack that is hot is no reason to switch off
    if interlock.second is not None and blind_long and truth_of(interlock.second, truths) is Truth.TRUE:
        return "it is blind, and there is a second sign"
    if interlock.blind_for_s is not None and truth.blind and memory.dark_s >= interlock.blind_for_s:
        return f"the whole aisle was blind for {interlock.blind_for_s:g} s"
    return ""


def _idle(interlock: Interlock, memory: InterlockMemory, why: str, step_s: float) -> InterlockMemory:
    if not why:
        over = memory.truth == Truth.FALSE
        held_s = 0.0 if over else memory.held_s
        standing = Standing.PENDING if held_s else Standing.CLEAR
        return replace(memory, standing=standing, held_s=held_s, settled=over)
    held_s = memory.held_s + step_s if memory.standing is Standing.PENDING else 0.0
    if held_s < interlock.for_s:
        return replace(memory, standing=Standing.PENDING, held_s=held_s, settled=False)
    return replace(
        memory, standing=Standing.TRIPPED, why=why, held_s=0.0, cleared_s=0.0, trips=memory.trips + 1, settled=False
    )


def _active(
    interlock: Interlock, memory: InterlockMemory, truth: Truth, step_s: float, *, reset: bool
) -> InterlockMemory:
    """Tripped: it clears only on what is known to be over, for as long as asked."""
    over = truth is Truth.FALSE
    cleared_s = memory.cleared_s + step_s if over else 0.0
    if memory.standing is Standing.LATCHED:
        if reset and over:
            return replace(memory, standing=Standing.CLEAR, why="", cleared_s=0.0, settled=True)
        standing = Standing.TRIPPED if memory.demanded else Standing.LATCHED
        return replace(memory, standing=standing, cleared_s=0.0, settled=not truth.blind)
    if not over or cleared_s < interlock.clear_for_s:
        return replace(memory, cleared_s=cleared_s, settled=truth is Truth.TRUE)
    if interlock.latch and not reset:
        return replace(memory, standing=Standing.LATCHED, cleared_s=0.0, settled=True)
    return replace(memory, standing=Standing.CLEAR, why="", cleared_s=0.0, settled=True)


def _told(before: InterlockMemory, after: InterlockMemory, now_s: float) -> InterlockMemory:
    return after if after.standing is before.standing else replace(after, changed_s=now_s)
