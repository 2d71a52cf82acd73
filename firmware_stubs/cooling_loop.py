"""The coolant's way: cold plates, a CDU's pumps and heat exchanger, the facility water and its chiller.

Pumps follow the affinity laws (flow with speed, pressure with its square, power with its cube). The heat of a loop is
flow x 4.186 kJ/(kg K) x dT, exactly. Two bodies of water keep heat: the loop's coolant and the facility's water.
"""

from __future__ import annotations

import math

from firmware_stubs.air_unit import cop
from firmware_stubs.plant import Cdu, WaterSupply

WATER_J_PER_K_L = 4186.0
EXCHANGER = 0.85  # effectiveness
VALVE_LAG_S = 15.0
LOOP_MINUTES = 1.0  # of its rated flow is in the loop
WATER_MINUTES = 4.0
PUMP_SHARE = 0.012  # power of both pumps at full speed, of the heat that the CDU is rated for
WATER_PUMP_SHARE = 0.01
FULL_KPA, FILTER_KPA, STRAINER_KPA = 150.0, 20.0, 12.0  # at the rated flow, clean
DRY_PERCENT = 10.0  # of the reservoir: pumps draw air
LEAK_PERCENT_PER_S = 0.02
CHILLER_LAG_S = 60.0


def carried_w_per_k(flow_lpm: float) -> float:
    """Heat that a flow of water carries for each kelvin."""
    return flow_lpm / 60.0 * WATER_J_PER_K_L


def loop_j_per_k(cdu: Cdu) -> float:
    """Heat kept in the loop's coolant for each kelvin."""
    return cdu.rated_lpm * LOOP_MINUTES * WATER_J_PER_K_L


def pump(cdu: Cdu, *, powered: bool) -> None:
    """Make flow, pressures and power follow from the pumps' speeds."""
    speeds = [_speed(cdu, number) if powered else 0.0 for number in range(len(cdu.pump_percent))]
    wet = cdu.reservoir_percent > DRY_PERCENT
    push = math.sqrt(sum(speed * speed for speed in speeds) / len(speeds))
    cdu.secondary_flow_lpm = cdu.rated_lpm * push * (1.0 - 0.8 * cdu.filter_clogged) if wet else 0.0
    share = (cdu.secondary_flow_lpm / cdu.rated_lpm) ** 2
    cdu.differential_kpa = FULL_KPA * (push * push if wet else 0.0)
    cdu.filter_kpa = FILTER_KPA * share * (1.0 + 20.0 * cdu.filter_clogged)
    cdu.power_w = PUMP_SHARE * cdu.rated_w * sum(speed**3 for speed in speeds) / len(speeds)


def _speed(cdu: Cdu, number: int) -> float:
    return min(max(cdu.pump_percent[number], 0.0), 100.0) / 100.0 if cdu.pump_running(number) else 0.0


def guess(cdu: Cdu, heat_w: float) -> None:
    """Begin near where this heat leads to, with the pumps as they are set."""
    pump(cdu, powered=True)
    cdu.loop_c = cdu.supply_setpoint_c + heat_w / max(carried_w_per_k(cdu.secondary_flow_lpm), 1.0)


def circulate(cdu: Cdu, water: WaterSupply, heat_w: float, dt_s: float, *, share: float = 1.0) -> None:
    """Let a time pass with this heat into the coolant; the pumps add theirs. `share` of the water is for this CDU."""
    if cdu.leak:
        cdu.reservoir_percent = max(0.0, cdu.reservoir_percent - LEAK_PERCENT_PER_S * dt_s)
    cdu.primary_supply_c, cdu.secondary_return_c = water.supply_c, cdu.loop_c
    _turn_valve(cdu, water, share, dt_s)
    inner, outer = carried_w_per_k(cdu.secondary_flow_lpm), carried_w_per_k(cdu.primary_flow_lpm)
    fall_k = cdu.secondary_return_c - water.supply_c
    cdu.heat_w = EXCHANGER * min(inner, outer) * fall_k
    cdu.secondary_supply_c = cdu.secondary_return_c - (cdu.heat_w / inner if inner else 0.0)
    cdu.primary_return_c = water.supply_c + (cdu.heat_w / outer if outer else 0.0)
    cdu.loop_c += (heat_w + cdu.power_w - cdu.heat_w) * dt_s / loop_j_per_k(cdu)
    cdu.counter.add(cdu.power_w, dt_s)
    broken = not all(cdu.pump_ok) or cdu.leak or cdu.filter_clogged > 0.5 or cdu.valve_stuck
    cdu.alarm = cdu.running and (broken or cdu.secondary_flow_lpm == 0.0)


def _turn_valve(cdu: Cdu, water: WaterSupply, share: float, dt_s: float) -> None:
    """The valve follows the supply setpoint with a lag."""
    full_lpm = min(water.flow_lpm * share, cdu.rated_lpm)
    fall_k = max(cdu.secondary_return_c - water.supply_c, 0.5)
    wanted_w = carried_w_per_k(cdu.secondary_flow_lpm) * max(cdu.secondary_return_c - cdu.supply_setpoint_c, 0.0)
    full_w = EXCHANGER * carried_w_per_k(full_lpm) * fall_k
    target = 100.0 * min(1.0, wanted_w / full_w) if full_w else cdu.valve_percent
    if not cdu.valve_stuck:
        cdu.valve_percent += (target - cdu.valve_percent) * (1.0 - math.exp(-dt_s / VALVE_LAG_S))
    cdu.primary_flow_lpm = full_lpm * cdu.valve_percent / 100.0


def chill(water: WaterSupply, heat_w: float, outdoor_c: float, dt_s: float, *, powered: bool) -> None:
    """Let a time pass with this heat into the facility's water; its pump adds its own."""
    moving = water.running and water.pump_ok and powered
    water.flow_lpm = water.rated_lpm * (1.0 - 0.9 * water.filter_clogged) if moving else 0.0
    share = (water.flow_lpm / water.rated_lpm) ** 2
    water.strainer_kpa = STRAINER_KPA * share * (1.0 + 30.0 * water.filter_clogged) ** 2
    pump_w = WATER_PUMP_SHARE * water.rated_w if moving else 0.0
    body = water.rated_lpm * WATER_MINUTES * WATER_J_PER_K_L
    water.supply_c = water.body_c
    wanted_w = heat_w + pump_w + body * (water.body_c - water.setpoint_c) / CHILLER_LAG_S
    water.heat_w = min(max(wanted_w, 0.0), water.rated_w) if moving and water.compressor_ok else 0.0
    water.cop = cop(outdoor_c, water.heat_w / water.rated_w)
    water.power_w = pump_w + water.heat_w / water.cop
    water.counter.add(water.power_w, dt_s)
    water.heat_in_j += pump_w * dt_s  # what comes from a CDU is counted there
    water.heat_out_j += water.heat_w * dt_s
    carried = carried_w_per_k(water.flow_lpm)
    water.return_c = water.supply_c + (heat_w / carried if carried else 0.0)
    water.body_c += (heat_w + pump_w - water.heat_w) * dt_s / body
    water.alarm = water.running and (not (water.compressor_ok and water.pump_ok) or water.filter_clogged > 0.5)


def water_stored_j(water: WaterSupply) -> float:
    """Heat in the facility's water above 0 C."""
    return water.rated_lpm * WATER_MINUTES * WATER_J_PER_K_L * water.body_c
