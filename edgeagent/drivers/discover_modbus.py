"""Meeting a Modbus unit: by the SunSpec marker, by the marks of profiles, else by what it says of itself."""

import asyncio
from collections.abc import Mapping, Sequence

from edgeagent.core.clock import Clock
from edgeagent.drivers.found import AUTO, Found, Wish, met, read_all
from edgeagent.drivers.modbus_device import ModbusOptions
from edgeagent.drivers.parts import Options, Parts
from edgeagent.drivers.sunspec_device import SunSpecOptions
from edgeagent.drivers.sunspec_points import BATTERIES, METERS
from edgeagent.drivers.target import ModbusTarget
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.points import DeviceId, Point, ValueType
from edgeagent.model.reading import Reading, Reason, bad
from edgeagent.model.units import Kind
from edgeagent.protocols.modbus import ModbusException, ModbusSession, lease
from edgeagent.protocols.modbus_family import Unit
from edgeagent.protocols.modbus_profile import ModbusProfile
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.sunspec import Block, discover
from edgeagent.protocols.sunspec_address import SunSpecAddress

SUNSPEC = "sunspec"
INVERTERS = frozenset((101, 102, 103, 111, 112, 113, 160))
OBJECTS: Mapping[int, str] = {
    0: "device.vendor",
    1: "device.product_code",
    2: "device.revision",
    3: "device.vendor_url",
    4: "device.product_name",
    5: "device.model_name",
    6: "device.application",
}
"""Of function 43/14 (MODBUS Application Protocol V1.1b3, section 6.21)."""


async def meet_modbus(target: ModbusTarget, parts: Parts, wish: Wish) -> Found:
    """What answers as this unit. Raises DeviceError."""
    hold = lease(parts.modbus, target.address, wish.wait_s)
    try:
        return await _Meeting(target, parts, wish, hold.open()).found()
    finally:
        await hold.close()


class _Meeting:
    """One unit, asked until it is known."""

    def __init__(self, target: ModbusTarget, parts: Parts, wish: Wish, session: ModbusSession) -> None:
        self._target = target
        self._parts = parts
        self._wish = wish
        self._session = session

    async def found(self) -> Found:
        """The device. Raises DeviceError."""
        profiles = (await asyncio.to_thread(lambda: self._parts.modbus_profiles.all)).values()
        if self._wish.family not in (AUTO, SUNSPEC):
            return await self._profiled(_named(self._wish.family, tuple(profiles)))
        silence = None
        try:
            return await self._sunspec()
        except DeviceUnreachable as error:
            if not self._session.opened:
                raise
            silence = error  # some say nothing to a register that they do not have
        except (DeviceGarbled, DeviceRefused):
            if self._target.sunspec or self._wish.family == SUNSPEC:
                raise
        objects = await self._objects(silence)
        profile = await self._marked(tuple(profiles))
        if profile is not None:
            told = f"{profile.name} by its marks; where it is something else, name it: --family NAME"
            return await self._profiled(profile, told)
        return await self._unknown(objects, tuple(profiles))

    async def _sunspec(self) -> Found:
        address = self._target.address
        blocks = await discover(self._session, address.unit)
        word = foremost(blocks)
        options = SunSpecOptions(SunSpecAddress(address.host, address.port, address.unit), word)
        models = ", ".join(str(block.number) for block in blocks)
        return await self._through(options, word, SUNSPEC, f"SunSpec models {models}")

    async def _objects(self, silence: DeviceUnreachable | None) -> Mapping[int, str]:
        """What the unit says of itself; a unit that was silent before and is silent now is not there."""
        try:
            return await self._session.identify(self._target.address.unit)
        except (ModbusException, DeviceGarbled):
            return {}
        except DeviceUnreachable:
            if silence is not None:
                raise silence from None
            return {}

    async def _marked(self, profiles: Sequence[ModbusProfile]) -> ModbusProfile | None:
        try:
            return await Unit(self._session, self._target.address.unit).family(self._wish.device, profiles)
        except (DeviceGarbled, DeviceUnreachable):
            return None

    async def _profiled(self, profile: ModbusProfile, *notices: str) -> Found:
        options = ModbusOptions(self._target.address, profile.driver, profile.name)
        return await self._through(options, profile.driver, profile.name, profile.title, *notices)

    async def _through(self, options: Options, word: str, family: str, title: str, *notices: str) -> Found:
        driver = options.build(self._wish.device, self._wish.times, self._parts)
        info, readings = await met(driver)
        return Found(driver, info, info.identity, word, family, title, readings, notices)

    async def _unknown(self, objects: Mapping[int, str], profiles: Sequence[ModbusProfile]) -> Found:
        name_it = f"where you know what it is, name it: --family {'|'.join(one.name for one in profiles)}"
        if not objects:
            told = "it speaks Modbus, has no SunSpec marker, and does not say what it is (function 43/14)"
            raise DeviceGarbled(f"cannot tell what {self._target.address} is: {told}; {name_it}")
        card = _Card(self._wish.device, self._session, self._target.address.unit, self._parts.clock)
        info = await card.connect()
        notice = f"no profile for it: here is what it says of itself (function 43/14); {name_it}"
        return Found(card, info, info.identity, "", "", "", await read_all(card, info), (notice,))


class _Card:
    """A Driver: what a unit says of itself. The session is its maker's."""

    def __init__(self, device: DeviceId, session: ModbusSession, unit: int, clock: Clock) -> None:
        self._device = device
        self._session = session
        self._unit = unit
        self._clock = clock
        self._points: Mapping[int, Point] = {}

    async def connect(self) -> DeviceInfo:
        """Identity, and a point for each object. Raises DeviceError."""
        objects = await self._session.identify(self._unit)
        self._points = {
            number: Point(self._device, OBJECTS[number], Kind.TEXT, ValueType.TEXT)
            for number in sorted(objects)
            if number in OBJECTS
        }
        identity = Identity(
            objects.get(0, ""), objects.get(5) or objects.get(4) or objects.get(1, ""), "", objects.get(2, "")
        )
        names = frozenset(point.name for point in self._points.values())
        group = Group(Pace.SLOW.value, float("inf"), float("inf"), names)
        return DeviceInfo(identity, tuple(self._points.values()), (group,))

    async def read(self, group: str) -> list[Reading]:  # noqa: ARG002 -- the port's; there is one
        """Every object. Raises DeviceError."""
        objects = await self._session.identify(self._unit)
        time_s = self._clock.now_s()
        return [_said(point, objects.get(number, ""), number, time_s) for number, point in self._points.items()]

    async def close(self) -> None:
        """Nothing is held."""


def foremost(blocks: Sequence[Block]) -> str:
    """The word for what has these models; a battery's inverter is foremost a battery, unless the sun feeds it too."""
    numbers = {block.number for block in blocks}
    if numbers & BATTERIES and (160 not in numbers or numbers & {802, 803}):
        return "battery"
    if numbers & INVERTERS or not numbers & set(METERS):
        return "inverter"
    return "meter"


def _said(point: Point, text: str, number: int, time_s: float) -> Reading:
    source = f"object {number}"
    if not text:
        return bad(point.id, Reason.ABSENT, time_s, source=source)
    return Reading(point.id, text, time_s, source=source, raw=text)


def _named(family: str, profiles: Sequence[ModbusProfile]) -> ModbusProfile:
    found = next((one for one in profiles if one.name == family), None)
    if found is None:
        known = ", ".join((*(one.name for one in profiles), SUNSPEC))
        raise DeviceGarbled(f'cannot read the family "{family}" over Modbus: must be one of {known}')
    return found
