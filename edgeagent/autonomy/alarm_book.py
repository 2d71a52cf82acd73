"""The book of alarms: all that stand or wait to be acknowledged, what folds under what, and what people did. Pure.

Nothing in it grows without bound, and what finds no room is counted.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from edgeagent.autonomy.alarm_life import begun, turned
from edgeagent.model.alarm import Alarm, Change, Mark, Shelf, leads, rank
from edgeagent.model.decision import AlarmWanted

MAX_ALARMS = 1000
MAX_CLEARED = 200
"""So many cleared alarms wait to be acknowledged, the newest; shelved ones do not count."""
CLEARED_S = 7 * 86400.0
"""Nor do they wait for longer."""
LONGEST_SHELF_S = 24 * 3600.0
MAX_KEY = 200
MAX_TEXT = 500
MAX_BY = 100
MAX_WHY = 200


@dataclass(frozen=True, slots=True)
class Book:
    """The alarms by key. ``overflow`` counts the conditions that hold and found no room."""

    alarms: Mapping[str, Alarm] = field(default_factory=lambda: MappingProxyType({}))
    overflow: int = 0


Turned = tuple[Book, tuple[Change, ...]]
"""A book, and what happened to it."""


def update(book: Book, wanted: Iterable[AlarmWanted], now_s: float, *, settling: bool = False) -> Turned:
    """These conditions hold now, and no others; while ``settling`` others may hold that were not looked at yet."""
    wants = _by_key(wanted)
    alarms: dict[str, Alarm] = {}
    changes: list[Change] = []
    for key, before in book.alarms.items():
        alarm = _off_shelf(before, now_s, changes)
        want = wants.get(key)
        alarm, word = (alarm, None) if want is None and settling else turned(alarm, want, now_s)
        if word is not None:
            changes.append(Change(word, alarm))
        if _is_listed(alarm, now_s):
            alarms[key] = alarm
        elif word != "cleared":  # an acknowledged one is over by that alone
            changes.append(Change("closed", alarm))
    known = frozenset(alarms)
    alarms |= {key: begun(want, now_s) for key, want in wants.items() if key not in known}
    kept = _bounded(alarms, known)
    changes += [Change("closed", alarms[key]) for key in alarms if key in known and key not in kept]
    changes += [Change("raised", alarm) for key, alarm in kept.items() if key not in known]
    return _book(kept, len(wants.keys() - kept.keys())), tuple(changes)


def acknowledge(book: Book, keys: Iterable[str], by: str, now_s: float) -> Turned:
    """A person has seen these, and what folds under them; nothing happens to what was acknowledged before."""
    named = set(keys)
    lines = folded(book)
    alarms, changes = dict(book.alarms), []
    for key, alarm in book.alarms.items():
        if alarm.acknowledged is None and {key, lines.get(key)} & named:
            alarms[key] = seen = replace(alarm, acknowledged=Mark(by[:MAX_BY], now_s))
            changes.append(Change("acknowledged", seen, by[:MAX_BY]))
            if not _is_listed(seen, now_s):
                del alarms[key]
    return _book(alarms, book.overflow), tuple(changes)


def shelf_refusal(until_s: float, why: str, now_s: float) -> str:
    """Why an alarm may not be shelved so, or nothing."""
    if not now_s < until_s <= now_s + LONGEST_SHELF_S:
        return f"a shelf has an end, at most {LONGEST_SHELF_S / 3600:.0f} h away"
    return "" if why.strip() else "say why, for those who come after you"


def shelve(book: Book, key: str, until_s: float, by: str, why: str, now_s: float) -> Turned:
    """A person keeps an alarm out of sight until a time; nothing happens where ``shelf_refusal`` says why not."""
    if key not in book.alarms or shelf_refusal(until_s, why, now_s):
        return book, ()
    shelf = Shelf(until_s, by[:MAX_BY], why.strip()[:MAX_WHY])
    alarm = replace(book.alarms[key], shelved=shelf)
    return _book({**book.alarms, key: alarm}, book.overflow), (Change("shelved", alarm, shelf.by, shelf.why),)


def unshelve(book: Book, key: str, by: str, now_s: float) -> Turned:
    """A person has a shelved alarm shown again."""
    before = book.alarms.get(key)
    if before is None or before.shelved is None:
        return book, ()
    alarm = replace(before, shelved=None)
    alarms = {**book.alarms, key: alarm}
    changes = [Change("unshelved", alarm, by[:MAX_BY])]
    if not _is_listed(alarm, now_s):
        del alarms[key]
        changes.append(Change("closed", alarm))
    return _book(alarms, book.overflow), tuple(changes)


def folded(book: Book) -> dict[str, str]:
    """The alarms that are no line of their own, with the key of the line under which they are told.

    A child folds under a parent that stands; one that has cleared, also under one that has. One that is worse than
    its parent never folds.
    """
    parents = {}
    for key, alarm in book.alarms.items():
        above = book.alarms.get(alarm.parent) if alarm.parent != key else None
        if above is not None and (above.stands or not alarm.stands) and rank(above.severity) <= rank(alarm.severity):
            parents[key] = above.key
    return {key: lead for key, lead in leads(parents).items() if lead != key}


def _by_key(wanted: Iterable[AlarmWanted]) -> dict[str, AlarmWanted]:
    """One for each key, the worst, with its words cut to what is kept."""
    found: dict[str, AlarmWanted] = {}
    for one in wanted:
        cut = AlarmWanted(
            one.key[:MAX_KEY], one.severity, one.text[:MAX_TEXT], one.parent[:MAX_KEY], one.cause[:MAX_KEY]
        )
        before = found.get(cut.key)
        if before is None or rank(cut.severity) < rank(before.severity):
            found[cut.key] = cut
    return found


def _off_shelf(alarm: Alarm, now_s: float, changes: list[Change]) -> Alarm:
    if alarm.shelved is None or alarm.shelved.until_s > now_s:
        return alarm
    alarm = replace(alarm, shelved=None)
    changes.append(Change("unshelved", alarm))
    return alarm


def _is_listed(alarm: Alarm, now_s: float) -> bool:
    """It stands, or is shelved, or waits to be acknowledged and has not done so for too long."""
    if alarm.cleared_s is None or alarm.shelved is not None:
        return True
    return alarm.acknowledged is None and now_s - alarm.cleared_s < CLEARED_S


def _bounded(alarms: Mapping[str, Alarm], known: frozenset[str]) -> dict[str, Alarm]:
    """Those that are kept: of what stands the worst, of those the ones that were there before, of those the oldest."""
    waiting = [one for one in alarms.values() if not one.stands and one.shelved is None]
    if len(alarms) <= MAX_ALARMS and len(waiting) <= MAX_CLEARED:
        return dict(alarms)
    over = {one.key for one in sorted(waiting, key=_newest_cleared)[MAX_CLEARED:]}
    rest = [one for one in alarms.values() if one.key not in over]
    rest.sort(key=lambda one: (not one.stands, rank(one.severity), one.key not in known, one.raised_s, one.key))
    kept = {one.key for one in rest[:MAX_ALARMS]}
    return {key: one for key, one in alarms.items() if key in kept}


def _newest_cleared(alarm: Alarm) -> tuple[float, str]:
    return -(alarm.cleared_s or 0.0), alarm.key


def _book(alarms: dict[str, Alarm], overflow: int) -> Book:
    return Book(MappingProxyType(alarms), overflow)
