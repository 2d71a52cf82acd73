"""The chronicle: one audit record for each decision that is another one than before, with all that led to it."""

import json
from collections.abc import Hashable, Mapping, Sequence

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.latest import Latest
from edgeagent.core.clock import Anchor, Clock
from edgeagent.core.ports import Audit
from edgeagent.model.decision import Step
from edgeagent.model.intent import Output

SUBJECT = "decision"
MAX_DETAIL = 8000
"""Of the 8192 characters that an audit record takes, so that it is never cut in the middle."""
MAX_STEPS, MAX_OUTPUTS, MAX_TEXT = 40, 30, 160
QUIET_S = 10.0
TOLD = frozenset(
    {
        "tripped", "latched", "off", "returning", "let go", "refused", "kept off", "limited", "vetoed",
        "would shed", "would refuse", "would return", "maximum cooling",
    }
)  # fmt: skip
"""The steps that make a decision another one; the rest are on the way there, or moments of these."""
SAME = {"shed": "off", "return": "returning"}
"""Steps of one moment that go on under another word."""


class Chronicle:
    """Compares each decision with the one before."""

    def __init__(self, audit: Audit, clock: Clock) -> None:
        self._audit, self._clock = audit, clock
        self._known: Hashable = None
        self._told: tuple[Hashable, Hashable] = ((), frozenset())
        self._told_s = -QUIET_S

    def tell(self, latest: Latest, tables: Tables) -> bool:
        """Whether it is another decision than before; written down at once if it sets something else.

        Where only the reasons changed, as they do while a sensor flaps, that is written at most every ``QUIET_S``.
        """
        now_s = latest.snapshot.time_s
        is_other = (now := essence(latest)) != self._known
        self._known = now
        if now != self._told and (now[0] != self._told[0] or not 0 <= now_s - self._told_s < QUIET_S):
            self._told, self._told_s = now, now_s
            steps = [step for step in latest.decision.trace if _word(step) in TOLD]
            head = {"tables": tables.version, **told_at(self._clock)}
            self._audit.audit(SUBJECT, "decide", detail(head, latest.outputs, steps))
        return is_other


def essence(latest: Latest) -> tuple[Hashable, Hashable]:
    """What a decision sets, and why: what makes it another one. Numbers that only wander do not."""
    set_to = tuple((one.target, one.value, one.source, one.limited) for one in latest.outputs)
    return set_to, frozenset((_word(step), step.subject) for step in latest.decision.trace if _word(step) in TOLD)


def _word(step: Step) -> str:
    return SAME.get(step.what, step.what)


def told_at(clock: Clock) -> dict[str, object]:
    """The wall time for people, where it can be trusted; the record itself has the boot's."""
    anchor = Anchor.of(clock)
    return {"wall_s": round(anchor.wall_s, 3)} if anchor.trusted else {}


def detail(head: Mapping[str, object], outputs: Sequence[Output], steps: Sequence[Step]) -> str:
    """The record's text: JSON that is never longer than an audit record takes; what is left out is counted."""
    room = 1.0
    while True:
        text = json.dumps(_body(head, outputs, steps, room), ensure_ascii=False, separators=(",", ":"))
        if len(text) <= MAX_DETAIL:
            return text
        room /= 2


def _body(
    head: Mapping[str, object], outputs: Sequence[Output], steps: Sequence[Step], room: float
) -> dict[str, object]:
    some, few = int(MAX_OUTPUTS * room), int(MAX_STEPS * room)
    body: dict[str, object] = {
        **head,
        "outputs": [
            {
                "target": one.target,
                "value": one.value,
                "by": one.source,
                "rank": one.rank.name.lower(),
                "why": one.reason[:MAX_TEXT],
                "decision": one.decision,
                **({"limited": list(one.limited)[:8]} if one.limited else {}),
            }
            for one in outputs[:some]
        ],
        "steps": [[step.what, step.subject, step.text[:MAX_TEXT]] for step in steps[:few]],
    }
    left_out = max(0, len(outputs) - some) + max(0, len(steps) - few)
    return {**body, "left_out": left_out} if left_out else body
