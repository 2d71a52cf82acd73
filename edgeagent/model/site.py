"""The site: feeds, rack PDUs, outlets, cords, loads and racks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from edgeagent.model.points import DeviceId, PointId


class ServiceClass(StrEnum):
    """How long a load is kept alive: P1 longest (the field's Tier 1-3)."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


@dataclass(frozen=True, slots=True)
class Outlet:
    """One switchable outlet of a rack PDU."""

    pdu: DeviceId
    number: int

    def __str__(self) -> str:
        return f"{self.pdu}/outlet.{self.number}"


@dataclass(frozen=True, slots=True)
class RackPdu:
    """A rack PDU and the feed that supplies it."""

    device: DeviceId
    feed: str
    rack: str


@dataclass(frozen=True, slots=True)
class Load:
    """Something that draws power through one cord or more; it is switched whole or not at all."""

    name: str
    service_class: ServiceClass
    rack: str
    cords: tuple[Outlet, ...]

    @property
    def target(self) -> PointId:
        """How the whole load is named where it is switched."""
        return PointId(f"load/{self.name}.power")


@dataclass(frozen=True, slots=True)
class Rack:
    """A rack and the point that tells its inlet temperature, where one is known."""

    name: str
    aisle: str = ""
    inlet: PointId | None = None


@dataclass(frozen=True, slots=True)
class Site:
    """How power and air reach each load."""

    feeds: tuple[str, ...] = ()
    racks: Mapping[str, Rack] = field(default_factory=lambda: MappingProxyType({}))
    pdus: Mapping[DeviceId, RackPdu] = field(default_factory=lambda: MappingProxyType({}))
    loads: Mapping[str, Load] = field(default_factory=lambda: MappingProxyType({}))

    def feeds_of(self, load: Load) -> frozenset[str]:
        """The feeds that can supply the load."""
        return frozenset(self.pdus[cord.pdu].feed for cord in load.cords if cord.pdu in self.pdus)

    def load_at(self, outlet: Outlet) -> Load | None:
        """The load that a cord ties to this outlet, if any."""
        return next((load for load in self.loads.values() if outlet in load.cords), None)
