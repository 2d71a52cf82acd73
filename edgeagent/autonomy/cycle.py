"""The cycle: image → decision → what is remembered and told → the executor. The one place where decisions are made.

It turns when a reading comes that a limit looks at, and once a second at least.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import structlog

from edgeagent.autonomy.chronicle import Chronicle
from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.decide import decide
from edgeagent.autonomy.executor import Executor
from edgeagent.autonomy.kept_memory import joined, kept, kernel, resumed
from edgeagent.autonomy.latest import Latest
from edgeagent.autonomy.limit import BLANK, says_else
from edgeagent.autonomy.observed import observed, read
from edgeagent.autonomy.orders import Orders
from edgeagent.autonomy.whole import whole
from edgeagent.core.bus import Subscription
from edgeagent.core.clock import Anchor, Clock
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat, Facts
from edgeagent.core.state import State
from edgeagent.model.decision import AlarmWanted, Decision, Memory
from edgeagent.model.intent import Intent
from edgeagent.model.limit import Limit
from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading, ReadingBatch
from edgeagent.model.site import Site
from edgeagent.model.snapshot import Snapshot

FACT = "autonomy.memory"
TURN_S = 1.0
"""The longest time between two decisions."""
LEAST_S = 0.1
"""The shortest: what is read within it is decided together, unless it may turn a limit."""
URGENT_S = 0.005
"""The shortest after what may turn a limit."""
ACT_FIRST_S = 0.02
"""How long what is only told waits while an act begins: both would share one processor."""
FIRST_LOOK_S = 10.0
"""For so long after the start what was not read yet is not set: it would be refused. Then its refusal is news."""
MAX_BATCHES = 1000
TICK_BOUNDS_S = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1)

log = structlog.get_logger(__name__)


class Alarms(Protocol):
    """What is needed of the alarm desk."""

    def update(self, wanted: Sequence[AlarmWanted]) -> None:
        """These conditions stand now, and no others."""


class Flight(Protocol):
    """What is needed of the flight recorder."""

    def tick(
        self,
        snapshot: Snapshot,
        before: Memory,
        decision: Decision,
        *,
        intents: Sequence[Intent],
        locks: frozenset[str],
        resets: frozenset[str],
        site: Site,
        tables: Tables,
    ) -> None:
        """Keep what a decision was made from."""


@dataclass(frozen=True, slots=True)
class _Made:
    """A decision and what it was made from; ``is_fresh`` when it wants something that was not wanted before."""

    snapshot: Snapshot
    before: Memory
    decision: Decision
    intents: tuple[Intent, ...]
    locks: frozenset[str]
    resets: frozenset[str]
    site: Site
    tables: Tables
    is_fresh: bool


class Cycle:
    """A critical Service. `latest` is None before the first decision."""

    name = "cycle"
    beat_every_s = 5.0
    critical = True

    def __init__(
        self,
        site: Site,
        tables: Tables,
        *,
        state: State,
        executor: Executor,
        orders: Orders,
        alarms: Alarms,
        chronicle: Chronicle,
        flight: Flight,
        facts: Facts,
        clock: Clock,
        metrics: Metrics,
        watchers: Sequence[Callable[[], Sequence[AlarmWanted]]] = (),
    ) -> None:
        """``watchers`` tell of conditions that no decision is about, such as an output that was not carried out."""
        self._state, self._executor, self._orders, self._watchers = state, executor, orders, watchers
        self._images = state.follow()
        self._alarms, self._chronicle, self._flight = alarms, chronicle, flight
        self._facts, self._clock = facts, clock
        self._tick_s = metrics.histogram("edgeagent_decision_seconds", "Time that one decision took", TICK_BOUNDS_S)
        self.latest: Latest | None = None
        self.changes = 0
        """How often what is decided became something else: who shows it need look only then."""
        self.adopt(site, tables)
        self._memory, self._is_resumed = Memory(), False
        self._resume()
        self._kernel = kernel(self._memory)
        self._turned_s, self._took_s = -TURN_S, 0.0
        self._began_s = clock.now_s()

    @property
    def site(self) -> Site:
        """The site that decisions are made for."""
        return self._site

    @property
    def tables(self) -> Tables:
        """The tables that decisions are made by."""
        return self._tables

    @property
    def memory(self) -> Memory:
        """What the next decision will go on from."""
        return self._memory

    def adopt(self, site: Site, tables: Tables) -> None:
        """Decide for this site and by these tables from now on; latches and what is shed stay."""
        self._site, self._tables = site, tables
        watched: dict[PointId, list[Limit]] = {}
        for one in tables.limits:
            watched.setdefault(one.point, []).append(one)
        self._watched: Mapping[PointId, Sequence[Limit]] = watched
        self._orders.adopt(site, tables)
        self.changes += 1

    async def run(self, beat: Beat) -> None:
        """Decide until cancelled."""
        with self._state.batches.subscribe(self.name, MAX_BATCHES) as batches:
            while True:
                made = self._decide()
                if made.is_fresh:
                    await asyncio.sleep(ACT_FIRST_S)
                self._tell(made)
                beat()
                await self._next(batches)

    def turn(self) -> Decision:
        """Make one decision, hand it to the executor, and tell of it."""
        made = self._decide()
        self._tell(made)
        return made.decision

    def _decide(self) -> _Made:
        """A decision that is remembered and handed to the executor."""
        began_s = self._clock.now_s()
        self._resume()
        self._orders.resume()
        snapshot, before = self._images.snapshot(), self._memory
        intents, locks = self._orders.intents(), frozenset(self._orders.locks)
        resets = self._orders.take_resets()
        decision = decide(snapshot, before, self._site, self._tables, intents=intents, locks=locks, resets=resets)
        self._memory = decision.memory
        outputs = whole(decision.outputs, self._tables, self._site)
        self.latest = Latest(decision, snapshot, outputs)
        # In this order: what the executor does has been remembered and told by the time its own record is on the disk.
        self._remember()
        if self._chronicle.tell(self.latest, self._tables):
            self.changes += 1
        now = outputs if began_s - self._began_s >= FIRST_LOOK_S else read(snapshot, outputs, self._site)
        is_fresh = self._executor.submit(now, observed(snapshot, now, self._site))
        self._turned_s, self._took_s = began_s, self._clock.now_s() - began_s
        self._tick_s.observe(self._took_s)
        return _Made(snapshot, before, decision, intents, locks, resets, self._site, self._tables, is_fresh)

    def _tell(self, made: _Made) -> None:
        """The alarms and the recording of a decision: what acts goes before them."""
        decision = made.decision
        self._alarms.update([*decision.alarms, *(one for watcher in self._watchers for one in watcher())])
        self._flight.tick(
            made.snapshot,
            made.before,
            decision,
            intents=made.intents,
            locks=made.locks,
            resets=made.resets,
            site=made.site,
            tables=made.tables,
        )

    def _resume(self) -> None:
        """Go on from what was kept, once it can be known; what happened until then goes before it."""
        if self._is_resumed or not self._facts.knows_facts:
            return
        self._is_resumed = True
        kept_before, notice = resumed(self._facts.fact(FACT), Anchor.of(self._clock))
        self._memory = joined(kept_before, self._memory)
        if notice:
            log.error("what was kept cannot be used", error=notice)

    def _remember(self) -> None:
        """Keep the memory when it has come to be worth a write; see `Facts.note_fact` for the order."""
        now = kernel(self._memory)
        if now != self._kernel and self._is_resumed:
            self._kernel = now
            self._facts.note_fact(FACT, partial(kept, self._memory, Anchor.of(self._clock)))

    async def _next(self, batches: Subscription[ReadingBatch]) -> None:
        """Return when it is time: soon after a limit's point was read, at once when that may turn the limit."""
        left_s = self._turned_s + TURN_S - self._clock.now_s()
        if left_s > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(left_s) as limit:  # one for all batches: dozens come in a second
                    await self._heed(batches, limit)
        await asyncio.sleep(0)
        batches.drain()

    async def _heed(self, batches: Subscription[ReadingBatch], limit: asyncio.Timeout) -> None:
        """Bring the limit forward by what is read, until it has come."""
        due_s = self._turned_s + TURN_S
        while self._clock.now_s() < due_s:
            batch = await batches.next()
            mine = [reading for reading in batch.readings if reading.point in self._watched]
            if not mine:
                continue
            # Half of the time at most goes into deciding.
            least_s = min(URGENT_S, 2 * self._took_s) if self._may_turn(mine) else LEAST_S
            if self._turned_s + least_s < due_s:
                due_s = self._turned_s + least_s
                left_s = max(0.0, due_s - self._clock.now_s())
                limit.reschedule(asyncio.get_running_loop().time() + left_s)

    def _may_turn(self, readings: Iterable[Reading]) -> bool:
        """Whether one of them says something else than before to a limit."""
        known, now_s = self._memory.limits, self._clock.now_s()
        return any(
            says_else(limit, known.get(limit.id, BLANK), reading, now_s)
            for reading in readings
            for limit in self._watched[reading.point]
        )
