"""Alarms as plain data for pages and programs: worst first, then the newest; children know that they are folded."""

from collections import Counter
from collections.abc import Mapping, Sequence

from edgeagent.autonomy.alarm_book import Book
from edgeagent.core.clock import Anchor
from edgeagent.model.alarm import SEVERITIES, Alarm, leads, rank

Row = dict[str, object]


def rows(book: Book, now: Anchor) -> list[Row]:
    """One row for each alarm of the book; ages are in seconds."""
    folds = {one.key: one.parent for one in book.alarms.values() if _folds(one, book.alarms.get(one.parent))}
    lines = {key: lead for key, lead in leads(folds).items() if lead != key}
    children = Counter(lines.values())
    ordered = sorted(book.alarms.values(), key=_place)
    return [_row(one, now, folded=one.key in lines, children=children[one.key]) for one in ordered]


def worst(shown: Sequence[Mapping[str, object]]) -> str | None:
    """The worst severity of some rows."""
    found = {str(one["severity"]) for one in shown}
    return next((severity for severity in SEVERITIES if severity in found), None)


def _folds(alarm: Alarm, parent: Alarm | None) -> bool:
    """It stands under a parent that stands; one that is worse than its parent would be out of sight there."""
    if parent is None or not (alarm.stands and parent.stands):
        return False
    return rank(parent.severity) <= rank(alarm.severity)


def _place(alarm: Alarm) -> tuple[bool, int, float, str]:
    return not alarm.stands, rank(alarm.severity), -alarm.raised_s, alarm.key


def _row(alarm: Alarm, now: Anchor, *, folded: bool, children: int) -> Row:
    now_s, mark, shelf = now.boottime_s, alarm.acknowledged, alarm.shelved
    return {
        "key": alarm.key,
        "severity": alarm.severity,
        "text": alarm.text,
        "parent": alarm.parent,
        "cause": alarm.cause,
        "state": "standing" if alarm.stands else "cleared",
        "for_s": round(now_s - alarm.raised_s, 1),
        "since_wall_s": round(now.wall_s - (now_s - alarm.raised_s), 1) if now.trusted else None,
        "times": alarm.times,
        "chattering": alarm.chattering,
        "cleared_for_s": None if alarm.cleared_s is None else round(now_s - alarm.cleared_s, 1),
        "acknowledged": None if mark is None else {"by": mark.by, "for_s": round(now_s - mark.at_s, 1)},
        "shelved": None
        if shelf is None
        else {"by": shelf.by, "why": shelf.why, "left_s": round(shelf.until_s - now_s, 1)},
        "folded": folded,
        "children": children,
    }
