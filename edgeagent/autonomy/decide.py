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
from edgeagent.model.limit import Limit, LimitMemory, Truth
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
    limits, turned, unseen = _limits(tables, memory, snapshot, step_s)
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


def _limits(
    tables: Tables, memory: Memory, snapshot: Snapshot, step_s: float
) -> tuple[LimitMemories, set[str], list[tuple[Limit, LimitMemory]]]:
    """Every limit's memory, which ones say something else than before, and which are blind."""
    known, readings, now_s = memory.limits, snapshot.readings, snapshot.time_s
    same_tables = memory.version == tables.version
    found: LimitMemories = {}
    turned: set[str] = set()
    blind_ones: list[tuple[Limit, LimitMemory]] = []
    for one in tables.limits:
        name = one.id
        after = before = known.get(name, limit.BLANK)
        reading = readings.get(one.point)
        if reading is not before.seen or now_s > before.quiet_until_s or not same_tables:
            # Otherwise nothing can have changed: this is what makes thousands of limits cheap.
            after = limit.evaluate(one, before if same_tables else limit.anew(before), reading, now_s, step_s)
            if after.truth is not before.truth:
                turned.add(name)
        found[name] = after
        if after.blind:
            blind_ones.append((one, after))
    return found, turned, blind_ones


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
    """Every interlock's memory; those that are settled are looked at only when one of their limits turns."""
    known, same_tables = memory.interlocks, memory.version == tables.version
    found: InterlockMemories = {}
    truths: dict[str, Truth] = {}
    for one in tables.interlocks:
        name = one.id
        before = known.get(name, interlock.BLANK)
        if before.settled and same_tables and name not in resets and (not turned or one.uses.isdisjoint(turned)):
            found[name] = before
            continue
        truths = truths or {limit_name: limit_memory.truth for limit_name, limit_memory in limits.items()}
        found[name] = interlock.evaluate(one, before, truths, now_s, step_s, reset=name in resets)
    return found


def _vetoed(vetoes: permissive.Vetoes) -> tuple[Step, ...]:
    return tuple(Step("vetoed", target, reason) for target, reason in sorted(vetoes.items()))
