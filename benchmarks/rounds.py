"""Interleaved rounds and their medians: a machine whose speed drifts is unfair to both sides alike."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass

MIN_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Sample:
    """What one side measured, round by round; never empty."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("a sample needs at least one round")

    @property
    def median(self) -> float:
        """The middle round: one disturbed round does not move it."""
        return statistics.median(self.values)

    @property
    def spread(self) -> tuple[float, float]:
        """The smallest and the largest round."""
        return min(self.values), max(self.values)

    def over(self, other: Sample) -> Sample:
        """The ratio to the other side, round by round; ValueError when the rounds do not pair."""
        pairs = zip(self.values, other.values, strict=True)
        return Sample(tuple(mine / theirs if theirs else float("nan") for mine, theirs in pairs))


def interleaved(sides: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Sample]:
    """Each side once per round, in turn (ours, peer, ours, peer ...), after one uncounted round that warms up."""
    if rounds < MIN_ROUNDS:
        raise ValueError(f"a median needs at least {MIN_ROUNDS} rounds, not {rounds}")
    for measure in sides.values():
        measure()
    measured: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            measured[name].append(measure())
    return {name: Sample(tuple(values)) for name, values in measured.items()}
