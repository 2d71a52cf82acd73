"""Made-up meters: what an honest one shows of a true load, and what one shows of which a scale is wrong."""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

from edgeagent.drivers.estimates.judge import Judge
from edgeagent.model.device import DeviceInfo, Group, Identity
from edgeagent.model.points import DeviceId, Point, PointId, point_id
from edgeagent.model.reading import Quality, Reading
from edgeagent.model.units import Kind

DEVICE = DeviceId("pdu-a1")
KINDS = {
    "power": Kind.POWER,
    "voltage": Kind.VOLTAGE,
    "current": Kind.CURRENT,
    "power_factor": Kind.POWER_FACTOR,
    "energy": Kind.ENERGY,
}
QUANTITIES = tuple(KINDS)
KINDS["apparent_power"] = Kind.APPARENT_POWER
VOLTS = (110.0, 120.0, 208.0, 230.0, 400.0)
ROOT3 = math.sqrt(3)
LINES = 1 / ROOT3
"""A phase whose voltage is told between lines."""
NEUTRAL, BETWEEN = (110.0, 120.0, 230.0), (208.0, 400.0)
VOLTS_OF = {3.0: NEUTRAL, ROOT3: BETWEEN, LINES: BETWEEN}
PLACES = (
    *(("outlet.3", 1.0), ("outlet.3", 1.0), ("branch.2", 1.0), ("phase.2", 1.0), ("phase.2", LINES)),
    *(("inlet", 1.0), ("inlet", ROOT3), ("inlet", 3.0), ("ac", 3.0), ("input.1", 1.0)),
)
FACTORS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)
POLL_S = 10.0


@dataclass
class Meter:
    """One group. ``share`` is the load's share of the rating; ``wiring`` is what voltage times current lacks."""

    stem: str
    members: tuple[str, ...]
    volts: float
    rating_a: float
    share: float
    factor: float
    wiring: float
    noise: float
    steps: dict[str, float]
    rng: random.Random
    spoilt: str = ""
    by: float = 1.0
    lag: bool = False
    """Whether power and current are of different moments."""
    energy_wh: float = 0.0
    least: float = 0.0
    steps_often: float = 0.0
    power_w: float = field(init=False, default=0.0)
    current_a: float = field(init=False, default=0.0)

    def poll(self, took_s: float) -> dict[str, float]:
        """What it shows after some time."""
        before_a = self.current_a
        if self.rng.random() < self.steps_often:
            self.share = self.rng.uniform(self.least, 1.0)
        level = self.share * (1 + self.rng.uniform(-self.noise, self.noise))
        self.current_a = self.rating_a * level
        self.power_w = self.volts * self.current_a * self.factor * self.wiring
        self.energy_wh += self.power_w * took_s / 3600
        current_a = before_a if self.lag and before_a else self.current_a
        shown = {
            "power": self.power_w,
            "voltage": self.volts * (1 + self.rng.uniform(-0.03, 0.03)),
            "current": current_a,
            "power_factor": self.factor,
            "energy": self.energy_wh,
            "apparent_power": self.power_w / self.factor,
        }
        return {name: self._rounded(name, shown[name]) for name in self.members}

    def _rounded(self, name: str, value: float) -> float:
        step = self.steps[name]
        value = math.floor(value / step) * step if name == "energy" else round(value / step) * step
        return round(value * (self.by if name == self.spoilt else 1.0), 9)


def meter(rng: random.Random, *, least: float = 0.0, members: tuple[str, ...] | None = None) -> Meter:
    """Some meter; its load is at least so much of its rating."""
    if members is None:
        members = tuple(rng.sample(QUANTITIES, rng.randint(3, 5)))
        members += ("apparent_power",) if rng.random() < 0.2 else ()
    stem, wiring = rng.choice(PLACES)
    return Meter(
        stem=stem,
        members=members,
        volts=rng.choice(VOLTS_OF.get(wiring, VOLTS) if stem != "phase.2" or wiring != 1.0 else NEUTRAL),
        rating_a=rng.choice((10.0, 16.0, 20.0, 32.0)),
        share=rng.uniform(least, 1.0) if least or rng.random() < 0.7 else rng.uniform(0.0, 0.02),
        factor=rng.uniform(0.5, 1.0),
        wiring=wiring,
        noise=rng.choice((0.0, 0.02, 0.1, 0.3)),
        steps={
            "power": rng.choice((0.1, 1.0, 1.0, 10.0)),
            "voltage": rng.choice((0.1, 1.0, 1.0)),
            "current": rng.choice((0.001, 0.01, 0.1, 0.1)),
            "power_factor": rng.choice((0.001, 0.01)),
            "energy": rng.choice((0.1, 1.0, 10.0, 100.0)),
            "apparent_power": 1.0,
        },
        rng=rng,
        lag=rng.random() < 0.5,
        energy_wh=rng.uniform(0.0, 5e6),
        least=least,
        steps_often=rng.choice((0.0, 0.03)),
    )


def described(names: dict[str, Kind], *, slow: frozenset[str] = frozenset(), device: DeviceId = DEVICE) -> DeviceInfo:
    points = tuple(Point(device, name, kind) for name, kind in names.items())
    groups = [Group("fast", POLL_S, 5.0, frozenset(names) - slow)]
    if slow:
        groups.append(Group("slow", 6 * POLL_S, 5.0, slow))
    return DeviceInfo(Identity(serial="S1"), points, tuple(groups))


def readings(values: dict[str, float], now_s: float, device: DeviceId = DEVICE) -> list[Reading]:
    return [Reading(point_id(device, name), value, now_s) for name, value in values.items()]


@dataclass
class Bench:
    """One meter before a judge."""

    meter: Meter
    now_s: float = 1000.0

    def __post_init__(self) -> None:
        names = {f"{self.meter.stem}.{name}": KINDS[name] for name in self.meter.members}
        is_slow = self.meter.rng.random() < 0.5 and "energy" in self.meter.members
        self.slow = frozenset({f"{self.meter.stem}.energy"}) if is_slow else frozenset()
        self.judge = Judge(DEVICE, described(names, slow=self.slow))

    def run(self, polls: int) -> Iterator[dict[PointId, Reading]]:
        """What comes out of each poll."""
        for turn in range(polls):
            values = {f"{self.meter.stem}.{name}": value for name, value in self.meter.poll(POLL_S).items()}
            fast = {name: value for name, value in values.items() if name not in self.slow}
            found, _ = self.judge.take("fast", readings(fast, self.now_s), self.now_s)
            if self.slow and turn % 6 == 0:
                slow = {name: values[name] for name in self.slow}
                found += self.judge.take("slow", readings(slow, self.now_s), self.now_s)[0]
            yield {reading.point: reading for reading in found}
            self.now_s += POLL_S

    def marked(self, polls: int) -> set[str]:
        """The quantities that are marked in the end."""
        last: dict[PointId, Reading] = {}
        for found in self.run(polls):
            last |= found
        return {
            point.rpartition(".")[2]
            for point, reading in last.items()
            if reading.quality is not Quality.GOOD and reading.source != "derived"
        }
