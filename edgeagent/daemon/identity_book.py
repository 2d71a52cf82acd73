"""Which serial each device is bound to, kept in the store's facts so that it survives a restart."""

import asyncio
from collections.abc import Mapping

import structlog

from edgeagent.model.errors import StoreError
from edgeagent.model.points import DeviceId
from edgeagent.store.schema import SAFETY_FILE
from edgeagent.store.store import Store

FACT = "identity.serials"

log = structlog.get_logger(__name__)


class StoredBook:
    """An IdentityBook over the store; a binding counts at once and is written beside.

    While the store is not open, what it knows is unknown: bindings made then count until it opens, and never against
    those that it holds.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._writes: set[asyncio.Task[None]] = set()
        self._fresh: dict[str, str] = {}
        self._kept: dict[str, str] | None = None

    def serial_of(self, device: DeviceId) -> str | None:
        """The serial that the device is bound to, if any."""
        return self._serials().get(device)

    def bind(self, device: DeviceId, serial: str) -> None:
        """Bind the device to a serial."""
        self._fresh[device] = serial
        if self._kept is not None:
            self._kept.pop(device, None)
        self._store.audit(device, "bind", f"serial {serial}")
        task = asyncio.get_running_loop().create_task(self._write(), name="write identities")
        self._writes.add(task)
        task.add_done_callback(self._writes.discard)

    async def settle(self) -> None:
        """Wait until every binding is written, before the store closes."""
        await asyncio.gather(*self._writes)

    async def _write(self) -> None:
        serials = self._serials()
        try:
            await self._store.put_fact(FACT, serials)
        except StoreError as error:
            log.warning("cannot keep the devices' serials; they will be learnt again", error=str(error))

    def _serials(self) -> dict[str, str]:
        return {**self._fresh, **(self._kept_now() or {})}

    def _kept_now(self) -> dict[str, str] | None:
        """What the store holds, looked up once it can be; None while it is not open."""
        if self._kept is None:
            found = self._store.fact(FACT)
            if found is None and SAFETY_FILE in self._store.troubles:
                return None
            pairs = found.items() if isinstance(found, Mapping) else ()
            self._kept = {str(device): str(serial) for device, serial in pairs}
        return self._kept
