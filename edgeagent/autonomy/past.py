"""Audit entries about one thing, as lines for people, newest first."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgeagent.model.journal import AuditEntry

MAX_LINES = 20


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
    for entry in entries:
        detail = _json(entry.detail)
        wall_s = _number(detail.get("wall_s")) or wall_of(entry)
        found.extend(Line(wall_s, text) for text in dict.fromkeys(_texts(entry, detail, names)))
        if len(found) >= MAX_LINES:
            break
    return found[:MAX_LINES]


def _texts(entry: AuditEntry, detail: Mapping[str, object], names: Collection[str]) -> Iterator[str]:
    if entry.subject == "decision":
        yield from _decided(detail, names)
    elif entry.subject in names or detail.get("decision") in names:
        yield _acted(entry, detail)


def _decided(detail: Mapping[str, object], names: Collection[str]) -> Iterator[str]:
    """Of a decision: what it set of these names, and the steps about them."""
    for one in _dicts(detail.get("outputs")):
        if one.get("target") in names or one.get("decision") in names:
            limited = one.get("limited")
            more = f"; limited: {', '.join(map(str, limited))}" if isinstance(limited, list) and limited else ""
            yield f"decided: {one.get('target')} {one.get('value')} by {one.get('by')}: {one.get('why')}{more}"
    steps = detail.get("steps")
    for step in steps if isinstance(steps, list) else ():
        if isinstance(step, list) and len(step) == 3 and step[1] in names:
            yield f"{step[0]}: {step[2]}"


def _acted(entry: AuditEntry, detail: Mapping[str, object]) -> str:
    if entry.action == "act":
        return f"ordered: {entry.subject} {detail.get('value')} by {detail.get('source')}: {detail.get('reason')}"
    return f"{entry.action}: {entry.detail}" if entry.detail else f"{entry.action}: {entry.subject}"


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
