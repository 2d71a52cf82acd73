"""Points: the names of everything a pod can read or set."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

from edgeagent.model.units import UNIT_OF_KIND, Kind

DeviceId = NewType("DeviceId", str)
"""The name a device has in the configuration: ``pdu-a1``."""

PointId = NewType("PointId", str)
"""``<device>/<name>``, for example ``pdu-a1/outlet.12.power``."""


class ValueType(StrEnum):
    """The Python type that a point's value has."""

    NUMBER = "number"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    CODE = "code"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Point:
    """One thing that can be read, and perhaps set.

    ``name`` is unique within its device; ``codes`` lists the words that a CODE point may take.
    """

    device: DeviceId
    name: str
    kind: Kind
    type: ValueType = ValueType.NUMBER
    codes: tuple[str, ...] = ()
    protective: bool = False
    writable: bool = False
    label: str = ""

    @property
    def id(self) -> PointId:
        """The pod-wide name."""
        return point_id(self.device, self.name)

    @property
    def unit(self) -> str:
        """The UCUM unit of the value; empty for states and text."""
        return UNIT_OF_KIND[self.kind]


def point_id(device: DeviceId, name: str) -> PointId:
    """``device`` and ``name`` joined into a pod-wide name."""
    return PointId(f"{device}/{name}")


def device_of(point: PointId) -> DeviceId:
    """The device part of a point's name."""
    return DeviceId(point.partition("/")[0])


def name_of(point: PointId) -> str:
    """The part of a point's name that is unique within its device."""
    return point.partition("/")[2]
