"""A device that a profile describes, read over SNMP."""

import asyncio
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgeagent.core.clock import Clock
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.parts import Times
from edgeagent.drivers.rowplan import RowPlan, point_at, step
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reading, Reason
from edgeagent.protocols.decode import decoder
from edgeagent.protocols.profile import Pace, Profile
from edgeagent.protocols.profile_rows import Agent, Known, Place, Row, find_label, find_rows, places
from edgeagent.protocols.snmp import Raw

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"  # SNMPv2-MIB (RFC 3418)
PROTECTIVE = "protective"
GROUPS = (PROTECTIVE, *Pace)


class AgentLease(Protocol):
    """The hold on a session; see `protocols.session.Lease`."""

    def open(self) -> Agent:
        """The session; the same one until `close`."""

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""


@dataclass(frozen=True, slots=True)
class Paces:
    """How often each pace is read, and how long one read may take; seconds."""

    fast_s: float
    slow_s: float
    deadline_s: float

    protective_s: float = math.inf

    @classmethod
    def of(cls, times: Times) -> "Paces":
        """Those that a device's settings ask for."""
        return cls(times.every_s, times.slow_every_s, times.deadline_s, times.protective_every_s)

    def name(self, pace: Pace, *, protective: bool) -> str:
        """The group that a point belongs to."""
        often = protective and pace is Pace.FAST and self.protective_s < self.fast_s
        return PROTECTIVE if often else pace.value

    def group(self, name: str, points: Iterable[str]) -> Group:
        """The group of that name. A device that answers slowly is read as often as it can, and not given up."""
        if name == PROTECTIVE:
            return Group(name, self.protective_s, self.deadline_s, frozenset(points))
        period_s = self.fast_s if name == Pace.FAST else self.slow_s
        return Group(name, period_s, min(self.deadline_s, period_s), frozenset(points))


class ProfiledDevice:
    """A Driver: finds the family, its rows and their scales on connecting, then reads each group in few requests.

    A row that was there once stays a point, BAD ``absent``, until the program ends or another serial answers.
    """

    def __init__(
        self,
        device: DeviceId,
        lease: AgentLease,
        clock: Clock,
        profiles: Callable[[], Sequence[Profile]],
        paces: Paces,
    ) -> None:
        self._device = device
        self._lease = lease
        self._clock = clock
        self._profiles = profiles
        self._paces = paces
        self._plans: dict[str, RowPlan] = {}
        self._serial = Known()
        self._known: dict[tuple[int, int, str], Row] = {}
        self._fitted: set[str] = set()
        """Where an optional point was once found."""
        self._known_as: tuple[Profile, str] | None = None

    async def connect(self) -> DeviceInfo:
        """Family, identity, rows and scales. Raises DeviceError."""
        profile = await self._family()
        identity = await self._identity(profile)
        found = await self._places(profile, await self._rows(profile, identity))
        if not found:
            raise DeviceGarbled(f"cannot read {self._device}: {profile.name} finds none of its points there")
        scales = await self._scales(found)
        groups = []
        for name in GROUPS:
            await asyncio.sleep(0)  # hundreds of points: others have their turns between
            mine = [one for one in found if self._paces.name(one.row.pace, protective=one.row.protective) == name]
            self._plans[name] = RowPlan(step(self._device, place, scales.get(place.scale_oid or "")) for place in mine)
            if mine:
                groups.append(self._paces.group(name, (place.name for place in mine)))
        return DeviceInfo(identity, tuple(point_at(self._device, place) for place in found), tuple(groups))

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        plan = self._plans[group]
        asked = (*plan.oids, self._serial.oid) if self._serial.oid else plan.oids
        values = await self._lease.open().get(asked)
        time_s = self._clock.now_s()
        self._still_the_same(values)
        return plan.readings(values, time_s)

    async def close(self) -> None:
        """Let go of the session."""
        await self._lease.close()

    def _still_the_same(self, values: Mapping[str, Raw]) -> None:
        known, now = self._serial.text, self._serial.now(values)
        if known and now and now != known:
            raise DeviceChanged(f"cannot read {self._device}: it was {known} and now says that it is {now}")

    async def _family(self) -> Profile:
        object_id = (await self._lease.open().get([SYS_OBJECT_ID])).get(SYS_OBJECT_ID)
        if not isinstance(object_id, str):
            raise DeviceGarbled(f"cannot read {self._device}: it does not say what it is (sysObjectID)")
        profiles = await asyncio.to_thread(self._profiles)  # the first device to ask reads and checks all files
        for profile in sorted(profiles, key=lambda one: -one.nearness(object_id)):
            if profile.claims(object_id) and await self._lease.open().walk(profile.presence.oid, 1):
                return profile
        known = ", ".join(profile.name for profile in profiles)
        raise DeviceGarbled(f"cannot read {self._device}: sysObjectID {object_id} is none of {known}")

    async def _identity(self, profile: Profile) -> Identity:
        agent = self._lease.open()
        maker, model, self._serial, firmware = [
            await find_label(agent, labels)
            for labels in (profile.maker, profile.model, profile.serial, profile.firmware)
        ]
        return Identity(maker.text or profile.vendor, model.text, self._serial.text, firmware.text)

    async def _rows(self, profile: Profile, identity: Identity) -> list[Row]:
        known = self._known_as
        if known is None or known[0] is not profile or known[1] != identity.serial:
            self._known, self._fitted = {}, set()
            self._known_as = (profile, identity.serial)
        for row in await find_rows(self._lease.open(), profile):
            self._known[row.place] = row
        return list(self._known.values())

    async def _places(self, profile: Profile, rows: Iterable[Row]) -> list[Place]:
        """The place of each point; what is optional is asked for once, and not there means not fitted."""
        found = places(profile, rows)
        await asyncio.sleep(0)
        values = await self._lease.open().get([place.oid for place in found if place.row.optional])
        self._fitted |= values.keys()
        fitted: dict[str, list[Place]] = {}
        for place in found:
            if not place.row.optional or place.oid in self._fitted:
                fitted.setdefault(place.name, []).append(place)
        return [_telling(same, values) for same in fitted.values()]

    async def _scales(self, found: Sequence[Place]) -> dict[str, Raw]:
        oids = dict.fromkeys(oid for place in found if (oid := place.scale_oid))
        return await self._lease.open().get(list(oids))


def _telling(same: Sequence[Place], values: Mapping[str, Raw]) -> Place:
    """The first place of one name that has a value now, else the first: devices have objects that they do not fill."""
    return next((place for place in same if not place.row.optional or _tells(place, values.get(place.oid))), same[0])


def _tells(place: Place, raw: Raw) -> bool:
    return place.row.scale is not None or not isinstance(decoder(place.row)(raw), Reason)
