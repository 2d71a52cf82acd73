"""A standby set: it cranks, runs up, carries load, burns fuel, cools down and stops."""

from __future__ import annotations

from firmware_stubs.energy import Generator

CRANKS = 3  # attempts before it gives up
IDLE_SHARE = 0.08  # fuel of an idle set over that at its rating
NOMINAL_V, NOMINAL_HZ = 400.0, 50.0
WARM_C = 82.0


def run_generator(generator: Generator, power_w: float, outdoor_c: float, dt_s: float) -> None:
    """Let a time pass under this load, as it is now; then start or stop as it is called."""
    generator.power_w = power_w
    if generator.running:
        _burn(generator, power_w, dt_s)
    wanted = generator.start or generator.called
    if wanted and not generator.running:
        _crank(generator, dt_s)
    elif not wanted:
        _cool_down(generator, dt_s)
    else:
        generator.idle_s = 0.0
    if generator.running and (generator.fuel_percent <= 0.0 or power_w > 1.2 * generator.rated_w):
        generator.running, generator.alarm = False, True
    target_c = WARM_C if generator.running else outdoor_c + 15.0  # a heater keeps it ready
    generator.coolant_c += (target_c - generator.coolant_c) * min(1.0, dt_s / 240.0)
    generator.voltage_v = NOMINAL_V if generator.running else 0.0
    generator.frequency_hz = NOMINAL_HZ if generator.running else 0.0


def _burn(generator: Generator, power_w: float, dt_s: float) -> None:
    burnt_w = power_w + IDLE_SHARE * generator.rated_w
    generator.fuel_percent = max(0.0, generator.fuel_percent - 100.0 * burnt_w * dt_s / 3600.0 / generator.tank_wh)
    generator.counter.add(power_w, dt_s)
    generator.run_s += dt_s


def _crank(generator: Generator, dt_s: float) -> None:
    if generator.cranked_s >= CRANKS * generator.start_s or generator.fuel_percent <= 0.0:
        generator.cranking, generator.alarm = False, True
        return
    generator.cranking = True
    generator.cranked_s += dt_s
    generator.starter_v = 22.8
    if generator.will_start and generator.cranked_s >= generator.start_s:
        generator.running, generator.cranking, generator.alarm = True, False, False
        generator.starts += 1
        generator.cranked_s = generator.idle_s = 0.0
        generator.starter_v = 27.6


def _cool_down(generator: Generator, dt_s: float) -> None:
    generator.cranking, generator.cranked_s = False, 0.0
    generator.starter_v = 26.4
    generator.idle_s += dt_s
    if generator.running and generator.idle_s >= generator.cooldown_s and generator.power_w == 0.0:
        generator.running = False
