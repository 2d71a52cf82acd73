"""Inverters, batteries and meters that describe themselves by SunSpec models over Modbus."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from edgeagent.config.reader import Reader
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.profiled import Paces
from edgeagent.drivers.sunspec_plan import Images, Step, candidates, needed, parts, steps
from edgeagent.model.device import DeviceInfo, Identity
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reading, Reason
from edgeagent.protocols.modbus import lease
from edgeagent.protocols.modbus_address import ModbusAddress
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.sunspec import Block, Image, Registers, discover, read_block
from edgeagent.protocols.sunspec_address import SunSpecAddress, parse_sunspec_address
from edgeagent.protocols.sunspec_models import Model, Models

COMMON = 1


class Hold(Protocol):
    """The hold on a Modbus session; see `protocols.session.Lease`."""

    def open(self) -> Registers:
        """The session; the same one until `close`."""

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Which unit behind an address, and what it is foremost: inverter, battery or meter."""

    number: int
    word: str


class SunSpecDevice:
    """A Driver: finds the models on connecting, then reads each model that a group needs in one or two requests.

    The word of the unit is what the device is foremost. What it also is has its points behind that word: a battery's
    inverter has ``inverter.ac.power``.
    """

    def __init__(self, device: DeviceId, unit: Unit, hold: Hold, *, models: Models, clock: Clock, paces: Paces) -> None:
        self._device = device
        self._word = unit.word
        self._unit = unit.number
        self._hold = hold
        self._clock = clock
        self._paces = paces
        self._models = models
        self._steps: dict[str, list[Step]] = {}
        self._needed: dict[str, dict[Block, int]] = {}
        self._common: Block | None = None
        self._serial = ""

    async def connect(self) -> DeviceInfo:
        """Models, identity and points. Raises DeviceError."""
        models = await self._models.read()
        blocks = await discover(self._hold.open(), self._unit)
        self._common = next((block for block in blocks if block.number == COMMON), None)
        identity = await self._identity(models)
        self._serial = identity.serial
        names = candidates(self._word, parts(blocks, models))
        if not names:
            numbers = ", ".join(str(block.number) for block in blocks)
            raise DeviceGarbled(f"cannot read {self._device}: of its models {numbers} none is known here")
        images = await self._images(needed(cell for cells in names.values() for cell in cells))
        return self._planned(identity, steps(self._device, names, images))

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        await self._still_the_same()
        images = await self._images(self._needed[group])
        time_s = self._clock.now_s()
        return [step.reading(images, time_s) for step in self._steps[group]]

    async def close(self) -> None:
        """Let go of the session."""
        await self._hold.close()

    def _planned(self, identity: Identity, found: Iterable[Step]) -> DeviceInfo:
        paced: dict[Pace, list[Step]] = {}
        for step in found:
            paced.setdefault(step.cell.pace, []).append(step)
        self._steps = {pace.value: mine for pace, mine in paced.items()}
        self._needed = {pace: needed(step.cell for step in mine) for pace, mine in self._steps.items()}
        there = [pace for pace in Pace if pace in paced]
        groups = [self._paces.group(pace.value, (step.point.name for step in paced[pace])) for pace in there]
        points = tuple(step.point for pace in Pace for step in paced.get(pace, ()))
        return DeviceInfo(identity, points, tuple(groups))

    async def _images(self, wanted: Mapping[Block, int]) -> Images:
        models, session = self._models.all, self._hold.open()
        return {
            block.address: await read_block(session, self._unit, block, models[block.number], count)
            for block, count in wanted.items()
        }

    async def _identity(self, models: Mapping[int, Model]) -> Identity:
        if self._common is None:
            return Identity()
        image = await read_block(self._hold.open(), self._unit, self._common, models[COMMON])
        return Identity(*(_text(image, point) for point in ("Mn", "Md", "SN", "Vr")))

    async def _still_the_same(self) -> None:
        if self._common is None or not self._serial:
            return
        image = await read_block(self._hold.open(), self._unit, self._common, self._models.all[COMMON])
        now = _text(image, "SN")
        if now and now != self._serial:
            raise DeviceChanged(f"cannot read {self._device}: it was {self._serial} and now says that it is {now}")


@dataclass(frozen=True, slots=True)
class SunSpecOptions:
    """Where the device is, and what it is foremost."""

    address: SunSpecAddress
    word: str

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for one device; all units behind its server share one connection."""
        server = ModbusAddress(self.address.host, self.address.port)
        hold = lease(parts.modbus, server, times.timeout_s)
        return self.driver(device, times, hold, models=parts.sunspec, clock=parts.clock)

    def driver(self, device: DeviceId, times: Times, hold: Hold, *, models: Models, clock: Clock) -> SunSpecDevice:
        """The driver for it, over a hold on the session of its address; nothing is opened yet."""
        paces = Paces.of(times)
        return SunSpecDevice(device, Unit(self.address.unit, self.word), hold, models=models, clock=clock, paces=paces)


def parse(reader: Reader, driver: str) -> SunSpecOptions:
    """The keys of a device that speaks SunSpec; ``driver`` is its word. Mistakes go to the reader."""
    url = reader.text("address", max_length=300)
    try:
        return SunSpecOptions(parse_sunspec_address(url), driver)
    except ValueError as error:
        if url:
            reader.problem("address", str(error))
        return SunSpecOptions(SunSpecAddress(""), driver)


def _text(image: Image, point: str) -> str:
    value = image.value(point)
    return value[:128] if isinstance(value, str) and not isinstance(value, Reason) else ""
