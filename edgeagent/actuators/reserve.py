"""The charge that a battery keeps for itself: a setting that stays in the device, so it needs no way back."""

from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.actuators.storage_terms import control_refusal
from edgeagent.actuators.sunspec import Images, SunSpecTarget
from edgeagent.core.clock import Clock
from edgeagent.model.errors import DeviceRefused
from edgeagent.model.points import PointId, point_id
from edgeagent.model.reading import Reason

RESERVE = "reserve"
PLACES = ((802, "SoCRsvMin"), (124, "MinRsvPct"))
LOOKED_AT = (802, 715, 124)


class Reserve:
    """A Settable: percent of the capacity, in the first model that has it."""

    def __init__(self, device: SunSpecTarget) -> None:
        self._device = device

    @property
    def target(self) -> PointId:
        """The point that shows it."""
        return point_id(self._device.device, RESERVE)

    async def read(self) -> float:
        """What the device keeps. Raises DeviceError."""
        return (await self._place())[2]

    async def arm(self) -> None:
        """Nothing to arm; under local control nothing is written. Raises DeviceError."""
        if refusal := control_refusal((await self._place())[0]):
            raise DeviceRefused(f"cannot set {self.target}: {refusal}")

    async def write(self, value: float) -> None:
        """Write it once."""
        images, (model, point), _ = await self._place()
        await self._device.set(images[model], point, value)

    async def _place(self) -> tuple[Images, tuple[int, str], float]:
        images = await self._device.look(*LOOKED_AT)
        for model, point in PLACES:
            value = images[model].value(point) if model in images else Reason.ABSENT
            if not isinstance(value, Reason | str):
                return images, (model, point), float(value)
        raise DeviceRefused(f"cannot set {self.target}: the device has no such setting")


def battery_reserve(device: SunSpecTarget, guard: Guard, clock: Clock) -> SetpointActuator:
    """The actuator for it."""
    return SetpointActuator(Reserve(device), guard, clock)
