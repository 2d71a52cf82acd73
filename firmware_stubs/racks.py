"""What stands and hangs in a pod: feeds, rack PDUs, branches, outlets, cords, loads, racks. Plain state."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import StrEnum

DEW_POINT_C = 11.0  # the pod is closed: its moisture is constant, so humidity follows temperature


class ServiceClass(StrEnum):
    """How much a load matters: P1 most, P3 least."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


@dataclass(frozen=True)
class Wander:
    """A smooth, bounded, seeded wobble around 1: the product of a level and `at(t)` wanders a little."""

    waves: tuple[tuple[float, float, float], ...]  # amplitude, period_s, phase

    def at(self, time_s: float) -> float:
        return 1.0 + sum(a * math.sin(math.tau * time_s / period + phase) for a, period, phase in self.waves)


@dataclass
class Feed:
    """One of the pod's supplies."""

    name: str
    nominal_v: float
    wander: Wander
    frequency_hz: float = 50.0
    closed: bool = True  # its main switch
    lost: bool = False  # a fault takes it away
    supplied: bool = True  # there is voltage in front of the breaker
    voltage_v: float = 0.0
    energy_wh: float = 0.0

    @property
    def live(self) -> bool:
        return self.closed and self.supplied and not self.lost


@dataclass(eq=False)
class Outlet:
    """A switched, metered socket of a PDU. `power_w` is what flows now, `energy_wh` what flowed since it was built."""

    number: int
    rated_a: float
    on: bool = True
    fed: bool = True  # its branch's breaker is closed
    switched_at_s: float = 0.0
    pending: list[tuple[float, bool]] = field(default_factory=list)  # (due at, on): delayed relay commands
    power_w: float = 0.0
    apparent_va: float = 0.0
    current_a: float = 0.0
    energy_wh: float = 0.0
    peak_w: float = 0.0


@dataclass(eq=False)
class Branch:
    """A breaker of a PDU and the outlets behind it."""

    number: int
    rated_a: float
    outlets: tuple[Outlet, ...]
    tripped: bool = False
    current_a: float = 0.0
    peak_a: float = 0.0


@dataclass(eq=False)
class Pdu:
    """A rack PDU: one inlet on one feed, outlets behind branches. Outlets keep their state without their card."""

    name: str
    rack: str
    feed: Feed
    rated_a: float
    outlets: tuple[Outlet, ...]
    branches: tuple[Branch, ...]
    power_w: float = 0.0
    apparent_va: float = 0.0
    current_a: float = 0.0
    energy_wh: float = 0.0
    peak_w: float = 0.0
    peak_a: float = 0.0

    @property
    def power_factor(self) -> float:
        """Active over apparent power; 1 without load."""
        return self.power_w / self.apparent_va if self.apparent_va else 1.0

    def outlet(self, number: int) -> Outlet:
        """The outlet with this number, counted from 1; LookupError when there is none."""
        if not 1 <= number <= len(self.outlets):
            raise LookupError(f"{self.name} has no outlet {number}: it has 1 to {len(self.outlets)}")
        return self.outlets[number - 1]


@dataclass(frozen=True)
class Cord:
    """A cable from a load's supply to an outlet."""

    pdu: Pdu
    outlet: Outlet

    @property
    def live(self) -> bool:
        return self.outlet.on and self.outlet.fed and self.pdu.feed.live


@dataclass(eq=False)
class Load:
    """A machine: what it wants (`demand_w`), what it gets (`power_w`: all of it or, with no live cord, nothing)."""

    name: str
    rack: str
    service_class: ServiceClass
    nominal_w: float
    power_factor: float
    cords: tuple[Cord, ...]
    wander: Wander
    demand_w: float = 0.0
    power_w: float = 0.0
    energy_wh: float = 0.0


@dataclass(eq=False)
class Rack:
    """The air in front of a rack, and its heat. `hot_k` is a disturbance laid on top, without lag."""

    name: str
    heat_w: float = 0.0
    settled_c: float = 0.0
    hot_k: float = 0.0
    liquid_share: float = 0.0  # of its heat that cold plates take; only with a plant, as are those below
    recirculation: float = 0.0  # share of its air that comes round from behind
    throttle: float = 1.0  # what is left of the machines' demand when it is too warm for them
    energy_wh: float = 0.0

    @property
    def inlet_c(self) -> float:
        return self.settled_c + self.hot_k

    @property
    def humidity_percent(self) -> float:
        """Relative humidity of air with the pod's dew point at the inlet temperature (Magnus formula)."""
        return relative_humidity(self.inlet_c)


def relative_humidity(temperature_c: float) -> float:
    """Percent, of air with the pod's dew point at this temperature."""
    return min(100.0, 100.0 * _vapour_hpa(DEW_POINT_C) / _vapour_hpa(temperature_c))


def _vapour_hpa(temperature_c: float) -> float:
    return 6.112 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))
