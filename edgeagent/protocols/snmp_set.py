"""Writing over SNMP: pysnmp in a supervised child (gufo has no SET), one SET sent once, and what came of it told apart.

DeviceRefused and DeviceUnreachable say that nothing was written. `WriteOpen` says that nobody knows: read it back.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Protocol

from edgeagent.core.worker import WorkerSpec
from edgeagent.model.errors import DeviceError, DeviceRefused, DeviceUnreachable, WorkerError
from edgeagent.protocols.session import Turn
from edgeagent.protocols.snmp import Raw, SnmpSession
from edgeagent.protocols.snmp_address import Community, SnmpAddress, User

SPEC = WorkerSpec("snmp-set", "edgeagent.protocols.snmp_set_child:HANDLERS")
LONGEST_EXCHANGE_S = 5.0
"""A slower agent is not waited for with a write: read-back tells what became of it."""
HEARD_S = 1.0
"""For how long after an answer an agent counts as one that answers."""
MAX_WAIT_S = 5.0
"""How long a poll's request that is under way may hold a write up."""
EXCHANGES = 6
"""The most that one write takes: a GET that fails, four exchanges to open another conversation, and the SET."""
WORK_S = 2.0
"""What the child may take beside waiting; it is killed beyond that, so it is generous: a new engine takes 0.06 s."""


class Asks(Protocol):
    """What is needed of `core.worker.Worker`."""

    async def warm(self, timeout_s: float) -> None:
        """Have a child running with its handlers loaded."""

    async def call(self, name: str, args: Mapping[str, Any] | None = None, *, timeout_s: float) -> Any:
        """What the handler returns."""


class WriteOpen(DeviceUnreachable):
    """A write was perhaps carried out, perhaps not: the answer is missing."""


class Ahead(Turn):
    """Another Turn, in which reading goes before waiting readers as well: the reads that belong to a write."""

    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self._turn = turn

    @asynccontextmanager
    async def read(self) -> AsyncIterator[None]:
        """Hold the turn, before waiting readers."""
        async with self._turn.write():
            yield

    @asynccontextmanager
    async def write(self) -> AsyncIterator[None]:
        """Hold the turn to write."""
        async with self._turn.write():
            yield


class SnmpWriter(SnmpSession):
    """A session whose reads go before those of the poll, and which can write."""

    def __init__(
        self,
        address: SnmpAddress,
        access: tuple[Community | User, Community | User],
        turn: Turn,
        worker: Asks,
        *,
        timeout_s: float = 2.0,
    ) -> None:
        """``access`` is for reading and for writing."""
        ahead = Ahead(turn)
        super().__init__(address, access[0], ahead, timeout_s=timeout_s)
        self._writing = access[1]
        self._ahead = ahead
        self._worker = worker
        self._exchange_s = min(timeout_s, LONGEST_EXCHANGE_S)
        self._heard_s = -math.inf

    async def get(self, oids: Sequence[str]) -> dict[str, Raw]:
        """The values of those objects that exist; the others are not in the answer."""
        values = await super().get(oids)
        self._heard_s = asyncio.get_running_loop().time()
        return values

    async def prove(self, oid: str) -> None:
        """Open the conversation for writing, so that the first write is not the first use of it.

        Raises:
            DeviceError: the agent does not answer to this access, or has no such object.
        """
        try:
            await self._call("prove", oid)
        except WorkerError as error:
            raise DeviceError(f"cannot prepare to write to {self.address}: {error}") from None

    async def set(self, oid: str, value: int, *, unsigned: bool = False) -> None:
        """Write one INTEGER, or Unsigned32; returns when the agent has confirmed it.

        Raises:
            DeviceRefused: the agent said no; nothing was written.
            DeviceUnreachable: it did not answer before the write; nothing was written.
            WriteOpen: it was asked, and its answer is missing.
        """
        try:
            answers = asyncio.get_running_loop().time() - self._heard_s < HEARD_S
            outcome = await self._call("set", oid, value=value, answers=answers, unsigned=unsigned)
        except WorkerError as error:
            raise WriteOpen(f"cannot tell whether {self.address} was written: {error}") from None
        if outcome != "written":
            raise WriteOpen(
                f"cannot tell whether {self.address} was written: no answer to the SET within {self._exchange_s:g} s"
            )

    async def _call(self, name: str, oid: str, **more: int) -> Any:
        where = {"host": self.address.host, "port": self.address.port, "access": _packed(self._writing)}
        args = {**where, "oid": oid, "timeout_s": self._exchange_s, **more}
        try:
            async with asyncio.timeout(MAX_WAIT_S) as wait, self._ahead.write():
                wait.reschedule(None)
                return await self._worker.call(name, args, timeout_s=EXCHANGES * self._exchange_s + WORK_S)
        except TimeoutError:
            raise DeviceUnreachable(f"cannot write: a poll of {self.address} held it for {MAX_WAIT_S:g} s") from None
        except DeviceRefused as error:
            raise DeviceRefused(f"cannot write: {error}") from None
        except DeviceUnreachable as error:
            hint = "" if self.address.v3 else ", which is also how an agent treats a wrong write community"
            raise DeviceUnreachable(f"cannot write: {error}{hint}") from None


def _packed(access: Community | User) -> dict[str, str]:
    if isinstance(access, Community):
        return {"community": access.community}
    return {"user": access.name, "auth_key": access.auth_key, "priv_key": access.priv_key}
