"""Deciding: one pure function from the image to outputs, alarms, their explanation and the memory for the next time."""

from collections.abc import Collection, Iterable

from edgeagent.autonomy import blind, interlock, limit, permissive
from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.cooling import asked
from edgeagent.autonomy.loads import Loads
from edgeagent.autonomy.output import outputs, verdicts
from edgeagent.autonomy.plant import Plant
from edgeagent.autonomy.terms import Speech
from edgeagent.autonomy.told import interlock_alarms, interlock_steps
from edgeagent.model.decision import Decision, Memory, Step
from edgeagent.model.intent import Intent
from edgeagent.model.interlock import Interlock, InterlockMemory, Standing
from edgeagent.model.limit import LimitMemory
from edgeagent.model.points import PointId
from edgeagent.model.site import Site
from edgeagent.model.snapshot import Snapshot

LONGEST_STEP_S = 5.0
"""A decision that comes late counts no more than this as time gone by: after a stop nothing has persisted."""

LimitMemories = dict[str, LimitMemory]
InterlockMemories = dict[str, InterlockMemory]


def decide(
    snapshot: Snapshot,
    memory: Memory,
    site: Site,
    tables: Tables,
    *,
    intents: Iterable[Intent] = (),
    locks: Collection[str] = (),
    resets: Collection[str] = (),
) -> Decision:
    """What to do now, why, and what to remember; the same inputs give the same bytes (`Decision.canonical`).

    ``tables`` are `fitted` to ``site``. ``locks`` names loads, outlets and targets that people locked out, and
    ``resets`` the interlocks whose latch a person resets now.
    """
    now_s = snapshot.time_s
    step_s = 0.0 if memory.time_s is None else min(max(now_s - memory.time_s, 0.0), LONGEST_STEP_S)
    limits, turned = _limits(tables, memory, snapshot, step_s)
    interlocks = _interlocks(tables, memory, limits, turned, now_s=now_s, step_s=step_s, resets=resets)
    awake = _awake(tables, interlocks)
    plant = Plant(snapshot, site, tables.pace, tables.fixed)
    loads = Loads(plant, tables, memory, step_s, locks, awake=awake)
    loads.shed(interlocks)
    loads.restore(interlocks, limits)
    cool = asked(awake, interlocks)
    wanted = (*loads.intents(), *cool.intents(tables, now_s), *intents)
    proposed, refused = verdicts(plant, tables, wanted)
    vetoes = permissive.veto(plant, tables, proposed, loads.moves(), locks)
    loads.settle(vetoes)
    unseen = [(one, limits[one.id]) for one in tables.limits if limits[one.id].blind]
    return Decision(
        outputs(proposed, vetoes, tables.version),
        (
            *interlock_alarms(awake, interlocks, Speech(site, tables, _no_unit)),
            *loads.alarms(),
            *blind.alarms(tables, snapshot, unseen),
        ),
        (*interlock_steps(awake, interlocks, limits), *loads.steps, *cool.steps(tables), *refused, *_vetoed(vetoes)),
        cool.aisles,
        loads.memory(limits, interlocks),
    )


def _awake(tables: Tables, interlocks: InterlockMemories) -> tuple[Interlock, ...]:
    """The interlocks that there is anything to say of: not those that are clear, or out, until a limit turns."""
    clear, out = Standing.CLEAR, Standing.OUT
    found = []
    for one in tables.interlocks:
        memory = interlocks[one.id]
        standing = memory.standing
        if not memory.settled or (standing is not clear and standing is not out):
            found.append(one)
    return tuple(found)


def _no_unit(_point: PointId) -> str:
    return ""


def _limits(tables: Tables, memory: Memory, snapshot: Snapshot, step_s: float) -> tuple[LimitMemories, set[str]]:
    """Every limit's memory, and which ones say something else than before."""
    known, readings, now_s = memory.limits, snapshot.readings, snapshot.time_s
    same_tables = memory.version == tables.version
    found: LimitMemories = {}
    turned: set[str] = set()
    for one in tables.limits:
        before = known.get(one.id, limit.BLANK)
        reading = readings.get(one.point)
        if reading is before.seen and now_s <= before.quiet_until_s and same_tables:
            found[one.id] = before  # nothing can have changed: this is what makes thousands of limits cheap
            continue
        if not same_tables:
            before = limit.anew(before)
        found[one.id] = after = limit.evaluate(one, before, reading, now_s, step_s)
        if after.truth is not before.truth:
            turned.add(one.id)
    return found, turned


def _interlocks(
    tables: Tables,
    memory: Memory,
    limits: LimitMemories,
    turned: set[str],
    *,
    now_s: float,
    step_s: float,
    resets: Collection[str],
) -> InterlockMemories:
    truths = {name: one.truth for name, one in limits.items()}
    same_tables = memory.version == tables.version
    found: InterlockMemories = {}
    for one in tables.interlocks:
        before = memory.interlocks.get(one.id, interlock.BLANK)
        reset = one.id in resets
        if before.settled and same_tables and not reset and one.uses.isdisjoint(turned):
            found[one.id] = before
            continue
        found[one.id] = interlock.evaluate(one, before, truths, now_s, step_s, reset=reset)
    return found


def _vetoed(vetoes: permissive.Vetoes) -> tuple[Step, ...]:
    return tuple(Step("vetoed", target, reason) for target, reason in sorted(vetoes.items()))
