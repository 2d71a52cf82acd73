"""Metrics: counters, gauges and histograms by name and labels, kept where they happen, rendered elsewhere."""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

Labels = tuple[tuple[str, str], ...]
MAX_SERIES = 2000
"""Series kept per family; what would go beyond is counted under no label at all."""


def labels_of(labels: Mapping[str, str]) -> Labels:
    """Labels as a sorted key."""
    return tuple(sorted(labels.items()))


@dataclass(slots=True)
class Family:
    """All series of one counter or gauge."""

    name: str
    help: str
    type: str
    values: dict[Labels, float] = field(default_factory=dict)

    def add(self, amount: float = 1.0, **labels: str) -> None:
        """Grow a series."""
        key = self._bounded(labels_of(labels))
        self.values[key] = self.values.get(key, 0.0) + amount

    def set(self, value: float, **labels: str) -> None:
        """Put a series at a value."""
        self.values[self._bounded(labels_of(labels))] = value

    def get(self, **labels: str) -> float:
        """The value of a series; 0 before its first change."""
        return self.values.get(labels_of(labels), 0.0)

    def forget(self, **labels: str) -> None:
        """Drop every series that carries these labels, as when what they name is gone."""
        gone = set(labels.items())
        self.values = {key: value for key, value in self.values.items() if not gone <= set(key)}

    def _bounded(self, key: Labels) -> Labels:
        return key if key in self.values or len(self.values) < MAX_SERIES else ()


@dataclass(slots=True)
class Histogram:
    """Observations by upper bound, with quantiles read off the buckets."""

    name: str
    help: str
    bounds: tuple[float, ...]
    buckets: list[int] = field(init=False)
    count: int = 0
    sum: float = 0.0
    max: float = 0.0

    def __post_init__(self) -> None:
        self.buckets = [0] * (len(self.bounds) + 1)

    def observe(self, value: float) -> None:
        """Count one observation."""
        self.buckets[bisect_left(self.bounds, value)] += 1
        self.count += 1
        self.sum += value
        self.max = value if self.count == 1 else max(self.max, value)

    def quantile(self, share: float) -> float:
        """The upper bound of the bucket that holds this share of the observations; 0 when there are none."""
        rank = max(1, math.ceil(round(share * self.count, 6)))  # 0.07 * 100 is a little over 7
        seen = 0
        for bound, number in zip((*self.bounds, self.max), self.buckets, strict=True):
            seen += number
            if seen >= rank:
                return min(bound, self.max)
        return 0.0


class Metrics:
    """Every metric of the process. A ``collector`` runs just before rendering, for values that live elsewhere."""

    def __init__(self) -> None:
        self._families: dict[str, Family] = {}
        self._histograms: dict[str, Histogram] = {}
        self._collectors: list[Callable[[], None]] = []

    def counter(self, name: str, help_text: str) -> Family:
        """The counter of this name; OpenMetrics wants it without ``_total``."""
        return self._family(name, help_text, "counter")

    def gauge(self, name: str, help_text: str) -> Family:
        """The gauge of this name."""
        return self._family(name, help_text, "gauge")

    def histogram(self, name: str, help_text: str, bounds: tuple[float, ...]) -> Histogram:
        """The histogram of this name."""
        if name in self._families:
            raise ValueError(f"cannot make histogram {name}: it is a metric already")
        return self._histograms.setdefault(name, Histogram(name, help_text, bounds))

    def collector(self, collect: Callable[[], None]) -> None:
        """Have ``collect`` run before each rendering."""
        self._collectors.append(collect)

    def collect(self) -> None:
        """Let every collector bring its values up to date."""
        for collect in self._collectors:
            collect()

    def _family(self, name: str, help_text: str, kind: str) -> Family:
        family = self._families.setdefault(name, Family(name, help_text, kind))
        if family.type != kind or name in self._histograms:
            raise ValueError(f"cannot make {kind} {name}: it is a metric already")
        return family

    def families(self) -> Iterator[Family]:
        """Counters and gauges by name."""
        return iter(sorted(self._families.values(), key=lambda family: family.name))

    def histograms(self) -> Iterator[Histogram]:
        """Histograms by name."""
        return iter(sorted(self._histograms.values(), key=lambda histogram: histogram.name))
