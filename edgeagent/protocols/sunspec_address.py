"""Addresses of SunSpec devices: ``sunspec://host:port/unit``, or ``modbus://`` where a device is known to speak it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

SCHEMES = ("sunspec", "modbus")
PORT = 502  # MODBUS Messaging on TCP/IP Implementation Guide V1.0b, section 3.1.3
UNIT = 1
UNITS = range(256)


@dataclass(frozen=True, slots=True)
class SunSpecAddress:
    """Where a Modbus server listens, and which unit behind it is meant."""

    host: str
    port: int = PORT
    unit: int = UNIT

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"sunspec://{host}:{self.port}/{self.unit}"


def parse_sunspec_address(url: str) -> SunSpecAddress:
    """The address in a URL; without a port 502, without a unit 1. Raises ValueError with what is wrong with it."""
    parts = urlsplit(url)
    if parts.scheme not in SCHEMES:
        raise ValueError("cannot use this as the address of a SunSpec device: must be sunspec://host:port/unit")
    if not parts.hostname:
        raise ValueError("cannot use an address without a host")
    if parts.query or parts.fragment or parts.username is not None:
        raise ValueError("cannot use more than a host, a port and a unit")
    return SunSpecAddress(parts.hostname, _port(url), _unit(parts.path.strip("/")))


def _port(url: str) -> int:
    try:
        port = urlsplit(url).port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError("cannot use this port: must be a whole number from 1 to 65535")
    return PORT if port is None else port


def _unit(text: str) -> int:
    if not text:
        return UNIT
    if not (text.isascii() and text.isdigit()) or int(text) not in UNITS:
        raise ValueError(f'cannot use unit "{text}": must be a whole number from 0 to 255')
    return int(text)
