"""The NOC process's Services, made from its settings."""

from dataclasses import dataclass

from edgeagent.core.clock import Clock
from edgeagent.core.database import Database
from edgeagent.core.health import Health
from edgeagent.core.lockfile import LockFile
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Beat, Service
from edgeagent.model.errors import StoreError
from edgeagent.noc.ingest import Ingest
from edgeagent.noc.schema import PROFILE
from edgeagent.noc.settings import NocSettings
from edgeagent.wire.keyring import load_signing_key


@dataclass(frozen=True, slots=True)
class Noc:
    """An open NOC: run its services, then close its database."""

    services: tuple[Service, ...]
    database: Database
    lock: LockFile

    async def close(self) -> None:
        """Finish what is queued and close the database."""
        await self.database.close()
        self.lock.release()


def open_noc(settings: NocSettings, *, clock: Clock, health: Health, metrics: Metrics) -> Noc:
    """Load the key and open the database.

    Raises:
        ConfigError: the key cannot be used.
        LockHeld: another process serves with this database.
        StoreError: the database cannot be used.
    """
    key = load_signing_key(settings.key)
    # What is held is also known in memory, so two that write would not see what the other took.
    lock = LockFile(settings.database.with_name(f"{settings.database.name}.lock"))
    lock.acquire()
    try:
        database = Database(settings.database, PROFILE)
    except StoreError:
        lock.release()
        raise
    ingest = Ingest(settings, key=key, database=database, clock=clock, health=health, metrics=metrics)
    return Noc((ingest,), database, lock)


async def serve(
    settings: NocSettings, *, clock: Clock, health: Health, metrics: Metrics, beat: Beat = lambda: None
) -> None:
    """Serve all pods until cancelled.

    Raises:
        ConfigError: the key cannot be used.
        StoreError: the database cannot be used.
    """
    noc = open_noc(settings, clock=clock, health=health, metrics=metrics)
    try:
        await noc.services[0].run(beat)
    finally:
        await noc.close()
