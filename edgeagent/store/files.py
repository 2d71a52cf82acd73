"""The two files of the store: opened, recognised, set aside when damaged, and sealed when closed."""

import random
import sqlite3
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from edgeagent.core.database import Database
from edgeagent.core.lockfile import LockFile
from edgeagent.core.migrations import TooNew
from edgeagent.core.sqlite import Profile
from edgeagent.model.errors import StoreDamaged, StoreError
from edgeagent.model.journal import Stream
from edgeagent.store import ledger as ledgers
from edgeagent.store.aside import set_aside
from edgeagent.store.ledger import Ledger, Tally
from edgeagent.store.life import Life
from edgeagent.store.opening import (
    Found,
    Incarnation,
    Opening,
    known_epochs,
    open_stream,
    why_safety,
    why_telemetry,
)
from edgeagent.store.reserve import Reserve
from edgeagent.store.safety import SafetyShelf, load_facts
from edgeagent.store.schema import SAFETY, SAFETY_FILE, SAFETY_STREAMS, TELEMETRY, TELEMETRY_FILE, place_of
from edgeagent.store.seal import Seal, break_seal, read_seal, write_seal
from edgeagent.store.shelf import Supply
from edgeagent.store.telemetry import TelemetryShelf

RESERVED_BLOCK = 2000
"""Sequences that one synced commit lets telemetry use."""
LOCK_FILE = "store.lock"
RESERVE_FILE = "reserve"
INCARNATION_FACT = "store.incarnation"
LIFE_FACT = "store.life_s"


@dataclass(slots=True)
class Opened:
    """A file that is open, before it is decided what to do with it."""

    database: Database
    ledger: Ledger
    facts: dict[str, object]
    found: Found
    newest_at_s: int


class Files:
    """Both shelves. All methods wait for the disk: they run before the daemon's loop, or on a thread beside it."""

    def __init__(self, folder: Path, life: Life, reserve_bytes: int, supplies: tuple[Supply, Supply]) -> None:
        self.folder = folder
        self.safety: SafetyShelf | None = None
        self.telemetry: TelemetryShelf | None = None
        self.reserve = Reserve(folder / RESERVE_FILE, reserve_bytes)
        self.notices: list[str] = []
        """What people should know of the last opening: files set aside, why an epoch was opened."""
        self._lock = LockFile(folder / LOCK_FILE)
        self._life = life
        self._supplies = supplies
        self._random = random.SystemRandom()
        self._incarnation = Incarnation(0, "")

    def open(self) -> None:
        """Open both files; what is damaged is set aside and begun anew.

        Raises:
            LockHeld: another process uses the folder.
            TooNew: a newer program wrote a file.
            StoreError: the disk refuses; nothing is open, and it can be tried again.
        """
        self._lock.acquire()
        seal = read_seal(self.folder)
        safety = self._open_file(SAFETY_FILE, SAFETY, seal)
        try:
            telemetry = self._try_telemetry(seal)
            try:
                self._begin(safety, telemetry)
            except StoreError:
                self._abandon(telemetry)
                raise
        except StoreError:
            self._abandon(safety)
            raise
        self.reserve.take()

    def reopen_telemetry(self, why: str) -> None:
        """Open ``telemetry.db`` beside a ``safety.db`` that goes on; its stream begins an epoch.

        Raises:
            StoreError: the disk still refuses.
        """
        assert self.safety is not None
        opened = self._open_file(TELEMETRY_FILE, TELEMETRY, None)
        try:
            self._begin_telemetry(self.safety, opened, why)
        except StoreError:
            self._abandon(opened)
            raise

    def close(self) -> None:
        """Close both files and seal them, if both are open and went on to the end; safe twice."""
        clean = self.safety is not None and self.telemetry is not None and self._keep_life()
        for shelf in (self.telemetry, self.safety):
            if shelf is not None:
                shelf.database.close_now()
        self.safety = self.telemetry = None
        if clean:
            write_seal(self.folder, self._incarnation, (SAFETY_FILE, TELEMETRY_FILE))
        self._lock.release()

    def abandon(self, *, damaged: str | None) -> None:
        """Close both files without a seal; the damaged one is set aside."""
        for shelf in (self.telemetry, self.safety):
            if shelf is not None:
                shelf.database.close_now()
        self.safety = self.telemetry = None
        if damaged is not None:
            set_aside(self.folder / damaged)

    def abandon_telemetry(self, *, damaged: bool) -> None:
        """Close ``telemetry.db`` alone, and set it aside when it is damaged."""
        if self.telemetry is not None:
            self.telemetry.database.close_now()
            self.telemetry = None
        if damaged:
            set_aside(self.folder / TELEMETRY_FILE)

    def _try_telemetry(self, seal: Seal | None) -> Opened | None:
        try:
            return self._open_file(TELEMETRY_FILE, TELEMETRY, seal)
        except TooNew:
            raise
        except StoreError as error:
            self.notices.append(str(error))
            return None

    def _open_file(self, name: str, profile: Profile, seal: Seal | None) -> Opened:
        path = self.folder / name
        looks_sealed = seal is not None and seal.fits(path, seal.incarnation)
        why_new = ""
        try:
            database, ledger, facts, newest_at_s = _load(path, profile)
        except StoreDamaged as error:
            aside = set_aside(path)
            why_new = f"{name} was damaged"
            self.notices.append(f"{error}; it was set aside as {aside.name}")
            database, ledger, facts, newest_at_s = _load(path, profile)
        incarnation = _incarnation(facts)
        intact = looks_sealed and seal is not None and incarnation == seal.incarnation
        return Opened(database, ledger, facts, Found(incarnation, why_new, intact, seal is not None), newest_at_s)

    def _begin(self, safety: Opened, telemetry: Opened | None) -> None:
        break_seal(self.folder)
        other = telemetry.found if telemetry else Found(None, f"{TELEMETRY_FILE} could not be opened")
        before = [one for one in (safety.found.incarnation, other.incarnation) if one is not None]
        newest = max(before, key=lambda one: one.number, default=Incarnation(0, ""))
        self._incarnation = newest.next(self._random)
        self._life.resume(max(_life_of(safety), _life_of(telemetry) if telemetry else 0))
        known = known_epochs(safety.ledger, telemetry.ledger if telemetry else None)
        why = why_safety(safety.found, other)
        openings: dict[Stream, Opening] = {}
        for stream in SAFETY_STREAMS:
            openings[stream] = open_stream(stream, why, known, safety.ledger.epochs[stream], self._random)
            known[stream].setdefault(openings[stream].epoch, Tally())
        own = _own(safety.ledger, known, openings) | _mirror(known[Stream.TELEMETRY], Stream.TELEMETRY)
        shelf = SafetyShelf(safety.database, safety.ledger, self._supplies[0], self.reserve)
        shelf.database.call_now(lambda: shelf.begin(openings, own, self._facts()))
        if telemetry is not None:
            self._begin_telemetry(shelf, telemetry, why_telemetry(safety.found, other))
        self.safety = shelf
        self.notices.extend(f"{stream}: new epoch, {one.why}" for stream, one in openings.items() if one.why)

    def _begin_telemetry(self, safety: SafetyShelf, telemetry: Opened, why: str) -> None:
        stream = Stream.TELEMETRY
        known = known_epochs(safety.ledger, telemetry.ledger)
        opening = open_stream(stream, why, known, telemetry.ledger.epochs[stream], self._random)
        if opening.why:
            known[stream].setdefault(opening.epoch, Tally())
            safety.database.call_now(lambda: safety.reserve_sequences(stream, opening.epoch, 0, RESERVED_BLOCK))
            self.notices.append(f"{stream}: new epoch, {opening.why}")
        shelf = TelemetryShelf(
            telemetry.database,
            telemetry.ledger,
            self._supplies[1],
            lambda: {(name, epoch): _blank(tally) for name in SAFETY_STREAMS for epoch, tally in _last(safety, name)},
        )
        shelf.reserved = safety.ledger.tally(stream, opening.epoch).ceiling
        own = _own(telemetry.ledger, known, {stream: opening})
        shelf.database.call_now(lambda: shelf.begin({stream: opening}, own, self._facts()))
        self.telemetry = shelf

    def _facts(self) -> dict[str, object]:
        incarnation = [self._incarnation.number, self._incarnation.nonce]
        return {INCARNATION_FACT: incarnation, LIFE_FACT: self._life.seconds()}

    def _keep_life(self) -> bool:
        facts = self._facts()
        try:
            for shelf in (self.telemetry, self.safety):
                if shelf is not None:
                    shelf.database.call_now(partial(shelf.keep, facts))
        except StoreError:
            return False
        return True

    def _abandon(self, opened: Opened | None) -> None:
        self.safety = self.telemetry = None
        if opened is not None:
            opened.database.close_now()


def _load(path: Path, profile: Profile) -> tuple[Database, Ledger, dict[str, object], int]:
    database = Database(path, profile)
    try:
        return database, database.query(ledgers.load), load_facts(database), database.query(_newest_at_s)
    except (sqlite3.OperationalError, ValueError, KeyError, TypeError) as error:
        database.close_now()
        raise StoreDamaged(f"cannot trust {path.name}: {error}") from error
    except StoreError:
        database.close_now()
        raise


def _newest_at_s(connection: sqlite3.Connection) -> int:
    newest = 0
    for slot, last in connection.execute("SELECT slot, last FROM epochs WHERE pending > 0").fetchall():
        found = connection.execute(
            "SELECT at_s FROM records WHERE place BETWEEN ? AND ? ORDER BY place DESC LIMIT 1",
            (place_of(slot, 0), place_of(slot, last)),
        ).fetchone()
        newest = max(newest, found[0] if found else 0)
    return newest


def _incarnation(facts: dict[str, object]) -> Incarnation | None:
    match facts.get(INCARNATION_FACT):
        case [int(number), str(nonce)]:
            return Incarnation(number, nonce)
    return None


def _life_of(opened: Opened) -> int:
    match opened.facts.get(LIFE_FACT):
        case int(life_s):
            return max(life_s, opened.newest_at_s)
    return opened.newest_at_s


def _own(
    ledger: Ledger, known: dict[Stream, dict[int, Tally]], openings: dict[Stream, Opening]
) -> dict[tuple[Stream, int], Tally]:
    """What a file should say of its streams' epochs: ended ones with the known ends, the current one as it is."""
    return {
        (stream, epoch): ledger.epochs[stream].get(epoch, tally) if epoch == opening.epoch else tally
        for stream, opening in openings.items()
        for epoch, tally in known[stream].items()
    }


def _mirror(epochs: dict[int, Tally], stream: Stream) -> dict[tuple[Stream, int], Tally]:
    return {(stream, epoch): _blank(tally) for epoch, tally in epochs.items()}


def _blank(tally: Tally) -> Tally:
    return replace(tally, pending=0, pending_bytes=0, first=tally.last + 1, oldest_at_s=0, slot=0)


def _last(safety: SafetyShelf, stream: Stream) -> list[tuple[int, Tally]]:
    return [safety.current(stream)]
