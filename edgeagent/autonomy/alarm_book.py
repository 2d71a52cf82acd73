"""The book of alarms: what stands, what is cleared and not yet acknowledged, what is shelved. Pure, and bounded."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgeagent.autonomy.alarm_life import begun, turned
from edgeagent.model.alarm import Alarm, Change, Mark, Shelf, rank
from edgeagent.model.decision import AlarmWanted

MAX_ALARMS = 1000
"""Beyond it the least severe are left out, and counted."""
MAX_CLEARED = 200
CLEARED_S = 7 * 86400.0
"""A cleared alarm that nobody acknowledges leaves the list after this."""
LONGEST_SHELF_S = 86400.0


@dataclass(frozen=True, slots=True)
class Book:
    """Alarms by key, in the order of their coming; ``overflow`` counts conditions that find no room now."""

    alarms: Mapping[str, Alarm] = field(default_factory=lambda: MappingProxyType({}))
    overflow: int = 0


Turn = tuple[Book, Sequence[Change]]
"""A book after something happened, and what that was."""


def update(book: Book, wanted: Iterable[AlarmWanted], now_s: float) -> Turn:
    """The book once these conditions hold and no others; the same inputs give the same book."""
    wants, overflow = _bounded(wanted)
    changes: list[Change] = []
    kept: dict[str, Alarm] = {}
    for key, before in book.alarms.items():
        alarm, word = turned(_off_the_shelf(before, now_s, changes), wants.pop(key, None), now_s)
        if word is not None:
            changes.append(Change(word, alarm))
        if alarm.stands or alarm.acknowledged is None:
            kept[key] = alarm
    for want in wants.values():
        kept[want.key] = alarm = begun(want, now_s)
        changes.append(Change("raised", alarm))
    changes.extend(Change("closed", kept.pop(key)) for key in _too_many(kept, now_s))
    if not changes and overflow == book.overflow and _same(book.alarms, kept):
        return book, ()
    return Book(MappingProxyType(kept), overflow), changes


def acknowledge(book: Book, key: str, by: str, now_s: float) -> Turn:
    """Somebody saw to an alarm of the book; one that is cleared leaves it."""
    alarm = replace(book.alarms[key], acknowledged=Mark(by, now_s))
    change = Change("acknowledged", alarm, by)
    return (_with(book, alarm) if alarm.stands else _without(book, key)), (change,)


def shelve(book: Book, key: str, shelf: Shelf) -> Turn:
    """An alarm of the book is kept out of sight until the shelf's end."""
    alarm = replace(book.alarms[key], shelved=shelf)
    return _with(book, alarm), (Change("shelved", alarm, shelf.by, shelf.why),)


def unshelve(book: Book, key: str, by: str) -> Turn:
    """An alarm of the book is in sight again."""
    alarm = replace(book.alarms[key], shelved=None)
    return _with(book, alarm), (Change("unshelved", alarm, by),)


def _bounded(wanted: Iterable[AlarmWanted]) -> tuple[dict[str, AlarmWanted], int]:
    """The conditions by key, the worst of each, at most `MAX_ALARMS`; and how many are left out."""
    wants: dict[str, AlarmWanted] = {}
    for want in wanted:
        known = wants.get(want.key)
        if known is None or rank(want.severity) < rank(known.severity):
            wants[want.key] = want
    if len(wants) <= MAX_ALARMS:
        return wants, 0
    worst = sorted(wants.values(), key=lambda want: rank(want.severity))[:MAX_ALARMS]
    return {want.key: want for want in worst}, len(wants) - MAX_ALARMS


def _off_the_shelf(alarm: Alarm, now_s: float, changes: list[Change]) -> Alarm:
    if alarm.shelved is None or alarm.shelved.until_s > now_s:
        return alarm
    alarm = replace(alarm, shelved=None)
    changes.append(Change("unshelved", alarm))
    return alarm


def _too_many(alarms: Mapping[str, Alarm], now_s: float) -> list[str]:
    """The cleared ones that have been in the list for too long, or are too many, oldest first."""
    cleared = sorted(
        ((one.cleared_s, key) for key, one in alarms.items() if one.cleared_s is not None), key=lambda one: one[0]
    )
    room = max(0, min(MAX_CLEARED, MAX_ALARMS - (len(alarms) - len(cleared))))
    surplus = cleared[: max(0, len(cleared) - room)]
    old = [one for one in cleared if now_s - one[0] > CLEARED_S]
    return list(dict.fromkeys(key for _, key in (*surplus, *old)))


def _same(before: Mapping[str, Alarm], after: Mapping[str, Alarm]) -> bool:
    return len(before) == len(after) and all(after.get(key) is alarm for key, alarm in before.items())


def _with(book: Book, alarm: Alarm) -> Book:
    return replace(book, alarms=MappingProxyType({**book.alarms, alarm.key: alarm}))


def _without(book: Book, key: str) -> Book:
    return replace(book, alarms=MappingProxyType({name: one for name, one in book.alarms.items() if name != key}))
