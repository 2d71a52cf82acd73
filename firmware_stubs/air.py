"""An aisle: two nodes (its air, and all that is solid in it), racks that breathe, units that blow cold air.

The air is one well-mixed node. What a rack takes in is the units' supply air as far as it reaches, and the aisle's own
for the rest: with less supply than the racks' fans want, or a leaky containment, hot air comes round to the front.
Heat is booked as it flows: what goes in, what the units take out and what the nodes keep add up without a remainder.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from firmware_stubs.air_unit import AIR_J_PER_K_M3, blow
from firmware_stubs.plant import AirUnit
from firmware_stubs.racks import Rack, relative_humidity

AIR_J_PER_K = 9_000.0  # per rack: 7.5 m3
MASS_J_PER_K = 140_000.0  # per rack: machines, frames
COUPLING_W_PER_K = 350.0  # per rack, between air and mass
ENVELOPE_W_PER_K = 12.0  # per rack, to the outdoors
RACK_RISE_K = 12.0  # that a rack's fans hold across it
IDLE_M3H = 120.0  # that a rack without heat still moves
INLET_LAG_S = 20.0
THROTTLE_C, CRAWL_C = 42.0, 52.0  # inlets at which machines begin to slow down, and slow down no more
CRAWL = 0.4


@dataclass(eq=False)
class Aisle:
    """Racks and units around one body of air. `containment` is the share of the cold air that stays in front."""

    name: str
    racks: tuple[Rack, ...]
    units: tuple[AirUnit, ...]
    containment: float = 0.95
    air_c: float = 30.0
    mass_c: float = 30.0
    supply_c: float = 20.0
    airflow_m3h: float = 0.0
    heat_in_j: float = 0.0
    heat_out_j: float = 0.0
    taken: dict[str, float] = field(default_factory=dict)  # heat of each rack that goes into this air, W

    @property
    def stored_j(self) -> float:
        """Heat in both nodes above 0 C."""
        return len(self.racks) * (AIR_J_PER_K * self.air_c + MASS_J_PER_K * self.mass_c)


def guess(aisle: Aisle, heat_w: float) -> None:
    """Begin near where this heat leads to, with all units as they are set."""
    for unit in aisle.units:
        unit.heat_w = heat_w / len(aisle.units)
        blow(unit, unit.return_c, 20.0, 0.0, powered=True)
    flow_w_per_k = sum(unit.airflow_m3h for unit in aisle.units) / 3600.0 * AIR_J_PER_K_M3
    setpoint_c = sum(unit.setpoint_c for unit in aisle.units) / len(aisle.units)
    aisle.air_c = aisle.mass_c = setpoint_c + heat_w / max(flow_w_per_k, 1.0)
    for unit in aisle.units:
        unit.heat_w = heat_w / len(aisle.units)
    _mix(aisle)
    for rack in aisle.racks:
        rack.settled_c = setpoint_c + 1.0


def breathe(aisle: Aisle, heat_w: float, outdoor_c: float, dt_s: float, *, powered: bool) -> None:
    """Let a time pass with this heat into the air (of racks and warm pipes); the units' fans add their own."""
    for unit in aisle.units:
        blow(unit, aisle.air_c, outdoor_c, dt_s, powered=powered)
    size = len(aisle.racks)
    taken_w = sum(unit.heat_w for unit in aisle.units)
    gained_w = heat_w + sum(unit.fan_w for unit in aisle.units)
    gained_w += size * ENVELOPE_W_PER_K * (outdoor_c - aisle.air_c)
    shared_w = size * COUPLING_W_PER_K * (aisle.mass_c - aisle.air_c)
    aisle.air_c += (gained_w - taken_w + shared_w) * dt_s / (size * AIR_J_PER_K)
    aisle.mass_c -= shared_w * dt_s / (size * MASS_J_PER_K)
    aisle.heat_in_j += gained_w * dt_s
    aisle.heat_out_j += taken_w * dt_s
    _mix(aisle)


def warm_racks(aisle: Aisle, dt_s: float) -> None:
    """Let the racks' inlets follow the air, and the machines slow down where it is too warm; moisture is constant."""
    closing = 1.0 - math.exp(-dt_s / INLET_LAG_S)
    for rack in aisle.racks:
        rack.settled_c += (inlet_target_c(aisle, rack) - rack.settled_c) * closing
        rack.throttle = 1.0 - (1.0 - CRAWL) * min(max((rack.inlet_c - THROTTLE_C) / (CRAWL_C - THROTTLE_C), 0.0), 1.0)
    for unit in aisle.units:
        unit.humidity_percent = relative_humidity(unit.return_c)


def inlet_target_c(aisle: Aisle, rack: Rack) -> float:
    """What a rack takes in, once it has settled."""
    wanted_m3h = sum(wanted_air_m3h(aisle.taken.get(each.name, 0.0)) for each in aisle.racks)
    reached = min(1.0, aisle.airflow_m3h / wanted_m3h) * (aisle.containment - rack.recirculation)
    return reached * aisle.supply_c + (1.0 - reached) * aisle.air_c


def wanted_air_m3h(heat_w: float) -> float:
    """What a rack's own fans move."""
    return IDLE_M3H + 3600.0 * heat_w / (AIR_J_PER_K_M3 * RACK_RISE_K)


def _mix(aisle: Aisle) -> None:
    aisle.airflow_m3h = sum(unit.airflow_m3h for unit in aisle.units)
    blown = sum(unit.airflow_m3h * unit.supply_c for unit in aisle.units)
    aisle.supply_c = blown / aisle.airflow_m3h if aisle.airflow_m3h > 0.0 else aisle.air_c
