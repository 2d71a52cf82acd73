"""What is set over Modbus: set points as numbers, relays and switches as 0 and 1.

A device with a communication time-out of its own has it armed before the first write: when nobody speaks to it for so
long, it goes back by itself. The polls are what it hears.
"""

import asyncio
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from edgeagent.actuators.parts import Identify
from edgeagent.actuators.setpoint import Guard
from edgeagent.model.errors import DeviceGarbled, DeviceRefused
from edgeagent.model.points import DeviceId, PointId, point_id
from edgeagent.protocols.modbus import COIL
from edgeagent.protocols.modbus_decode import encoded, told
from edgeagent.protocols.modbus_family import Talks, Unit
from edgeagent.protocols.modbus_profile import Arm, ModbusProfile, Register, SettingRow


class Writes(Talks, Protocol):
    """What is needed of a session; see `protocols.modbus.ModbusSession`."""

    async def write(self, unit: int, address: int, values: Sequence[int]) -> None:
        """Write holding registers, once."""

    async def write_coil(self, unit: int, address: int, *, on: bool) -> None:
        """Write one coil, once."""


class Hold(Protocol):
    """The hold on a Modbus session; see `protocols.session.Lease`."""

    def open(self) -> Writes:
        """The session; the same one until `close`."""

    async def close(self) -> None:
        """Give it back; safe twice, and before `open`."""


class ModbusTarget:
    """One unit as something that is set: its family is found out when first needed, and who it is asked each time.

    Raises DeviceRefused, DeviceUnreachable or DeviceGarbled: nothing was written; `WriteOpen`: nobody knows.
    """

    def __init__(
        self,
        device: DeviceId,
        unit: int,
        hold: Hold,
        *,
        choices: Callable[[], Sequence[ModbusProfile]],
        identify: Identify,
    ) -> None:
        self.device = device
        self._unit = unit
        self._hold = hold
        self._choices = choices
        self._identify = identify
        self._profile: ModbusProfile | None = None

    async def row(self, name: str) -> SettingRow:
        """Where a point is written, of the device that this is."""
        unit = Unit(self._hold.open(), self._unit, ahead=True)
        profile = self._profile
        if profile is None:  # the first to ask reads and checks files
            profile = await unit.family(self.device, await asyncio.to_thread(self._choices))
        if wrong := self._identify(self.device, await unit.label(profile.serial)):
            self._profile = None  # another device may be of another family
            raise DeviceRefused(wrong)
        self._profile = profile
        row = profile.setting(name)
        if row is None:
            raise DeviceRefused(f"{self.device} has no {name} that can be set: {profile.name} does not say how")
        return row

    async def read(self, register: Register) -> list[int]:
        """What stands there now."""
        session = self._hold.open()
        return await session.read_table(register.table, self._unit, register.address, register.type.width, ahead=True)

    async def write(self, register: Register, words: Sequence[int]) -> None:
        """Send it once."""
        session = self._hold.open()
        if register.table == COIL:
            await session.write_coil(self._unit, register.address, on=words[0] != 0)
        else:
            await session.write(self._unit, register.address, words)

    async def close(self) -> None:
        """Let go of the session; safe twice."""
        await self._hold.close()


class ModbusSetting:
    """A Settable: one number, or one word as its code, by the name of its point."""

    def __init__(self, device: ModbusTarget, name: str) -> None:
        self._device = device
        self._name = name

    @property
    def target(self) -> PointId:
        """The point that it is."""
        return point_id(self._device.device, self._name)

    async def read(self) -> float:
        """What stands there now. Raises DeviceError."""
        row = await self._device.row(self._name)
        value = told(row, await self._device.read(row.register))
        if not _can_be(row, value):
            raise DeviceGarbled(f"cannot read {self.target}: {row.register} says {value:g}, which it cannot be")
        return value

    async def codes(self) -> Mapping[str, float]:
        """The number that each word is, where it takes words. Raises DeviceError."""
        row = await self._device.row(self._name)
        if row.codes is None:
            raise DeviceRefused(f"{self.target} takes a number: its table must say lowest and highest, not words")
        return {word: float(code) for code, word in row.codes.items()}

    async def arm(self) -> None:
        """Have the device go back by itself when it hears nothing more, where it can.

        Raises:
            DeviceRefused: it did not take its time-out; nothing is written then.
            DeviceError: it was not heard.
        """
        row = await self._device.row(self._name)
        for arm in row.arm:
            if await self._stands(arm):
                continue
            await self._device.write(arm.register, _words(arm))
            if not await self._stands(arm):
                raise DeviceRefused(f"cannot arm {self.target}: {arm.register} did not take {arm.value}")

    async def write(self, value: float) -> None:
        """Send it once.

        Raises:
            DeviceRefused, DeviceUnreachable: nothing was written. WriteOpen: nobody knows.
        """
        row = await self._device.row(self._name)
        try:
            words = encoded(row, value)
        except ValueError as error:
            raise DeviceRefused(f"cannot set {self.target}: {error}") from None
        await self._device.write(row.register, words)

    async def _stands(self, arm: Arm) -> bool:
        return list(await self._device.read(arm.register)) == _words(arm)


def guards(profile: ModbusProfile) -> Mapping[str, Guard]:
    """What each setting of a family is held to, unless a person says more."""
    return {row.target: row.guard for row in profile.settings}


def _can_be(row: SettingRow, value: float) -> bool:
    """Whether a setting can say this: a word is one of its codes, a number is one."""
    if row.codes is not None:
        return value in row.codes
    return math.isfinite(value)


def _words(arm: Arm) -> list[int]:
    """The raw value of an arm as registers."""
    width = arm.register.type.width
    found = [arm.value >> 16 * place & 0xFFFF for place in range(width)]
    return found if arm.register.swapped else found[::-1]
