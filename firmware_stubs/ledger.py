"""Does it add up? Energy of a world with a plant since it began, from the devices' own counters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from firmware_stubs.facility import Facility
from firmware_stubs.world import World

J_PER_WH = 3600.0


@dataclass(frozen=True)
class Balance:
    """Wh since the world began. Sources less loads, losses and what the stores gained should be nothing."""

    sources: Mapping[str, float]
    loads: Mapping[str, float]
    losses: Mapping[str, float]
    stored_wh: float  # gained by all batteries

    @property
    def turnover_wh(self) -> float:
        """All that was consumed."""
        return sum(self.loads.values()) + sum(self.losses.values())

    @property
    def residual_wh(self) -> float:
        return sum(self.sources.values()) - self.turnover_wh - self.stored_wh


@dataclass(frozen=True)
class HeatBalance:
    """Wh of heat since the world began: into air and water, out through units and chiller, kept in between."""

    gained_wh: float
    removed_wh: float
    stored_wh: float

    @property
    def residual_wh(self) -> float:
        return self.gained_wh - self.removed_wh - self.stored_wh


def balance(world: World, plant: Facility) -> Balance:
    """The electrical balance as of the last tick. Each figure comes from a counter of its own."""
    supply = plant.supply
    sources = {
        "imported": supply.meter.imported.total_wh,
        "exported": -supply.meter.exported.total_wh,
        "sun": supply.pv.counter.total_wh,
        "generator": supply.generator.counter.total_wh,
    }
    loads = {
        "it": sum(load.energy_wh for load in world.loads.values()) - plant.unbooked_wh(world),
        "dc": plant.dc.load.total_wh,
        "house": plant.house.total_wh,
        "cooling": sum(counter.total_wh for counter in plant.cooling_counters),
    }
    losses = {
        "transformer": supply.grid.loss.total_wh,
        "battery": supply.battery.loss.total_wh,
        "ups": sum(ups.loss.total_wh for ups in plant.upses.values()),
        "rectifiers": plant.dc.loss.total_wh,
    }
    return Balance(sources, loads, losses, plant.stored_wh - plant.began_wh)


def heat_balance(plant: Facility) -> HeatBalance:
    """The thermal balance of aisles, coolant and facility water."""
    gained = sum(aisle.heat_in_j for aisle in plant.aisles) + plant.water.heat_in_j
    gained += sum(loop.heat_in_j for loop in plant.loops)
    removed = sum(aisle.heat_out_j for aisle in plant.aisles) + plant.water.heat_out_j
    return HeatBalance(gained / J_PER_WH, removed / J_PER_WH, (plant.stored_j - plant.began_j) / J_PER_WH)
