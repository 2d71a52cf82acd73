"""The device ``derived``: what only the whole pod can tell, as readings like any other."""

import asyncio
from collections.abc import Iterator, Mapping

from edgeagent.autonomy.compiled import Tables, inlet_power_point
from edgeagent.autonomy.estimates.condensation import DEW, SUPPLY, CondensationAlarms, margins
from edgeagent.autonomy.estimates.found import Found, known, summed
from edgeagent.autonomy.estimates.headroom import Headroom, HeadroomAlarms, headrooms
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Beat
from edgeagent.core.state import State
from edgeagent.model.decision import AlarmWanted
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.points import DeviceId, Point, PointId, device_of, point_id
from edgeagent.model.reading import Reading, ReadingBatch
from edgeagent.model.site import Site
from edgeagent.model.snapshot import Snapshot
from edgeagent.model.units import Kind

DERIVED = DeviceId("derived")
"""No device may have this name in a configuration."""
EVERY_S = 5.0
STEP = 24
"""Readings of one step: those of eight PDUs."""


class PodEstimates:
    """A Service. ``alarms`` is a watcher of the cycle; `turn` is one look at the pod."""

    name = "estimates"
    beat_every_s = 30.0
    critical = False

    def __init__(self, site: Site, tables: Tables, *, state: State, clock: Clock) -> None:
        self._state, self._clock = state, clock
        self._headroom, self._condensation = HeadroomAlarms(), CondensationAlarms()
        self._loops: tuple[PointId, ...] = ()
        self._infos: Mapping[DeviceId, DeviceInfo] = {}
        self._info: DeviceInfo | None = None
        self.adopt(site, tables)

    def adopt(self, site: Site, tables: Tables) -> None:
        """Derive for this site and by these ratings from now on."""
        self._site, self._ratings_w = site, tables.ratings_w
        self._info = None

    def alarms(self) -> list[AlarmWanted]:
        """What people should know before it happens."""
        return [*self._headroom.alarms(), *self._condensation.alarms()]

    async def run(self, beat: Beat) -> None:
        """Derive until cancelled."""
        while True:
            for _ in self._steps():
                await asyncio.sleep(0)
            beat()
            await self._clock.sleep(EVERY_S)

    def turn(self) -> None:
        """Derive everything once, and publish it."""
        for _ in self._steps():
            pass

    def _steps(self) -> Iterator[None]:
        """A turn in steps: one image, some PDUs at a time, because all of a big pod hold the loop for too long."""
        self._describe()
        if self._info is None or not self._info.points:
            return
        snapshot, readings = self._state.snapshot(), list[Reading]()
        for number, reading in enumerate(self._readings(snapshot)):
            readings.append(reading)
            if number % STEP == STEP - 1:
                yield
        self._state.publish(ReadingBatch(DERIVED, self.name, snapshot.time_s, readings))

    def _readings(self, snapshot: Snapshot) -> Iterator[Reading]:
        for feed, found in self._feeds(snapshot).items():
            yield found.reading(_point(_feed(feed)))
        rooms = list[Headroom]()
        for one in headrooms(snapshot, self._site, self._ratings_w):
            rooms.append(one)
            yield from _room_readings(one)
        self._headroom.update(rooms)
        loops = margins(snapshot, self._loops)
        self._condensation.update(loops)
        for device, found in loops.items():
            yield found.reading(_point(f"{device}.condensation_margin"))

    def _feeds(self, snapshot: Snapshot) -> Mapping[str, Found]:
        """What each feed delivers to its PDUs."""
        pdus = self._site.pdus.values()
        return {
            feed: summed(
                (known(snapshot, inlet_power_point(one.device)) for one in pdus if one.feed == feed), snapshot.time_s
            )
            for feed in self._site.feeds
        }

    def _describe(self) -> None:
        """Make the derived points known, again when there are others."""
        infos = self._state.infos()
        if self._info is not None and infos == self._infos:
            return  # thousands of names need not be looked at each time
        self._infos = infos
        loops = tuple(
            point.id for point in self._state.points() if point.name == SUPPLY or point.name.rpartition(".")[2] == DEW
        )
        if self._info is not None and loops == self._loops:
            return
        self._loops = loops
        points = tuple(self._points())
        group = Group(self.name, EVERY_S, EVERY_S, frozenset(point.name for point in points))
        info = DeviceInfo(Identity(model="derived from the pod's readings"), points, (group,))
        if points or self._info is not None:
            self._state.describe(DERIVED, info)
        self._info = info

    def _points(self) -> Iterator[Point]:
        for feed in self._site.feeds:
            yield Point(DERIVED, _feed(feed), Kind.POWER, label=f"what feed {feed} delivers")
        for pdu in self._site.pdus:
            if pdu in self._ratings_w:
                yield Point(DERIVED, f"{pdu}.headroom", Kind.PERCENT, label="of the rating, if the worst feed is lost")
                yield Point(DERIVED, f"{pdu}.headroom.power", Kind.POWER, label="left if the worst feed is lost")
                yield Point(DERIVED, f"{pdu}.after_loss", Kind.PERCENT, label="of the rating, after that loss")
        for point in self._loops:
            if point.endswith(SUPPLY):
                name = f"{device_of(point)}.condensation_margin"
                yield Point(DERIVED, name, Kind.TEMPERATURE, label="coolant supply above the dew point")


def _room_readings(one: Headroom) -> Iterator[Reading]:
    """What is left, as a share and in watts, and what would be carried."""
    left_w, share = one.left_w, one.share
    percent = None if left_w is None else 100 * left_w / one.rating_w
    yield one.after.reading(_point(f"{one.pdu}.headroom"), percent)
    yield one.after.reading(_point(f"{one.pdu}.headroom.power"), left_w)
    yield one.after.reading(_point(f"{one.pdu}.after_loss"), None if share is None else 100 * share)


def _feed(feed: str) -> str:
    """A feed's name may hold what a point's may not."""
    return f"feed.{''.join(one if one.isalnum() or one in '-_' else '_' for one in feed.lower())}.power"


def _point(name: str) -> PointId:
    return point_id(DERIVED, name)
