"""Which family a Modbus device is of, and who it says it is; for who reads and for who writes."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from edgeagent.model.device import Identity
from edgeagent.model.errors import DeviceGarbled
from edgeagent.model.points import DeviceId
from edgeagent.protocols.modbus import ModbusException
from edgeagent.protocols.modbus_blocks import Registers
from edgeagent.protocols.modbus_decode import label_of, number
from edgeagent.protocols.modbus_profile import Label, Mark, ModbusProfile


class Talks(Registers, Protocol):
    """What is needed of a session; see `protocols.modbus.ModbusSession`."""

    async def identify(self, unit: int) -> dict[int, str]:
        """The objects of function 43/14."""


class Unit:
    """One unit behind a session, asked who it is. What it refuses to say is empty; raises DeviceError otherwise."""

    def __init__(self, session: Talks, unit: int, *, ahead: bool = False) -> None:
        self._session = session
        self._unit = unit
        self._ahead = ahead
        self._objects: Mapping[int, str] | None = None

    async def label(self, label: Label) -> str:
        """What a label says."""
        if label.object is not None:
            return (await self._known_objects()).get(label.object, "")
        span = label.span
        if span is None:
            return label.text
        found = await self._read(span.table, span.start, span.count)
        return "" if found is None else label_of(label, found)

    async def identity(self, profile: ModbusProfile) -> Identity:
        """Who it is."""
        labels = (profile.vendor, profile.model, profile.serial, profile.firmware)
        return Identity(*[await self.label(label) for label in labels])

    async def family(self, device: DeviceId, choices: Sequence[ModbusProfile]) -> ModbusProfile:
        """The only family that it can be, else the first whose marks it has. Raises DeviceGarbled where it has none."""
        if len(choices) == 1:
            return choices[0]
        for profile in choices:
            if profile.marks and all([await self._has(mark) for mark in profile.marks]):
                return profile
        known = ", ".join(profile.name for profile in choices) or "none"
        raise DeviceGarbled(
            f"cannot read {device}: Modbus does not say what it is; write family = one of {known},"
            " or profile = a file of your own"
        )

    async def _has(self, mark: Mark) -> bool:
        if mark.pattern is not None:
            return mark.pattern.search((await self._known_objects()).get(mark.object, "")) is not None
        assert mark.register is not None
        found = await self._read(mark.register.table, mark.register.address, mark.register.type.width)
        return found is not None and number(mark.register, found) == mark.equals

    async def _read(self, table: str, address: int, count: int) -> list[int] | None:
        try:
            return await self._session.read_table(table, self._unit, address, count, ahead=self._ahead)
        except ModbusException:
            return None

    async def _known_objects(self) -> Mapping[int, str]:
        if self._objects is None:
            try:
                self._objects = await self._session.identify(self._unit)
            except ModbusException:
                self._objects = {}
        return self._objects
