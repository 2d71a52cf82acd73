"""Addresses of Modbus devices: ``modbus://host:port/unit``."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from edgeagent.protocols.url import place, port_of

SCHEME = "modbus"
PORT = 502  # MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3
UNIT = 1
UNITS = range(256)


@dataclass(frozen=True, slots=True)
class ModbusAddress:
    """Where a Modbus server listens, and which unit behind it is meant."""

    host: str
    port: int = PORT
    unit: int = UNIT

    def __str__(self) -> str:
        return f"{SCHEME}://{self.place}/{self.unit}"

    @property
    def place(self) -> str:
        """Host and port, as they are written in a URL."""
        return place(self.host, self.port)


def parse_modbus_address(url: str, schemes: tuple[str, ...] = (SCHEME,)) -> ModbusAddress:
    """The address in a URL; without a port 502, without a unit 1. Raises ValueError with what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme not in schemes:
        raise ValueError(f"cannot use this as the address of a Modbus device: must be {schemes[0]}://host:port/unit")
    if not parts.hostname:
        raise ValueError("cannot use an address without a host")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("cannot use more than a host, a port and a unit")
    return ModbusAddress(parts.hostname, port_of(parts, PORT), _unit(parts.path.strip("/")))


def _unit(text: str) -> int:
    if not text:
        return UNIT
    if not (text.isascii() and text.isdigit()) or int(text) not in UNITS:
        raise ValueError(f'cannot use unit "{text}": must be a whole number from 0 to 255')
    return int(text)
