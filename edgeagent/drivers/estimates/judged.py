"""A driver whose readings are judged before anybody sees them."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from edgeagent.core.ports import Driver
from edgeagent.drivers.estimates.judge import Judge
from edgeagent.model.device import DeviceInfo
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Reading

KEEP_EVERY_S = 300.0


class Desk(Protocol):
    """What is needed of the desk of estimates."""

    def now_s(self) -> float:
        """CLOCK_BOOTTIME in seconds."""

    def recall(self, device: DeviceId, judge: Judge, serial: str) -> bool:
        """Have the totals go on from what was kept; false as long as that cannot be known."""

    def keep(self, device: DeviceId, judge: Judge, serial: str) -> None:
        """Keep the totals."""

    def tell(self, device: DeviceId, marks: dict[PointId, str]) -> None:
        """Tell what is marked now."""

    def forget(self, device: DeviceId) -> None:
        """Nothing is marked of what is not read."""


class Judged:
    """A Driver around a driver: the same points and those derived from them, the same readings with marks.

    Tallies outlive a lost connection, as long as the device describes itself as before.
    """

    def __init__(self, device: DeviceId, driver: Driver, desk: Desk) -> None:
        self._device, self._driver, self._desk = device, driver, desk
        self._told: DeviceInfo | None = None
        self._judge: Judge | None = None
        self._recalled = False
        self._kept_s = desk.now_s()

    async def connect(self) -> DeviceInfo:
        """As the driver's, with the derived points. Raises DeviceError."""
        info = await self._driver.connect()
        if self._judge is None or info != self._told:
            self._keep()
            await asyncio.sleep(0)  # others go between: each of the two takes long for hundreds of points
            self._judge, self._told, self._recalled = Judge(self._device, info), info, False
        return self._judge.info

    async def read(self, group: str) -> Sequence[Reading]:
        """As the driver's, marked, and with the derived readings. Raises DeviceError."""
        readings = await self._driver.read(group)
        judge, now_s = self._judge, self._desk.now_s()
        if judge is None:
            return readings
        if not self._recalled:
            self._recalled = self._desk.recall(self._device, judge, self._serial)
        found, must_keep = judge.take(group, readings, now_s, counts=self._recalled)
        self._desk.tell(self._device, judge.marked)
        if must_keep or now_s - self._kept_s >= KEEP_EVERY_S:
            self._keep()
        return found

    async def close(self) -> None:
        """Let go of the device, and keep its totals."""
        self._keep()
        self._desk.forget(self._device)
        await self._driver.close()

    @property
    def _serial(self) -> str:
        return "" if self._told is None else self._told.identity.serial

    def _keep(self) -> None:
        if self._judge is not None and self._recalled and self._judge.totals:
            self._kept_s = self._desk.now_s()
            self._desk.keep(self._device, self._judge, self._serial)
