"""The ports that carry the system, and the doors by which sibling rooms meet.

A port is written here when its first user is built; ``docs/architecture.md`` lists those to come.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from edgeagent.model.device import DeviceInfo
from edgeagent.model.intent import Domain, Hold, Outcome, Output
from edgeagent.model.journal import Ack, AuditEntry, Batch, Extent, Position, Stream, StreamCounts
from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading, Value

Beat = Callable[[], None]
"""A Service calls it to say that it is alive."""


Permit = Callable[[], Awaitable[str]]
"""Awaited right before the first write of an act: why it may not be written, or nothing."""


async def granted() -> str:
    """A Permit that grants."""
    return ""


class Driver(Protocol):
    """A device we read."""

    async def connect(self) -> DeviceInfo:
        """Reach the device and learn its identity, points and groups.

        Raises:
            DeviceError: it cannot be reached, refuses, or answers nonsense.
        """

    async def read(self, group: str) -> Sequence[Reading]:
        """Every point of the group: a failed point is BAD with a reason; only a dead device raises.

        Raises:
            DeviceError: the device as a whole does not answer.
        """

    async def close(self) -> None:
        """Let go of the device; safe twice, and before ``connect``."""


class Actuator(Protocol):
    """A thing we set. Only the executor calls ``apply``."""

    @property
    def target(self) -> PointId:
        """What it sets: the point in which people and intents name it."""

    @property
    def domain(self) -> Domain:
        """Every value that it can take."""

    @property
    def safe(self) -> Value | Hold:
        """Where it goes when nobody proposes anything."""

    @property
    def feedback(self) -> PointId | None:
        """The point that shows the effect, where there is one."""

    @property
    def settle_s(self) -> float:
        """How long the effect may take to be read."""

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Clamp, write and read back; idempotent. What is looked at first is looked at while the permit is on its way.

        Raises:
            DeviceError: nothing is known of the device now; the outcome is open.
        """


class Service(Protocol):
    """Something that runs as long as the daemon does."""

    @property
    def name(self) -> str:
        """Its name in logs, status and metrics."""

    @property
    def beat_every_s(self) -> float:
        """The longest silence between two beats; beyond it the supervisor cancels and restarts the Service."""

    @property
    def critical(self) -> bool:
        """Whether the watchdog may be withheld when it cannot be brought back."""

    async def run(self, beat: Beat) -> None:
        """Work until cancelled; returning or raising ends this run and the supervisor starts the next."""


class Journal(Protocol):
    """Where records are kept until the NOC has them."""

    def append(self, stream: Stream, content: bytes) -> None:
        """Queue a record for the next group commit (at most 1 s away).

        A full queue or a full budget drops by priority and counts it; the caller never waits and nothing is raised.

        Raises:
            ValueError: the content is longer than ``MAX_RECORD_BYTES``.
        """

    async def append_durable(self, stream: Stream, content: bytes) -> Position:
        """Keep a record for good; returns once it is on the disk.

        Raises:
            StoreError: it could not be kept.
        """

    async def flush(self) -> None:
        """Return once everything appended so far is committed, or counted as dropped."""


class Outbox(Protocol):
    """The committed records that the NOC does not hold yet."""

    def extents(self) -> Sequence[Extent]:
        """What is pending, per stream and epoch, oldest epoch first; the current epoch of a stream is its last."""

    async def batch(
        self, stream: Stream, epoch: int, from_sequence: int, max_records: int, max_bytes: int
    ) -> Batch | None:
        """The first run of consecutive committed, pending records at or after ``from_sequence``, or None."""

    async def settle(self, ack: Ack) -> int:
        """Delete what the NOC holds; returns how many records that freed.

        Raises:
            StoreError: the ack speaks of sequences that were never committed; nothing is deleted.
        """

    async def wait_committed(self) -> None:
        """Return at the next group commit that made records pending."""

    def counts(self) -> Mapping[Stream, StreamCounts]:
        """What happened to each stream's records so far."""


class Facts(Protocol):
    """Small things that outlive the process, by name."""

    @property
    def knows_facts(self) -> bool:
        """Whether what was kept can be known; a store that opens late says no until then."""

    def fact(self, name: str) -> object | None:
        """What was kept (plain JSON data), or None."""

    def note_fact(self, name: str, value: object) -> None:
        """Keep plain JSON data: in the same transaction as the records that are queued by then; see ``Journal.append``.

        A newer value of the same name replaces one that was not written yet. Nothing is raised. A function in place of
        the value makes it when it is written, in another thread: what it looks at may no longer change. Bytes are JSON
        already.
        """


class FlightFiles(Protocol):
    """Where the flight recording is kept; nothing waits, and nothing is raised."""

    @property
    def wants_head(self) -> bool:
        """Whether the next line must be the head of a new file."""

    def begin(self, head: bytes) -> None:
        """Begin a file with this line."""

    def append(self, line: bytes, *, soon: bool = False) -> None:
        """Add a line; ``soon`` has it written at once."""


class Audit(Protocol):
    """Where acts are written down, as links of the audit chain."""

    def audit(self, subject: str, action: str, detail: str = "") -> None:
        """Queue one link: who or what, what it did, and why or with what."""

    async def audit_durable(self, subject: str, action: str, detail: str = "") -> Position:
        """Keep one link for good, before the act that it tells of.

        Raises:
            StoreError: it could not be kept.
        """


class AuditTrail(Protocol):
    """What was audited, read back."""

    async def audited(self, words: str, limit: int = 50) -> Sequence[AuditEntry]:
        """The newest entries in which the words stand, newest first; none where the store is not open."""


Handler = Callable[[Mapping[str, object], str], Mapping[str, object]]
"""Does one thing for a person, whose name comes second; raises ActRefused."""


class Operations(Protocol):
    """What people may have done, by name; the daemon's wiring fills it."""

    def perform(self, name: str, body: Mapping[str, object], by: str) -> Mapping[str, object]:
        """Do it for a person.

        Raises:
            ActRefused: there is no such operation, or it is not done; the message says why.
        """


class AuditHead(Protocol):
    """The end of the audit chain."""

    def head(self) -> str:
        """SHA-256 over the whole audit chain, in hexadecimal; attestation quotes it."""
