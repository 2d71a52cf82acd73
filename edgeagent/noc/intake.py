"""Intake: one transaction that takes messages into the database, each record once.

It runs on the database's writer thread and changes no memory but its own ``Changes``. What makes no sense is counted
by reason and set aside; nothing that a pod can send ends it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from edgeagent.model.errors import WireError
from edgeagent.model.journal import Batch, Stream
from edgeagent.noc.chain import follow
from edgeagent.noc.coverage import Coverage, CoverKey
from edgeagent.noc.fleet import Changes, Fleet
from edgeagent.noc.ranges import Ranges
from edgeagent.noc.reader import Reader
from edgeagent.wire import frame, presence
from edgeagent.wire.frame import STREAM_CODES
from edgeagent.wire.topics import Address, Leaf, parse

MOST_ASIDE = 200
MOST_ASIDE_BYTES = 16 * 1024
UNKNOWN_KIND = "record of unknown kind"


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message from the broker, and the NOC's wall time when it came."""

    topic: str
    payload: bytes
    retain: bool
    received_s: float


class Refused(WireError):
    """A message that cannot be used; ``reason`` is one of a few words, fit to be counted by."""

    def __init__(self, reason: str, error: object) -> None:
        super().__init__(str(error))
        self.reason = reason


class Intake:
    """One transaction."""

    def __init__(self, connection: sqlite3.Connection, fleet: Fleet) -> None:
        self._connection = connection
        self._fleet = fleet
        self._reader = Reader(connection)
        self._changes = Changes()

    def take(self, arrivals: Sequence[Arrival]) -> Changes:
        """Take all messages in, and tell what changed."""
        for arrival in arrivals:
            try:
                self._take(arrival)
            except Refused as refused:
                self._set_aside(arrival, refused)
        self._reader.finish()
        for pod in {pod for pod, stream, _ in self._changes.touched if stream is Stream.AUDIT}:
            self._changes.chains[pod] = follow(self._connection, pod, self._audit_covers(pod))
        for key, cover in self._changes.covers.items():
            self._write_held(key, self._fleet.covers.get(key, Coverage()).held, cover.held)
        rows = self._changes.refused.items()
        count = "INSERT INTO refused VALUES (?, ?) ON CONFLICT DO UPDATE SET count = count + excluded.count"
        self._connection.executemany(count, rows)
        return self._changes

    # -- one message

    def _take(self, arrival: Arrival) -> None:
        try:
            address, leaf = parse(arrival.topic)
        except WireError as error:
            raise Refused("topic", error) from error
        if leaf is Leaf.JOURNAL:
            self._take_frame(address, arrival)
        elif leaf is Leaf.PRESENCE:
            self._take_presence(address, arrival)
        else:
            raise Refused("topic", f"cannot use a message on {arrival.topic}: the NOC does not listen there")

    def _take_presence(self, address: Address, arrival: Arrival) -> None:
        try:
            presence.decode(arrival.payload)
        except WireError as error:
            raise Refused("presence", error) from error
        self._reader.presence(self._pod(address, arrival), arrival.payload, arrival.received_s)

    def _take_frame(self, address: Address, arrival: Arrival) -> None:
        try:
            batch = frame.decode(arrival.payload)
        except WireError as error:
            raise Refused("frame", error) from error
        key = (self._pod(address, arrival), batch.stream, batch.epoch)
        cover = self._changing(key)
        self._changes.touched.add(key)
        fresh = list(enumerate(batch.records, start=batch.first_sequence))
        if cover.held.touches(batch.first_sequence, batch.last_sequence):
            fresh = list(self._unknown(key, cover.held, batch, arrival.received_s))
        self._insert(key, fresh)
        cover.held.add(batch.first_sequence, batch.last_sequence)
        for sequence, content in fresh:
            self._understand(key, sequence, content, arrival.received_s)

    def _pod(self, address: Address, arrival: Arrival) -> int:
        number = self._fleet.pods.get(address) or self._changes.pods.get(address)
        if number is None:
            number = self._changes.pods[address] = self._new_pod(address, arrival.received_s)
        elif not arrival.retain:
            self._connection.execute("UPDATE pod SET last_seen_s = ? WHERE id = ?", (arrival.received_s, number))
        return number

    def _new_pod(self, address: Address, received_s: float) -> int:
        if len(self._fleet.pods) + len(self._changes.pods) >= self._fleet.most_pods:
            raise Refused("too many pods", f"cannot take in {address}: {self._fleet.most_pods} pods are known")
        row = (address.site, address.pod, received_s, received_s)
        statement = "INSERT INTO pod (site, name, first_seen_s, last_seen_s) VALUES (?, ?, ?, ?)"
        number = self._connection.execute(statement, row).lastrowid
        assert number is not None
        return number

    # -- records

    def _unknown(self, key: CoverKey, held: Ranges, batch: Batch, received_s: float) -> Iterator[tuple[int, bytes]]:
        """The records of a batch that are not held yet. One that is held with other content is kept as a conflict."""
        place = (key[0], STREAM_CODES[batch.stream], batch.epoch)
        rows = dict(
            self._connection.execute(
                "SELECT sequence, content FROM record"
                " WHERE (pod, stream, epoch) = (?, ?, ?) AND sequence BETWEEN ? AND ?",
                (*place, batch.first_sequence, batch.last_sequence),
            )
        )
        for sequence, content in enumerate(batch.records, start=batch.first_sequence):
            if sequence not in held:
                yield sequence, content
            elif rows.get(sequence, content) == content:
                self._changes.duplicates += 1
            else:
                self._changes.conflicts += 1
                row = (*place, sequence, content, received_s)
                self._connection.execute("INSERT OR IGNORE INTO conflict VALUES (?, ?, ?, ?, ?, ?)", row)

    def _insert(self, key: CoverKey, fresh: Sequence[tuple[int, bytes]]) -> None:
        pod, stream, epoch = key
        code = STREAM_CODES[stream]
        self._changes.records += len(fresh)
        self._connection.executemany(
            "INSERT INTO record (pod, stream, epoch, sequence, content) VALUES (?, ?, ?, ?, ?)",
            [(pod, code, epoch, sequence, content) for sequence, content in fresh],
        )

    def _understand(self, key: CoverKey, sequence: int, content: bytes, received_s: float) -> None:
        """Read a record; what it tells of lost sequences moves the watermark of its stream."""
        pod, stream, _ = key
        found = self._reader.read(key, sequence, content, received_s)
        if found is None:
            self._count(UNKNOWN_KIND)
            return
        for gap in found.gaps:
            self._changing((pod, stream, gap.epoch)).gaps.add(gap.first, gap.last)
            self._changes.touched.add((pod, stream, gap.epoch))
        for epoch, last in found.ends:
            self._changing((pod, stream, epoch)).end = last

    def _changing(self, key: CoverKey) -> Coverage:
        if key not in self._changes.covers:
            known = self._fleet.covers.get(key)
            self._changes.covers[key] = Coverage() if known is None else known.copy()
        return self._changes.covers[key]

    def _audit_covers(self, pod: int) -> dict[int, Coverage]:
        fresh = {epoch for owner, stream, epoch in self._changes.covers if (owner, stream) == (pod, Stream.AUDIT)}
        epochs = fresh | self._fleet.epochs.get((pod, Stream.AUDIT), set())
        return {epoch: self._cover((pod, Stream.AUDIT, epoch)) for epoch in epochs}

    def _cover(self, key: CoverKey) -> Coverage:
        return self._changes.covers.get(key) or self._fleet.covers[key]

    def _write_held(self, key: CoverKey, before: Ranges, after: Ranges) -> None:
        old, new = set(before), set(after)
        place = (key[0], STREAM_CODES[key[1]], key[2])
        gone, come = [(*place, first) for first, _ in old - new], [(*place, *span) for span in new - old]
        self._connection.executemany("DELETE FROM held WHERE (pod, stream, epoch, first) = (?, ?, ?, ?)", gone)
        self._connection.executemany("INSERT INTO held VALUES (?, ?, ?, ?, ?)", come)

    # -- what makes no sense

    def _set_aside(self, arrival: Arrival, refused: Refused) -> None:
        self._count(refused.reason)
        row = (arrival.received_s, arrival.topic[:256], str(refused)[:256], arrival.payload[:MOST_ASIDE_BYTES])
        self._connection.execute("INSERT INTO aside (received_s, topic, reason, content) VALUES (?, ?, ?, ?)", row)
        self._connection.execute("DELETE FROM aside WHERE id <= (SELECT max(id) FROM aside) - ?", (MOST_ASIDE,))

    def _count(self, reason: str) -> None:
        self._changes.refused[reason] = self._changes.refused.get(reason, 0) + 1
