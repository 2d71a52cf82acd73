"""A battery: open-circuit voltage by state of charge, inner resistance by temperature, a converter, and its management.

The charge is an energy: while a current flows, the cells give open-circuit voltage x current, of which the inner
resistance takes its share as heat. What is stored, given and lost therefore adds up without a remainder.
"""

from __future__ import annotations

import math
from bisect import bisect_right

from firmware_stubs.energy import Battery

CONVERTER = 0.97  # one way
OCV_SOC = (0.0, 0.05, 0.1, 0.2, 0.5, 0.8, 0.95, 1.0)  # of lithium iron phosphate, 224 cells in series
OCV_V = (600.0, 665.0, 690.0, 708.0, 722.0, 738.0, 746.0, 770.0)
OHM_WH = 10_000.0  # inner resistance at 25 C x capacity
COLD_PER_K = 0.02  # rise of the resistance below 25 C
HEAT_J_PER_K_WH = 7.0  # of the pack, for each Wh of its capacity
COOLING_W_PER_K = 60.0
WARM_C, HOT_C, TRIP_C, COLD_C = 45.0, 55.0, 60.0, 0.0
TAPER = 0.04  # of the charge, beside each end of the window


def open_circuit_v(soc: float) -> float:
    """Open-circuit voltage, by straight lines between the table's points."""
    place = min(max(bisect_right(OCV_SOC, soc) - 1, 0), len(OCV_SOC) - 2)
    share = (soc - OCV_SOC[place]) / (OCV_SOC[place + 1] - OCV_SOC[place])
    return OCV_V[place] + (OCV_V[place + 1] - OCV_V[place]) * share


def resistance_ohm(battery: Battery) -> float:
    """Inner resistance: more when it is cold or old."""
    cold = 1.0 + COLD_PER_K * max(0.0, 25.0 - battery.temperature_c)
    return OHM_WH / battery.capacity_wh * cold / max(battery.health, 0.1)


def manage(battery: Battery) -> None:
    """What the management system allows now, and its protective trip, which latches."""
    if battery.temperature_c >= TRIP_C:
        trip(battery, "over-temperature")
    if battery.soc <= battery.soc_min / 2.0 and battery.power_w > 0.0:
        trip(battery, "under-voltage")
    allowed_w = battery.rated_w * _clip((HOT_C - battery.temperature_c) / (HOT_C - WARM_C))
    if battery.fault or not battery.connected:
        allowed_w = 0.0
    battery.max_discharge_w = allowed_w * _clip((battery.soc - battery.soc_min) / TAPER)
    cold = battery.temperature_c <= COLD_C
    battery.max_charge_w = 0.0 if cold else allowed_w * _clip((battery.soc_max - battery.soc) / TAPER)


def trip(battery: Battery, cause: str) -> None:
    """Open the contactor and stay so; the first cause is kept."""
    if not battery.fault:
        battery.fault, battery.trip_cause = True, cause


def wanted_w(battery: Battery) -> float:
    """The power at its terminals that its setpoint comes to, within the limits; local control rests."""
    asked_w = 0.0 if battery.local else battery.setpoint_w
    return min(max(asked_w, -battery.max_charge_w), battery.max_discharge_w)


def to_ac(power_w: float) -> float:
    """What the pod gets from, or gives for, a power at the terminals."""
    return power_w * CONVERTER if power_w > 0.0 else power_w / CONVERTER


def from_ac(power_w: float) -> float:
    """The power at the terminals for what the pod gets or gives."""
    return power_w / CONVERTER if power_w > 0.0 else power_w * CONVERTER


def run(battery: Battery, power_w: float, ambient_c: float, dt_s: float) -> None:
    """Let this power flow at the terminals for a time."""
    ocv, ohm = open_circuit_v(battery.soc), resistance_ohm(battery)
    root = math.sqrt(max(0.0, ocv * ocv - 4.0 * ohm * power_w))
    current_a = (ocv - root) / (2.0 * ohm)
    heat_w = current_a * current_a * ohm
    battery.current_a, battery.voltage_v = current_a, ocv - ohm * current_a
    battery.power_w, battery.ac_power_w = power_w, to_ac(power_w)
    battery.soc -= ocv * current_a * dt_s / 3600.0 / battery.capacity_wh
    battery.loss.add(heat_w + battery.power_w - battery.ac_power_w, dt_s)
    (battery.discharged if power_w > 0.0 else battery.charged).add(abs(battery.ac_power_w), dt_s)
    warming_w = heat_w + battery.own_heat_w - COOLING_W_PER_K * (battery.temperature_c - ambient_c)
    battery.temperature_c += warming_w * dt_s / (HEAT_J_PER_K_WH * battery.capacity_wh)


def _clip(share: float) -> float:
    return min(max(share, 0.0), 1.0)
