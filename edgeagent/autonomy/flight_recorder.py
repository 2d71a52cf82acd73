"""The flight recorder: of each decision, what changed since the one before; a file can be replayed on its own."""

from collections.abc import Iterable, Sequence

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
        self._places: dict[PointId, int] = {}
        self._last: list[Reading | None] = []
        self._image = -1
        """The version of the image that ``_last`` is of; of another one, every point is looked at."""
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
        self._places = {point: place for place, point in enumerate(self._points)}
        self._last = [None] * len(self._points)
        self._image = -1
        self._intents = self._locks = self._outputs = self._alarms = None
        now = Anchor.of(self._clock)
        wall_s = now.wall_s + time_s - now.boottime_s
        self._files.begin(encode(Head(now.boot_id, time_s, wall_s, now.trusted, tables.version, self._points, before)))

    def _changed(self, snapshot: Snapshot) -> tuple[tuple[Seen, ...], tuple[int, ...]]:
        """The readings that are others than before, and the places of those that have left the image."""
        last, readings = self._last, snapshot.readings
        candidates: Iterable[int] = range(len(last))
        if snapshot.changed is not None and snapshot.since == self._image:
            candidates = sorted(self._places[point] for point in snapshot.changed if point in self._places)
        self._image = snapshot.version
        found, gone = list[Seen](), list[int]()
        for place in candidates:
            one = readings.get(self._points[place])
            if one is last[place]:
                continue
            last[place] = one
            if one is None:
                gone.append(place)
            else:
                found.append(seen(place, one))
        return tuple(found), tuple(gone)

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
