"""Records: the content of the journal's streams, as msgpack arrays whose first element names the kind.

A decoder accepts only what it knows; the kinds are versioned by adding new tags, never by changing old ones.
"""

import math
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from edgeagent.model.errors import WireError
from edgeagent.model.event import Event
from edgeagent.model.reading import Reading, ReadingBatch

MAX_TEXT = 1024
Text = Annotated[str, Meta(max_length=MAX_TEXT)]
Natural = Annotated[int, Meta(ge=0, le=2**63 - 1)]
"""What also fits SQLite's integers."""


class PointSpec(Struct, array_like=True, frozen=True):
    """One point of a described device; ``codes`` lists the words of an enumeration."""

    name: Text
    kind: Text
    unit: Text
    type: Text
    codes: tuple[Text, ...] = ()
    label: Text = ""


class Entry(Struct, array_like=True, frozen=True):
    """One reading: its name within the device and its value; an empty quality is GOOD (two bytes instead of six)."""

    name: Text
    value: float | int | bool | str | None
    quality: Text = ""
    reason: Text = ""


class Sample(Struct, array_like=True, frozen=True, tag="sample"):
    """One poll of one group.

    ``boot`` is the first 8 digits of the boot id, ``time_s`` CLOCK_BOOTTIME of that boot.
    """

    boot: Text
    time_s: float
    device: Text
    group: Text
    readings: tuple[Entry, ...]


class Described(Struct, array_like=True, frozen=True, tag="described"):
    """What a device told on connecting: identity, then its points."""

    boot: Text
    time_s: float
    device: Text
    vendor: Text
    model: Text
    serial: Text
    firmware: Text
    points: tuple[PointSpec, ...]


class ClockAnchor(Struct, array_like=True, frozen=True, tag="clock"):
    """Wall time beside boot time; ``boot_id`` is whole, ``why`` is start, periodic or step."""

    boot_id: Text
    boottime_s: float
    wall_s: float
    trusted: bool
    why: Text


class EpochOpened(Struct, array_like=True, frozen=True, tag="epoch"):
    """A new epoch of the stream it stands in: earlier (epoch, last sequence known) pairs end there."""

    why: Text
    earlier: tuple[tuple[Natural, Natural], ...]


class Gap(Struct, array_like=True, frozen=True, tag="gap"):
    """Sequences first..last of an epoch of the same stream were dropped before the NOC had them."""

    epoch: Natural
    first: Natural
    last: Natural
    why: Text


class Lost(Struct, array_like=True, frozen=True, tag="lost"):
    """How many records of the same stream never got a sequence, by reason, in all so far."""

    why: Text
    count: Natural


class Audited(Struct, array_like=True, frozen=True, tag="audit"):
    """One link of the audit chain: ``previous`` is the hexadecimal head before it."""

    previous: Text
    boot: Text
    time_s: float
    subject: Text
    action: Text
    detail: Annotated[str, Meta(max_length=8192)]


class AlarmChanged(Struct, array_like=True, frozen=True, tag="alarm"):
    """What happened to an alarm: ``word`` is raised, cleared, acknowledged, shelved, unshelved, chattering, changed or
    closed; the rest is how it is after it, and ``stands`` whether its condition holds. ``until_s`` is when its shelf
    ends, CLOCK_BOOTTIME of ``boot``.
    """

    boot: Text
    time_s: float
    key: Text
    severity: Text
    text: Text
    parent: Text
    cause: Text
    word: Text
    stands: bool
    by: Text = ""
    why: Text = ""
    until_s: float | None = None
    times: Natural = 1


class Happened(Struct, array_like=True, frozen=True, tag="event"):
    """A fact that was told once, and proves nothing: who told it, its kind, whom it is about, and what people read.

    ``severity`` is critical, major, minor, warning or info; ``time_s`` is CLOCK_BOOTTIME of hearing it.
    """

    boot: Text
    time_s: float
    origin: Text
    word: Text
    subject: Text
    text: Text
    severity: Text


Record = Sample | Described | ClockAnchor | EpochOpened | Gap | Lost | Audited | AlarmChanged | Happened

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Record] = msgspec.msgpack.Decoder(Record)


def encode(record: Record) -> bytes:
    """The record's bytes."""
    return _encoder.encode(record)


def decode(content: bytes) -> Record:
    """The record in these bytes.

    Raises:
        WireError: they are not a record of a known kind, or hold a number that is not finite.
    """
    try:
        record = _decoder.decode(content)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WireError(f"cannot decode a record of {len(content)} bytes: {error}") from error
    if not all(map(math.isfinite, _floats(record))):
        raise WireError(f"cannot decode a record of {len(content)} bytes: it holds a number that is not finite")
    return record


def sample_of(boot_id: str, batch: ReadingBatch) -> Sample:
    """A poll's readings as one record."""
    return Sample(boot_id[:8], batch.time_s, batch.device, batch.group, tuple(map(_entry, batch.readings)))


def happened_of(boot_id: str, event: Event) -> Happened:
    """An event as a record; what is too long is cut."""
    words = (event.origin, event.word, event.subject, event.text)
    origin, word, subject, text = (one[:MAX_TEXT] for one in words)
    return Happened(boot_id[:8], event.time_s, origin, word, subject, text, event.severity)


def _entry(reading: Reading) -> Entry:
    name = reading.point.partition("/")[2]
    if reading.reason is None:
        return Entry(name, reading.value)
    return Entry(name, reading.value, reading.quality.value, reading.reason.value)


def _floats(record: Record) -> Iterator[float]:
    match record:
        case Sample():
            yield record.time_s
            yield from (entry.value for entry in record.readings if isinstance(entry.value, float))
        case ClockAnchor():
            yield from (record.boottime_s, record.wall_s)
        case Described() | Audited() | Happened():
            yield record.time_s
        case AlarmChanged():
            yield from (record.time_s, record.until_s or 0.0)
