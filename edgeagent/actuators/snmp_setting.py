"""Numbers that are set over SNMP, as a profile's ``[[set]]`` rows say."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from edgeagent.actuators.parts import Parts
from edgeagent.model.errors import DeviceGarbled, DeviceRefused
from edgeagent.model.points import DeviceId, PointId, point_id
from edgeagent.model.reading import Reason
from edgeagent.protocols.decode import decoder, encoded, key_of
from edgeagent.protocols.profile import Match, Profile, Setting
from edgeagent.protocols.profile_rows import Known, Place, find_label, find_place, keys_of
from edgeagent.protocols.session import Lease
from edgeagent.protocols.snmp import Raw, SnmpSession
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User
from edgeagent.protocols.snmp_set import SnmpWriter

SYS_OBJECT_ID = "1.3.6.1.2.1.1.2.0"  # SNMPv2-MIB (RFC 3418)


@dataclass(frozen=True, slots=True)
class SnmpSettings:
    """One device that is set; ``read`` and ``write`` are the access for each."""

    device: DeviceId
    address: SnmpAddress
    read: Community | User
    write: Community | User
    driver: str
    family: str = "auto"
    timeout_s: float = 2.0


@dataclass(frozen=True, slots=True)
class Family:
    """What was found out: the profile, and where the serial stands."""

    profile: Profile
    serial: Known


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a number stands, and the texts beside it that make its row the point's."""

    setting: Setting
    place: Place
    keys: Mapping[str, Match]

    @property
    def oids(self) -> list[str]:
        """What is read of it each time."""
        place = self.place
        gates = (gate.column.instance(place.index) for gate in (*place.row.gates, *self.setting.gates))
        return [place.oid, place.scale_oid or "", *gates, *self.keys]

    def still_is(self, values: Mapping[str, Raw]) -> bool:
        """Whether those texts are what they must be: a new firmware may shift the rows, a person switch the unit."""
        return all(match.pattern.search(key_of(values.get(oid))) for oid, match in self.keys.items())


class SnmpTarget:
    """One device, found out when first needed, and asked each time whose it is.

    Raises DeviceRefused, DeviceUnreachable or DeviceGarbled: nothing was written; `WriteOpen`: nobody knows.
    """

    def __init__(self, settings: SnmpSettings, parts: Parts) -> None:
        self.device = settings.device
        self._settings, self._parts = settings, parts
        self._lease: Lease[SnmpSession] = Lease(
            parts.snmp,
            (settings.address.host, settings.address.port),
            ("write", settings.read, settings.write),
            lambda turn: SnmpWriter(
                settings.address, (settings.read, settings.write), turn, parts.worker, timeout_s=settings.timeout_s
            ),
        )
        self._family: Family | None = None
        self._spots: dict[str, Spot] = {}

    async def look(self, name: str) -> tuple[Setting, Place, Mapping[str, Raw]]:
        """How a number is set, where it stands, and what stands there and beside it now."""
        family = await self._known()
        spot = await self._spot(family, name)
        asked = [family.serial.oid, *spot.oids]
        values = await self._writer.get([oid for oid in dict.fromkeys(asked) if oid])
        if wrong := self._parts.identify(self.device, family.serial.now(values)):
            self._family, self._spots = None, {}  # another device may be of another family
            raise DeviceRefused(wrong)
        if not spot.still_is(values):
            del self._spots[name]
            raise DeviceRefused(f"cannot set {name} of {self.device}: its row says now that it is something else")
        return spot.setting, spot.place, values

    async def write(self, oid: str, raw: int, *, unsigned: bool) -> None:
        """Write one number, once."""
        await self._writer.set(oid, raw, unsigned=unsigned)

    async def close(self) -> None:
        """Let go of the session; safe twice."""
        await self._lease.close()

    @property
    def _writer(self) -> SnmpWriter:
        session = self._lease.open()
        assert isinstance(session, SnmpWriter)
        return session

    async def _known(self) -> Family:
        if self._family is None:
            profile = await self._profile()
            self._family = Family(profile, await find_label(self._writer, profile.serial))
        return self._family

    async def _profile(self) -> Profile:
        object_id = (await self._writer.get([SYS_OBJECT_ID])).get(SYS_OBJECT_ID)
        if not isinstance(object_id, str):
            raise DeviceGarbled(f"{self.device} does not say what it is (sysObjectID)")
        wanted = self._settings.family
        profiles = await asyncio.to_thread(self._parts.profiles.of_driver, self._settings.driver)
        for profile in sorted(profiles, key=lambda one: -one.nearness(object_id)):
            claimed = wanted in ("auto", profile.name) and profile.claims(object_id)
            if claimed and await self._writer.walk(profile.presence.oid, 1):
                return profile
        raise DeviceGarbled(f"{self.device} is of no family that can be set (sysObjectID {object_id})")

    async def _spot(self, family: Family, name: str) -> Spot:
        if name not in self._spots:
            place = await find_place(self._writer, family.profile, name)
            setting = next((one for one in family.profile.settings if place and one.row == place.row), None)
            if place is None or setting is None:
                raise DeviceRefused(f"{self.device} has no {name} that can be set (profile {family.profile.name})")
            self._spots[name] = Spot(setting, place, keys_of(family.profile, place))
        return self._spots[name]


class SnmpSetting:
    """A Settable: one number of one device, by its point's name."""

    def __init__(self, device: SnmpTarget, name: str) -> None:
        self._device = device
        self._name = name

    @property
    def target(self) -> PointId:
        """The point that it is."""
        return point_id(self._device.device, self._name)

    async def read(self) -> float:
        """What stands there now. Raises DeviceError."""
        _, place, values = await self._device.look(self._name)
        value = decoder(place.row, self._scale(place, values))(values.get(place.oid))
        if isinstance(value, Reason | str):
            raise DeviceGarbled(f"cannot read {self.target}: {values.get(place.oid)!r} is no number ({value})")
        return float(value)

    async def arm(self) -> None:
        """No timer of these devices is known to bring a setpoint back."""

    async def write(self, value: float) -> None:
        """Send it once, unless the device's own bounds or its mode make it void. Raises as `setpoint.Settable` says."""
        setting, place, values = await self._device.look(self._name)
        if not setting.low <= value <= setting.high:
            bounds = f"the profile allows {setting.low:g} to {setting.high:g}"
            raise DeviceRefused(f"cannot set {self.target} to {value:g}: {bounds}")
        for gate in setting.gates:
            code = values.get(gate.column.instance(place.index))
            if not isinstance(code, int) or code in gate.refuse:
                raise DeviceRefused(
                    f"cannot set {self.target}: {gate.column.object} is {code!r}, so a write would be void"
                )
        raw = encoded(place.row, self._scale(place, values), value)
        if isinstance(raw, Reason):
            raise DeviceGarbled(f"cannot set {self.target}: its scale cannot be read ({raw})")
        await self._device.write(place.oid, raw, unsigned=setting.unsigned)

    @staticmethod
    def _scale(place: Place, values: Mapping[str, Raw]) -> Raw:
        return 0 if place.scale_oid is None else values.get(place.scale_oid)
