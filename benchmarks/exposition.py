"""What a daemon tells under ``/metrics``: sums of counters, and quantiles of what a histogram saw between two looks."""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass

_BUCKET = re.compile(r'(?P<name>\w+)_bucket\{le="(?P<bound>[^"]+)"\} (?P<count>\d+)')
_SAMPLE = re.compile(r"(?P<name>\w+)(?:\{[^}]*\})? (?P<value>[-+.\deE]+)")

Buckets = Sequence[tuple[float, int]]
"""Upper bound and how many were at most that."""


@dataclass(frozen=True, slots=True)
class Exposition:
    """One look."""

    text: str

    def total(self, name: str) -> float:
        """The sum over all labels; 0 where nothing has this name."""
        found = (_SAMPLE.fullmatch(line) for line in self.text.splitlines() if line.startswith(name))
        return sum(float(one["value"]) for one in found if one is not None and one["name"] == name)

    def buckets(self, name: str) -> Buckets:
        """Those of a histogram, by their bounds."""
        found = (_BUCKET.fullmatch(line) for line in self.text.splitlines() if line.startswith(f"{name}_bucket"))
        return [(float(one["bound"]), int(one["count"])) for one in found if one is not None and one["name"] == name]


def look(page: str) -> Exposition:
    """What the daemon behind a page tells now."""
    with urllib.request.urlopen(f"{page}metrics", timeout=30) as answer:
        return Exposition(answer.read().decode())


def quantile(before: Buckets, after: Buckets, share: float) -> float:
    """Where this share of what came between two looks lies, as if each bucket were filled evenly.

    What is beyond the last bound counts as that bound. ValueError when nothing came.
    """
    earlier = dict(before)
    counts = [(bound, count - earlier.get(bound, 0)) for bound, count in after]
    wanted = share * counts[-1][1] if counts else 0.0
    if not wanted:
        raise ValueError("a quantile needs something that was observed")
    low, seen = 0.0, 0
    for bound, count in counts:
        if count >= wanted:
            return low if bound == float("inf") else low + (bound - low) * (wanted - seen) / (count - seen)
        low, seen = bound, count
    return low
