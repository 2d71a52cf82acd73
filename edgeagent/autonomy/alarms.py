"""The alarm desk: conditions in, states out. Each change is a record for the NOC; the book outlives the process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import structlog

from edgeagent.autonomy import alarm_book
from edgeagent.autonomy.alarm_book import LONGEST_SHELF_S, Book, Turn
from edgeagent.autonomy.alarm_view import rows, worst
from edgeagent.autonomy.kept_alarms import kept, resumed
from edgeagent.config.values import nearest
from edgeagent.core.clock import Anchor, Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Audit, Facts, Journal
from edgeagent.model.alarm import SEVERITIES, Change, Shelf
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.errors import ActRefused
from edgeagent.model.journal import Stream
from edgeagent.wire.record import AlarmChanged, encode

FACT = "autonomy.alarms"
LEAST_SHELF_S = 1.0
SETTLE_S = 60.0
"""After a start, what stood before goes on standing for so long, until it is seen again: a point is told to be blind
only after some seconds, and a PDU is tried only once there is time."""
MAX_WHY = 200

log = structlog.get_logger(__name__)


class AlarmDesk:
    """``update`` is called with every decision; the rest are acts of people, which raise ActRefused."""

    def __init__(self, journal: Journal, facts: Facts, audit: Audit, clock: Clock, metrics: Metrics) -> None:
        self._journal, self._facts, self._audit, self._clock = journal, facts, audit, clock
        self.version = 0
        """Another one whenever something has changed that people must see at once."""
        self._book, self._is_resumed = Book(), False
        self._unsure: frozenset[str] = frozenset()
        self._sure_s = clock.now_s() + SETTLE_S
        self._resume()
        self._changes = metrics.counter("edgeagent_alarm_changes", "Changes of alarms, by what happened")
        standing = metrics.gauge(
            "edgeagent_alarms", "Alarms that stand and are neither shelved nor folded, by severity"
        )
        overflow = metrics.gauge("edgeagent_alarms_left_out", "Conditions for which the list of alarms has no room")

        def collect() -> None:
            overflow.set(self._book.overflow)
            shown = [one for one in self._rows() if one["state"] == "standing" and not one["folded"]]
            for severity in SEVERITIES:
                count = sum(one["severity"] == severity and one["shelved"] is None for one in shown)
                standing.set(count, severity=severity)

        metrics.collector(collect)

    def update(self, wanted: Sequence[AlarmWanted]) -> None:
        """These conditions hold now, and no others."""
        self._resume()
        now_s = self._clock.now_s()
        if self._unsure:
            seen = {one.key for one in wanted}
            self._unsure = self._unsure - seen if now_s < self._sure_s else frozenset()
        self._take(alarm_book.update(self._book, wanted, now_s, self._unsure))

    def acknowledge(self, key: str, by: str) -> Mapping[str, object]:
        """Somebody saw to an alarm, or to ``all``."""
        if key == "all":
            alarms = self._book.alarms.values()
            return self._acknowledge(
                [one.key for one in alarms if one.acknowledged is None and one.shelved is None], by
            )
        alarm = self._book.alarms[self._known("acknowledge", key)]
        if alarm.acknowledged is not None:
            raise ActRefused(f"cannot acknowledge {key}: {alarm.acknowledged.by} did so already")
        return self._acknowledge([key], by)

    def shelve(self, key: str, for_s: float, by: str, why: str) -> Mapping[str, object]:
        """Keep an alarm out of sight for a time, with a reason."""
        self._known("shelve", key)
        if not LEAST_SHELF_S <= for_s <= LONGEST_SHELF_S:
            raise ActRefused(f"cannot shelve {key}: a shelf lasts from 1 s to {LONGEST_SHELF_S / 3600:.0f} h")
        if not why.strip():
            raise ActRefused(f"cannot shelve {key} without a reason: say why, for whoever reads it next")
        shelf = Shelf(self._clock.now_s() + for_s, by, why[:MAX_WHY])
        self._take(alarm_book.shelve(self._book, key, shelf))
        self._audit.audit(key, "shelve", f"for {for_s:.0f} s by {by}: {shelf.why}")
        return {"shelved": key, "for_s": for_s}

    def unshelve(self, key: str, by: str) -> Mapping[str, object]:
        """Have an alarm in sight again before its time."""
        if self._book.alarms[self._known("unshelve", key)].shelved is None:
            raise ActRefused(f"cannot unshelve {key}: it is not shelved")
        self._take(alarm_book.unshelve(self._book, key, by))
        self._audit.audit(key, "unshelve", f"by {by}")
        return {"unshelved": key}

    def view(self) -> Mapping[str, object]:
        """All alarms as plain data, worst first, then the newest."""
        found = self._rows()
        shown = [one for one in found if one["state"] == "standing" and not one["folded"]]
        in_sight = [one for one in shown if one["shelved"] is None]
        return {
            "alarms": found,
            "standing": len(in_sight),
            "unacknowledged": sum(one["acknowledged"] is None for one in found if one["shelved"] is None),
            "shelved": sum(one["shelved"] is not None for one in found),
            "worst": worst(in_sight),
            "overflow": self._book.overflow,
        }

    def _rows(self) -> list[dict[str, object]]:
        return rows(self._book, Anchor.of(self._clock))

    def _resume(self) -> None:
        """Go on from what was kept, once it can be known; what came up until then goes before it."""
        if self._is_resumed or not self._facts.knows_facts:
            return
        self._is_resumed = True
        before, notice = resumed(self._facts.fact(FACT), Anchor.of(self._clock))
        if notice:
            log.error("what was kept cannot be used", error=notice)
        self._unsure = frozenset(one.key for one in before.alarms.values() if one.stands)
        self._sure_s = self._clock.now_s() + SETTLE_S
        came_up = bool(self._book.alarms)
        self._book = replace(self._book, alarms=MappingProxyType({**before.alarms, **self._book.alarms}))
        if came_up:
            self._note()

    def _acknowledge(self, keys: Sequence[str], by: str) -> Mapping[str, object]:
        """All at once: to keep the book takes milliseconds."""
        book, changes, now_s = self._book, list[Change](), self._clock.now_s()
        for key in keys:
            book, told = alarm_book.acknowledge(book, key, by, now_s)
            changes.extend(told)
        self._take((book, changes))
        for key in keys:
            self._audit.audit(key, "acknowledge", f"by {by}")
        return {"acknowledged": keys}

    def _known(self, verb: str, key: str) -> str:
        if key in self._book.alarms:
            return key
        near = nearest(key, self._book.alarms)
        meant = f"; did you mean {near}?" if near else ""
        raise ActRefused(f"cannot {verb} {key}: there is no such alarm; `edgeagent alarms --all` lists them{meant}")

    def _take(self, turn: Turn) -> None:
        """Go on with another book; the records first, so that the book is never ahead of them on the disk."""
        before, (self._book, changes) = self._book, turn
        for change in changes:
            self._changes.add(word=change.word)
            self._journal.append(Stream.ALARM, encode(_record(change, self._clock)))
            _tell(change)
        if self._book is not before:
            self.version += bool(changes)
        if changes and self._is_resumed:
            self._note()

    def _note(self) -> None:
        self._facts.note_fact(FACT, kept(self._book, Anchor.of(self._clock)))


def _record(change: Change, clock: Clock) -> AlarmChanged:
    alarm = change.alarm
    return AlarmChanged(
        clock.boot_id[:8],
        clock.now_s(),
        alarm.key,
        alarm.severity,
        alarm.text[:1024],
        alarm.parent,
        alarm.cause,
        change.word,
        alarm.stands and change.word != "closed",  # how one ends that has left the list is not told any more
        change.by,
        change.why,
        None if alarm.shelved is None else alarm.shelved.until_s,
        alarm.times,
    )


def _tell(change: Change) -> None:
    alarm = change.alarm
    say: Callable[..., object] = log.warning if change.word in {"raised", "chattering"} else log.info
    more = {"by": change.by} if change.by else {}
    say(f"alarm {change.word}", key=alarm.key, severity=alarm.severity, text=alarm.text, **more)
