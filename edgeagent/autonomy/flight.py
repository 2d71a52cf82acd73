"""The flight recording: what each decision was made from, as JSON lines that a person can read and write.

The first line of a file is a head: ``{"flight":1, "boot", "time_s", "wall_s", "trusted", "version", "points",
"memory"}``. Each other line is one decision: ``{"t": time_s, "r": [[point, value, time_s, quality, reason], …], …}``
with the readings that changed; a point is its place in the head's list, or its name. ``g`` are the points that are
gone, ``i`` the intents, ``l`` the locks, ``o`` the outputs and ``a`` the alarms where they changed; ``x`` the latches
that were reset; ``h`` tells the decision from others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from sys import float_info
from types import MappingProxyType
from typing import Annotated

import msgspec
from msgspec import Meta

from edgeagent.model.decision import Decision, Memory
from edgeagent.model.errors import RecordingInvalid
from edgeagent.model.intent import Choice, Intent, Output, Range, Rank
from edgeagent.model.limit import LimitMemory
from edgeagent.model.points import PointId
from edgeagent.model.reading import Quality, Reading, Reason, Value

VERSION = 1
MAX_LINE_BYTES = 16 * 1024 * 1024
MAX_POINTS = 50_000
MAX_WHOLE = 2**64
"""Whole numbers are smaller: a Counter64 is the largest there is."""
Text = Annotated[str, Meta(max_length=1024)]
Cell = int | float | bool | Text | None
Seen = tuple[Cell, ...]
"""Point, value and time; for what is not GOOD also quality and reason."""
Asked = tuple[Text, tuple[float | Text, ...], int, Text, Text, float]


class Head(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="flight", tag=VERSION):
    """How things stood when the file began."""

    boot: Text
    time_s: float
    wall_s: float
    trusted: bool
    version: Text
    points: Annotated[tuple[Text, ...], Meta(max_length=MAX_POINTS)]
    memory: Memory


class Tick(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One decision; None is "as before"."""

    t: float
    r: tuple[Seen, ...] = ()
    g: tuple[int | Text, ...] = ()
    i: tuple[Asked, ...] | None = None
    l: tuple[Text, ...] | None = None  # noqa: E741 - the names are short because there are millions of them
    x: tuple[Text, ...] = ()
    o: tuple[tuple[Text, Value, Text], ...] | None = None
    a: tuple[Text, ...] | None = None
    h: Text = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a line stands, for messages."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def _plain(value: object) -> object:
    if isinstance(value, MappingProxyType):
        return dict(value)
    raise TypeError(f"cannot write a {type(value).__name__} into a recording")


_encoder = msgspec.json.Encoder(enc_hook=_plain)
_heads: msgspec.json.Decoder[Head] = msgspec.json.Decoder(Head)
_ticks: msgspec.json.Decoder[Tick] = msgspec.json.Decoder(Tick)


def encode(line: Head | Tick) -> bytes:
    """One line with its end."""
    return _encoder.encode(line) + b"\n"


def decode_head(line: bytes, origin: Origin) -> Head:
    """The head in a line.

    Raises:
        RecordingInvalid: it is none.
    """
    try:
        head = _heads.decode(_bounded(line))
        return msgspec.structs.replace(head, memory=_reduced(head.memory))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RecordingInvalid(f"cannot use {origin}: it is no head of a flight recording: {error}") from error


def decode_tick(line: bytes, origin: Origin) -> Tick:
    """The decision in a line.

    Raises:
        RecordingInvalid: it is none.
    """
    try:
        return _ticks.decode(_bounded(line))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise RecordingInvalid(f"cannot use {origin}: {error}") from error


def seen(place: int | str, reading: Reading) -> Seen:
    """A reading as it is written."""
    if reading.reason is None:
        return (place, reading.value, reading.time_s)
    return (place, reading.value, reading.time_s, reading.quality.value, reading.reason.value)


def reading(one: Seen, points: Sequence[str], origin: Origin) -> Reading:
    """A reading as it was, without its source.

    Raises:
        RecordingInvalid: there is no such point, quality or reason.
    """
    try:
        place, value, time_s, *doubt = one
        point, value, at_s = _point(place, points), _value(value), _time_s(time_s)
        if not doubt:
            return Reading(point, value, at_s)
        quality, reason = doubt
        return Reading(point, value, at_s, Quality(str(quality)), Reason(str(reason)))
    except (ValueError, OverflowError) as error:
        raise RecordingInvalid(f"cannot use {origin}: the reading {one}: {error}") from error


def gone(place: int | str, points: Sequence[str], origin: Origin) -> PointId:
    """A point that has left the image.

    Raises:
        RecordingInvalid: there is no such point.
    """
    try:
        return _point(place, points)
    except ValueError as error:
        raise RecordingInvalid(f"cannot use {origin}: {error}") from error


def asked(intent: Intent) -> Asked:
    """An intent as it is written."""
    allows = intent.allows
    words: tuple[float | str, ...] = (
        tuple(sorted(allows.words)) if isinstance(allows, Choice) else (_finite(allows.low), _finite(allows.high))
    )
    return (intent.target, words, int(intent.rank), intent.source, intent.reason, intent.expires_s)


def intent(one: Asked, origin: Origin) -> Intent:
    """An intent as it was.

    Raises:
        RecordingInvalid: it allows nothing, or its rank does not exist.
    """
    target, words, rank, source, reason, expires_s = one
    try:
        if words and all(isinstance(word, float | int) for word in words):
            low, high = words
            return Intent(PointId(target), Range(float(low), float(high)), Rank(rank), source, reason, expires_s)
        allows = Choice(frozenset(map(str, words)))
        return Intent(PointId(target), allows, Rank(rank), source, reason, expires_s)
    except ValueError as error:
        raise RecordingInvalid(f"cannot use {origin}: an intent for {target}: {error}") from error


def fingerprint(decision: Decision) -> str:
    """The same for the same outputs, alarms, steps and cooling, on every run, by whatever tables they came about."""
    outputs = [(one.target, one.value, one.rank, one.source, one.reason, one.limited) for one in decision.outputs]
    told = (outputs, decision.alarms, decision.trace, decision.cool)
    return sha256(repr(told).encode()).hexdigest()[:16]


def told(outputs: Sequence[Output]) -> tuple[tuple[str, Value, str], ...]:
    """Outputs as they are written."""
    return tuple((one.target, one.value, one.source) for one in outputs)


def _bounded(line: bytes) -> bytes:
    if len(line) > MAX_LINE_BYTES:
        raise ValueError(f"it is longer than {MAX_LINE_BYTES >> 20} MiB")
    return line


def _point(place: Cell, points: Sequence[str]) -> PointId:
    if isinstance(place, str):
        return PointId(place)
    if type(place) is not int or not 0 <= place < len(points):
        raise ValueError(f"there is no point {place}")
    return PointId(points[place])


def _value(value: Cell) -> Cell:
    if isinstance(value, int) and abs(value) >= MAX_WHOLE:
        raise ValueError("its value has more than 64 bits")
    return value


def _time_s(time_s: Cell) -> float:
    if isinstance(time_s, bool | str) or time_s is None:
        raise ValueError("its time is no number")
    return float(time_s)


def _finite(number: float) -> float:
    """An open end as the largest number: JSON knows no infinity."""
    return max(-float_info.max, min(float(number), float_info.max))


def _reduced(memory: Memory) -> Memory:
    """The memory as it is over recorded readings, which have no source."""
    limits: Mapping[str, LimitMemory] = {name: _without_source(one) for name, one in memory.limits.items()}
    return replace(
        memory,
        limits=MappingProxyType(dict(limits)),
        interlocks=MappingProxyType(dict(memory.interlocks)),
        attention=None,
    )


def _without_source(one: LimitMemory) -> LimitMemory:
    found = one.seen
    if found is None:
        return one
    return one._replace(seen=Reading(found.point, found.value, found.time_s, found.quality, found.reason))
