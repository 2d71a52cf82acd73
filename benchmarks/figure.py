"""One measured figure, its peer's and its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from benchmarks.rounds import Sample


class Aim(StrEnum):
    """Which way is good."""

    AT_MOST = "at most"
    AT_LEAST = "at least"


@dataclass(frozen=True, slots=True)
class Figure:
    """A median over rounds. Without a target it informs; without a peer it stands alone.

    ``ratio`` is our value over the peer's, taken round by round and then the median; a figure that is itself a ratio
    carries the same number twice, with the peer's own figure beside it.
    """

    name: str
    value: float
    unit: str
    peer: str | None = None
    peer_value: float | None = None
    ratio: float | None = None
    target: float | None = None
    aim: Aim = Aim.AT_MOST
    rounds: int = 1
    spread: tuple[float, float] | None = None
    """The smallest and the largest round."""

    @classmethod
    def of(cls, name: str, sample: Sample, unit: str, *, target: float | None = None, aim: Aim = Aim.AT_MOST) -> Figure:
        """A figure that stands alone."""
        return cls(name, sample.median, unit, target=target, aim=aim, rounds=len(sample.values), spread=sample.spread)

    @classmethod
    def beside(
        cls, name: str, sample: Sample, unit: str, peer: tuple[str, Sample], *, target: float | None = None
    ) -> Figure:
        """Our figure beside a peer's from the same rounds."""
        label, other = peer
        return cls(
            name,
            sample.median,
            unit,
            peer=label,
            peer_value=other.median,
            ratio=sample.over(other).median,
            target=target,
            rounds=len(sample.values),
            spread=sample.spread,
        )

    @classmethod
    def ratio_of(cls, name: str, ratios: Sample, peer: tuple[str, Sample], target: float, aim: Aim) -> Figure:
        """A figure that is a ratio to a peer's, or of a peer's to ours."""
        label, other = peer
        return cls(
            name,
            ratios.median,
            "ratio",
            peer=label,
            peer_value=other.median,
            ratio=ratios.median,
            target=target,
            aim=aim,
            rounds=len(ratios.values),
            spread=ratios.spread,
        )

    @property
    def ok(self) -> bool | None:
        """Whether the target is met; None without a target. A figure that is not a number meets none."""
        if self.target is None:
            return None
        return self.value <= self.target if self.aim is Aim.AT_MOST else self.value >= self.target

    @property
    def verdict(self) -> str:
        """PASS, MISS, or nothing to judge."""
        return {True: "PASS", False: "MISS", None: "-"}[self.ok]

    def as_json(self) -> Mapping[str, object]:
        """The object that ``--json`` prints; every key is always there."""
        return {
            "name": self.name,
            "value": _short(self.value),
            "unit": self.unit,
            "peer": self.peer,
            "peer_value": _short(self.peer_value),
            "ratio": _short(self.ratio),
            "target": self.target,
            "aim": None if self.target is None else self.aim.value,
            "ok": self.ok,
            "rounds": self.rounds,
            "spread": None if self.spread is None else [_short(edge) for edge in self.spread],
        }


def _short(value: float | None) -> float | None:
    """Four significant digits: more would be noise."""
    return None if value is None else float(f"{value:.4g}")
