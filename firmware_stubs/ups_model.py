"""What stands between the pod's bus and its loads: a double-conversion UPS for each feed, and the DC plant."""

from __future__ import annotations

from firmware_stubs.energy import DcPlant, Ups

CONVERSION = 0.95
STANDBY_SHARE = 0.004  # of the rated power, always lost
DISCHARGE = 0.96
CHARGE_SHARE = 0.05  # of the rated power, while the battery is not full
EMPTY, BACK = 0.02, 0.04  # states of charge at which the output goes, and may come back without the bus
NOMINAL_V = 230.0
RECTIFIER = 0.96
FLOAT_V, EMPTY_V = 54.0, 43.0
LVD_OPENS, LVD_CLOSES = 0.04, 0.08  # states of charge


def run_ups(ups: Ups, load_w: float, dt_s: float, *, bus: bool) -> None:
    """Let the feed draw `load_w` for a time, from the bus or from the battery; then say whether its output holds."""
    ups.output_w = load_w
    ups.input_w = ups.battery_a = 0.0
    if bus:
        _on_bus(ups, dt_s)
    elif ups.live:
        _discharge(ups, dt_s)
    ups.counter.add(load_w, dt_s)
    ups.input_v, ups.input_hz = (NOMINAL_V, 50.0) if bus else (0.0, 0.0)
    ups.on_battery = not bus and ups.ok and ups.soc > EMPTY
    ups.on_battery_s = ups.on_battery_s + dt_s if ups.on_battery else 0.0
    ups.bypass = not ups.ok
    ups.output_v = NOMINAL_V if bus or ups.on_battery else 0.0


def _on_bus(ups: Ups, dt_s: float) -> None:
    if not ups.ok:  # the bypass loses nothing worth counting
        ups.input_w = ups.output_w
        return
    room_w = (1.0 - ups.soc) * ups.capacity_wh * 3600.0 / dt_s
    charge_w = min(CHARGE_SHARE * ups.rated_w, room_w)
    ups.input_w = ups.output_w / CONVERSION + STANDBY_SHARE * ups.rated_w + charge_w / DISCHARGE
    ups.soc += charge_w * dt_s / 3600.0 / ups.capacity_wh
    ups.loss.add(ups.output_w * (1.0 / CONVERSION - 1.0) + STANDBY_SHARE * ups.rated_w, dt_s)
    ups.loss.add(charge_w * (1.0 / DISCHARGE - 1.0), dt_s)
    ups.battery_v = 480.0 if charge_w == 0.0 else 490.0
    ups.battery_a = -charge_w / ups.battery_v


def _discharge(ups: Ups, dt_s: float) -> None:
    drawn_w = ups.output_w / DISCHARGE + STANDBY_SHARE * ups.rated_w
    ups.soc -= drawn_w * dt_s / 3600.0 / ups.capacity_wh
    ups.loss.add(drawn_w - ups.output_w, dt_s)
    ups.battery_v = 400.0 + 60.0 * max(ups.soc, 0.0)
    ups.battery_a = drawn_w / ups.battery_v


def run_dc(plant: DcPlant, dt_s: float, *, bus: bool) -> None:
    """Let the DC loads draw for a time, from rectifiers and cells."""
    load_w = 0.0 if plant.lvd_open else plant.load_w
    able_w = plant.rectifier_w * sum(plant.rectifiers) if bus else 0.0
    room_w = (1.0 - plant.soc) * plant.capacity_wh * 3600.0 / dt_s
    kept_w = max(-load_w, min(able_w - load_w, room_w, plant.rectifier_w))
    plant.soc += kept_w * dt_s / 3600.0 / plant.capacity_wh
    given_w = load_w + kept_w
    plant.input_w = given_w / RECTIFIER
    plant.voltage_v = FLOAT_V if bus and able_w >= load_w else EMPTY_V + (50.5 - EMPTY_V) * max(plant.soc, 0.0)
    plant.load_a, plant.battery_a = load_w / plant.voltage_v, kept_w / plant.voltage_v
    plant.load.add(load_w, dt_s)
    plant.loss.add(given_w * (1.0 / RECTIFIER - 1.0), dt_s)
    low, high = plant.soc <= LVD_OPENS, plant.soc >= LVD_CLOSES
    plant.lvd_open = low if not plant.lvd_open else not (high and able_w > 0.0)
