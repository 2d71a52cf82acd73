"""The book of alarms: what stands, what is cleared and not yet acknowledged, what is shelved. Pure, and bounded."""

from collections.abc import Collection, Iterable, Mapping, Sequence
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


def update(book: Book, wanted: Iterable[AlarmWanted], now_s: float, unsure: Collection[str] = ()) -> Turn:
    """The book once these conditions hold and no others; the same inputs give the same book.

    ``unsure`` names those that may hold without being wanted: what stands of them goes on standing.
    """
    wants, left_out = _bounded(wanted)
    holding = frozenset(wants)
    changes: list[Change] = []
    kept: dict[str, Alarm] = {}
    for key, before in book.alarms.items():
        alarm = _off_the_shelf(before, now_s, changes)
        if key in holding or not (key in unsure or key in left_out):
            alarm = _looked_at(alarm, wants.pop(key, None), now_s, changes)
        if not alarm.is_over:
            kept[key] = alarm
    for want in wants.values():
        kept[want.key] = alarm = begun(want, now_s)
        changes.append(Change("raised", alarm))
    leaving = dict.fromkeys([*(key for key in left_out if key in kept), *_too_many(kept, holding, now_s)])
    changes.extend(Change("closed", kept.pop(key)) for key in leaving)
    if not changes and len(left_out) == book.overflow and _same(book.alarms, kept):
        return book, ()
    return Book(MappingProxyType(kept), len(left_out)), changes


def acknowledge(book: Book, key: str, by: str, now_s: float) -> Turn:
    """Somebody saw to an alarm of the book; one that is cleared leaves it, unless it is shelved."""
    alarm = replace(book.alarms[key], acknowledged=Mark(by, now_s))
    return _with(book, alarm), (Change("acknowledged", alarm, by),)


def shelve(book: Book, key: str, shelf: Shelf) -> Turn:
    """An alarm of the book is kept out of sight until the shelf's end."""
    alarm = replace(book.alarms[key], shelved=shelf)
    return _with(book, alarm), (Change("shelved", alarm, shelf.by, shelf.why),)


def unshelve(book: Book, key: str, by: str) -> Turn:
    """An alarm of the book is in sight again, or leaves it if it is over."""
    alarm = replace(book.alarms[key], shelved=None)
    return _with(book, alarm), (Change("unshelved", alarm, by),)


def _bounded(wanted: Iterable[AlarmWanted]) -> tuple[dict[str, AlarmWanted], Mapping[str, AlarmWanted]]:
    """The conditions by key, the worst of each, at most `MAX_ALARMS`; and those that are left out."""
    wants: dict[str, AlarmWanted] = {}
    for want in wanted:
        known = wants.get(want.key)
        if known is None or rank(want.severity) < rank(known.severity):
            wants[want.key] = want
    if len(wants) <= MAX_ALARMS:
        return wants, {}
    worst = sorted(wants.values(), key=lambda want: rank(want.severity))
    found, left_out = worst[:MAX_ALARMS], worst[MAX_ALARMS:]
    return {want.key: want for want in found}, {want.key: want for want in left_out}


def _looked_at(alarm: Alarm, want: AlarmWanted | None, now_s: float, changes: list[Change]) -> Alarm:
    alarm, word = turned(alarm, want, now_s)
    if word is not None:
        changes.append(Change(word, alarm))
    return alarm


def _off_the_shelf(alarm: Alarm, now_s: float, changes: list[Change]) -> Alarm:
    if alarm.shelved is None or alarm.shelved.until_s > now_s:
        return alarm
    alarm = replace(alarm, shelved=None)
    changes.append(Change("unshelved", alarm))
    return alarm


def _too_many(alarms: Mapping[str, Alarm], holding: Collection[str], now_s: float) -> list[str]:
    """What finds no room: of what stands only for caution the least severe, and what has been cleared the longest."""
    standing = [key for key, one in alarms.items() if one.stands]
    cautious = sorted((key for key in standing if key not in holding), key=lambda key: -rank(alarms[key].severity))
    without = cautious[: max(0, len(standing) - MAX_ALARMS)]
    room = min(MAX_CLEARED, MAX_ALARMS - (len(standing) - len(without)))
    cleared = sorted(
        ((one.cleared_s, key) for key, one in alarms.items() if one.cleared_s is not None), key=lambda one: one[0]
    )
    surplus = [key for _, key in cleared[: max(0, len(cleared) - room)]]
    return [*without, *surplus, *(key for cleared_s, key in cleared if now_s - cleared_s > CLEARED_S)]


def _same(before: Mapping[str, Alarm], after: Mapping[str, Alarm]) -> bool:
    return len(before) == len(after) and all(after.get(key) is alarm for key, alarm in before.items())


def _with(book: Book, alarm: Alarm) -> Book:
    alarms = {**book.alarms, alarm.key: alarm}
    if alarm.is_over:
        del alarms[alarm.key]
    return replace(book, alarms=MappingProxyType(alarms))
