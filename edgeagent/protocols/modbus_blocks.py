"""Blocks: what is asked in one request, so that a poll is few requests, no value is torn, and one refusal costs one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edgeagent.model.errors import DeviceRefused
from edgeagent.model.reading import Reason
from edgeagent.protocols.modbus import ModbusException
from edgeagent.protocols.modbus_profile import Limits, Span

Words = Mapping[Span, list[int] | Reason]
"""What was read at one time, or why it was not."""
NOT_THERE = frozenset({1, 2, 3})
"""Exceptions that say that there is no such function, register or number of them."""
SPLIT = frozenset({2, 3, 4})
"""Exceptions that one register of a block may cause; 4 is what some say for one that they do not have."""


class Registers(Protocol):
    """What is needed of a Modbus session."""

    async def read_table(self, table: str, unit: int, address: int, count: int, *, ahead: bool = False) -> list[int]:
        """Registers, or bits as 0 and 1. Raises DeviceError."""


@dataclass(frozen=True, slots=True)
class Block:
    """One request, and the spans that it is for."""

    table: str
    start: int
    end: int
    spans: tuple[Span, ...]

    @property
    def count(self) -> int:
        """How many registers or bits."""
        return self.end - self.start

    def halves(self) -> tuple["Block", "Block"]:
        """Two requests for the same; only where it has two spans."""
        middle = len(self.spans) // 2
        return _block(self.spans[:middle]), _block(self.spans[middle:])


def plan(spans: Iterable[Span], limits: Limits) -> tuple[Block, ...]:
    """All spans in few blocks: neighbours together, as far as the limits allow."""
    found: list[list[Span]] = []
    end = 0
    for span in sorted(set(spans), key=lambda one: (one.table, one.start, one.end)):
        if found and _fits(found[-1][0], span, end, limits):
            found[-1].append(span)
            end = max(end, span.end)
        else:
            found.append([span])
            end = span.end
    return tuple(_block(together) for together in found)


class BlockReader:
    """The blocks of one group. A refused block is halved until the bad one stands alone, and stays so afterwards."""

    def __init__(self, spans: Iterable[Span], limits: Limits) -> None:
        self.blocks = plan(spans, limits)
        self._dark: set[Block] = set()
        """Blocks that were refused down to the last register: they are asked as a whole until they answer."""

    async def read(self, session: Registers, unit: int) -> Words:
        """Every span, or why it is not there.

        Raises:
            DeviceRefused: the device gave nothing at all, for a reason that is not the registers'.
            DeviceUnreachable, DeviceGarbled: the device as a whole does not answer.
        """
        reading = _Reading(session, unit, self._dark)
        blocks = [one for block in self.blocks for one in await reading.fetch(block)]
        self.blocks = tuple(blocks)
        if reading.refusal is not None and not reading.came:
            raise reading.refusal
        return reading.words


class _Reading:
    """One read on its way."""

    def __init__(self, session: Registers, unit: int, dark: set[Block]) -> None:
        self.words: dict[Span, list[int] | Reason] = {}
        self.refusal: DeviceRefused | None = None
        self.came = 0
        self._session = session
        self._unit = unit
        self._dark = dark

    async def fetch(self, block: Block) -> list[Block]:
        """Read a block; the blocks that the same is asked in from now on."""
        try:
            words = await self._session.read_table(block.table, self._unit, block.start, block.count)
        except ModbusException as error:
            return await self._refused(block, error)
        self._dark.discard(block)
        self.came += 1
        for span in block.spans:
            self.words[span] = words[span.start - block.start : span.end - block.start]
        return [block]

    async def _refused(self, block: Block, error: ModbusException) -> list[Block]:
        if len(block.spans) == 1 or error.code not in SPLIT or block in self._dark:
            reason = Reason.ABSENT if error.code in NOT_THERE else Reason.REFUSED
            if reason is Reason.REFUSED:
                self.refusal = self.refusal or error
            self.words.update(dict.fromkeys(block.spans, reason))
            return [block]
        before = self.came
        parts = [one for half in block.halves() for one in await self.fetch(half)]
        if self.came > before:
            return parts
        self._dark.add(block)
        return [block]


def _fits(first: Span, span: Span, end: int, limits: Limits) -> bool:
    if span.table != first.table or span.start - end > limits.gap:
        return False
    if any(hole.table == span.table and hole.start < span.start and hole.end > end for hole in limits.holes):
        return False
    return max(end, span.end) - first.start <= limits.most(span.table)


def _block(spans: Sequence[Span]) -> Block:
    return Block(spans[0].table, spans[0].start, max(span.end for span in spans), tuple(spans))
