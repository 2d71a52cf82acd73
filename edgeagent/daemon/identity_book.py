"""Which serial each device is bound to, kept in the store's facts so that it survives a restart."""

import asyncio
from collections.abc import Mapping

import structlog

from edgeagent.model.errors import StoreError
from edgeagent.model.points import DeviceId
from edgeagent.store.store import Store

FACT = "identity.serials"

log = structlog.get_logger(__name__)


class StoredBook:
    """An IdentityBook over the store; a binding counts at once and is written beside."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes: set[asyncio.Task[None]] = set()
        self._serials: dict[str, str] | None = None

    def serial_of(self, device: DeviceId) -> str | None:
        """The serial that the device is bound to, if any."""
        return self._known().get(device)

    def bind(self, device: DeviceId, serial: str) -> None:
        """Bind the device to a serial."""
        self._known()[device] = serial
        self._store.audit(device, "bind", f"serial {serial}")
        task = asyncio.get_running_loop().create_task(self._write(), name="write identities")
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def settle(self) -> None:
        """Wait until every binding is written, before the store closes."""
        await asyncio.gather(*self._writes)

    async def _write(self) -> None:
        try:
            await self._store.put_fact(FACT, dict(self._known()))
        except StoreError as error:
            log.warning("cannot keep the devices' serials; they will be learnt again", error=str(error))

    def _known(self) -> dict[str, str]:
        if self._serials is None:
            found = self._store.fact(FACT)
            pairs = found.items() if isinstance(found, Mapping) else ()
            self._serials = {str(device): str(serial) for device, serial in pairs}
        return self._serials
