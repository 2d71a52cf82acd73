"""Set points of a Redfish service: pump speeds, supply temperatures, flows (``SetPoint`` of Controls and their copies).

Redfish knows no dead-man timer of a Control, so there is nothing to arm: the device keeps what it was told last.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from edgeagent.actuators.parts import Identify
from edgeagent.actuators.setpoint import Guard
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable
from edgeagent.model.points import DeviceId, PointId, point_id
from edgeagent.protocols.redfish import RedfishSession, Resource
from edgeagent.protocols.redfish_points import Builder
from edgeagent.protocols.redfish_service import Service, local
from edgeagent.protocols.redfish_spots import MISSING, Spot, dig
from edgeagent.protocols.redfish_walk import Walk, text
from edgeagent.protocols.session import Lease

LEARN_S = 20.0
SET_POINT, COPIED_FROM = "SetPoint", "DataSourceUri"
GUARDS: Mapping[str, Guard] = MappingProxyType(
    {
        "pump": Guard(20.0, 100.0, max_step=20.0, min_interval_s=5.0, settle_s=10.0, tolerance=1.0),
        "supply": Guard(15.0, 40.0, max_step=2.0, min_interval_s=10.0, settle_s=10.0, tolerance=0.2),
    }
)
"""What a pump's speed (percent) and the supply temperature (degrees Celsius) are held to unless a person says more.

A pump is never set below what keeps coolant moving; the temperatures span the W-classes W17 to W40 of ASHRAE.
"""


def guard_of(name: str) -> Guard | None:
    """The guard that a set point has by its name; None where only a person can know one, as for a flow."""
    parts = name.split(".")
    if parts[-1] != "setpoint" or len(parts) < 2:
        return None
    return GUARDS.get("pump" if "pump" in parts else parts[-2])


class RedfishTargets:
    """One service as something that is set: found out when first needed, and who it is asked each time.

    Raises DeviceRefused, DeviceUnreachable or DeviceGarbled: nothing was written.
    """

    def __init__(self, device: DeviceId, session: Lease[RedfishSession], identify: Identify) -> None:
        self.device = device
        self._lease = session
        self._identify = identify
        self._service = Service(session)
        self._spots: dict[str, Spot] = {}
        self._serial_path = ""

    @property
    def session(self) -> RedfishSession:
        """The session, which the polls share."""
        return self._lease.open()

    async def spot(self, name: str) -> Spot:
        """Where a point stands."""
        if not self._spots:
            await self._learn()
        if name not in self._spots:
            raise DeviceRefused(f"{self.device} has no {name} that can be set")
        return self._spots[name]

    async def fresh(self, path: str) -> Resource:
        """A resource as it is now, of the service that this device is."""
        await self._must_be_ours()
        found = await self.session.get(path, ahead=True)
        if found is None:
            self._spots = {}  # it was rebuilt: learn it anew
            raise DeviceRefused(f"{self.device} has no {path} any more")
        return found

    async def close(self) -> None:
        """Let go of the session; safe twice."""
        await self._lease.close()

    async def _learn(self) -> None:
        """Learn the whole service; a try that takes too long leaves the next one less to do."""
        try:
            async with asyncio.timeout(LEARN_S):
                found = await Walk(self._service, prefers_systems=False).all()
        except TimeoutError:
            raise DeviceUnreachable(f"cannot set {self.device}: it could not be learnt in {LEARN_S:g} s") from None
        self._service.forget()
        self._spots = {one.point.name: one for one in Builder(self.device, found, by_type=False).all()}
        self._serial_path = found.serial_path

    async def _must_be_ours(self) -> None:
        found = await self.session.get(self._serial_path, ahead=True) if self._serial_path else None
        serial = "" if found is None else text(found.body.get("SerialNumber"))
        if wrong := self._identify(self.device, serial):
            self._spots = {}
            raise DeviceRefused(wrong)


class RedfishSetting:
    """A Settable: one set point, by the name of its point, such as ``pump.1.setpoint``."""

    def __init__(self, targets: RedfishTargets, name: str) -> None:
        self._targets = targets
        self._name = name

    @property
    def target(self) -> PointId:
        """The point that it is."""
        return point_id(self._targets.device, self._name)

    async def read(self) -> float:
        """What stands there now. Raises DeviceError."""
        resource, place = await self._resource()
        raw = dig(resource.body, (*place, SET_POINT))
        spot = await self._targets.spot(self._name)
        value = spot.draft.decode(None if raw is MISSING else raw)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise DeviceGarbled(f"cannot read {self.target}: {resource.path} says {raw!r}"[:200])
        return float(value)

    async def arm(self) -> None:
        """Nothing: see the top of this file."""

    async def write(self, value: float) -> None:
        """Send it once, if nobody changed the control since it was looked at.

        Raises:
            DeviceRefused, DeviceUnreachable, DeviceGarbled: nothing was written. WriteOpen: nobody knows.
        """
        resource, place = await self._resource()
        spot = await self._targets.spot(self._name)
        theirs = spot.draft.meaning.back(value) if spot.draft.meaning else value
        self._must_allow(dig(resource.body, place), theirs)
        change: dict[str, Any] = {SET_POINT: theirs}
        for key in reversed(place):
            change = {key: change}
        await self._targets.session.patch(resource.path, change, resource.etag)

    async def _resource(self) -> tuple[Resource, tuple[str, ...]]:
        """The Control, or where there is none the resource that has the set point itself, and where in it."""
        spot = await self._targets.spot(self._name)
        if not spot.point.writable:
            raise DeviceRefused(f"cannot set {self.target}: it is no set point")
        resource = await self._targets.fresh(spot.path)
        place = tuple(map(str, spot.draft.pick[:-1]))
        uri = local(dig(resource.body, (*place, COPIED_FROM)))
        if not uri:
            return resource, place
        found = await self._targets.session.get(uri, ahead=True)
        return (found, ()) if found is not None and SET_POINT in found.body else (resource, place)

    def _must_allow(self, control: object, value: float) -> None:
        """What the service says of its own control."""
        if dig(control, ("ControlMode",)) == "Disabled":
            raise DeviceRefused(f"cannot set {self.target}: its control is disabled at the device")
        low, high = dig(control, ("AllowableMin",)), dig(control, ("AllowableMax",))
        if (isinstance(low, int | float) and value < low) or (isinstance(high, int | float) and value > high):
            raise DeviceRefused(f"cannot set {self.target} to {value:g}: the device allows {low} to {high}")
