"""Addresses of SunSpec devices: ``sunspec://host:port/unit``, or ``modbus://`` where a device is known to speak it."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from edgeagent.protocols.modbus_address import PORT, UNIT, parse_modbus_address
from edgeagent.protocols.url import place

SCHEMES = ("sunspec", "modbus")


@dataclass(frozen=True, slots=True)
class SunSpecAddress:
    """Where a Modbus server listens, and which unit behind it is meant."""

    host: str
    port: int = PORT
    unit: int = UNIT

    def __str__(self) -> str:
        return f"sunspec://{place(self.host, self.port)}/{self.unit}"


def parse_sunspec_address(url: str) -> SunSpecAddress:
    """The address in a URL; without a port 502, without a unit 1. Raises ValueError with what is wrong with it."""
    if urlsplit(url).scheme not in SCHEMES:
        raise ValueError("cannot use this as the address of a SunSpec device: must be sunspec://host:port/unit")
    found = parse_modbus_address(url, SCHEMES)
    return SunSpecAddress(found.host, found.port, found.unit)
