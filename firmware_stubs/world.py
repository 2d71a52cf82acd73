"""The pod's physics: feeds, rack PDUs, outlets, cords, loads, heat. It knows nothing of any protocol.

Pure and seeded: time comes in through `World.advance`, no clock is read. What wanders is a function of the world's
time, so a seed gives the same world however the time is cut into steps. Simplifications, on purpose: a PDU itself
draws nothing (inlet power is the sum of its outlets), one phase, and all electrical power becomes heat in the rack.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

MAX_STEP_S = 5.0  # a longer step is cut, so that energy and temperature stay exact enough
INLET_LAG_S = 180.0  # time constant of the air in front of a rack
RECIRCULATION_K_PER_KW = 0.8  # rise of the inlet over ambient from the rack's own hot air
DEW_POINT_C = 11.0  # the pod is closed: its moisture is constant, so humidity follows temperature
DAY_S = 86_400.0


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
    live: bool = True
    voltage_v: float = 0.0
    energy_wh: float = 0.0


@dataclass(eq=False)
class Outlet:
    """A switched, metered socket of a PDU. `power_w` is what flows now, `energy_wh` what flowed since it was built."""

    number: int
    rated_a: float
    on: bool = True
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
        return self.outlet.on and self.pdu.feed.live


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
    """The air in front of a rack. `hot_k` is a disturbance laid on top, without lag."""

    name: str
    heat_w: float = 0.0
    settled_c: float = 0.0
    hot_k: float = 0.0

    @property
    def inlet_c(self) -> float:
        return self.settled_c + self.hot_k

    @property
    def humidity_percent(self) -> float:
        """Relative humidity of air with the pod's dew point at the inlet temperature (Magnus formula)."""
        return min(100.0, 100.0 * _vapour_hpa(DEW_POINT_C) / _vapour_hpa(self.inlet_c))


def _vapour_hpa(temperature_c: float) -> float:
    return 6.112 * math.exp(17.62 * temperature_c / (243.12 + temperature_c))


@dataclass
class World:
    """The whole pod at one moment. Not thread-safe; built by `layout`."""

    feeds: dict[str, Feed]
    pdus: dict[str, Pdu]
    loads: dict[str, Load]
    racks: dict[str, Rack]
    ambient_mean_c: float = 22.0
    time_s: float = 0.0
    ambient_c: float = 0.0

    def __post_init__(self) -> None:
        self.settle()
        for rack in self.racks.values():
            rack.settled_c = self._inlet_target_c(rack)

    def advance(self, dt_s: float) -> None:
        """Let `dt_s` seconds pass; ValueError when that is negative or no number."""
        if not (math.isfinite(dt_s) and dt_s >= 0.0):
            raise ValueError(f"time passes forward and finitely, not by {dt_s} s")
        end_s = self.time_s + dt_s
        while (left_s := end_s - self.time_s) > 0.0:
            self._step(min(left_s, MAX_STEP_S), end_s)

    def switch(self, pdu: str, outlet: int, *, on: bool, after_s: float = 0.0) -> None:
        """Turn an outlet now, which cancels what was pending, or later; LookupError when it does not exist."""
        relay = self.pdu(pdu).outlet(outlet)
        if after_s > 0.0:
            relay.pending.append((self.time_s + after_s, on))
            relay.pending.sort()
            return
        relay.pending.clear()
        self._throw(relay, on=on)
        self.settle()

    def set_feed(self, feed: str, *, live: bool) -> None:
        """Give or take a whole feed; LookupError when it does not exist."""
        if feed not in self.feeds:
            raise LookupError(f"there is no feed {feed}: there are {', '.join(self.feeds)}")
        self.feeds[feed].live = live
        self.settle()

    def pdu(self, name: str) -> Pdu:
        """The PDU with this name; LookupError when there is none."""
        if name not in self.pdus:
            raise LookupError(f"there is no PDU {name}: there are {', '.join(self.pdus)}")
        return self.pdus[name]

    def settle(self) -> None:
        """Make every flow follow from the switches and the demands of this moment (no time passes)."""
        self.ambient_c = self.ambient_mean_c + 1.5 * math.sin(math.tau * self.time_s / DAY_S)
        for feed in self.feeds.values():
            feed.voltage_v = feed.nominal_v * feed.wander.at(self.time_s) if feed.live else 0.0
        for outlet in self._outlets():
            outlet.power_w = outlet.apparent_va = 0.0
        for rack in self.racks.values():
            rack.heat_w = 0.0
        for load in self.loads.values():
            self._feed_load(load)
        for pdu in self.pdus.values():
            _sum_up(pdu)

    def _feed_load(self, load: Load) -> None:
        load.demand_w = load.nominal_w * load.wander.at(self.time_s)
        live = [cord for cord in load.cords if cord.live]
        load.power_w = load.demand_w if live else 0.0
        for cord in live:
            cord.outlet.power_w = load.power_w / len(live)
            cord.outlet.apparent_va = cord.outlet.power_w / load.power_factor
        self.racks[load.rack].heat_w += load.power_w

    def _step(self, dt_s: float, end_s: float) -> None:
        """One piece of time; the flows found at its start hold until its end, which a due relay may bring forward."""
        due = min((outlet.pending[0][0] for outlet in self._outlets() if outlet.pending), default=math.inf)
        dt_s = max(0.0, min(dt_s, due - self.time_s))
        self._integrate(dt_s)
        self.time_s = end_s if end_s - self.time_s - dt_s < 1e-9 else self.time_s + dt_s  # rounding, ns
        for outlet in self._outlets():
            while outlet.pending and outlet.pending[0][0] <= self.time_s + 1e-9:
                self._throw(outlet, on=outlet.pending.pop(0)[1])
        self.settle()

    def _integrate(self, dt_s: float) -> None:
        hours = dt_s / 3600.0
        for load in self.loads.values():
            load.energy_wh += load.power_w * hours
        for pdu in self.pdus.values():
            pdu.energy_wh += pdu.power_w * hours
            pdu.feed.energy_wh += pdu.power_w * hours
            for outlet in pdu.outlets:
                outlet.energy_wh += outlet.power_w * hours
        closing = 1.0 - math.exp(-dt_s / INLET_LAG_S)
        for rack in self.racks.values():
            rack.settled_c += (self._inlet_target_c(rack) - rack.settled_c) * closing

    def _inlet_target_c(self, rack: Rack) -> float:
        return self.ambient_c + RECIRCULATION_K_PER_KW * rack.heat_w / 1000.0

    def _throw(self, outlet: Outlet, *, on: bool) -> None:
        if outlet.on != on:
            outlet.on = on
            outlet.switched_at_s = self.time_s

    def _outlets(self) -> Iterator[Outlet]:
        return (outlet for pdu in self.pdus.values() for outlet in pdu.outlets)


def _sum_up(pdu: Pdu) -> None:
    """Currents, sums and peaks of one PDU from the power of its outlets: I = S / V."""
    volts = pdu.feed.voltage_v
    for outlet in pdu.outlets:
        outlet.current_a = outlet.apparent_va / volts if volts else 0.0
        outlet.peak_w = max(outlet.peak_w, outlet.power_w)
    for branch in pdu.branches:
        branch.current_a = sum(outlet.current_a for outlet in branch.outlets)
        branch.peak_a = max(branch.peak_a, branch.current_a)
    pdu.power_w = sum(outlet.power_w for outlet in pdu.outlets)
    pdu.apparent_va = sum(outlet.apparent_va for outlet in pdu.outlets)
    pdu.current_a = pdu.apparent_va / volts if volts else 0.0
    pdu.peak_w = max(pdu.peak_w, pdu.power_w)
    pdu.peak_a = max(pdu.peak_a, pdu.current_a)
