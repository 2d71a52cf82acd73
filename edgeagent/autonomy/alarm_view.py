"""``/v1/alarms``: the book of alarms as people are shown it. Plain data; ages are in seconds."""

from collections import Counter
from collections.abc import Mapping

from edgeagent.autonomy.alarm_book import Book, folded
from edgeagent.model.alarm import Alarm, rank


def view(book: Book, now_s: float, wall_s: float | None) -> dict[str, object]:
    """The whole view, worst first, then newest; ``wall_s`` is None where the wall clock cannot be trusted.

    What is folded or shelved counts neither as standing nor as unacknowledged.
    """
    lines = folded(book)
    children = Counter(lines.values())
    seen = [one for key, one in book.alarms.items() if key not in lines and one.shelved is None]
    standing = sorted((one.severity for one in seen if one.stands), key=rank)
    order = sorted(book.alarms.values(), key=lambda one: (rank(one.severity), -one.raised_s, one.key))
    return {
        "alarms": [_row(one, lines, children[one.key], now_s, wall_s) for one in order],
        "standing": len(standing),
        "unacknowledged": sum(one.acknowledged is None for one in seen),
        "shelved": sum(one.shelved is not None for one in book.alarms.values()),
        "worst": standing[0] if standing else None,
        "overflow": book.overflow,
    }


def _row(
    alarm: Alarm, lines: Mapping[str, str], children: int, now_s: float, wall_s: float | None
) -> dict[str, object]:
    mark, shelf = alarm.acknowledged, alarm.shelved
    return {
        "key": alarm.key,
        "severity": alarm.severity,
        "text": alarm.text,
        "parent": alarm.parent,
        "cause": alarm.cause,
        "state": "standing" if alarm.stands else "cleared",
        "for_s": round(now_s - alarm.raised_s, 1),
        "since_wall_s": None if wall_s is None else round(wall_s + alarm.raised_s - now_s, 1),
        "times": alarm.times,
        "chattering": alarm.chattering,
        "cleared_for_s": None if alarm.cleared_s is None else round(now_s - alarm.cleared_s, 1),
        "acknowledged": None if mark is None else {"by": mark.by, "for_s": round(now_s - mark.at_s, 1)},
        "shelved": None
        if shelf is None
        else {"by": shelf.by, "why": shelf.why, "left_s": round(max(0.0, shelf.until_s - now_s), 1)},
        "folded": alarm.key in lines,
        "children": children,
    }
