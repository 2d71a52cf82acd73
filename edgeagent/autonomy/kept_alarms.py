"""The book of alarms as plain JSON data, and back from it: after a kill as it was, after a reboot with its times moved."""

from dataclasses import replace
from math import isfinite
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from edgeagent.autonomy.alarm_book import LONGEST_SHELF_S, MAX_ALARMS, Book
from edgeagent.core.clock import Anchor
from edgeagent.model.alarm import Alarm, Mark, Shelf

FACT = "autonomy.alarms"
VERSION = 1


class _Kept(msgspec.Struct, frozen=True):
    """The fact. Times are boot times of the anchor's boot."""

    v: int
    anchor: Anchor
    alarms: Annotated[tuple[Alarm, ...], Meta(max_length=MAX_ALARMS)]
    overflow: Annotated[int, Meta(ge=0)]


def kept(book: Book, anchor: Anchor) -> object:
    """The book as plain JSON data; ``anchor`` is of now."""
    return msgspec.to_builtins(_Kept(VERSION, anchor, tuple(book.alarms.values()), book.overflow))


def resumed(fact: object, now: Anchor) -> tuple[Book, str]:
    """The book to go on with, and what is wrong with the fact, if anything: then it is empty."""
    if fact is None:
        return Book(), ""
    try:
        found = msgspec.convert(fact, _Kept)
    except msgspec.ValidationError as error:
        return Book(), f"cannot use what was kept of the alarms: {error}"
    if found.v != VERSION:
        return Book(), f"cannot use what was kept of the alarms: it is of version {found.v}"
    if not all(map(isfinite, _numbers(found))):
        return Book(), "cannot use what was kept of the alarms: it holds a number that is not finite"
    shift_s = found.anchor.shift_s(now)
    moved = {one.key: _moved(one, shift_s, now.boottime_s) for one in found.alarms}
    return Book(MappingProxyType(moved), found.overflow), ""


def _numbers(found: _Kept) -> list[float]:
    numbers = [found.anchor.boottime_s, found.anchor.wall_s]
    for one in found.alarms:
        marks = [one.acknowledged.at_s] if one.acknowledged else []
        marks += [one.shelved.until_s] if one.shelved else []
        times = [one.raised_s, one.told_s, one.cleared_s, one.quiet_s, one.eased_s]
        numbers += [*one.raises_s, *marks, *(time_s for time_s in times if time_s is not None)]
    return numbers


def _moved(alarm: Alarm, shift_s: float, now_s: float) -> Alarm:
    """In the times of this boot. A wall clock that was wrong puts nothing into the future, and lengthens no shelf."""

    def at(time_s: float) -> float:
        return min(time_s + shift_s, now_s)

    def maybe(time_s: float | None) -> float | None:
        return None if time_s is None else at(time_s)

    mark, shelf = alarm.acknowledged, alarm.shelved
    return replace(
        alarm,
        raised_s=at(alarm.raised_s),
        told_s=at(alarm.told_s),
        cleared_s=maybe(alarm.cleared_s),
        quiet_s=maybe(alarm.quiet_s),
        eased_s=maybe(alarm.eased_s),
        raises_s=tuple(map(at, alarm.raises_s)),
        acknowledged=None if mark is None else Mark(mark.by, at(mark.at_s)),
        shelved=None if shelf is None else _shelf(shelf, shift_s, now_s),
    )


def _shelf(shelf: Shelf, shift_s: float, now_s: float) -> Shelf:
    return replace(shelf, until_s=min(shelf.until_s + shift_s, now_s + LONGEST_SHELF_S))
