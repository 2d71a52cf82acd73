"""Ranges: sets of sequences as ascending, inclusive, separate intervals."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator


class Ranges:
    """A set of whole numbers, kept as few intervals."""

    def __init__(self, spans: Iterable[tuple[int, int]] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in spans:
            self.add(first, last)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        """How many intervals there are."""
        return len(self._firsts)

    def __contains__(self, number: int) -> bool:
        place = bisect_right(self._firsts, number) - 1
        return place >= 0 and number <= self._lasts[place]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ranges) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]

    @property
    def total(self) -> int:
        """How many numbers are in the set."""
        return sum(last - first + 1 for first, last in self)

    @property
    def highest(self) -> int:
        """The greatest number; 0 when there is none."""
        return self._lasts[-1] if self._lasts else 0

    @property
    def watermark(self) -> int:
        """The end of the interval that begins at 1; 0 when there is none."""
        return self._lasts[0] if self._firsts and self._firsts[0] <= 1 else 0

    def copy(self) -> "Ranges":
        """A set of its own with the same numbers."""
        twin = Ranges()
        twin._firsts, twin._lasts = self._firsts.copy(), self._lasts.copy()
        return twin

    def add(self, first: int, last: int) -> None:
        """Put in all numbers from first to last; intervals that touch become one."""
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def touches(self, first: int, last: int) -> bool:
        """Whether any number from first to last is in the set."""
        place = bisect_left(self._lasts, first)
        return place < len(self._firsts) and self._firsts[place] <= last

    def holes(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """The intervals within first..last that are not in the set."""
        for begin, end in self:
            if end < first:
                continue
            if begin > last:
                break
            if first < begin:
                yield first, begin - 1
            first = end + 1
        if first <= last:
            yield first, last
