"""From intents to outputs: the door, the arbiter, and what the permissives left."""

from collections.abc import Iterable, Mapping
from hashlib import sha256

from edgeagent.autonomy.arbiter import Verdict, arbitrate
from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.lease import refusal
from edgeagent.autonomy.plant import Plant
from edgeagent.model.decision import Step
from edgeagent.model.intent import Intent, Output
from edgeagent.model.points import PointId


def verdicts(plant: Plant, tables: Tables, intents: Iterable[Intent]) -> tuple[dict[PointId, Verdict], list[Step]]:
    """The value of each target that somebody asks for or that has a safe value, and the steps that led there."""
    now_s = plant.snapshot.time_s
    by_target: dict[PointId, list[Intent]] = {point: [] for point in tables.safe}
    steps = []
    for intent in intents:
        if intent.expires_s <= now_s:
            continue
        if reason := refusal(intent, tables.targets, now_s):
            steps.append(Step("refused", intent.source, reason))
        else:
            by_target.setdefault(intent.target, []).append(intent)
    found: dict[PointId, Verdict] = {}
    for point in sorted(by_target):
        verdict = arbitrate(tables.targets[point], by_target[point], now_s, plant.known(point))
        if verdict is not None:
            found[point] = verdict
            steps.extend(
                Step("limited", one, f"{point} is {verdict.value} by {verdict.source}") for one in verdict.limited
            )
    return found, sorted(steps, key=lambda step: (step.what, step.subject, step.text))


def outputs(verdicts: Mapping[PointId, Verdict], vetoes: Mapping[PointId, str], version: str) -> tuple[Output, ...]:
    """What is to be set, by target. The decision's name stays the same as long as the decision does."""
    return tuple(
        Output(point, one.value, one.rank, one.source, one.reason, _name(point, one, version), limited=one.limited)
        for point, one in sorted(verdicts.items())
        if point not in vetoes
    )


def _name(point: PointId, verdict: Verdict, version: str) -> str:
    parts = (version, point, repr(verdict.value), str(int(verdict.rank)), verdict.source, verdict.reason)
    return sha256("\0".join((*parts, *verdict.limited)).encode()).hexdigest()[:16]
