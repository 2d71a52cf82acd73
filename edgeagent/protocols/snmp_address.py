"""SNMP addresses: ``snmp://host:port`` speaks v2c, ``snmpv3://host:port`` speaks v3 authPriv."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from edgeagent.protocols.url import place, port_of

SCHEMES = ("snmp", "snmpv3")
PORT = 161  # RFC 3417 section 3.2


@dataclass(frozen=True, slots=True)
class Community:
    """v2c access."""

    community: str = field(default="public", repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """v3 access, authPriv: HMAC-192-SHA-256 (RFC 7860) and AES-128 (RFC 3826)."""

    name: str
    auth_key: str = field(repr=False)
    priv_key: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SnmpAddress:
    """Where an agent listens and what it speaks."""

    host: str
    port: int
    v3: bool

    def __str__(self) -> str:
        return f"{SCHEMES[self.v3]}://{place(self.host, self.port)}"


def parse_address(url: str) -> SnmpAddress:
    """The address in a URL. Raises ValueError with what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("cannot use this as an SNMP address: must be snmp://host for v2c or snmpv3://host")
    if not parts.hostname:
        raise ValueError("cannot use an address without a host")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("cannot use more than a host and a port")
    return SnmpAddress(parts.hostname, port_of(parts, PORT), parts.scheme == "snmpv3")
