"""The power limit of an NVIDIA GPU, set through NVML in its child; needs systemd/drop-ins/nvidia-power.conf."""

from collections.abc import Sequence

from edgeagent.actuators.setpoint import Guard, SetpointActuator
from edgeagent.core.clock import Clock
from edgeagent.model.errors import DeviceError, DeviceRefused
from edgeagent.model.points import DeviceId, PointId, point_id
from edgeagent.protocols.nvml import MILLI, Limits, Nvml

ANSWER_S = 5.0
DESCRIBE_S = 20.0
MIN_INTERVAL_S = 1.0
SETTLE_S = 2.0
TOLERANCE_W = 1.0


class GpuPowerLimit:
    """A Settable, in watts. A GPU has no timer of its own: what was set stays until the driver is loaded anew."""

    def __init__(self, target: PointId, nvml: Nvml, uuid: str) -> None:
        self.target = target
        self._nvml = nvml
        self._uuid = uuid

    async def read(self) -> float:
        """The limit in force. Raises DeviceError."""
        return (await self._nvml.limits(self._uuid, ANSWER_S)).now / MILLI

    async def arm(self) -> None:
        """It has nothing to arm."""

    async def write(self, value: float) -> None:
        """Set it once. Raises as `setpoint.Settable` says."""
        await self._nvml.set_limit(self._uuid, round(value * MILLI), ANSWER_S)


class NumberedGpu:
    """A Settable for the GPU of a number, as `drivers.gpu` numbers them: ``gpu.0.power_limit``."""

    def __init__(self, target: PointId, nvml: Nvml, uuids: Sequence[str] = ()) -> None:
        self.target = target
        self._nvml = nvml
        self._uuids = tuple(uuids)

    async def read(self) -> float:
        """The limit in force. Raises DeviceError."""
        return await (await self._gpu()).read()

    async def arm(self) -> None:
        """It has nothing to arm."""

    async def write(self, value: float) -> None:
        """Set it once, within the GPU's own bounds. Raises as `setpoint.Settable` says."""
        gpu = await self._gpu()
        await gpu.write(value)

    async def _gpu(self) -> GpuPowerLimit:
        if not self._uuids and not self._nvml.seen:
            await self._nvml.describe(DESCRIBE_S)
        known = self._uuids or self._nvml.seen
        _, _, number = self.target.partition("/gpu.")
        place = number.partition(".")[0]
        if not self.target.endswith(".power_limit") or not place.isdigit() or int(place) >= len(known):
            raise DeviceRefused(f"cannot set {self.target}: there is no such power limit")
        return GpuPowerLimit(self.target, self._nvml, known[int(place)])


def guard_of(limits: Limits) -> Guard:
    """The GPU's own bounds, and its default as the safe value."""
    return Guard(
        low=limits.low / MILLI,
        high=limits.high / MILLI,
        min_interval_s=MIN_INTERVAL_S,
        settle_s=SETTLE_S,
        tolerance=TOLERANCE_W,
        safe=limits.default / MILLI,
    )


async def power_limits(
    nvml: Nvml, device: DeviceId, clock: Clock, uuids: Sequence[str] = ()
) -> tuple[list[SetpointActuator], dict[PointId, str]]:
    """An Actuator for each GPU, numbered as `drivers.gpu` does, held to its own bounds; and why others have none.

    Raises:
        DeviceError: NVML does not answer.
    """
    named = uuids or [gpu.uuid for gpu in (await nvml.describe(DESCRIBE_S)).gpus]
    found: list[SetpointActuator] = []
    left_out: dict[PointId, str] = {}
    for number, uuid in enumerate(named):
        target = point_id(device, f"gpu.{number}.power_limit")
        try:
            guard = guard_of(await nvml.limits(uuid, ANSWER_S))
        except DeviceError as error:
            left_out[target] = f"cannot set {target}: {error}"
        else:
            found.append(SetpointActuator(GpuPowerLimit(target, nvml, uuid), guard, clock))
    return found, left_out
