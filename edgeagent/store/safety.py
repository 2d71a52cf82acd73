"""``safety.db``: the audit chain, alarms, the sequences telemetry may use, small facts. Every commit is synced."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace

from edgeagent.core.database import Database
from edgeagent.model.journal import Ack, Stream
from edgeagent.store.ledger import Ledger, Tally, store_tally, store_total
from edgeagent.store.queue import Queued
from edgeagent.store.records import MAX_SEQUENCE, Stretch
from edgeagent.store.reserve import Reserve
from edgeagent.store.schema import SAFETY_STREAMS
from edgeagent.store.shelf import DELETE_RECORDS, Shelf, Supply, put_fact
from edgeagent.wire import chain

HEAD_FACT = "store.audit_head"
INNER = "store."
"""What the names of the store's own facts begin with."""
SEALED = "sealed"
SEALED_BYTES = "sealed_bytes"
_SEAL_SQL = """INSERT INTO sealed (epoch, sequence, at_s, content) SELECT ?, place & ?, at_s, content FROM records
    WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?"""
_SEALED_SIZE_SQL = """SELECT count(*), coalesce(sum(size), 0) FROM (SELECT length(content) AS size FROM records
    WHERE place BETWEEN ? AND ? ORDER BY place LIMIT ?)"""


class SafetyShelf(Shelf):
    """The streams ``audit`` and ``alarm``. When the disk is full, the reserve is given up for them."""

    streams = SAFETY_STREAMS
    checked = False  # evidence is given as it is: the chain tells whether it was changed

    def __init__(self, database: Database, ledger: Ledger, supply: Supply, reserve: Reserve) -> None:
        super().__init__(database, ledger, supply)
        self.reserve = reserve
        self.facts = load_facts(database)
        self.head = bytes.fromhex(str(self.facts.get(HEAD_FACT, chain.GENESIS.hex())))
        self._next_head = self.head
        self._sealed_now: dict[str, int] = {}

    def put_facts(self, facts: Mapping[str, object]) -> None:
        """Keep small facts for good.

        Raises:
            StoreError: the disk refused.
        """
        self.keep(facts)
        self._learned(facts)

    def reserve_sequences(self, stream: Stream, epoch: int, last: int, upto: int) -> None:
        """Let the other file use the sequences up to ``upto``, and remember its last one.

        Raises:
            StoreError: the disk refused; nothing may be used.
        """
        tally = self.ledger.epochs[stream].get(epoch, Tally())
        after = replace(tally, last=last, ceiling=max(upto, tally.ceiling), first=last + 1)
        self._insist(lambda: self.database.transact(lambda connection: store_tally(connection, stream, epoch, after)))
        self.ledger.put(stream, epoch, after)

    def prune(self, keep_s: float, budget_bytes: int) -> int:
        """Delete one slice of acknowledged audit that is too old or too much; returns how many went."""
        gone, size = self.database.transact(lambda connection: self._prune(connection, keep_s, budget_bytes))
        self.ledger.add(Stream.AUDIT, SEALED, -gone)
        self.ledger.add(Stream.AUDIT, SEALED_BYTES, -size)
        return gone

    def _write(
        self,
        connection: sqlite3.Connection,
        grouped: dict[Stream, list[Queued]],
        lost: dict[Stream, dict[str, int]],
    ) -> dict[Stream, Tally]:
        self._next_head = self.head  # what an earlier transaction would have made it was never kept
        return super()._write(connection, grouped, lost)

    def _contents(self, connection: sqlite3.Connection, stream: Stream, items: Sequence[Queued]) -> list[bytes]:
        if stream is not Stream.AUDIT:
            return super()._contents(connection, stream, items)
        contents, head = [], self.head
        for item in items:
            contents.append(item.made(head.hex()))
            head = chain.link(head, contents[-1])
        put_fact(connection, HEAD_FACT, head.hex())
        self._next_head = head
        return contents

    def _applied(self) -> None:
        self.head = self._next_head

    def _learned(self, facts: Mapping[str, object]) -> None:
        self.facts = {**self.facts, **facts}

    def _find_space(self) -> None:
        self.reserve.release()
        super()._find_space()

    def settle(self, ack: Ack) -> int | None:
        """As on every shelf; what was sealed is counted."""
        self._sealed_now = {}
        gone = super().settle(ack)
        if ack.stream is Stream.AUDIT:
            self._count_sealed()
        return gone

    def _count_sealed(self) -> None:
        for name, count in self._sealed_now.items():
            self.ledger.add(Stream.AUDIT, name, count)

    def _seal(self, connection: sqlite3.Connection, where: tuple[Stream, int], stretch: Stretch) -> None:
        if where[0] is not Stream.AUDIT:
            return
        count, size = connection.execute(_SEALED_SIZE_SQL, stretch.where).fetchone()
        connection.execute(_SEAL_SQL, (where[1], MAX_SEQUENCE, *stretch.where))
        store_total(connection, Stream.AUDIT, SEALED, count)
        store_total(connection, Stream.AUDIT, SEALED_BYTES, size)
        self._sealed_now = {SEALED: count, SEALED_BYTES: size}

    def _prune(self, connection: sqlite3.Connection, keep_s: float, budget_bytes: int) -> tuple[int, int]:
        excess = self.ledger.totals[Stream.AUDIT][SEALED_BYTES] - budget_bytes
        rows = connection.execute(
            "SELECT number, at_s, length(content) FROM sealed ORDER BY number LIMIT ?", (DELETE_RECORDS,)
        ).fetchall()
        gone = size = 0
        for number, at_s, length in rows:
            if at_s > self._life_s() - keep_s and size >= excess:
                break
            connection.execute("DELETE FROM sealed WHERE number = ?", (number,))
            gone, size = gone + 1, size + length
        store_total(connection, Stream.AUDIT, SEALED, -gone)
        store_total(connection, Stream.AUDIT, SEALED_BYTES, -size)
        return gone, size


def load_facts(database: Database) -> dict[str, object]:
    """Every fact in the file."""
    rows = database.query(lambda connection: connection.execute("SELECT name, value FROM facts").fetchall())
    return {name: json.loads(value) for name, value in rows}
