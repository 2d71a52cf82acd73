"""The store's Service: group commits, budgets, healing, and what people and metrics learn of it."""

import asyncio
from pathlib import Path

import structlog

from edgeagent.core.clock import Clock
from edgeagent.core.health import Health, Level
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat
from edgeagent.store.aside import damaged_files
from edgeagent.store.meter import Meter
from edgeagent.store.schema import SAFETY_FILE
from edgeagent.store.store import Store

HEAL_EVERY_S = 5.0
THIN_EVERY_S = 1.0
EXPIRE_EVERY_S = 60.0
COMMIT_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)

log = structlog.get_logger(__name__)


class StoreService:
    """Runs an opened store; whoever opened it closes it, after this Service has ended."""

    name = "store"
    beat_every_s = 30.0
    critical = False

    def __init__(
        self, store: Store, clock: Clock, health: Health, metrics: Metrics, proc_io: Path = Path("/proc/self/io")
    ) -> None:
        self._store = store
        self._clock = clock
        self._health = health
        self._commit_s = metrics.histogram("edgeagent_journal_commit_seconds", "Time of a commit", COMMIT_BOUNDS_S)
        self._due: dict[str, float] = {}
        Meter(store, clock, metrics, proc_io)

    async def run(self, beat: Beat) -> None:
        """Commit at the settled pace, earlier when a queue is half full; never ends by itself."""
        for notice in self._store.notices:
            expected = notice.endswith("first start")
            (log.info if expected else log.warning)("store opened", notice=notice)
        while True:
            await self._upkeep()
            self._report()
            beat()
            await self._rest()
            before_s = self._clock.now_s()
            await self._store.flush()
            self._commit_s.observe(self._clock.now_s() - before_s)

    async def _upkeep(self) -> None:
        upkeep = self._store.upkeep
        if upkeep.needs_healing and self._is_due("heal", HEAL_EVERY_S):
            await upkeep.heal()
        await upkeep.relieve_safety()
        if self._is_due("thin", THIN_EVERY_S):
            await upkeep.thin()
            await upkeep.relieve()
            upkeep.take_reserve()
        if self._is_due("expire", EXPIRE_EVERY_S):
            await upkeep.expire()
            await upkeep.examine()

    def _is_due(self, what: str, every_s: float) -> bool:
        now_s = self._clock.now_s()
        if now_s < self._due.get(what, now_s):
            return False
        self._due[what] = now_s + every_s
        return True

    async def _rest(self) -> None:
        store = self._store
        waits = {
            asyncio.ensure_future(self._clock.sleep(store.settings.commit_every_s)),
            asyncio.ensure_future(store.wake.wait()),
        }
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            await asyncio.gather(*waits, return_exceptions=True)
            store.wake.clear()

    def _report(self) -> None:
        self._say("store", *_condition(self._store))
        aside = damaged_files(self._store.folder)
        names = ", ".join(path.name for path in aside)
        message = f"set aside as damaged: {names}; look at them, then delete them" if aside else ""
        self._say("store damage", Level.DEGRADED if aside else Level.OK, message)

    def _say(self, part: str, level: Level, message: str) -> None:
        before = self._health.get(part)
        if not self._health.set(part, level, message):
            return
        if level is not Level.OK:
            log.warning("store in trouble", part=part, level=level.value, message=message)
        elif before is not None:
            log.info("store well again", part=part, after_s=round(self._clock.now_s() - before.since_s))


def _condition(store: Store) -> tuple[Level, str]:
    if not store.troubles:
        held = store.reserve_held
        return (Level.OK, "") if held else (Level.DEGRADED, "the disk is nearly full: the reserve is given up")
    level = Level.FAILED if SAFETY_FILE in store.troubles else Level.DEGRADED
    return level, "; ".join(store.troubles[name] for name in sorted(store.troubles))
