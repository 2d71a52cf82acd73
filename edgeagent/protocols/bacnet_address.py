"""Addresses of BACnet devices: ``bacnet://host:port/INSTANCE``, the instance being that of its device object."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from edgeagent.protocols.url import place, port_of

SCHEME = "bacnet"
PORT = 47808  # 0xBAC0: ANSI/ASHRAE 135, Annex J
LAST_INSTANCE = 4194302
"""4194303 means "whoever you are" and is nobody's own (clause 12.11)."""


@dataclass(frozen=True, slots=True)
class BacnetAddress:
    """Where a BACnet/IP device listens, and which device it is; None takes whoever answers there."""

    host: str
    port: int = PORT
    instance: int | None = None

    def __str__(self) -> str:
        return f"{SCHEME}://{self.place}" + ("" if self.instance is None else f"/{self.instance}")

    @property
    def place(self) -> str:
        """Host and port, as they are written in a URL."""
        return place(self.host, self.port)


def parse_bacnet_address(url: str) -> BacnetAddress:
    """The address in a URL; without a port 47808. Raises ValueError with what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme != SCHEME:
        raise ValueError("cannot use this as the address of a BACnet device: must be bacnet://host:port/INSTANCE")
    if not parts.hostname:
        raise ValueError("cannot use an address without a host")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("cannot use more than a host, a port and a device instance")
    return BacnetAddress(parts.hostname, port_of(parts, PORT), _instance(parts.path.strip("/")))


def _instance(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(LAST_INSTANCE)) or int(text) > LAST_INSTANCE:
        raise ValueError(f'cannot use device instance "{text[:20]}": must be a whole number from 0 to {LAST_INSTANCE}')
    return int(text)
