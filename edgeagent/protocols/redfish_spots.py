"""Spots: where in which resource a point stands, how it is decoded, and what about the resource takes trust away."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from edgeagent.model.points import Point
from edgeagent.model.reading import Quality, Reading, Reason, Value, bad
from edgeagent.model.units import Kind
from edgeagent.protocols.redfish_tables import HEALTH, LEAKING, WORKING
from edgeagent.protocols.redfish_units import Meaning

Body = Mapping[str, Any]
Decoder = Callable[[object], Value | Reason]
Verdict = tuple[Quality, Reason] | None
Gate = Callable[[Body], Verdict]

MISSING: Final = object()
BAD, UNCERTAIN = Quality.BAD, Quality.UNCERTAIN
LONGEST_RAW = 200


def ungated(_body: Body) -> Verdict:
    """Nothing takes trust away."""
    return None


@dataclass(frozen=True, slots=True)
class Draft:
    """A point to be: its name within the device, where it stands, and how it is decoded.

    ``pick`` leads to the value; a text picks the entry of a list by its MemberId or Name. ``doubt`` is of its unit,
    ``note`` is to be known. ``path`` is the resource, if it is another one than that it was found in.
    """

    name: str
    pick: tuple[str | int, ...]
    kind: Kind
    decode: Decoder
    gate: Gate = ungated
    codes: tuple[str, ...] = ()
    protective: bool = False
    writable: bool = False
    doubt: str = ""
    note: str = ""
    label: str = ""
    path: str = ""
    meaning: Meaning | None = None
    """How a number that can be set goes back into the service's unit."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A draft that became a point."""

    point: Point
    path: str
    draft: Draft
    slow: bool = False
    parent: str = ""
    """The resource whose Status speaks for this one."""

    @property
    def source(self) -> str:
        """The path of the resource, and where in it."""
        return f"{self.path}#/{'/'.join(map(str, self.draft.pick))}" if self.draft.pick else self.path

    def reading(self, body: Body, time_s: float, parent: Body | None = None) -> Reading:
        """The reading that a resource gives; never a GOOD one of what it, or its parent, does not stand by."""
        raw = dig(body, self.draft.pick)
        shown = _shown(raw)
        verdict = self.draft.gate(body) or (None if parent is None else equipment(parent))
        if verdict is not None and verdict[0] is BAD:
            return bad(self.point.id, verdict[1], time_s, source=self.source, raw=shown)
        value = Reason.ABSENT if raw is MISSING else self.draft.decode(raw)
        if isinstance(value, Reason):
            return bad(self.point.id, value, time_s, source=self.source, raw=shown)
        if self.draft.doubt:
            verdict, shown = (UNCERTAIN, Reason.IMPLAUSIBLE), f"{raw} ({self.draft.doubt})"[:LONGEST_RAW]
        if verdict is not None:
            return Reading(self.point.id, value, time_s, *verdict, source=self.source, raw=shown)
        return Reading(self.point.id, value, time_s, source=self.source, raw=shown)


def dig(body: object, pick: tuple[str | int, ...]) -> object:
    """What stands there, or MISSING."""
    for key in pick:
        if isinstance(body, dict):
            body = body.get(key, MISSING)
        elif isinstance(body, list):
            body = _entry(body, key)
        else:
            return MISSING
    return body


def number(meaning: Meaning) -> Decoder:
    """A number in the kind's unit; null is how Redfish says that it has no reading."""

    def decode(raw: object) -> Value | Reason:
        if raw is None:
            return Reason.SENTINEL
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            return Reason.GARBLED
        try:
            return meaning.of(float(raw))
        except OverflowError:
            return Reason.GARBLED

    return decode


def coded(codes: Mapping[str, str]) -> Decoder:
    """A word of ours for a word of theirs."""

    def decode(raw: object) -> Value | Reason:
        if raw is None:
            return Reason.SENTINEL
        if not isinstance(raw, str):
            return Reason.GARBLED
        return codes.get(raw, Reason.OUT_OF_RANGE)

    return decode


def working(*, health: bool) -> Decoder:
    """A Status as a word: on, standby, off or fault; with ``health`` a critical one is a fault."""

    def decode(raw: object) -> Value | Reason:
        state = raw.get("State") if isinstance(raw, dict) else None
        if state is None or state == "Absent":
            return Reason.ABSENT
        if health and isinstance(raw, dict) and raw.get("Health") == "Critical":
            return "fault"
        return WORKING.get(state, Reason.OUT_OF_RANGE) if isinstance(state, str) else Reason.GARBLED

    return decode


def health(raw: object) -> Value | Reason:
    """A Status as ok, warning or critical, of all that is below it where that is said."""
    if not isinstance(raw, dict):
        return Reason.ABSENT
    if raw.get("State") == "Absent":
        return Reason.ABSENT
    return coded(HEALTH)(raw.get("HealthRollup") or raw.get("Health"))


def equipment(body: Body) -> Verdict:
    """A thing that is not there measures nothing; of one that is out of order a number is only shown."""
    state = dig(body, ("Status", "State"))
    if state in {"Absent", "Disabled"}:
        return BAD, Reason.ABSENT
    return (UNCERTAIN, Reason.DISCONNECTED) if state == "UnavailableOffline" else None


def leaking(raw: object) -> Value | Reason:
    """A LeakDetector as dry, leak or fault: one switched off sees nothing, a failing one may still have seen."""
    if not isinstance(raw, dict):
        return Reason.GARBLED
    state = dig(raw, ("Status", "State"))
    if raw.get("Enabled") is False or state in {"Absent", "Disabled"} or "DetectorState" not in raw:
        return Reason.ABSENT
    word = coded(LEAKING)(raw["DetectorState"])
    return "fault" if state == "UnavailableOffline" and word != "leak" else word


def sensor(said: tuple[object, object], at: tuple[str | int, ...] = ()) -> Gate:
    """A sensor's own state and range; and its type and unit, which must be those that were ``said`` on connecting."""

    def gate(whole: Body) -> Verdict:
        body = dig(whole, at)
        if not isinstance(body, dict):
            return BAD, Reason.ABSENT
        state = dig(body, ("Status", "State"))
        if state in {"Absent", "Disabled"}:
            return BAD, Reason.ABSENT
        if state in {"UnavailableOffline", "StandbyOffline"}:
            return BAD, Reason.DISCONNECTED
        if said != (body.get("ReadingType"), body.get("ReadingUnits")):
            return UNCERTAIN, Reason.IMPLAUSIBLE
        return None if _in_range(body) else (UNCERTAIN, Reason.OUT_OF_RANGE)

    return gate


def control(place: tuple[str, ...], outer: Gate) -> Gate:
    """A set point that is not in force is none."""

    def gate(body: Body) -> Verdict:
        if dig(body, (*place, "ControlMode")) == "Disabled":
            return BAD, Reason.ABSENT
        return outer(body)

    return gate


def _in_range(body: Body) -> bool:
    low, value, high = (_number(body.get(key)) for key in ("ReadingRangeMin", "Reading", "ReadingRangeMax"))
    if low is None or value is None or high is None:
        return True
    return not low < high or low <= value <= high


def _number(raw: object) -> float | None:
    return raw if isinstance(raw, int | float) and not isinstance(raw, bool) else None


def _entry(entries: list[Any], key: str | int) -> object:
    if isinstance(key, int):
        return entries[key] if key < len(entries) else MISSING
    for entry in entries:
        if isinstance(entry, dict) and key in {str(entry.get("Name")), str(entry.get("MemberId"))}:
            return entry
    return MISSING


def _shown(raw: object) -> Value | None:
    if raw is MISSING or raw is None:
        return None
    if isinstance(raw, dict):
        raw = "/".join(str(raw[key]) for key in ("DetectorState", "State", "Health", "HealthRollup") if key in raw)
    if isinstance(raw, float | bool) or (isinstance(raw, int) and abs(raw) < 2**63):
        return raw
    return str(raw)[:LONGEST_RAW]
