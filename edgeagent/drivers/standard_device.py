"""A device without a profile, read by the MIBs that any agent may have; ``family = "standard"`` asks for it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache

from edgeagent.core.clock import Clock
from edgeagent.core.ports import Driver
from edgeagent.drivers.identity import DeviceChanged
from edgeagent.drivers.lenient import Lenient
from edgeagent.drivers.profiled import AgentLease, Paces, ProfiledDevice
from edgeagent.drivers.rowplan import RowPlan
from edgeagent.drivers.standard_mib import (
    CLASS,
    DESCRIPTION,
    DISPLAY,
    FIRMWARE,
    IF_DESCRIPTION,
    IF_STATE,
    MAKER,
    MODEL,
    NAME,
    PRECISION,
    SCALE,
    SERIAL,
    SOFTWARE,
    SYS_DESCRIPTION,
    SYS_LOCATION,
    SYS_NAME,
    SYS_OBJECT_ID,
    SYS_UPTIME,
    TYPE,
    Seen,
    identity_of,
    interface_points,
    sensor_points,
    system_points,
    whole,
)
from edgeagent.model.device import DeviceInfo, Identity
from edgeagent.model.errors import DeviceError, DeviceGarbled
from edgeagent.model.points import DeviceId
from edgeagent.model.reading import Reading
from edgeagent.protocols.decode import text_of
from edgeagent.protocols.profile import Column, Pace, Profile
from edgeagent.protocols.profile_rows import Agent
from edgeagent.protocols.snmp import Raw

STANDARD, UPS_FAMILY = "standard", "rfc1628-ups"
UPS_MIB = Column("upsObjects", "1.3.6.1.2.1.33.1")
ANY = "1.3.6.1"
"""What every sysObjectID is below."""
MAX_INTERFACES = 64
MAX_SENSORS = 512
GROUP = (SYS_DESCRIPTION, SYS_OBJECT_ID, SYS_UPTIME, SYS_NAME, SYS_LOCATION)


class StandardDevice:
    """A Driver: the system group, the sensors and identity of the ENTITY MIBs, interfaces, and a UPS by RFC 1628.

    Each MIB is taken for absent where the agent gives no sensible answer to it.
    """

    def __init__(
        self, device: DeviceId, lease: AgentLease, clock: Clock, profiles: Callable[[], Sequence[Profile]], paces: Paces
    ) -> None:
        self._device = device
        self._lease = lease
        self._clock = clock
        self._paces = paces
        self._ups: Driver = ProfiledDevice(
            device, lease, clock, cache(lambda: [_anyones(one) for one in profiles()]), paces
        )
        self._ups_groups: set[str] = set()
        self._plans: dict[str, RowPlan] = {}
        self._serial = ("", "")
        """Where the serial number stands, and what it was."""

    async def connect(self) -> DeviceInfo:
        """Identity and points. Raises DeviceError."""
        system = await self._lease.open().get(GROUP)
        agent = Lenient(self._lease.open())
        identity = await self._identity(agent, system)
        seen = [*system_points(self._device, system), *await self._sensors(agent), *await self._interfaces(agent)]
        ups = await self._ups_info(agent)
        if not seen and not ups.points:
            raise DeviceGarbled(f"cannot read {self._device}: it answers, and shows none of the standard MIBs")
        points = (*ups.points, *(one.point for one in seen))
        names: dict[str, set[str]] = {group.name: set(group.points) for group in ups.groups}
        self._plans = {}
        for pace in Pace:
            mine = [one for one in seen if one.pace is pace]
            if mine:
                self._plans[pace.value] = RowPlan(one.step for one in mine)
                names.setdefault(pace.value, set()).update(one.point.name for one in mine)
        groups = tuple(self._paces.group(name, members) for name, members in names.items())
        return DeviceInfo(identity, points, groups)

    async def read(self, group: str) -> list[Reading]:
        """Every point of the group. Raises DeviceError; DeviceChanged when another serial answers."""
        found = list(await self._ups.read(group)) if group in self._ups_groups else []
        plan = self._plans.get(group)
        if plan is not None:
            oid, _ = self._serial
            values = await self._lease.open().get((*plan.oids, oid) if oid else plan.oids)
            time_s = self._clock.now_s()
            self._still_the_same(values)
            found += plan.readings(values, time_s)
        return found

    async def close(self) -> None:
        """Let go of the session."""
        await self._lease.close()

    async def _identity(self, agent: Agent, system: Mapping[str, Raw]) -> Identity:
        identity, self._serial = await entity_identity(agent, system)
        return identity

    async def _sensors(self, agent: Agent) -> list[Seen]:
        types = await agent.walk(TYPE, MAX_SENSORS)
        indexes = [oid.removeprefix(TYPE + ".") for oid in types]
        about = (SCALE, PRECISION, DISPLAY, NAME, DESCRIPTION)
        columns = await agent.get([f"{column}.{index}" for index in indexes for column in about])
        return list(sensor_points(self._device, types | columns))

    async def _interfaces(self, agent: Agent) -> list[Seen]:
        states = await agent.walk(IF_STATE, MAX_INTERFACES)
        indexes = [oid.removeprefix(IF_STATE + ".") for oid in states]
        names = await agent.get([f"{IF_DESCRIPTION}.{index}" for index in indexes])
        return list(interface_points(self._device, names, iter(indexes)))

    async def _ups_info(self, agent: Agent) -> DeviceInfo:
        """What the device tells as a UPS of any maker; nothing where it is none."""
        self._ups_groups = set()
        nothing = DeviceInfo(Identity(), (), ())
        if not await agent.walk(UPS_MIB.oid, 1):
            return nothing
        try:
            info = await self._ups.connect()
        except DeviceError:
            return nothing
        self._ups_groups = {group.name for group in info.groups}
        return info

    def _still_the_same(self, values: Mapping[str, Raw]) -> None:
        oid, known = self._serial
        now = text_of(values.get(oid))
        if known and now and now != known:
            raise DeviceChanged(f"cannot read {self._device}: it was {known} and now says that it is {now}")


async def entity_identity(agent: Agent, system: Mapping[str, Raw]) -> tuple[Identity, tuple[str, str]]:
    """Who a device is by the standard MIBs, and where its serial number stands with what it is. Raises DeviceError."""
    index = whole(await agent.walk(CLASS))
    columns = (MAKER, MODEL, SERIAL, FIRMWARE, SOFTWARE)
    values = await agent.get([f"{column}.{index}" for column in columns]) if index else {}
    identity = identity_of(system, values, index)
    return identity, (f"{SERIAL}.{index}", identity.serial) if identity.serial else ("", "")


def _anyones(profile: Profile) -> Profile:
    """The same profile for a device of any sysObjectID, even where it has only a part of the MIB."""
    return replace(profile, object_ids=(ANY,), presence=UPS_MIB)
