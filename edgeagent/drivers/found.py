"""A device that was met: what it is, how it is read, and what it said first."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Times
from edgeagent.model.device import DeviceInfo, Identity
from edgeagent.model.errors import DeviceError, DeviceGarbled, DeviceRefused
from edgeagent.model.points import DeviceId, point_id
from edgeagent.model.reading import Quality, Reading, Reason, bad

AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Wish:
    """Under which name a device is met, how long one answer may take, and which family a person says that it is."""

    device: DeviceId
    wait_s: float
    family: str = AUTO

    @property
    def times(self) -> Times:
        """For a driver that is read by hand: no period cuts anything short."""
        return Times(math.inf, math.inf, self.wait_s)


@dataclass(frozen=True, slots=True)
class Found:
    """``family`` is empty where no profile fits; ``word`` is the driver's in a configuration, as far as it is known.

    ``identity`` may be more than the driver's own: what it does not say is taken from what else the device told.
    ``notices`` are sentences for the person who looks.
    """

    driver: Driver
    info: DeviceInfo
    identity: Identity
    word: str
    family: str
    title: str
    readings: Sequence[Reading]
    notices: tuple[str, ...] = ()

    @property
    def good(self) -> int:
        """How many readings can be trusted."""
        return sum(reading.quality is Quality.GOOD for reading in self.readings)


async def read_all(driver: Driver, info: DeviceInfo) -> list[Reading]:
    """One reading of every point, in the order of the points; a group that fails is BAD with the reason.

    Raises DeviceError where every group fails.
    """
    found: dict[str, Reading] = {}
    failures: list[DeviceError] = []
    for group in info.groups:
        try:
            found |= {reading.point: reading for reading in await driver.read(group.name)}
        except DeviceError as error:
            failures.append(error)
            reason = _reason(error)
            lost = (point_id(point.device, point.name) for point in info.points if point.name in group.points)
            found |= {point: bad(point, reason, 0.0) for point in lost}
    if failures and len(failures) == len(info.groups):
        raise failures[0]
    return [found[point.id] for point in info.points if point.id in found]


async def met(driver: Driver) -> tuple[DeviceInfo, list[Reading]]:
    """What a driver finds and reads; it is closed again where that fails or is cancelled. Raises DeviceError."""
    try:
        info = await driver.connect()
        return info, await read_all(driver, info)
    except BaseException:
        await driver.close()
        raise


def _reason(error: DeviceError) -> Reason:
    if isinstance(error, DeviceRefused):
        return Reason.REFUSED
    return Reason.GARBLED if isinstance(error, DeviceGarbled) else Reason.DISCONNECTED
