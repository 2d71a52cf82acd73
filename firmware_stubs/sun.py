"""A field of solar modules: irradiance and cell temperature to DC power, an inverter with a limit to AC power."""

from __future__ import annotations

from firmware_stubs.energy import Pv
from firmware_stubs.weather import Sky

TILT_DEG = 20.0
OVERSIZED = 1.15  # rated power of the modules over that of the inverter
HEATING_K_M2_PER_W = 0.031  # of a cell over the air (NOCT 45 C)
FADING_PER_K = 0.004  # of the power above 25 C
EFFICIENCY = 0.97
WAKES_AT = 0.005  # of the rated power: below that the inverter sleeps
STRING_V = 620.0


def shine(pv: Pv, sky: Sky) -> None:
    """Let this sky be over the field."""
    pv.irradiance_w_m2 = sky.on_plane(TILT_DEG)
    pv.cell_c = sky.outdoor_c + HEATING_K_M2_PER_W * pv.irradiance_w_m2


def available_w(pv: Pv) -> float:
    """AC power that it could give now, within its limit and its rating; 0 while it is off, broken or in the dark."""
    if not pv.connected or pv.fault:
        return 0.0
    modules_w = pv.rated_w * OVERSIZED * pv.irradiance_w_m2 / 1000.0 * pv.strings_ok
    given_w = EFFICIENCY * modules_w * (1.0 - FADING_PER_K * (pv.cell_c - 25.0))
    limit_w = pv.rated_w * min(max(pv.limit_percent, 0.0), 100.0) / 100.0
    return 0.0 if given_w < WAKES_AT * pv.rated_w else min(given_w, limit_w)


def give(pv: Pv, power_w: float, outdoor_c: float, dt_s: float) -> None:
    """Give this AC power for a time."""
    dc_w = power_w / EFFICIENCY
    pv.power_w = power_w
    pv.dc_voltage_v = STRING_V * (1.0 - 0.003 * (pv.cell_c - 25.0)) if pv.irradiance_w_m2 > 5.0 else 0.0
    pv.dc_current_a = dc_w / pv.dc_voltage_v if pv.dc_voltage_v else 0.0
    pv.cabinet_c = outdoor_c + 20.0 * power_w / pv.rated_w + 3.0
    pv.counter.add(power_w, dt_s)
    pv.loss.add(dc_w - power_w, dt_s)
