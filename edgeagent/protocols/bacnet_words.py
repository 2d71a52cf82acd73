"""Words of BACnet (ANSI/ASHRAE 135, clauses 12, 18 and 21): object types, properties, reliability, what a no means."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from edgeagent.model.reading import Reason

PRESENT_VALUE, STATUS_FLAGS, UNITS, RELIABILITY = 85, 111, 117, 103
OBJECT_NAME, OBJECT_LIST, OBJECT_IDENTIFIER, DESCRIPTION = 77, 76, 75, 28
VENDOR_NAME, MODEL_NAME, FIRMWARE, SERIAL = 121, 70, 44, 372
STATE_TEXT, ACTIVE_TEXT, INACTIVE_TEXT, PRIORITY_ARRAY = 110, 4, 46, 87
DATABASE_REVISION = 155
DEVICE = 8
WHOEVER = 4194303
"""The instance by which a device may be asked that has not said which one it is (clause 12.11)."""

TYPES: Mapping[str, int] = MappingProxyType(
    {
        "analog-input": 0,
        "analog-output": 1,
        "analog-value": 2,
        "binary-input": 3,
        "binary-output": 4,
        "binary-value": 5,
        "multi-state-input": 13,
        "multi-state-output": 14,
        "multi-state-value": 19,
        "integer-value": 45,
        "large-analog-value": 46,
        "positive-integer-value": 48,
    }
)
"""The types of objects that are read as points."""
WORD_OF_TYPE: Mapping[int, str] = MappingProxyType({number: word for word, number in TYPES.items()})
ANALOG = frozenset((0, 1, 2, 45, 46, 48))
BINARY = frozenset((3, 4, 5))
INPUTS = frozenset((0, 3, 13))
"""What the device measures, and nobody commands."""

RELIABILITY_REASONS: Mapping[int, Reason] = MappingProxyType(
    {1: Reason.ABSENT, 2: Reason.OUT_OF_RANGE, 3: Reason.OUT_OF_RANGE, 4: Reason.ABSENT, 12: Reason.DISCONNECTED}
)
"""What the cause of a fault says: no sensor, over range, under range, open loop, communication failure."""

ABORTS: Mapping[int, str] = MappingProxyType(
    {
        1: "its buffer is too small",
        4: "it cannot send that much: it does not segment",
        8: "it was too slow for itself",
        9: "it has no memory for it",
        11: "the request is too long for it",
    }
)
REJECTS: Mapping[int, str] = MappingProxyType(
    {
        1: "its buffer is too small",
        3: "it does not take this type of value",
        6: "the value is out of range",
        7: "that is too much at once",
        9: "it does not know this service",
    }
)
ERRORS: Mapping[int, str] = MappingProxyType(
    {
        2: "it is configuring itself",
        9: "it does not take this type of value",
        25: "it is not allowed",
        27: "the property cannot be read",
        29: "the service is denied",
        31: "it has no such object",
        32: "it has no such property",
        37: "the value is out of range",
        40: "the property cannot be written",
        42: "it has nothing at this index",
        45: "it does not do this",
        85: "access is denied",
    }
)
UNKNOWN_OBJECT, UNKNOWN_PROPERTY = 31, 32
NO_SUCH_SERVICE = 9  # as a reject
DENIED = frozenset((29, 45))
"""Errors that say of a service that it is not there."""


class ObjectId(NamedTuple):
    """An object of a device: ``analog-input 3`` is (0, 3)."""

    type: int
    instance: int

    def __str__(self) -> str:
        return (
            f"{WORD_OF_TYPE.get(self.type, 'device' if self.type == DEVICE else f'type-{self.type}')} {self.instance}"
        )


class Ref(NamedTuple):
    """A property of an object, or one element of it, where it is an array: 0 is how many there are, 1 the first."""

    object: ObjectId
    property: int = PRESENT_VALUE
    element: int | None = None


class Refusal(NamedTuple):
    """The device's own no to one property; ``code`` is the error's."""

    code: int
    text: str


Primitive = None | bool | int | float | str | bytes | tuple[bool, ...] | ObjectId
Values = tuple[Primitive, ...]
"""What stands in a property: one value, or the elements of an array or list."""
