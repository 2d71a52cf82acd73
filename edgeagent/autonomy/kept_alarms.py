"""The book of alarms as a fact that outlives the process and the boot."""

import json
from dataclasses import replace
from types import MappingProxyType

import msgspec

from edgeagent.autonomy.alarm_book import Book
from edgeagent.core.clock import Anchor
from edgeagent.model.alarm import Alarm

VERSION = 1


class _Kept(msgspec.Struct, frozen=True):
    """Times are boot times of the anchor's boot."""

    v: int
    anchor: Anchor
    alarms: tuple[Alarm, ...]


def kept(book: Book, anchor: Anchor) -> object:
    """The book as plain JSON data; ``anchor`` is of now."""
    return msgspec.to_builtins(_Kept(VERSION, anchor, tuple(book.alarms.values())))


def resumed(fact: object, now: Anchor) -> tuple[Book, str]:
    """The book to go on with, and what is wrong with the fact, if anything: then it is empty."""
    if fact is None:
        return Book(), ""
    try:
        json.dumps(fact, allow_nan=False)  # no age could be told of a time that is not finite
        found = msgspec.convert(fact, _Kept)
    except (ValueError, msgspec.ValidationError) as error:
        return Book(), f"cannot use the alarms that were kept: {error}"
    if found.v != VERSION:
        return Book(), f"cannot use the alarms that were kept: they are of version {found.v}"
    shift_s = found.anchor.shift_s(now)
    return Book(MappingProxyType({one.key: _shifted(one, shift_s) for one in found.alarms})), ""


def _shifted(alarm: Alarm, by_s: float) -> Alarm:
    """The alarm with its times in the present boot's."""
    if not by_s:
        return alarm
    seen_to, shelf = alarm.acknowledged, alarm.shelved
    return replace(
        alarm,
        raised_s=alarm.raised_s + by_s,
        told_s=alarm.told_s + by_s,
        cleared_s=None if alarm.cleared_s is None else alarm.cleared_s + by_s,
        acknowledged=None if seen_to is None else replace(seen_to, at_s=seen_to.at_s + by_s),
        shelved=None if shelf is None else replace(shelf, until_s=shelf.until_s + by_s),
        raises_s=tuple(one + by_s for one in alarm.raises_s),
        quiet_s=None if alarm.quiet_s is None else alarm.quiet_s + by_s,
        eased_s=None if alarm.eased_s is None else alarm.eased_s + by_s,
    )
