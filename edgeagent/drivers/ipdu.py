"""Rack PDUs over SNMP: the families are the profiles with ``driver = "ipdu"``."""

from dataclasses import dataclass

from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.core.ports import Driver
from edgeagent.drivers.parts import Parts, Times
from edgeagent.drivers.profiled import Paces, ProfiledDevice
from edgeagent.model.points import DeviceId
from edgeagent.protocols.profile import Profile
from edgeagent.protocols.profile_file import Profiles
from edgeagent.protocols.session import Lease
from edgeagent.protocols.snmp import SnmpSession
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User, parse_address

DRIVER = "ipdu"
AUTO = "auto"
LEAST_KEY = 8
"""RFC 3414 section 11.2: a password for a key has at least eight characters."""


@dataclass(frozen=True, slots=True)
class IpduOptions:
    """Where the PDU's agent is, how to speak to it, and which family it is (``auto`` finds out)."""

    address: SnmpAddress
    access: Community | User
    family: str = AUTO

    def build(self, device: DeviceId, times: Times, parts: Parts) -> Driver:
        """A driver for one PDU."""
        address, access = self.address, self.access
        lease = Lease(
            parts.snmp,
            (address.host, address.port),
            access,
            lambda turn: SnmpSession(address, access, turn, timeout_s=times.timeout_s),
        )
        paces = Paces(times.every_s, times.slow_every_s, times.deadline_s)
        return ProfiledDevice(device, lease, parts.clock, lambda: _families(parts.profiles, self.family), paces)


def parse(reader: Reader) -> IpduOptions:
    """The keys of an ``ipdu`` device; mistakes go to the reader."""
    address = _address(reader)
    family = reader.text("family", AUTO, pattern="[a-z0-9-]+")
    return IpduOptions(address, _user(reader) if address.v3 else _community(reader), family)


def check_family(reader: Reader, options: IpduOptions, profiles: Profiles) -> None:
    """Note a family that does not exist; apart from `parse`, since it reads the profiles."""
    known = [profile.name for profile in profiles.of_driver(DRIVER)]
    if options.family not in (AUTO, *known):
        reader.problem("family", f'cannot use "{options.family}": must be auto or one of {", ".join(known)}')


def _families(profiles: Profiles, family: str) -> tuple[Profile, ...]:
    return tuple(one for one in profiles.of_driver(DRIVER) if family in (AUTO, one.name))


def _address(reader: Reader) -> SnmpAddress:
    url = reader.text("address", max_length=300)
    try:
        return parse_address(url)
    except ValueError as error:
        if url:
            reader.problem("address", str(error), "snmp://192.0.2.10 or snmpv3://192.0.2.10:161")
        return SnmpAddress("", 0, v3=url.startswith("snmpv3"))


def _community(reader: Reader) -> Community:
    secret = reader.secret("community")
    return Community() if secret is None else Community(secret.reveal())


def _user(reader: Reader) -> User:
    name = reader.text("user", max_length=32)
    keys = {key: reader.secret(key, REQUIRED).reveal() for key in ("auth_key", "priv_key")}
    for key, value in keys.items():
        if 0 < len(value) < LEAST_KEY:
            reader.problem(key, f"cannot use a key of fewer than {LEAST_KEY} characters (RFC 3414)")
    return User(name, keys["auth_key"], keys["priv_key"])
