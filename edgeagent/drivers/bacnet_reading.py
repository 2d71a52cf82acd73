"""What an object of BACnet says, as a reading: its flags say how far it is trusted, and its unit what it is."""

from math import isfinite
from typing import NamedTuple

from edgeagent.model.points import DeviceId, Point, PointId
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.protocols.bacnet import Found
from edgeagent.protocols.bacnet_objects import first, unit_of
from edgeagent.protocols.bacnet_profile import ObjectRow
from edgeagent.protocols.bacnet_words import (
    ANALOG,
    RELIABILITY,
    RELIABILITY_REASONS,
    STATUS_FLAGS,
    UNITS,
    ObjectId,
    Ref,
    Refusal,
)

FAULT, OVERRIDDEN, OUT_OF_SERVICE = 1, 2, 3
"""Places in the status flags (BACnetStatusFlags, clause 21); 0 is "in alarm", which says nothing of trust."""
DENIALS = frozenset((25, 27, 85))
"""Errors that mean: it is there, and not for you."""


class Step(NamedTuple):
    """How one point is read."""

    point: Point
    row: ObjectRow
    object: ObjectId

    @property
    def refs(self) -> tuple[Ref, ...]:
        """What is read for it each time: a unit can be switched at the device."""
        more = (Ref(self.object, UNITS),) if self.object.type in ANALOG else ()
        return (Ref(self.object), Ref(self.object, STATUS_FLAGS), *more)


def reading_of(step: Step, found: Found, time_s: float) -> Reading:
    """What an object says, and how far it can be trusted: its flags decide, and the unit that it says."""
    point, source = step.point.id, str(step.object)
    value = found[Ref(step.object)]
    if isinstance(value, Refusal):
        return bad(point, Reason.REFUSED if value.code in DENIALS else Reason.ABSENT, time_s, source=source)
    raw = value[0] if value else None
    if not isinstance(raw, int | float):
        return bad(point, Reason.GARBLED, time_s, source=source)
    flags = flags_of(found, step)
    if flags[FAULT]:
        return bad(point, _fault(found, step), time_s, source=source, raw=_plain(raw))
    if flags[OUT_OF_SERVICE]:  # somebody wrote the value; the sensor is not asked
        return bad(point, Reason.FORCED, time_s, source=source, raw=_plain(raw))
    reading = _decoded(step, point, raw, found, time_s)
    return reading.marked(Quality.UNCERTAIN, Reason.FORCED) if flags[OVERRIDDEN] else reading


def _decoded(step: Step, point: PointId, raw: float, found: Found, time_s: float) -> Reading:
    row, source = step.row, str(step.object)
    if row.codes is not None:
        word = row.codes.get(int(raw))
        if word is None:
            return bad(point, Reason.GARBLED, time_s, source=source, raw=_plain(raw))
        return Reading(point, word, time_s, source=source, raw=int(raw))
    if not isfinite(raw):
        return bad(point, Reason.SENTINEL, time_s, source=source, raw=str(raw))
    unit, doubt = unit_of(row, step.object, found)
    if unit is None:
        return bad(point, Reason.GARBLED, time_s, source=source, raw=raw)
    value = unit.of(raw)
    if row.range is not None and not row.range[0] <= value <= row.range[1]:
        return bad(point, Reason.OUT_OF_RANGE, time_s, source=source, raw=raw)
    reading = Reading(point, value, time_s, source=source, raw=raw)
    return reading.marked(Quality.UNCERTAIN, Reason.IMPLAUSIBLE) if doubt else reading


def flags_of(found: Found, step: Step) -> tuple[bool, ...]:
    """The four flags; a device that does not have them has no complaint."""
    flags = first(found, Ref(step.object, STATUS_FLAGS))
    return flags if isinstance(flags, tuple) and not isinstance(flags, ObjectId) and len(flags) == 4 else (False,) * 4


def _fault(found: Found, step: Step) -> Reason:
    cause = first(found, Ref(step.object, RELIABILITY))
    return RELIABILITY_REASONS.get(cause, Reason.IMPLAUSIBLE) if isinstance(cause, int) else Reason.IMPLAUSIBLE


def _plain(raw: float) -> float | str:
    return raw if isfinite(raw) else str(raw)


def point_of(device: DeviceId, row: ObjectRow, writable: frozenset[str]) -> Point:
    words = tuple(dict.fromkeys((row.codes or {}).values()))
    return Point(device, row.name, row.kind, row.type, words, row.protective, row.name in writable, row.label)
