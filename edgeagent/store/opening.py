"""Which epoch a stream goes on in, decided from what both files and the seal say of the last run. Pure.

An epoch is a number below 2**53. A new one lies above every epoch that either file knows, by a random step of up to
2**27: it grows for as long as one file remembers, and if both are restored to an older state the new epochs still
differ from those that were forgotten (one chance in 134 million). 134 million epochs fit, one every ten seconds for
42 years.

A clean stop leaves a **seal** beside the files: the number of the run, and each file's inode, change time and size as
they were after closing. The change time cannot be set by any tool, so a file put back from a copy breaks the seal, even
when both files are put back together. Only a stream whose file is as it was closed goes on in its epoch.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from edgeagent.model.journal import Stream
from edgeagent.store.ledger import Ledger, Tally
from edgeagent.store.schema import SAFETY_STREAMS

MAX_EPOCH = 2**53
STEP_BITS = 27
ANNOUNCED_EPOCHS = 32
"""Earlier epochs that an EpochOpened names; the ones before stand in theirs."""


@dataclass(frozen=True, slots=True)
class Incarnation:
    """One run of the agent with these files: a number that grows, and a nonce that no other run has."""

    number: int
    nonce: str

    def next(self, source: random.Random) -> "Incarnation":
        """The run after this one."""
        return Incarnation(self.number + 1, f"{source.getrandbits(64):016x}")


@dataclass(frozen=True, slots=True)
class Found:
    """What opening a file gave: its last run (None: it is new), and why it is new where that is known."""

    incarnation: Incarnation | None
    why_new: str = ""
    intact: bool = False
    """The file is as the seal of its last run describes it."""
    sealed: bool = False
    """There was a seal, whether it fits or not."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What to do with one stream: go on (``why`` is empty), or begin an epoch and say why."""

    epoch: int
    why: str = ""
    earlier: tuple[tuple[int, int], ...] = field(default=())


def why_safety(safety: Found, telemetry: Found) -> str:
    """Why the streams of ``safety.db`` begin an epoch; empty when they go on."""
    if safety.incarnation is None:
        return _why_new(safety, telemetry, "safety.db")
    if telemetry.incarnation is not None and telemetry.incarnation.number > safety.incarnation.number:
        return "an older safety.db was restored"
    return "" if safety.intact else _why_broken(safety, telemetry)


def why_telemetry(safety: Found, telemetry: Found) -> str:
    """Why the stream of ``telemetry.db`` begins an epoch; empty when it goes on."""
    if telemetry.incarnation is None:
        return _why_new(telemetry, safety, "telemetry.db")
    if safety.incarnation is None:
        return safety.why_new or "safety.db was missing"
    if telemetry.incarnation.number < safety.incarnation.number:
        return "an older telemetry.db was restored"
    if telemetry.incarnation.number > safety.incarnation.number:
        return "an older safety.db was restored"
    return "" if telemetry.intact and safety.intact else _why_broken(safety, telemetry)


def next_epoch(known: int, source: random.Random) -> int:
    """A number above every known epoch.

    Raises:
        OverflowError: there is none left below 2**53.
    """
    epoch = known + 1 + source.getrandbits(STEP_BITS)
    if epoch >= MAX_EPOCH:
        raise OverflowError(f"cannot open an epoch after {known}: none is left")
    return epoch


def known_epochs(safety: Ledger, telemetry: Ledger | None) -> dict[Stream, dict[int, Tally]]:
    """Every epoch of every stream, with the highest end that either file knows.

    The mirror in ``safety.db`` bounds what telemetry may have sent, so it always counts. The mirror in ``telemetry.db``
    lags behind, so it counts only where ``safety.db`` knows less.
    """
    merged = {stream: dict(epochs) for stream, epochs in safety.epochs.items()}
    if telemetry is None:
        return merged
    for stream in SAFETY_STREAMS:
        for epoch, mirror in telemetry.epochs[stream].items():
            own = merged[stream].get(epoch)
            if own is None or mirror.last > own.last:
                merged[stream][epoch] = (own or Tally()).ended(mirror.last, MAX_EPOCH)
    for epoch, own in telemetry.epochs[Stream.TELEMETRY].items():
        mirror = safety.epochs[Stream.TELEMETRY].get(epoch, Tally())
        merged[Stream.TELEMETRY][epoch] = own.ended(mirror.last, mirror.ceiling)
    return merged


def open_stream(
    stream: Stream,
    why: str,
    known: Mapping[Stream, Mapping[int, Tally]],
    own: Mapping[int, Tally],
    source: random.Random,
) -> Opening:
    """Go on in the file's newest epoch, or begin one above everything known."""
    if not why and own:
        return Opening(max(own))
    highest = max((epoch for epochs in known.values() for epoch in epochs), default=0)
    ends = sorted((epoch, tally.last) for epoch, tally in known[stream].items())
    return Opening(next_epoch(highest, source), why or "first start", tuple(ends[-ANNOUNCED_EPOCHS:]))


def _why_new(new: Found, other: Found, name: str) -> str:
    if new.why_new:
        return new.why_new
    return "first start" if other.incarnation is None and not other.why_new else f"{name} was missing"


def _why_broken(safety: Found, telemetry: Found) -> str:
    sealed = safety.sealed or telemetry.sealed
    return "a file was replaced while the agent was stopped" if sealed else "unclean stop"
