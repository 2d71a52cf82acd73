"""Blocks: what is asked in one request, so that a poll is few requests and no value is torn in two."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edgeagent.protocols.modbus_profile import Span


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


def blocks(spans: Iterable[Span], gap: int, most: int) -> tuple[Block, ...]:
    """All spans in few blocks: neighbours together, up to ``most``, with no more than ``gap`` unwanted between them."""
    ordered = sorted(set(spans), key=lambda span: (span.table, span.start, span.end))
    found: list[list[Span]] = []
    end = 0
    for span in ordered:
        together = found[-1] if found else []
        if together and _fits(together[0], span, end, gap, most):
            together.append(span)
            end = max(end, span.end)
        else:
            found.append([span])
            end = span.end
    return tuple(_block(together) for together in found)


def _fits(first: Span, span: Span, end: int, gap: int, most: int) -> bool:
    if span.table != first.table or span.start - end > gap:
        return False
    return max(end, span.end) - first.start <= min(most, span.most)


def _block(spans: Sequence[Span]) -> Block:
    return Block(spans[0].table, spans[0].start, max(span.end for span in spans), tuple(spans))
