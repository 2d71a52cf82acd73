"""What a person wants to meet: an address with its credentials in one URL, as they are typed on a command line.

A secret need not stand there: ``KEY_file=PATH`` names a file of one's own, and an environment variable does as well.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import SplitResult, unquote, urlsplit

from edgeagent.config.files import Unreadable, read_bounded
from edgeagent.drivers.snmp_device import LEAST_KEY
from edgeagent.protocols import redfish_address, snmp_address
from edgeagent.protocols.bacnet_address import BacnetAddress, parse_bacnet_address
from edgeagent.protocols.modbus_address import ModbusAddress, parse_modbus_address
from edgeagent.protocols.redfish_address import Access, RedfishAddress, parse_fingerprint
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User

MAX_SECRET_BYTES = 4096
COMMUNITY = "public"
VARIABLES: Mapping[str, str] = MappingProxyType(
    {
        "community": "EDGEAGENT_COMMUNITY",
        "auth_key": "EDGEAGENT_AUTH_KEY",
        "priv_key": "EDGEAGENT_PRIV_KEY",
        "password": "EDGEAGENT_PASSWORD",
    }
)
"""Where a secret is taken from that the URL does not give."""
SHAPES: Mapping[str, str] = MappingProxyType(
    {
        "snmp": "snmp://HOST[:PORT][?community=…]",
        "snmpv3": "snmpv3://USER@HOST[:PORT]?auth_key=…&priv_key=…",
        "modbus": "modbus://HOST[:PORT][/UNIT]",
        "sunspec": "sunspec://HOST[:PORT][/UNIT]",
        "bacnet": "bacnet://HOST[:PORT][/INSTANCE]",
        "redfish": "redfish://[USER:PASSWORD@]HOST[:PORT]",
        "redfish+http": "redfish+http://[USER:PASSWORD@]HOST[:PORT]",
    }
)
ALIASES: Mapping[str, str] = MappingProxyType({"auth": "auth_key", "priv": "priv_key"})


@dataclass(frozen=True, slots=True)
class SnmpTarget:
    """An agent, and with what it is asked."""

    address: SnmpAddress
    access: Community | User


@dataclass(frozen=True, slots=True)
class ModbusTarget:
    """A unit behind a Modbus server; ``sunspec`` where a person said that it speaks it."""

    address: ModbusAddress
    sunspec: bool = False


@dataclass(frozen=True, slots=True)
class RedfishTarget:
    """A service, and who we are there."""

    address: RedfishAddress
    access: Access


@dataclass(frozen=True, slots=True)
class BacnetTarget:
    """A BACnet/IP device."""

    address: BacnetAddress


Target = SnmpTarget | ModbusTarget | RedfishTarget | BacnetTarget


def parse_target(url: str, environment: Mapping[str, str]) -> Target:
    """The target in a URL. Raises ValueError with what is wrong; no message repeats a secret."""
    try:
        parts = urlsplit(url)
        given = _Given(parts, environment)
    except ValueError as error:
        raise ValueError(f"cannot use this URL: {str(error).removeprefix('cannot use this URL: ')}") from None
    if parts.scheme not in SHAPES or "://" not in url:
        schemes = ", ".join(f"{scheme}://" for scheme in SHAPES)
        raise ValueError(f"cannot use this URL: must begin with one of {schemes}, as in snmp://10.0.0.11")
    target = READERS.get(parts.scheme, _redfish)(given)
    given.finish(SHAPES[parts.scheme])
    return target


@dataclass(slots=True)
class _Given:
    """The parts of a URL; it knows what was asked for."""

    parts: SplitResult
    environment: Mapping[str, str]
    query: dict[str, str] = field(init=False)
    asked: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        if self.parts.fragment:
            raise ValueError("a # in a secret must be written as %23")
        self.query = {}
        for pair in filter(None, self.parts.query.split("&")):
            key, _, value = pair.partition("=")
            self.query[ALIASES.get(key, key)] = unquote(value)

    @property
    def place(self) -> str:
        """Scheme, host, port and path: what the address grammars of the configuration take."""
        return f"{self.parts.scheme}://{self.parts.netloc.rpartition('@')[2]}{self.parts.path}"

    @property
    def user(self) -> str:
        """The user before the host, or ``user=``."""
        return unquote(self.parts.username or "") or self.text("user")

    def text(self, key: str) -> str:
        """A key of the query; empty where it is not there."""
        self.asked.add(key)
        return self.query.get(key, "")

    def secret(self, key: str) -> str:
        """A secret: from the query, from a file that it names, or from the environment."""
        path = self.text(f"{key}_file")
        return self.text(key) or (_file(path) if path else self.environment.get(VARIABLES[key], ""))

    def finish(self, shape: str) -> None:
        """Refuse what nobody asked for."""
        if unknown := sorted(self.query.keys() - self.asked):
            raise ValueError(f"cannot use {unknown[0][:40]!r} in this URL: must be {shape}")


def _community(given: _Given) -> SnmpTarget:
    address = snmp_address.parse_address(given.place)
    if given.parts.username is not None:
        raise ValueError(f"cannot use a user with snmp://: must be {SHAPES['snmp']}, or snmpv3:// for version 3")
    return SnmpTarget(address, Community(given.secret("community") or COMMUNITY))


def _user(given: _Given) -> SnmpTarget:
    address = snmp_address.parse_address(given.place)
    if not given.user:
        raise ValueError(f"cannot go on without a user: must be {SHAPES['snmpv3']}")
    keys = {key: given.secret(key) for key in ("auth_key", "priv_key")}
    for key, value in keys.items():
        if not value:
            more = f"write {key}=…, {key}_file=PATH, or set {VARIABLES[key]}"
            raise ValueError(f"cannot go on without the {key} of the user (SHA-256 and AES-128): {more}")
        if len(value) < LEAST_KEY:
            raise ValueError(f"cannot use the {key}: it has fewer than {LEAST_KEY} characters (RFC 3414)")
    return SnmpTarget(address, User(given.user, keys["auth_key"], keys["priv_key"]))


def _modbus(given: _Given) -> ModbusTarget:
    address = parse_modbus_address(given.place, ("modbus", "sunspec"))
    return ModbusTarget(address, given.parts.scheme == "sunspec")


def _bacnet(given: _Given) -> BacnetTarget:
    return BacnetTarget(parse_bacnet_address(given.place))


def _redfish(given: _Given) -> RedfishTarget:
    address = redfish_address.parse_address(given.place)
    user = given.user
    password = unquote(given.parts.password or "") or given.secret("password")
    if user and not password:
        more = f"write USER:PASSWORD@, password_file=PATH, or set {VARIABLES['password']}"
        raise ValueError(f"cannot go on without the password of the user: {more}")
    basic = given.text("login") == "basic"
    ca, fingerprint = given.text("ca"), given.text("fingerprint")
    believed = parse_fingerprint(fingerprint) if fingerprint else None
    return RedfishTarget(address, Access(user, password if user else "", basic, Path(ca) if ca else None, believed))


READERS: Mapping[str, Callable[[_Given], Target]] = MappingProxyType(
    {"snmp": _community, "snmpv3": _user, "modbus": _modbus, "sunspec": _modbus, "bacnet": _bacnet}
)


def _file(path: str) -> str:
    try:
        text = read_bounded(Path(path), MAX_SECRET_BYTES).decode()
    except Unreadable as error:
        raise ValueError(str(error)) from None
    except UnicodeDecodeError:
        raise ValueError(f"cannot read {path}: it is not UTF-8 text") from None
    return text.rstrip("\r\n")
