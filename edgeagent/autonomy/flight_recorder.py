"""The flight recorder: of each decision, what changed since the one before; a file can be replayed on its own."""

from collections.abc import Sequence
from itertools import compress, count
from operator import is_not

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.flight import Asked, Head, Seen, Tick, asked, encode, fingerprint, seen, told
from edgeagent.autonomy.watched import watched
from edgeagent.autonomy.whole import whole
from edgeagent.core.clock import Anchor, Clock
from edgeagent.core.ports import FlightFiles
from edgeagent.model.decision import Decision, Memory
from edgeagent.model.intent import Intent, Output
from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading
from edgeagent.model.site import Site
from edgeagent.model.snapshot import Snapshot


class FlightRecorder:
    """Turns decisions into lines; it never waits and raises nothing for the disk's troubles."""

    def __init__(self, files: FlightFiles, clock: Clock) -> None:
        self._files, self._clock = files, clock
        self._made_for: tuple[Site, Tables] | None = None
        self._points: tuple[PointId, ...] = ()
        self._last: list[Reading | None] = []
        self._intents: tuple[Intent, ...] | None = None
        self._locks: frozenset[str] | None = None
        self._outputs: tuple[Output, ...] | None = None
        self._alarms: tuple[str, ...] | None = None

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
        """Record one decision and what it was made from."""
        if self._files.wants_head or self._made_for is None or self._is_other(site, tables):
            self._begin(snapshot.time_s, before, site, tables)
        changed, gone = self._changed(snapshot)
        outputs, alarms = self._fresh_outputs(decision, site, tables), self._fresh_alarms(decision)
        line = Tick(
            t=snapshot.time_s,
            r=changed,
            g=gone,
            i=self._fresh_intents(tuple(intents)),
            l=self._fresh_locks(locks),
            x=tuple(sorted(resets)),
            o=None if outputs is None else told(outputs),
            a=alarms,
            h=fingerprint(decision),
        )
        self._files.append(encode(line), soon=outputs is not None)

    def _is_other(self, site: Site, tables: Tables) -> bool:
        assert self._made_for is not None
        return site is not self._made_for[0] or tables is not self._made_for[1]

    def _begin(self, time_s: float, before: Memory, site: Site, tables: Tables) -> None:
        """A new file, which knows nothing of the one before."""
        self._made_for = (site, tables)
        self._points = watched(tables, site)
        self._last = [None] * len(self._points)
        self._intents = self._locks = self._outputs = self._alarms = None
        now = Anchor.of(self._clock)
        wall_s = now.wall_s + time_s - now.boottime_s
        self._files.begin(encode(Head(now.boot_id, time_s, wall_s, now.trusted, tables.version, self._points, before)))

    def _changed(self, snapshot: Snapshot) -> tuple[tuple[Seen, ...], tuple[int, ...]]:
        """The readings that are others than before, and the places of those that have left the image."""
        before, now = self._last, list(map(snapshot.readings.get, self._points))
        self._last = now
        places = list(compress(count(), map(is_not, now, before)))  # most points stand still: no loop over them
        found = [seen(place, one) for place in places if (one := now[place]) is not None]
        return tuple(found), tuple(place for place in places if now[place] is None)

    def _fresh_intents(self, intents: tuple[Intent, ...]) -> tuple[Asked, ...] | None:
        if intents == self._intents:
            return None
        self._intents = intents
        return tuple(map(asked, intents))

    def _fresh_locks(self, locks: frozenset[str]) -> tuple[str, ...] | None:
        if locks == self._locks:
            return None
        self._locks = locks
        return tuple(sorted(locks))

    def _fresh_outputs(self, decision: Decision, site: Site, tables: Tables) -> tuple[Output, ...] | None:
        if decision.outputs == self._outputs:
            return None
        self._outputs = decision.outputs
        return whole(decision.outputs, tables, site)

    def _fresh_alarms(self, decision: Decision) -> tuple[str, ...] | None:
        alarms = tuple(sorted({one.key for one in decision.alarms}))
        if alarms == self._alarms:
            return None
        self._alarms = alarms
        return alarms
