"""Reads the registers of one unit in blocks; a register that the device refuses costs itself, and not its neighbours."""

from collections.abc import Iterable
from typing import Protocol

from edgeagent.model.reading import Reason
from edgeagent.protocols.modbus import ModbusException
from edgeagent.protocols.modbus_blocks import Block
from edgeagent.protocols.modbus_decode import Found

NOT_THERE = frozenset({1, 2, 3})
"""Exceptions that say that there is no such function, register or number of them."""
SPLIT = frozenset({2, 3, 4})
"""Exceptions that one register of a block may cause; 4 is what some say for one that they do not have."""


class Tables(Protocol):
    """What is needed of a Modbus session."""

    async def read_table(self, table: str, unit: int, address: int, count: int, *, ahead: bool = False) -> list[int]:
        """Registers, or bits as 0 and 1. Raises DeviceError."""


class BlockReader:
    """The blocks of one group. A refused block is halved until the bad one stands alone, and stays so afterwards."""

    def __init__(self, unit: int, blocks: Iterable[Block]) -> None:
        self.blocks = tuple(blocks)
        self._unit = unit
        self._dark: set[Block] = set()
        """Blocks that were refused down to the last register: they are asked as a whole until they answer."""

    async def read(self, session: Tables) -> tuple[Found, ModbusException | None]:
        """Everything that came, and the first refusal. Raises DeviceUnreachable or DeviceGarbled."""
        found = _Reading()
        for block in self.blocks:
            found.plan += await self._fetch(session, block, found)
        self.blocks = tuple(found.plan)
        return found.found, found.refusal

    async def _fetch(self, session: Tables, block: Block, reading: "_Reading") -> list[Block]:
        """Read a block; the blocks that it is asked in from now on."""
        try:
            words = await session.read_table(block.table, self._unit, block.start, block.count)
        except ModbusException as error:
            return await self._refused(session, block, reading, error)
        self._dark.discard(block)
        reading.found.words.update(((block.table, at), word) for at, word in enumerate(words, block.start))
        return [block]

    async def _refused(self, session: Tables, block: Block, reading: "_Reading", error: ModbusException) -> list[Block]:
        reading.refusal = reading.refusal or error
        if len(block.spans) == 1 or error.code not in SPLIT or block in self._dark:
            reason = Reason.ABSENT if error.code in NOT_THERE else Reason.REFUSED
            places = ((block.table, at) for span in block.spans for at in range(span.start, span.end))
            reading.found.refused.update(dict.fromkeys(places, reason))
            return [block]
        before = len(reading.found.words)
        parts = [one for half in block.halves() for one in await self._fetch(session, half, reading)]
        if len(reading.found.words) > before:
            return parts
        self._dark.add(block)
        return [block]


class _Reading:
    """One read on its way."""

    def __init__(self) -> None:
        self.found = Found()
        self.plan: list[Block] = []
        self.refusal: ModbusException | None = None
