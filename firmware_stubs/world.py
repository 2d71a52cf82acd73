"""The pod's physics: feeds, rack PDUs, outlets, cords, loads, heat. It knows nothing of any protocol.

Pure and seeded: time comes in through `World.advance`, no clock is read. What wanders is a function of the world's
time, so a seed gives the same world however the time is cut into steps. Simplifications, on purpose: a PDU itself
draws nothing (inlet power is the sum of its outlets), one phase, and all electrical power becomes heat in the rack.

A world may have a plant (`facility`): what feeds and cools the racks. It moves in whole ticks of the world's time,
between which flows change only by a switch; without one, feeds are there and the air is as cool as outside.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from firmware_stubs.racks import Feed, Load, Outlet, Pdu, Rack

TICK_S = 1.0  # of a plant; a number that adds up without rounding
MAX_STEP_S = 5.0  # a longer step is cut, so that energy and temperature stay exact enough
INLET_LAG_S = 180.0  # time constant of the air in front of a rack
RECIRCULATION_K_PER_KW = 0.8  # rise of the inlet over ambient from the rack's own hot air
DAY_S = 86_400.0


class Plant(Protocol):
    """What feeds and cools a world. It sets `Feed.supplied`, `Rack.settled_c` and `Rack.throttle`."""

    @property
    def outdoor_c(self) -> float: ...

    def begin(self, world: World) -> None:
        """Take the world as it is, as if it had been so for long."""

    def tick(self, world: World) -> None:
        """Let the tick that ends now have passed."""


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
    plant: Plant | None = None
    ticks: int = 0

    def __post_init__(self) -> None:
        self.settle()
        for rack in self.racks.values():
            rack.settled_c = self._inlet_target_c(rack)
        if self.plant is not None:
            self.plant.begin(self)
            self.settle()

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
        self.feeds[feed].closed = live
        self.settle()

    def trip(self, pdu: str, branch: int, *, tripped: bool) -> None:
        """Open or close a branch's breaker; LookupError when it does not exist."""
        for each in self.pdu(pdu).branches:
            if each.number == branch:
                each.tripped = tripped
                for outlet in each.outlets:
                    outlet.fed = not tripped
                self.settle()
                return
        raise LookupError(f"{pdu} has no branch {branch}: it has 1 to {len(self.pdu(pdu).branches)}")

    def pdu(self, name: str) -> Pdu:
        """The PDU with this name; LookupError when there is none."""
        if name not in self.pdus:
            raise LookupError(f"there is no PDU {name}: there are {', '.join(self.pdus)}")
        return self.pdus[name]

    def settle(self) -> None:
        """Make every flow follow from the switches and the demands of this moment (no time passes)."""
        now_s = self.time_s if self.plant is None else self.ticks * TICK_S
        self.ambient_c = self._ambient_c()
        for feed in self.feeds.values():
            feed.voltage_v = feed.nominal_v * feed.wander.at(now_s) if feed.live else 0.0
        for outlet in self._outlets():
            outlet.power_w = outlet.apparent_va = 0.0
        for rack in self.racks.values():
            rack.heat_w = 0.0
        for load in self.loads.values():
            self._feed_load(load, now_s)
        for pdu in self.pdus.values():
            _sum_up(pdu)

    def _ambient_c(self) -> float:
        if self.plant is not None:
            return self.plant.outdoor_c
        return self.ambient_mean_c + 1.5 * math.sin(math.tau * self.time_s / DAY_S)

    def _feed_load(self, load: Load, now_s: float) -> None:
        rack = self.racks[load.rack]
        load.demand_w = load.nominal_w * load.wander.at(now_s) * rack.throttle
        live = [cord for cord in load.cords if cord.live]
        load.power_w = load.demand_w if live else 0.0
        for cord in live:
            cord.outlet.power_w = load.power_w / len(live)
            cord.outlet.apparent_va = cord.outlet.power_w / load.power_factor
        rack.heat_w += load.power_w

    def _step(self, dt_s: float, end_s: float) -> None:
        """One piece of time; flows found at its start hold until its end, which a relay or a tick brings forward."""
        due = min((outlet.pending[0][0] for outlet in self._outlets() if outlet.pending), default=math.inf)
        tick_s = math.inf if self.plant is None else (self.ticks + 1) * TICK_S
        dt_s = max(0.0, min(dt_s, due - self.time_s, tick_s - self.time_s))
        self._integrate(dt_s)
        self.time_s = end_s if end_s - self.time_s - dt_s < 1e-9 else self.time_s + dt_s  # rounding, ns
        moved = self.plant is None
        for outlet in self._outlets():
            while outlet.pending and outlet.pending[0][0] <= self.time_s + 1e-9:
                self._throw(outlet, on=outlet.pending.pop(0)[1])
                moved = True
        if self.plant is not None and tick_s - self.time_s <= 1e-9:
            self.ticks += 1
            self.plant.tick(self)
            moved = True
        if moved:
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
            rack.energy_wh += rack.heat_w * hours
            if self.plant is not None:
                continue
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
