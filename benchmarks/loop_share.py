"""From what was seen on the wire to our own share of the time between a reading and the SET that it causes."""

from __future__ import annotations

import itertools
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

GET, SET = "get", "set"


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request and its answer as the tap before the agents saw them, in ns of CLOCK_MONOTONIC."""

    kind: str
    asked_ns: int
    answered_ns: int


@dataclass(frozen=True, slots=True)
class Reaction:
    """From a reading to the SET on the wire, and how much of it the agents had a question of ours."""

    whole_ms: float
    agents_ms: float


def reactions(began_ns: Sequence[int], exchanges: Iterable[Exchange]) -> list[Reaction]:
    """One for each reading, in order; ValueError when one has no SET before the next reading."""
    known = sorted(exchanges, key=lambda one: one.asked_ns)
    ends_ns = [*began_ns[1:], max((one.asked_ns for one in known), default=0) + 1]
    return [_reaction(began, end, known) for began, end in zip(began_ns, ends_ns, strict=True)]


def answered_to_set_ms(exchanges: Sequence[Exchange]) -> list[float]:
    """From the answer to each GET to the SET right behind it."""
    ordered = sorted(exchanges, key=lambda one: one.asked_ns)
    return [
        (after.asked_ns - before.answered_ns) / 1e6
        for before, after in itertools.pairwise(ordered)
        if (before.kind, after.kind) == (GET, SET)
    ]


def quantile(values: Sequence[float], share: float) -> float:
    """By linear interpolation between the ordered values, ends included."""
    return statistics.quantiles(values, n=1000, method="inclusive")[round(share * 1000) - 1]


def _reaction(began_ns: int, end_ns: int, exchanges: Sequence[Exchange]) -> Reaction:
    mine = [one for one in exchanges if began_ns <= one.asked_ns < end_ns]
    done_ns = next((one.asked_ns for one in mine if one.kind == SET), None)
    if done_ns is None:
        raise ValueError("a reading has no SET")
    agents_ns = _covered_ns(began_ns, done_ns, [one for one in mine if one.asked_ns < done_ns])
    return Reaction((done_ns - began_ns) / 1e6, agents_ns / 1e6)


def _covered_ns(from_ns: int, to_ns: int, exchanges: Iterable[Exchange]) -> int:
    """How long at least one of them was open; two at once count once."""
    covered_ns, upto_ns = 0, from_ns
    for one in exchanges:
        begin_ns, end_ns = max(one.asked_ns, upto_ns), min(one.answered_ns, to_ns)
        if end_ns > begin_ns:
            covered_ns, upto_ns = covered_ns + end_ns - begin_ns, end_ns
    return covered_ns
