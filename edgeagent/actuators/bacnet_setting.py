"""What is set over BACnet: the present value of an object, at a priority that leaves people and safety above us.

A value stands in the device's priority array until it is relinquished, also when we are long dead: BACnet has no timer
for it. In an orderly end all that was written is relinquished, and the device goes on by whoever is next in its array,
or by its relinquish default.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import isfinite

import structlog

from edgeagent.actuators.parts import Identify
from edgeagent.actuators.setpoint import Guard
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused
from edgeagent.model.points import DeviceId, PointId, point_id
from edgeagent.protocols.bacnet import LEAST_PRIORITY, BacnetSession, Found
from edgeagent.protocols.bacnet_address import BacnetAddress
from edgeagent.protocols.bacnet_objects import Named, Objects, first, unit_of
from edgeagent.protocols.bacnet_profile import BacnetProfile, ObjectRow
from edgeagent.protocols.bacnet_units import Unit
from edgeagent.protocols.bacnet_words import INPUTS, OBJECT_NAME, PRIORITY_ARRAY, SERIAL, ObjectId, Ref, Refusal, Values
from edgeagent.protocols.bacnet_words import UNITS as UNITS_PROPERTY
from edgeagent.protocols.session import Lease

RELINQUISH_S = 5.0
"""How long all of it may take at the end."""

log = structlog.get_logger(__name__)
Choose = Callable[[Named], BacnetProfile | None]


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a point is written; ``name`` is the object's, which must still be what it was."""

    row: ObjectRow
    object: ObjectId
    name: str
    priority: int
    device: ObjectId


class BacnetTarget:
    """One device as something that is set: its objects are found when first needed, and who it is is asked each time.

    Raises DeviceRefused, DeviceUnreachable or DeviceGarbled: nothing was written; `WriteOpen`: nobody knows.
    """

    def __init__(
        self,
        device: DeviceId,
        address: BacnetAddress,
        hold: Lease[BacnetSession],
        *,
        choose: Choose,
        identify: Identify,
    ) -> None:
        self.device = device
        self._address = address
        self._hold = hold
        self._choose = choose
        self._identify = identify
        self._named: Named | None = None
        self._spots: dict[str, Spot] = {}
        self._written: dict[Ref, int] = {}
        """What was commanded, and at which priority."""

    async def read(self, name: str) -> tuple[Spot, float]:
        """Where a point is written, of the device that this is; and its value in the kind's unit."""
        spot = await self._spot(name)
        serial, title = Ref(spot.device, SERIAL), Ref(spot.object, OBJECT_NAME)
        value, units = Ref(spot.object), Ref(spot.object, UNITS_PROPERTY)
        found = await self._session.read([serial, title, value, units], ahead=True)
        if wrong := self._identify(self.device, _text(found, serial)):
            self._forget()
            raise DeviceRefused(wrong)
        if _text(found, title) != spot.name:
            self._forget()
            raise DeviceRefused(f"cannot set {self.device}/{name}: {spot.object} is no longer named {spot.name}")
        number = first(found, value)
        if not isinstance(number, int | float) or not isfinite(number):
            raise DeviceGarbled(f"cannot read {self.device}/{name}: {spot.object} says {number!r}")
        return spot, number if spot.row.codes is not None else _unit(spot, found).of(number)

    async def write(self, name: str, value: float) -> None:
        """Command it once, unless somebody who goes before us does."""
        spot = await self._spot(name)
        ref, units, array = Ref(spot.object), Ref(spot.object, UNITS_PROPERTY), Ref(spot.object, PRIORITY_ARRAY)
        found = await self._session.read([units, array], ahead=True)
        if (before := _commander(found[array], spot.priority)) is not None:
            raise DeviceRefused(
                f"{self.device}/{name} is commanded at priority {before}, which goes before our {spot.priority}:"
                " it is to be relinquished there first"
            )
        number = value if spot.row.codes is not None else _unit(spot, found).back(value)
        self._written[ref] = spot.priority  # also where the answer is missing: relinquishing twice does no harm
        await self._session.write(ref, number, spot.priority)

    async def close(self) -> None:
        """Relinquish what was written, as far as the device takes it, and let go of the session; safe twice."""
        written, self._written = self._written, {}
        try:
            async with asyncio.timeout(RELINQUISH_S):
                for ref, priority in written.items():
                    await self._relinquish(ref, priority)
        except TimeoutError:
            log.warning("set values were not relinquished in time", device=self.device, limit_s=RELINQUISH_S)
        finally:
            await self._hold.close()

    async def _relinquish(self, ref: Ref, priority: int) -> None:
        try:
            await self._session.write(ref, None, priority)
        except DeviceError as error:
            log.warning(
                "a set value was not relinquished", device=self.device, object=str(ref.object), error=str(error)
            )

    @property
    def _session(self) -> BacnetSession:
        return self._hold.open()

    async def _spot(self, name: str) -> Spot:
        if name not in self._spots:
            self._spots[name] = await self._found(name)
        return self._spots[name]

    async def _found(self, name: str) -> Spot:
        objects = Objects(self._session, self._address, ahead=True)
        self._named = named = await objects.named(self._named)
        profile = await asyncio.to_thread(self._choose, named)
        if profile is None:
            row = next((one for one in (await objects.rows(named))[0] if one.name == name), None)
            priority = LEAST_PRIORITY
        else:
            setting = profile.setting(name)
            row, priority = (None, LEAST_PRIORITY) if setting is None else (profile.row(name), setting.priority)
        place = None if row is None else row.place.find(named.objects)
        if row is None or place is None or place.type in INPUTS:
            raise DeviceRefused(f"{self.device} has no {name} that can be set")
        return Spot(row, place, dict(named.objects)[place], priority, named.device)

    def _forget(self) -> None:
        """Another device may have other objects."""
        self._spots.clear()
        self._named = None
        self._written.clear()


class BacnetSetting:
    """A Settable: one number, or one word as its code, by the name of its point. It cannot be armed: see above."""

    def __init__(self, device: BacnetTarget, name: str) -> None:
        self._device = device
        self._name = name

    @property
    def target(self) -> PointId:
        """The point that it is."""
        return point_id(self._device.device, self._name)

    async def read(self) -> float:
        """What stands there now. Raises DeviceError."""
        return (await self._device.read(self._name))[1]

    async def codes(self) -> Mapping[str, float]:
        """The number that each word is, where it takes words. Raises DeviceError."""
        spot, _ = await self._device.read(self._name)
        if spot.row.codes is None:
            raise DeviceRefused(f"{self.target} takes a number: its table must say lowest and highest, not words")
        return {word: float(code) for code, word in spot.row.codes.items()}

    async def arm(self) -> None:
        """Nothing: BACnet has no timer that would take a value back."""

    async def write(self, value: float) -> None:
        """Send it once.

        Raises:
            DeviceRefused, DeviceUnreachable: nothing was written. WriteOpen: nobody knows.
        """
        await self._device.write(self._name, value)


def guards(profile: BacnetProfile) -> Mapping[str, Guard]:
    """What each setting of a family is held to, unless a person says more."""
    return {row.target: row.guard for row in profile.settings}


def _unit(spot: Spot, found: Found) -> Unit:
    unit, doubt = unit_of(spot.row, spot.object, found)
    if unit is None or doubt:
        raise DeviceGarbled(f"cannot set {spot.object}: it does not say a unit that {spot.row.kind} has")
    return unit


def _commander(values: Values | Refusal, priority: int) -> int | None:
    """The priority before ours at which somebody commands; an object without a priority array has nobody."""
    if isinstance(values, Refusal):
        return None
    return next((number for number, one in enumerate(values[: priority - 1], 1) if one is not None), None)


def _text(found: Found, ref: Ref) -> str:
    value = first(found, ref)
    return value if isinstance(value, str) else ""
