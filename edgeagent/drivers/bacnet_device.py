"""Devices that speak BACnet/IP: by a profile of this release, by one of one's own, or by their objects' own names."""

import asyncio
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.bacnet_reading import FAULT, Step, flags_of, point_of, reading_of
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.own_keys import address_of, own_profile
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.device import DeviceInfo, Group
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reading
from edgeagent.protocols.bacnet import TRIES, BacnetSession, lease
from edgeagent.protocols.bacnet_address import BacnetAddress, parse_bacnet_address
from edgeagent.protocols.bacnet_objects import Named, Objects, first
from edgeagent.protocols.bacnet_profile import BacnetProfile, BacnetProfiles, ObjectRow, parse_bacnet_profile
from edgeagent.protocols.bacnet_words import MODEL_NAME, RELIABILITY, SERIAL, VENDOR_NAME, ObjectId, Ref
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.session import Lease

AUTO, OBJECTS = "auto", "objects"
"""Found out; and: no profile, every object by its own name."""
Choose = Callable[[Named], BacnetProfile | None]
"""Told who a device is and which objects it has, it says by which profile it is read; None: by its objects."""
NOT_INSTALLED = "cannot speak BACnet: install edgeagent[bacnet]"


class BacnetDevice:
    """A Driver: finds its objects on connecting, then reads value, flags and unit of each.

    A point that was there once stays, BAD ``absent``, until the program ends or another serial answers.
    """

    def __init__(
        self,
        device: DeviceId,
        address: BacnetAddress,
        hold: Lease[BacnetSession],
        *,
        choose: Choose,
        times: Times,
        clock: Clock,
    ) -> None:
        self._device = device
        self._address = address
        self._hold = hold
        self._choose = choose
        self._times = times
        self._clock = clock
        self._steps: dict[str, list[Step]] = {}
        self._named: Named | None = None
        self._known: dict[str, tuple[ObjectRow, ObjectId]] = {}
        self.profile: BacnetProfile | None = None
        """By which it is read, once it is connected."""
        self.left_out = 0
        """Objects that are no points: of a unit that no kind has, or beyond what is read of one device."""

    async def connect(self) -> DeviceInfo:
        """Family, identity, points. Raises DeviceError."""
        objects = Objects(self._hold.open(), self._address)
        named = await objects.named(self._named)
        profile = await asyncio.to_thread(self._choose, named)  # the first device to ask reads and checks all files
        if self._named is None or self._named.identity.serial != named.identity.serial or profile != self.profile:
            self._known = {}
        if named is not self._named or not self._known:
            await self._find(objects, named, profile)
        self._named, self.profile = named, profile
        if not self._known:
            family = OBJECTS if profile is None else profile.name
            raise DeviceGarbled(f"cannot read {self._device}: {family} finds none of its points there")
        writable = profile.writable if profile is not None else frozenset[str]()
        steps = [Step(point_of(self._device, row, writable), row, one) for row, one in self._known.values()]
        groups = tuple(self._group(pace, steps) for pace in Pace if any(step.row.pace is pace for step in steps))
        return DeviceInfo(named.identity, tuple(step.point for step in steps), groups)

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        session, steps, named = self._hold.open(), self._steps[group], self._named
        assert named is not None
        serial = Ref(named.device, SERIAL)
        refs = [ref for step in steps for ref in step.refs]
        found = await session.read([*refs, serial] if named.identity.serial else refs)
        faulty = [Ref(step.object, RELIABILITY) for step in steps if flags_of(found, step)[FAULT]]
        if faulty:
            found |= await session.read(faulty)
        time_s = self._clock.now_s()
        self._still_the_same(named, first(found, serial))
        return [reading_of(step, found, time_s) for step in steps]

    async def close(self) -> None:
        """Let go of the session."""
        await self._hold.close()

    async def _find(self, objects: Objects, named: Named, profile: BacnetProfile | None) -> None:
        self.left_out = named.left_out
        rows: Sequence[ObjectRow]
        if profile is None:
            rows, unknown = await objects.rows(named)
            self.left_out += unknown
        else:
            rows = profile.points
        for row in rows:
            one = row.place.find(named.objects)
            if one is None and not row.optional and row.place.instance is not None:
                one = ObjectId(row.place.types[0], row.place.instance)  # not listed: it says so itself
            if one is not None:
                self._known[row.name] = (row, one)

    def _group(self, pace: Pace, steps: Sequence[Step]) -> Group:
        """A group, with room for each of its requests and two that fail."""
        mine = [step for step in steps if step.row.pace is pace]
        self._steps[pace.value] = mine
        period_s = self._times.every_s if pace is Pace.FAST else self._times.slow_every_s
        requests = 2 + sum(len(step.refs) for step in mine) // self._hold.open().most
        deadline_s = max(self._times.deadline_s, self._times.timeout_s * (TRIES + requests))
        return Group(pace.value, period_s, min(period_s, deadline_s), frozenset(step.row.name for step in mine))

    def _still_the_same(self, named: Named, now: object) -> None:
        before = named.identity.serial
        if before and isinstance(now, str) and now and now != before:
            self._named = None
            raise DeviceChanged(f"cannot read {self._device}: it was {before} and now says that it is {now}")


@dataclass(frozen=True, slots=True)
class BacnetOptions:
    """Where the device is, and which family it is: by name, a profile of one's own, found out, or its own objects."""

    address: BacnetAddress
    driver: str
    family: str = AUTO
    profile: BacnetProfile | None = None

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for one device."""
        return self.device(device, times, parts)

    def device(self, device: DeviceId, times: Times, parts: Parts, choose: Choose | None = None) -> BacnetDevice:
        """The same, as what it is; ``choose`` says otherwise which family it is of."""
        hold = lease(parts.bacnet, self.address, times.timeout_s)
        own = choose or (lambda named: self.choose(named, parts.bacnet_profiles))
        return BacnetDevice(device, self.address, hold, choose=own, times=times, clock=parts.clock)

    def choose(self, named: Named, profiles: BacnetProfiles) -> BacnetProfile | None:
        """The family; None reads all objects by their own names. Raises DeviceGarbled for one that does not exist."""
        if self.profile is not None or self.family == OBJECTS:
            return self.profile
        known = profiles.of_driver(self.driver)
        if self.family != AUTO:
            found = next((one for one in known if one.name == self.family), None)
            if found is None:
                names = ", ".join((AUTO, OBJECTS, *(one.name for one in known)))
                raise DeviceGarbled(
                    f'cannot read a {self.driver} of the family "{self.family}": must be one of {names}'
                )
            return found
        return fitting(named, known)


def fitting(named: Named, profiles: Sequence[BacnetProfile]) -> BacnetProfile | None:
    """The first profile whose marks the device has; one without marks is never found out."""
    said = {MODEL_NAME: named.identity.model, VENDOR_NAME: named.identity.vendor}
    for profile in profiles:
        if profile.marks and all(mark.pattern.search(said.get(mark.property, "")) for mark in profile.marks):
            return profile
    return None


def is_installed() -> bool:
    """Whether the extra is there."""
    return importlib.util.find_spec("bacpypes3") is not None


def parse(reader: Reader, driver: str) -> BacnetOptions:
    """The keys of a device with a ``bacnet://`` address; ``driver`` is its word. Mistakes go to the reader."""
    if not is_installed():
        reader.problem("address", NOT_INSTALLED)
    family = reader.text("family", AUTO, pattern="[a-z0-9-]+")
    profile = own_profile(reader, driver, parse_bacnet_profile)
    if profile is not None and family not in (AUTO, profile.name):
        reader.problem("family", f'cannot use it: the profile is of the family "{profile.name}"')
    return BacnetOptions(address_of(reader, parse_bacnet_address, BacnetAddress("")), driver, family, profile)


def check_family(reader: Reader, options: BacnetOptions, profiles: BacnetProfiles) -> None:
    """Note a family that does not exist; apart from `parse`, since it reads the profiles."""
    names = (AUTO, OBJECTS, *(one.name for one in profiles.of_driver(options.driver)))
    if options.profile is None and options.family not in names:
        reader.problem("family", f'cannot use "{options.family}": must be one of {", ".join(names)}')
