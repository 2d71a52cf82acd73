"""Upkeep: what the store needs from time to time, done by its service."""

import asyncio

from edgeagent.model.errors import StoreError
from edgeagent.store.committer import Committer
from edgeagent.store.life import Life
from edgeagent.store.safety import SafetyShelf
from edgeagent.store.schema import LOG_BYTES, SAFETY_FILE, TELEMETRY_FILE
from edgeagent.store.settings import StoreSettings
from edgeagent.store.shelf import Shelf
from edgeagent.store.telemetry import TelemetryShelf

SAFETY_COMMITS = 4
"""After so many its log is brought in: a commit that has to do that itself keeps an act waiting for three syncs."""
MAX_SLICES = 400
"""Slices that one look at the budgets takes at most, so that commits are not starved."""


class Upkeep:
    """Keeps budgets and ages, and heals what is damaged or not open."""

    def __init__(self, committer: Committer, settings: StoreSettings, life: Life) -> None:
        self._committer = committer
        self._files = committer.files
        self._settings = settings
        self._relieved = 0
        self._life = life
        self._healing = asyncio.Lock()
        self._closed = False

    async def thin(self) -> None:
        """Take out the oldest telemetry while it exceeds the byte budget."""
        telemetry, budget = self._files.telemetry, self._settings.telemetry_budget_bytes
        if telemetry is not None and telemetry.used_bytes > budget:
            relief = budget * 15 // 16  # some more goes at once, so that gaps are few
            await self._thin(telemetry, None, "budget_bytes", relief)

    async def expire(self) -> None:
        """Take out telemetry and acknowledged audit that are too old, and the audit beyond its budget."""
        telemetry, safety = self._files.telemetry, self._files.safety
        before_s = self._life.seconds() - self._settings.telemetry_age_s
        if telemetry is not None and before_s > 0:
            await self._thin(telemetry, before_s, "budget_age", 0)
        if safety is not None:
            await self._prune(safety)

    async def relieve(self) -> None:
        """Bring a long log of telemetry into its file, beside the writer."""
        if (telemetry := self._files.telemetry) is not None:
            await self._relieve(telemetry, LOG_BYTES)

    async def relieve_safety(self) -> None:
        """The same for ``safety.db``, as soon as a few commits are in its log."""
        commits = self._committer.commits[SAFETY_FILE]
        if (safety := self._files.safety) is not None and commits - self._relieved >= SAFETY_COMMITS:
            self._relieved = commits
            await self._relieve(safety, 0)

    async def _relieve(self, shelf: Shelf, above_bytes: int) -> None:
        try:
            await shelf.database.relieve(above_bytes)
        except StoreError as error:
            self._committer.note(shelf, error)

    def take_reserve(self) -> None:
        """Set the reserve apart again once the disk has room."""
        if self._files.safety is not None:
            self._files.reserve.take()

    @property
    def needs_healing(self) -> bool:
        """A file is damaged or not open."""
        return bool(self._committer.damaged) or self._files.safety is None or self._files.telemetry is None

    async def heal(self) -> None:
        """Set damaged files aside and open what is not open; tried again and again by the service."""
        # Its thread cannot be stopped half-way, so neither can the task that holds the lock until it ends.
        await asyncio.shield(asyncio.ensure_future(self._heal_once()))

    async def close(self) -> None:
        """Close the files and seal them; nothing is healed any more."""
        self._closed = True
        async with self._healing:
            await asyncio.to_thread(self._files.close)

    async def examine(self) -> None:
        """Look through files that were too long to be checked at opening; what is damaged is healed next."""
        for shelf in (self._files.safety, self._files.telemetry):
            if shelf is not None and not shelf.database.checked:
                shelf.database.checked = True
                try:
                    await asyncio.to_thread(shelf.database.examine)
                except StoreError as error:
                    self._committer.note(shelf, error)

    async def _heal_once(self) -> None:
        async with self._healing:
            if self._closed:
                return
            try:
                await asyncio.to_thread(self._heal)
            except StoreError as error:
                name = SAFETY_FILE if self._files.safety is None else TELEMETRY_FILE
                self._committer.troubles[name] = str(error)
            self._committer.note_absent()

    def _heal(self) -> None:
        files, damaged, why = self._files, self._committer.damaged, f"{TELEMETRY_FILE} could not be opened"
        if SAFETY_FILE in damaged:
            files.abandon(damaged=SAFETY_FILE)
            damaged.discard(SAFETY_FILE)
        if TELEMETRY_FILE in damaged:
            files.abandon_telemetry(damaged=True)
            damaged.discard(TELEMETRY_FILE)
            why = f"{TELEMETRY_FILE} was damaged"
        files.notices.clear()
        if files.safety is None:
            files.open()
        elif files.telemetry is None:
            files.reopen_telemetry(why)

    async def _thin(self, telemetry: TelemetryShelf, before_s: float | None, why: str, down_to: int) -> None:
        try:
            for _ in range(MAX_SLICES):
                await self._committer.make_room(telemetry)
                freed = await telemetry.database.call(lambda: telemetry.thin(before_s, why))
                await telemetry.database.relieve(LOG_BYTES)
                if freed <= 0 or telemetry.used_bytes <= down_to:
                    return
        except StoreError as error:
            self._committer.note(telemetry, error)

    async def _prune(self, safety: SafetyShelf) -> None:
        keep_s, budget_bytes = self._settings.audit_keep_s, self._settings.audit_budget_bytes
        try:
            while await safety.database.call(lambda: safety.prune(keep_s, budget_bytes)):
                pass
        except StoreError as error:
            self._committer.note(safety, error)
