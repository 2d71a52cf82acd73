"""Devices that speak SNMP: the families of a driver's word are the profiles that name it."""

import re
from dataclasses import dataclass, field, replace
from functools import cache

from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.config.tree import quoted
from edgeagent.config.values import nearest
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.profiled import Paces, ProfiledDevice
from edgeagent.drivers.standard_device import ANY, STANDARD, UPS_FAMILY, StandardDevice
from edgeagent.model.points import DeviceId
from edgeagent.protocols.profile import Profile
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.session import Lease
from edgeagent.protocols.snmp import SnmpSession
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User, parse_address
from edgeagent.protocols.switching import Switching, parse_switching

IPDU = "ipdu"
AUTO = "auto"
LEAST_KEY = 8
"""RFC 3414 section 11.2: a password for a key has at least eight characters."""


@dataclass(frozen=True, slots=True)
class SnmpOptions:
    """Where the device's agent is, how to speak to it, and which family it is (``auto`` finds out).

    ``switching`` is for the actuators; the driver only reads.
    """

    address: SnmpAddress
    access: Community | User
    driver: str = IPDU
    family: str = AUTO
    switching: Switching = field(default_factory=Switching)

    @property
    def write_access(self) -> Community | User | None:
        """With what it is written to, if there is anything."""
        return self.switching.write if isinstance(self.access, Community) else self.access

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for one device."""
        address, access = self.address, self.access
        lease = Lease(
            parts.snmp,
            (address.host, address.port),
            access,
            lambda turn: SnmpSession(address, access, turn, timeout_s=times.timeout_s),
        )
        paces = Paces.of(times)
        if self.family == STANDARD:
            return StandardDevice(device, lease, parts.clock, lambda: (parts.profiles.all[UPS_FAMILY],), paces)
        return ProfiledDevice(device, lease, parts.clock, cache(lambda: self._families(parts.profiles)), paces)

    def _families(self, profiles: Profiles) -> tuple[Profile, ...]:
        """Those that it may be; one that is named is read whatever sysObjectID the device has, if its MIB is there."""
        if self.family == AUTO:
            return profiles.of_driver(self.driver)
        named = (one for one in profiles.of_driver(self.driver) if one.name == self.family)
        return tuple(replace(one, object_ids=(ANY,)) for one in named)


def parse(reader: Reader, driver: str) -> SnmpOptions:
    """The keys of a device with an ``snmp://`` or ``snmpv3://`` address; mistakes go to the reader."""
    address = _address(reader)
    family = reader.text("family", AUTO, pattern="[a-z0-9-]+")
    access = _user(reader) if address.v3 else _community(reader)
    switching = parse_switching(reader, v3=address.v3) if driver == IPDU else Switching(write=_write(reader, address))
    return SnmpOptions(address, access, driver, family, switching)


def check_family(reader: Reader, options: SnmpOptions, profiles: Profiles) -> None:
    """Note a family that does not exist; apart from `parse`, since it reads the profiles."""
    known = [profile.name for profile in profiles.of_driver(options.driver)]
    if options.family not in (AUTO, STANDARD, *known):
        near = nearest(options.family, known)
        told = f"must be auto or one of {', '.join((*known, STANDARD))}"
        reader.problem("family", f'cannot use "{options.family}": {told}', near)


def _address(reader: Reader) -> SnmpAddress:
    url = reader.text("address", max_length=300)
    try:
        return parse_address(url)
    except ValueError as error:
        if url:
            reader.problem("address", str(error), _meant(url))
        return SnmpAddress("", 0, v3=url.startswith("snmpv3"))


def _meant(url: str) -> str | None:
    """The address that was probably meant, where only the scheme is missing or another program's word."""
    scheme, _, rest = url.rpartition("://")
    known = {"": "snmp", "udp": "snmp", "snmpv2c": "snmp", "snmpv2": "snmp", "snmp3": "snmpv3"}
    plain = re.fullmatch(r"[A-Za-z0-9.-]+(:\d{1,5})?", rest)
    return quoted(f"{known[scheme]}://{rest}") if plain and scheme in known else None


def _community(reader: Reader) -> Community:
    for key in ("user", "auth_key", "priv_key"):
        if reader.has(key):
            reader.problem(key, "cannot use this key with a v2c address: it belongs to snmpv3://")
    return Community(reader.secret("community", REQUIRED).reveal())


def _write(reader: Reader, address: SnmpAddress) -> Community | None:
    """The community to set with, of a device without outlets."""
    if address.v3 or not reader.has("write_community"):
        return None
    return Community(reader.secret("write_community", REQUIRED).reveal())


def _user(reader: Reader) -> User:
    if reader.has("community"):
        reader.problem("community", "cannot use a community with snmpv3://: it has user, auth_key and priv_key")
    name = reader.text("user", max_length=32)
    keys = {key: reader.secret(key, REQUIRED).reveal() for key in ("auth_key", "priv_key")}
    for key, value in keys.items():
        if 0 < len(value) < LEAST_KEY:
            reader.problem(key, f"cannot use a key of fewer than {LEAST_KEY} characters (RFC 3414)")
    return User(name, keys["auth_key"], keys["priv_key"])
