"""Redfish addresses: ``redfish://host:port`` is HTTPS, ``redfish+http://host:port`` is plain HTTP, and says so."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from edgeagent.protocols.url import port_of

SCHEMES = {"redfish": "https", "redfish+http": "http"}
PORTS = {"https": 443, "http": 80}
_FINGERPRINT = re.compile(r"sha256:((?:[0-9a-fA-F]{2}:?){31}[0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True)
class RedfishAddress:
    """Where a service listens, and whether by TLS."""

    host: str
    port: int
    tls: bool = True

    @property
    def origin(self) -> str:
        """The beginning of each URL there."""
        return f"{'https' if self.tls else 'http'}://{self._host}:{self.port}"

    def __str__(self) -> str:
        return f"{'redfish' if self.tls else 'redfish+http'}://{self._host}:{self.port}"

    @property
    def _host(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host


@dataclass(frozen=True, slots=True)
class Access:
    """Who we are there, and whom we believe; without a user nobody logs in.

    ``basic`` sends user and password with every request, else a session is opened with them once. ``fingerprint`` is
    the SHA-256 of the one certificate that is believed, whatever its name, age and issuer are; ``ca`` a PEM file.
    """

    user: str = ""
    password: str = field(default="", repr=False)
    basic: bool = False
    ca: Path | None = None
    fingerprint: bytes | None = None


def parse_address(url: str) -> RedfishAddress:
    """The address in a URL. Raises ValueError with what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("cannot use this as a Redfish address: must be redfish://host or redfish+http://host")
    if not parts.hostname:
        raise ValueError("cannot use an address without a host")
    if parts.path.strip("/") or parts.query or parts.fragment or parts.username is not None:
        raise ValueError("cannot use more than a host and a port: user and password have keys of their own")
    scheme = SCHEMES[parts.scheme]
    port = port_of(parts, PORTS[scheme])
    return RedfishAddress(parts.hostname, port, scheme == "https")


def parse_fingerprint(text: str) -> bytes:
    """The bytes of ``sha256:…``, with or without colons. Raises ValueError."""
    match = _FINGERPRINT.fullmatch(text)
    if match is None:
        raise ValueError("cannot use this fingerprint: must be sha256: and 64 hexadecimal digits")
    return bytes.fromhex(match[1].replace(":", ""))
