"""Audit entries about one thing, as lines for people, newest first."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgeagent.model.journal import AuditEntry

MAX_LINES = 20
DECISION = "decision"


@dataclass(frozen=True, slots=True)
class Line:
    """What was, and when by the wall clock of then, where that is known."""

    wall_s: float | None
    text: str

    def view(self) -> Mapping[str, object]:
        """As plain data."""
        return {"wall_s": self.wall_s, "text": self.text}


def lines(
    entries: Iterable[AuditEntry], names: Collection[str], wall_of: Callable[[AuditEntry], float | None]
) -> list[Line]:
    """The entries that are about one of these names: subjects, targets, decisions."""
    found: list[Line] = []
    newer = 0  # where the lines of the decision before begin: what two in a row say is told once, as of the first
    for entry in entries:
        detail = _json(entry.detail)
        wall_s = _number(detail.get("wall_s")) or wall_of(entry)
        texts = dict.fromkeys(_texts(entry, detail, names))
        if texts and entry.subject == DECISION:
            found[newer:] = [line for line in found[newer:] if line.text not in texts]
            newer = len(found)
        found.extend(Line(wall_s, text) for text in texts)
        if texts and entry.subject != DECISION:
            newer = len(found)
        if len(found) > MAX_LINES:
            break
    return found[:MAX_LINES]


def _texts(entry: AuditEntry, detail: Mapping[str, object], names: Collection[str]) -> Iterator[str]:
    if entry.subject == DECISION:
        yield from _decided(detail, names)
    elif entry.subject in names or detail.get("decision") in names:
        yield _acted(entry, detail)


def _decided(detail: Mapping[str, object], names: Collection[str]) -> Iterator[str]:
    """Of a decision: what it set of these names, and the steps about them."""
    for one in _dicts(detail.get("outputs")):
        if one.get("target") in names or one.get("decision") in names:
            limited = one.get("limited")
            more = f"; not as {', '.join(map(str, limited))} asked" if isinstance(limited, list) and limited else ""
            value = _value(one.get("value"))
            yield f"decided: {one.get('target')} {value} by {one.get('by')}: {one.get('why')}{more}"
    steps = detail.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, list) and len(step) == 3 and step[1] in names:
            yield f"{step[0]}: {step[2]}"


def _acted(entry: AuditEntry, detail: Mapping[str, object]) -> str:
    if entry.action == "act":
        return (
            f"ordered: {entry.subject} {_value(detail.get('value'))} by {detail.get('source')}: {detail.get('reason')}"
        )
    return f"{entry.action}: {entry.detail}" if entry.detail else f"{entry.action}: {entry.subject}"


def _value(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _json(text: str) -> Mapping[str, object]:
    if not text.startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _dicts(value: object) -> list[dict[str, object]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
