"""Devices that speak BACnet/IP: by a profile of this release, by one of one's own, or by their objects' own names."""

import asyncio
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple

from edgeagent.config.files import Unreadable, read_bounded
from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.bacnet_objects import Named, Objects
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.device import DeviceInfo, Group
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId, Point, PointId
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.protocols.bacnet import TRIES, BacnetSession, Found, lease
from edgeagent.protocols.bacnet_address import BacnetAddress, parse_bacnet_address
from edgeagent.protocols.bacnet_profile import BacnetProfile, BacnetProfiles, ObjectRow, parse_bacnet_profile
from edgeagent.protocols.bacnet_units import NO_UNITS, UNITS as KNOWN_UNITS, Unit
from edgeagent.protocols.bacnet_words import (
    ANALOG,
    NO_FAULT,
    PRESENT_VALUE,
    RELIABILITY,
    RELIABILITY_REASONS,
    SERIAL,
    STATUS_FLAGS,
    UNITS,
    ObjectId,
    Ref,
    Refusal,
)
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.profile_file import ProfileError
from edgeagent.protocols.session import Lease

AUTO, OBJECTS = "auto", "objects"
"""Found out; and: no profile, every object by its own name."""
MAX_PROFILE_BYTES = 256 * 1024
NOT_INSTALLED = "cannot speak BACnet: install edgeagent[bacnet]"
FAULT, OVERRIDDEN, OUT_OF_SERVICE = 1, 2, 3
"""Places in the status flags (BACnetStatusFlags, clause 21); 0 is "in alarm", which says nothing of trust."""


class Step(NamedTuple):
    """How one point is read."""

    point: Point
    row: ObjectRow
    object: ObjectId

    @property
    def refs(self) -> tuple[Ref, ...]:
        """What is read for it each time: a unit can be switched at the device."""
        more = (Ref(self.object, UNITS),) if self.object.type in ANALOG else ()
        return (Ref(self.object), Ref(self.object, STATUS_FLAGS), *more)


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
        choose: Callable[[Named], BacnetProfile | None],
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
        steps = [Step(_point(self._device, row, writable), row, one) for row, one in self._known.values()]
        groups = tuple(self._group(pace, steps) for pace in Pace if any(step.row.pace is pace for step in steps))
        return DeviceInfo(named.identity, tuple(step.point for step in steps), groups)

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        session, steps, named = self._hold.open(), self._steps[group], self._named
        assert named is not None
        serial = Ref(named.device, SERIAL)
        refs = [ref for step in steps for ref in step.refs]
        found = await session.read([*refs, serial] if named.identity.serial else refs)
        faulty = [Ref(step.object, RELIABILITY) for step in steps if _flags(found, step)[FAULT]]
        if faulty:
            found |= await session.read(faulty)
        time_s = self._clock.now_s()
        self._still_the_same(named, found.get(serial))
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

    def _still_the_same(self, named: Named, values: object) -> None:
        now = values[0] if isinstance(values, tuple) and values and not isinstance(values, Refusal) else ""
        before = named.identity.serial
        if before and isinstance(now, str) and now and now != before:
            self._named = None
            raise DeviceChanged(f"cannot read {self._device}: it was {before} and now says that it is {now}")


def reading_of(step: Step, found: Found, time_s: float) -> Reading:
    """What an object says, and how far it can be trusted: its flags decide, and the unit that it says."""
    point, source = step.point.id, str(step.object)
    value = found[Ref(step.object)]
    if isinstance(value, Refusal):
        return bad(point, Reason.REFUSED if value.code in DENIALS else Reason.ABSENT, time_s, source=source)
    raw = value[0] if value else None
    if not isinstance(raw, int | float):
        return bad(point, Reason.GARBLED, time_s, source=source)
    flags = _flags(found, step)
    if flags[FAULT]:
        return bad(point, _fault(found, step), time_s, source=source, raw=_plain(raw))
    if flags[OUT_OF_SERVICE]:  # somebody wrote the value; the sensor is not asked
        return bad(point, Reason.FORCED, time_s, source=source, raw=_plain(raw))
    reading = _decoded(step, point, raw, found, time_s)
    return reading.marked(Quality.UNCERTAIN, Reason.FORCED) if flags[OVERRIDDEN] else reading


DENIALS = frozenset((25, 27, 85))
"""Errors that mean: it is there, and not for you."""


def _decoded(step: Step, point: PointId, raw: float, found: Found, time_s: float) -> Reading:
    row, source = step.row, str(step.object)
    if row.codes is not None:
        word = row.codes.get(int(raw))
        if word is None:
            return bad(point, Reason.GARBLED, time_s, source=source, raw=_plain(raw))
        return Reading(point, word, time_s, source=source, raw=int(raw))
    if not isfinite(raw):
        return bad(point, Reason.SENTINEL, time_s, source=source, raw=str(raw))
    unit, doubt = unit_of(step, found)
    if unit is None:
        return bad(point, Reason.GARBLED, time_s, source=source, raw=raw)
    value = unit.of(raw)
    if row.range is not None and not row.range[0] <= value <= row.range[1]:
        return bad(point, Reason.OUT_OF_RANGE, time_s, source=source, raw=raw)
    reading = Reading(point, value, time_s, source=source, raw=raw)
    return reading.marked(Quality.UNCERTAIN, Reason.IMPLAUSIBLE) if doubt else reading


def unit_of(step: Step, found: Found) -> tuple[Unit | None, bool]:
    """The unit of a value as its kind, None where it is of another kind; and whether it is only supposed."""
    kind, assumed = step.row.kind, step.row.unit
    values = found.get(Ref(step.object, UNITS))
    said = values[0] if isinstance(values, tuple) and not isinstance(values, Refusal) and values else NO_UNITS
    if said != NO_UNITS and isinstance(said, int):
        return KNOWN_UNITS.get(said, {}).get(kind), False
    if assumed is not None:
        return KNOWN_UNITS[assumed][kind], False
    if kind in KNOWN_UNITS[NO_UNITS]:
        return KNOWN_UNITS[NO_UNITS][kind], False
    return Unit("supposed"), True


def _flags(found: Found, step: Step) -> tuple[bool, ...]:
    """The four flags; a device that does not have them has no complaint."""
    values = found[Ref(step.object, STATUS_FLAGS)]
    flags = () if isinstance(values, Refusal) or not values else values[0]
    return flags if isinstance(flags, tuple) and len(flags) == 4 and not isinstance(flags, ObjectId) else (False,) * 4


def _fault(found: Found, step: Step) -> Reason:
    values = found.get(Ref(step.object, RELIABILITY))
    cause = values[0] if isinstance(values, tuple) and not isinstance(values, Refusal) and values else NO_FAULT
    return RELIABILITY_REASONS.get(cause, Reason.IMPLAUSIBLE) if isinstance(cause, int) else Reason.IMPLAUSIBLE


def _plain(raw: float) -> float | str:
    return raw if isfinite(raw) else str(raw)


def _point(device: DeviceId, row: ObjectRow, writable: frozenset[str]) -> Point:
    words = tuple(dict.fromkeys((row.codes or {}).values()))
    return Point(device, row.name, row.kind, row.type, words, row.protective, row.name in writable, row.label)


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

    def device(self, device: DeviceId, times: Times, parts: Parts) -> BacnetDevice:
        """The same, as what it is."""
        hold = lease(parts.bacnet, self.address, times.timeout_s)

        def choose(named: Named) -> BacnetProfile | None:
            return self.choose(named, parts.bacnet_profiles)

        return BacnetDevice(device, self.address, hold, choose=choose, times=times, clock=parts.clock)

    def choose(self, named: Named, profiles: BacnetProfiles) -> BacnetProfile | None:
        """The family; None reads all objects by their own names. Raises DeviceGarbled for one that does not exist."""
        if self.profile is not None or self.family == OBJECTS:
            return self.profile
        known = profiles.of_driver(self.driver)
        if self.family != AUTO:
            found = next((one for one in known if one.name == self.family), None)
            if found is None:
                names = ", ".join((AUTO, OBJECTS, *(one.name for one in known)))
                raise DeviceGarbled(f'cannot read a {self.driver} of the family "{self.family}": must be one of {names}')
            return found
        return fitting(named, known)


def fitting(named: Named, profiles: Sequence[BacnetProfile]) -> BacnetProfile | None:
    """The first profile whose marks the device has; one without marks is never found out."""
    said = {70: named.identity.model, 121: named.identity.vendor}
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
    profile = _profile(reader, driver)
    if profile is not None and family not in (AUTO, profile.name):
        reader.problem("family", f'cannot use it: the profile is of the family "{profile.name}"')
    return BacnetOptions(_address(reader), driver, family, profile)


def check_family(reader: Reader, options: BacnetOptions, profiles: BacnetProfiles) -> None:
    """Note a family that does not exist; apart from `parse`, since it reads the profiles."""
    names = (AUTO, OBJECTS, *(one.name for one in profiles.of_driver(options.driver)))
    if options.profile is None and options.family not in names:
        reader.problem("family", f'cannot use "{options.family}": must be one of {", ".join(names)}')


def _address(reader: Reader) -> BacnetAddress:
    url = reader.text("address", max_length=300)
    try:
        return parse_bacnet_address(url)
    except ValueError as error:
        if url:
            reader.problem("address", str(error))
        return BacnetAddress("")


def _profile(reader: Reader, driver: str) -> BacnetProfile | None:
    """A profile of the user's own: its mistakes are those of the key that names it."""
    path = reader.optional_file("profile")
    if path is None:
        return None
    try:
        profile = parse_bacnet_profile(str(path), read_bounded(path, MAX_PROFILE_BYTES).decode())
    except (Unreadable, UnicodeDecodeError, ProfileError) as error:
        reader.problem("profile", str(error))
        return None
    if profile.driver != driver:
        reader.problem("profile", f"cannot use it for a {driver}: it describes a {profile.driver}")
    return profile
