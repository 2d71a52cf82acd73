"""Leases: intents that others offer, each with an end; the door at which they are accepted or refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from types import MappingProxyType

from edgeagent.autonomy.arbiter import fits, told
from edgeagent.autonomy.compiled import Target
from edgeagent.model.intent import Intent
from edgeagent.model.points import PointId

LONGEST_S = 24 * 3600.0
DEFAULT_S = 15 * 60.0
"""An override for which nobody said how long."""
MAX_LEASES = 1000


@dataclass(frozen=True, slots=True)
class Lease:
    """An intent under the id of the order that made it; a durable one goes on after a reboot for what was left.

    Before ``begins_s`` (CLOCK_BOOTTIME) it waits.
    """

    id: str
    intent: Intent
    durable: bool = False
    begins_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Book:
    """The leases by id, in the order of their coming."""

    leases: Mapping[str, Lease] = field(default_factory=lambda: MappingProxyType({}))

    def live(self, now_s: float) -> tuple[Intent, ...]:
        """The intents that have begun and not ended."""
        return tuple(one.intent for one in self.leases.values() if one.begins_s <= now_s < one.intent.expires_s)


def refusal(intent: Intent, targets: Mapping[PointId, Target], now_s: float) -> str:
    """Why an intent is refused at the door, or nothing."""
    target = targets.get(intent.target)
    if target is None:
        return f"cannot set {intent.target}: nothing of this name can be set"
    if not fits(target.domain, intent.allows):
        return f"cannot set {intent.target} so: it takes {told(target.domain)}"
    if not isfinite(intent.expires_s):
        return f"cannot set {intent.target}: the order has no end"
    if intent.expires_s <= now_s:
        return f"cannot set {intent.target}: the order has ended"
    if intent.expires_s > now_s + LONGEST_S:
        return f"cannot set {intent.target} for longer than {LONGEST_S / 3600:.0f} h"
    return ""


def offered(book: Book, lease: Lease, targets: Mapping[PointId, Target], now_s: float) -> tuple[Book, str]:
    """The book with a lease taken or refreshed, and no refusal; or the book as it was, and why."""
    if reason := refusal(lease.intent, targets, now_s):
        return book, reason
    kept = swept(book, now_s).leases
    if lease.id not in kept and len(kept) >= MAX_LEASES:
        return book, f"cannot take more than {MAX_LEASES} orders at a time"
    return _book([*(one for one in kept.values() if one.id != lease.id), lease]), ""


def released(book: Book, lease_id: str) -> Book:
    """The book without a lease that was given back."""
    return _book(one for one in book.leases.values() if one.id != lease_id)


def swept(book: Book, now_s: float) -> Book:
    """The book without the leases that have ended."""
    return _book(one for one in book.leases.values() if one.intent.expires_s > now_s)


def carried(book: Book, now_s: float) -> tuple[tuple[Lease, float], ...]:
    """The durable leases with the seconds that are left of each: what is kept for after a reboot."""
    live = [one for one in book.leases.values() if one.durable and one.intent.expires_s > now_s]
    return tuple((one, one.intent.expires_s - now_s) for one in live)


def resumed(kept: Iterable[tuple[Lease, float]], now_s: float) -> Book:
    """The book after a reboot, whose CLOCK_BOOTTIME began anew."""
    alive = [(lease, left_s) for lease, left_s in kept if lease.durable and 0 < left_s <= LONGEST_S]
    return _book(replace(one, intent=replace(one.intent, expires_s=now_s + left_s)) for one, left_s in alive)


def _book(leases: Iterable[Lease]) -> Book:
    return Book(MappingProxyType({one.id: one for one in leases}))
