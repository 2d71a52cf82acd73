"""One air unit: a fan by the cube law, a compressor that follows the supply setpoint, and what both draw."""

from __future__ import annotations

import math

from firmware_stubs.plant import AirUnit

AIR_J_PER_K_M3 = 1.2 * 1006.0  # kg/m3 x J/(kg K)
LAG_S = 25.0  # of the compressor behind what it should do
LOWEST_SUPPLY_C = 8.0
HIGH_RETURN_C = 42.0
CLOGGING = 0.7  # share of the air flow that a shut filter takes


def blow(unit: AirUnit, return_c: float, outdoor_c: float, dt_s: float, *, powered: bool) -> None:
    """Let a time pass with this air coming back."""
    turning = unit.running and unit.fan_ok and powered
    speed = min(max(unit.fan_percent, 0.0), 100.0) / 100.0 if turning else 0.0
    unit.airflow_m3h = unit.rated_m3h * speed * (1.0 - CLOGGING * unit.filter_clogged)
    unit.fan_w = unit.rated_fan_w * speed**3
    unit.return_c = return_c
    unit.heat_w = _cool(unit, dt_s)
    carried_w_per_k = unit.airflow_m3h / 3600.0 * AIR_J_PER_K_M3
    unit.supply_c = return_c - (unit.heat_w / carried_w_per_k if carried_w_per_k else 0.0)
    unit.cooling_percent = 100.0 * unit.heat_w / unit.rated_w
    unit.cop = cop(outdoor_c, unit.heat_w / unit.rated_w)
    unit.power_w = unit.fan_w + unit.heat_w / unit.cop
    unit.counter.add(unit.power_w, dt_s)
    broken = not unit.fan_ok or not unit.compressor_ok or unit.leak or unit.filter_clogged > 0.5
    unit.alarm = unit.running and (broken or return_c > HIGH_RETURN_C)


def _cool(unit: AirUnit, dt_s: float) -> float:
    """Heat that the compressor takes now, W: it follows the setpoint with a lag, as far as air and rating allow."""
    if unit.airflow_m3h == 0.0 or not unit.compressor_ok:
        return 0.0
    carried_w_per_k = unit.airflow_m3h / 3600.0 * AIR_J_PER_K_M3
    wanted_w = min(max(carried_w_per_k * (unit.return_c - unit.setpoint_c), 0.0), unit.rated_w)
    heat_w = unit.heat_w + (wanted_w - unit.heat_w) * (1.0 - math.exp(-dt_s / LAG_S))
    return min(max(heat_w, 0.0), max(0.0, carried_w_per_k * (unit.return_c - LOWEST_SUPPLY_C)))


def cop(outdoor_c: float, part: float) -> float:
    """Heat moved for each watt: worse when it is hot outside, best at about two thirds of the rating."""
    best = min(max(6.0 - 0.1 * (outdoor_c - 20.0), 2.5), 7.0)
    share = min(max(part, 0.0), 1.0)
    return best * (0.75 + 0.75 * share - 0.5625 * share * share)
