"""Deciding: one pure function from the image to outputs, alarms, their explanation and the memory for the next time."""

from collections.abc import Collection, Iterable

from edgeagent.autonomy import blind, permissive
from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.cooling import asked
from edgeagent.autonomy.evaluated import look
from edgeagent.autonomy.loads import Loads
from edgeagent.autonomy.output import outputs, verdicts
from edgeagent.autonomy.plant import Plant
from edgeagent.autonomy.terms import Speech
from edgeagent.autonomy.told import interlock_alarms, interlock_steps
from edgeagent.model.decision import Decision, Memory, Step
from edgeagent.model.intent import Intent
from edgeagent.model.interlock import Act
from edgeagent.model.points import PointId
from edgeagent.model.site import Site
from edgeagent.model.snapshot import Snapshot

LONGEST_STEP_S = 5.0
"""A decision that comes late counts no more than this as time gone by: after a stop nothing has persisted."""


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
    seen = look(tables, memory, snapshot, step_s, resets)
    limits, interlocks, awake = seen.limits, seen.interlocks, seen.awake
    warning = [one for one in awake if one.act is not Act.RESTORE]  # that loads may return is the common case
    plant = Plant(snapshot, site, tables.pace, tables.fixed)
    loads = Loads(plant, tables, memory, step_s, locks, awake=awake)
    loads.shed(interlocks)
    loads.restore(interlocks, limits)
    cool = asked(warning, interlocks)
    wanted = (*loads.intents(), *cool.intents(tables, now_s), *intents)
    proposed, refused = verdicts(plant, tables, wanted)
    vetoes = permissive.veto(plant, tables, proposed, loads.moves(), locks)
    loads.settle(vetoes)
    return Decision(
        outputs(proposed, vetoes, tables.version),
        (
            *interlock_alarms(warning, interlocks, Speech(site, tables, _no_unit)),
            *loads.alarms(),
            *blind.alarms(tables, snapshot, seen.unseen),
        ),
        (*interlock_steps(warning, interlocks, limits), *loads.steps, *cool.steps(tables), *refused, *_vetoed(vetoes)),
        cool.aisles,
        loads.memory(seen),
    )


def _no_unit(_point: PointId) -> str:
    return ""


def _vetoed(vetoes: permissive.Vetoes) -> tuple[Step, ...]:
    return tuple(Step("vetoed", target, reason) for target, reason in sorted(vetoes.items()))
