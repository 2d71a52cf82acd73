"""One SunSpec device as something that is set: found out when first needed, and asked each time whose it is."""

from collections.abc import Mapping
from typing import Protocol

from edgeagent.actuators.parts import Identify
from edgeagent.model.errors import DeviceGarbled, DeviceRefused
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reason
from edgeagent.protocols.sunspec import Block, Image, Registers, discover, encoded, read_block
from edgeagent.protocols.sunspec_models import Models

COMMON = 1
Images = Mapping[int, Image]
"""Models as they were read at one time, by number."""


class Hold(Protocol):
    """The hold on a Modbus session; see `protocols.session.Lease`."""

    def open(self) -> Registers:
        """The session; the same one until `close`."""

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""


class SunSpecTarget:
    """Every method asks the device itself, and refuses one that is not the device that the name is bound to.

    Raises DeviceRefused, DeviceUnreachable or DeviceGarbled: nothing was written; `WriteOpen`: nobody knows.
    """

    def __init__(self, device: DeviceId, unit: int, hold: Hold, *, models: Models, identify: Identify) -> None:
        self.device = device
        self._unit = unit
        self._hold = hold
        self._identify = identify
        self._models = models
        self._blocks: dict[int, Block] = {}

    async def look(self, *wanted: int) -> Images:
        """These models, of those that it has, once it has said who it is."""
        models = await self._models.read()
        try:
            known = await self._known()
            found = {
                number: await read_block(self._hold.open(), self._unit, known[number], models[number])
                for number in dict.fromkeys((COMMON, *wanted))
                if number in known
            }
        except DeviceGarbled:
            self._blocks = {}  # its models may have moved: they are looked for anew
            raise
        self._must_be_ours(found.get(COMMON))
        return found

    async def set(self, image: Image, name: str, value: float) -> None:
        """Write one point, in the model's unit or as a code, by the scale factor that the image says."""
        point, offset = image.model.place(name)
        exponent = image.exponent(name)
        if isinstance(exponent, Reason):
            raise DeviceRefused(f"cannot write {name} of {self.device}: it does not say its scale factor")
        try:
            words = encoded(point, value, exponent)
        except ValueError as error:
            raise DeviceRefused(f"cannot set {self.device}: {error}") from None
        await self._hold.open().write(self._unit, image.block.address + offset, words)

    async def close(self) -> None:
        """Let go of the session; safe twice."""
        await self._hold.close()

    async def _known(self) -> Mapping[int, Block]:
        """The first block of each model."""
        if not self._blocks:
            for block in reversed(await discover(self._hold.open(), self._unit)):
                self._blocks[block.number] = block
        return self._blocks

    def _must_be_ours(self, common: Image | None) -> None:
        serial = None if common is None else common.value("SN")
        wrong = self._identify(self.device, "" if serial is None or isinstance(serial, Reason) else str(serial))
        if wrong:
            raise DeviceRefused(wrong)
