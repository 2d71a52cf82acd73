"""What people on site ask for: timed overrides, locks, and the resets of latches. All of it outlives the process."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from hashlib import sha256

import msgspec
import structlog

from edgeagent.autonomy import lease
from edgeagent.autonomy.arbiter import narrow, told
from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.lease import Book, Lease
from edgeagent.autonomy.terms import seconds
from edgeagent.core.clock import Anchor, Clock
from edgeagent.core.ports import Audit, Facts
from edgeagent.model.errors import ActRefused
from edgeagent.model.intent import Choice, Intent, Range, Rank
from edgeagent.model.points import PointId
from edgeagent.model.site import Site

FACT = "autonomy.orders"
MAX_LOCKS = 500
MAX_TEXT = 200
LONGEST_OFF_S = 600.0
BACK_S = 900.0
"""How long a load that is cycled is asked to be on again."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Lock:
    """A target, load or outlet that nobody switches until a person takes the lock away; it never ends by itself."""

    name: str
    by: str
    why: str
    at_s: float


@dataclass(frozen=True, slots=True)
class Override:
    """One timed override: all its leases have its id. The second half of a cycle waits until ``begins_s``."""

    id: str
    target: PointId
    value: str
    by: str
    why: str
    until_s: float
    begins_s: float = 0.0

    @property
    def source(self) -> str:
        """How intents name it."""
        return f"{self.by} on site"


class _Kept(msgspec.Struct, frozen=True):
    anchor: Anchor
    locks: tuple[Lock, ...]
    overrides: tuple[Override, ...]


class Orders:
    """The one door for people: each act is checked, audited and kept. Raises ActRefused, which says why."""

    def __init__(self, site: Site, tables: Tables, *, facts: Facts, audit: Audit, clock: Clock) -> None:
        self._site, self._tables = site, tables
        self._facts, self._audit, self._clock = facts, audit, clock
        self._locks: dict[str, Lock] = {}
        self._overrides: dict[str, Override] = {}
        self._book = Book()
        self._resets: set[str] = set()
        self.changes = 0
        """How often people had something done."""
        self._is_resumed = False
        self.resume()

    def resume(self) -> None:
        """Go on from what was kept, once it can be known; what people ordered until then goes before it."""
        if self._is_resumed or not self._facts.knows_facts:
            return
        self._is_resumed = True
        if trouble := self._take_up(self._facts.fact(FACT)):
            log.error("what was kept cannot be used", error=trouble)
        if self._locks or self._overrides:
            self._note()

    def adopt(self, site: Site, tables: Tables) -> None:
        """Go on with another site and other tables; an override of what is gone ends."""
        self._site, self._tables = site, tables
        self._rebuild()

    @property
    def locks(self) -> Mapping[str, Lock]:
        """By what they lock."""
        return self._locks

    def overrides(self) -> list[Override]:
        """Those that have not ended, the first to end first."""
        now_s = self._clock.now_s()
        live = [one for one in self._overrides.values() if one.until_s > now_s]
        return sorted(live, key=lambda one: (one.until_s, one.id))

    def intents(self) -> tuple[Intent, ...]:
        """What the overrides ask for now."""
        return self._book.live(self._clock.now_s())

    def take_resets(self) -> frozenset[str]:
        """The latches that people reset since the last time."""
        taken, self._resets = frozenset(self._resets), set()
        return taken

    def override(self, name: str, value: str, for_s: float, *, by: str, why: str) -> Override:
        """Hold a load, outlet or setpoint at a value for a time."""
        now_s = self._clock.now_s()
        one = self._made(name, value, (0.0, now_s + for_s), by, why)
        self._take(name, [one])
        self._done(one.target, "override", f"{value} for {seconds(for_s)} by {_told(one)}")
        return one

    def cycle(self, name: str, off_s: float, *, by: str, why: str) -> Override:
        """Switch a load or an outlet off, and on again after a time; the half that is returned switches it on.

        That it comes back on is tried for `BACK_S`, also after a reboot in between.
        """
        if not 1.0 <= off_s <= LONGEST_OFF_S:
            raise ActRefused(f"cannot cycle {name}: it must be off for 1 s to {seconds(LONGEST_OFF_S)}")
        on_s = self._clock.now_s() + off_s
        off, back = (
            self._made(name, word, times, by, why)
            for word, times in (("off", (0.0, on_s)), ("on", (on_s, on_s + BACK_S)))
        )
        self._take(name, [off, back])
        self._done(off.target, "cycle", f"off for {seconds(off_s)}, then on, by {_told(back)}")
        return back

    def _made(self, name: str, value: str, times: tuple[float, float], by: str, why: str) -> Override:
        """An override from and until these times."""
        target = self._target(name)
        seed = f"{self._clock.boot_id}\0{self._clock.now_s()!r}\0{target}\0{value}\0{self.changes}"
        name = f"o{sha256(seed.encode()).hexdigest()[:7]}"
        return Override(name, target, value, by, why[:MAX_TEXT], times[1], times[0])

    def _take(self, name: str, wanted: Sequence[Override]) -> None:
        """Hold what is wanted of one target in place of what was; all of it, or ActRefused."""
        if lock := self._locks.get(self._plain(name)):
            raise ActRefused(f"cannot override {name}: {lock.by} locked it out; unlock it first")
        book, now_s = self._book, self._clock.now_s()
        for order in (order for one in wanted for order in self._leases(one)):
            book, refusal = lease.offered(book, order, self._tables.targets, now_s)
            if refusal:
                raise ActRefused(refusal)
        self._book = book
        self._release(wanted[0].target)
        self._overrides |= {one.id: one for one in wanted}

    def end(self, name: str, *, by: str) -> Override:
        """End an override, or both halves of a cycle, before their time: by an id, or by what is held."""
        known = {PointId(name), *self._targets_of(name)}
        one = self._overrides.get(name) or next((o for o in self._overrides.values() if o.target in known), None)
        if one is None:
            raise ActRefused(f"cannot end {name}: no override has this id or target; `edgeagent override` lists them")
        self._release(one.target)
        self._done(one.target, "override ended", f"by {by} ({one.id})")
        return one

    def lock(self, name: str, *, by: str, why: str) -> Lock:
        """Keep everybody from switching something, until it is unlocked."""
        self._target(name)
        name = self._plain(name)
        if name in self._locks:
            raise ActRefused(f"cannot lock {name}: {self._locks[name].by} locked it already")
        if len(self._locks) >= MAX_LOCKS:
            raise ActRefused(f"cannot lock {name}: there are {MAX_LOCKS} locks already")
        self._locks[name] = Lock(name, by, why[:MAX_TEXT], self._clock.now_s())
        self._done(name, "lock", f"by {by}: {why}")
        return self._locks[name]

    def unlock(self, name: str, *, by: str) -> Lock:
        """Take a lock away."""
        lock = self._locks.pop(name, None) or self._locks.pop(self._plain(name), None)
        if lock is None:
            raise ActRefused(f"cannot unlock {name}: nobody has locked it")
        self._done(name, "unlock", f"by {by}; {lock.by} had locked it")
        return lock

    def reset(self, name: str, *, by: str, latched: Collection[str]) -> str:
        """Reset a latch at the next decision; it holds on while its condition does."""
        if name not in {one.id for one in self._tables.interlocks}:
            raise ActRefused(f"cannot reset {name}: there is no such interlock; `edgeagent interlocks` lists them")
        if name not in latched:
            raise ActRefused(f"cannot reset {name}: it is not latched")
        self._resets.add(name)
        self._audit.audit(name, "reset", f"by {by}")
        return name

    def _target(self, name: str) -> PointId:
        found = next(iter(self._targets_of(name)), None)
        if found is None:
            raise ActRefused(f"cannot switch {name}: no load, outlet or setpoint has this name{self._hint(name)}")
        return found

    def _hint(self, name: str) -> str:
        """What else may be meant, or what is to be done for a point of a device."""
        known = [*self._site.loads, *(point for point in self._tables.targets if point not in self._tables.cords)]
        if near := get_close_matches(name, known, n=2, cutoff=0.8):
            return f"; is it {' or '.join(near)}?"
        device, slash, point = name.partition("/")
        return f'; a setpoint has a table [devices.{device}.set."{point}"], which bounds it' if slash else ""

    def bounds(self, one: Override) -> str:
        """What the target takes, where that is less than what was asked for; else nothing."""
        target = self._tables.targets.get(one.target)
        if target is None or not isinstance(target.domain, Range):
            return ""
        _, is_pulled = narrow(target.domain, _allows(one.value))
        return told(target.domain) if is_pulled else ""

    def _targets_of(self, name: str) -> Iterator[PointId]:
        """A load by its name or target, an outlet with or without ``.state``, a setpoint."""
        for load in self._site.loads.values():
            if name in {load.name, load.target} and load.cords:
                yield load.target
        for point in (PointId(name), PointId(f"{name}.state")):
            if point in self._tables.targets:
                yield point

    def _plain(self, name: str) -> str:
        """How decisions know it: a load by its name, anything else by its point."""
        target = next(iter(self._targets_of(name)), PointId(name))
        return next((load.name for load in self._site.loads.values() if load.target == target), target)

    def _leases(self, one: Override) -> Iterator[Lease]:
        """One for each cord of a load, or one for the target itself."""
        load = next((load for load in self._site.loads.values() if load.target == one.target), None)
        cords = [point for point, (name, _) in self._tables.cords.items() if load is not None and name == load.name]
        for point in cords or [one.target]:
            allows = _allows(one.value) if point not in self._tables.cords else _word(one)
            intent = Intent(point, allows, Rank.PERSON, one.source, one.why or "no reason given", one.until_s)
            yield Lease(f"{one.id}#{point}", intent, begins_s=one.begins_s)

    def _release(self, target: PointId) -> None:
        """Nobody overrides it any more."""
        gone = {one.id for one in self._overrides.values() if one.target == target}
        self._overrides = {name: one for name, one in self._overrides.items() if name not in gone}
        for order in [name for name in self._book.leases if name.partition("#")[0] in gone]:
            self._book = lease.released(self._book, order)

    def _done(self, subject: str, action: str, detail: str) -> None:
        now_s = self._clock.now_s()
        self._overrides = {one.id: one for one in self._overrides.values() if one.until_s > now_s}
        self._audit.audit(subject, action, detail)
        self.changes += 1
        if self._is_resumed:
            self._note()

    def _note(self) -> None:
        fact = _Kept(Anchor.of(self._clock), tuple(self._locks.values()), tuple(self._overrides.values()))
        self._facts.note_fact(FACT, msgspec.to_builtins(fact))

    def _take_up(self, fact: object) -> str:
        """What is wrong with the fact, if anything."""
        if fact is None:
            return ""
        try:
            kept = msgspec.convert(fact, _Kept)
        except msgspec.ValidationError as error:
            return f"cannot use the locks and overrides that were kept: {error}"
        now = Anchor.of(self._clock)
        shift_s = kept.anchor.shift_s(now)
        self._locks = {one.name: replace(one, at_s=one.at_s + shift_s) for one in kept.locks} | self._locks
        self.changes += 1
        is_same_boot = kept.anchor.boot_id == now.boot_id
        held, now_s = {one.target for one in self._overrides.values()}, self._clock.now_s()
        for one in kept.overrides:  # after a reboot an override is over; a lock never is, and what was cycled returns
            until_s = one.until_s + shift_s
            if one.target not in held and (is_same_boot or (one.begins_s and until_s > now_s)):
                again = one if is_same_boot else replace(one, begins_s=now_s, until_s=until_s)
                self._overrides[one.id] = again
        self._rebuild()
        return ""

    def _rebuild(self) -> None:
        """The leases anew from the overrides; one of which a part is refused ends."""
        self._book, now_s = Book(), self._clock.now_s()
        for one in list(self._overrides.values()):
            book, refusals = self._book, ""
            for order in self._leases(one):
                book, refusal = lease.offered(book, order, self._tables.targets, now_s)
                refusals = refusals or refusal
            if refusals:
                del self._overrides[one.id]
            else:
                self._book = book


def _told(one: Override) -> str:
    return f"{one.by}{f': {one.why}' if one.why else ''} ({one.id})"


def _word(one: Override) -> Choice:
    if one.value not in {"on", "off"}:
        raise ActRefused(f'cannot switch {one.target} to "{one.value}": must be on or off')
    return Choice(frozenset({one.value}))


def _allows(value: str) -> Choice | Range:
    """A number, or two with ``..`` between them; else a word."""
    low, dots, high = value.partition("..")
    try:
        return Range(float(low), float(high if dots else low))
    except ValueError:
        if dots:
            raise ActRefused(f'cannot set it to "{value}": must be a number, or two as in 20..60') from None
        return Choice(frozenset({value}))
