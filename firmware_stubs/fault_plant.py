"""Faults of what feeds, cools and houses the racks: things break, leak, trip, stick and stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from firmware_stubs.battery_model import trip
from firmware_stubs.enclosure import Enclosure
from firmware_stubs.energy import Battery, Counter, DcPlant, Generator, Grid, Pv, TransferSwitch, Ups
from firmware_stubs.fault_kinds import FaultError, Health, Kind, Kinds, Options, number, text
from firmware_stubs.plant import AirUnit, Cdu, WaterSupply
from firmware_stubs.racks import Feed

INJECTED = "injected"


def _set(name: str, *, value: object) -> Callable[[object, Options], None]:
    return lambda thing, _: setattr(thing, name, value)


def _take(name: str, option: str) -> Callable[[object, Options], None]:
    return lambda thing, options: setattr(thing, name, number(options, option))


def _stop_pump(cdu: Cdu, options: Options) -> None:
    cdu.pump_ok[round(number(options, "pump")) - 1] = False


def _known_pump(cdu: Cdu, options: Options) -> None:
    if options["pump"] not in range(1, len(cdu.pump_ok) + 1):
        raise FaultError(f"{cdu.name} has no pump {options['pump']}: it has 1 to {len(cdu.pump_ok)}")


def _lose_rectifier(plant: DcPlant, options: Options) -> None:
    plant.rectifiers[round(number(options, "rectifier")) - 1] = False


def _known_rectifier(plant: DcPlant, options: Options) -> None:
    if options["rectifier"] not in range(1, len(plant.rectifiers) + 1):
        raise FaultError(f"{plant.name} has no rectifier {options['rectifier']}: it has 1 to {len(plant.rectifiers)}")


def _wrap(counter: Counter, options: Options) -> None:
    counter.wrap_wh = counter.shown_wh + number(options, "after_wh")


def _open_door(shell: Enclosure, options: Options) -> None:
    shell.doors[text(options, "door")] = True


def _known_door(shell: Enclosure, options: Options) -> None:
    if options["door"] not in shell.doors:
        raise FaultError(f"{shell.name} has no door {options['door']!r}: it has {', '.join(shell.doors)}")


def _wet(state: str) -> Callable[[Enclosure, Options], None]:
    def act(shell: Enclosure, options: Options) -> None:
        shell.leak_cable[text(options, "cable")] = state

    return act


def _known_cable(shell: Enclosure, options: Options) -> None:
    if options["cable"] not in shell.leak_cable:
        raise FaultError(f"{shell.name} has no cable {options['cable']!r}: it has {', '.join(shell.leak_cable)}")


def _heal_cdu(cdu: Cdu) -> None:
    cdu.pump_ok = [True] * len(cdu.pump_ok)
    cdu.leak = cdu.valve_stuck = False
    cdu.filter_clogged = 0.0


def _heal_air(unit: AirUnit) -> None:
    unit.fan_ok = unit.compressor_ok = True
    unit.leak, unit.filter_clogged = False, 0.0


def _heal_water(water: WaterSupply) -> None:
    water.compressor_ok = water.pump_ok = True
    water.filter_clogged = 0.0


def _heal_battery(battery: Battery) -> None:
    battery.local, battery.own_heat_w = False, 0.0
    if battery.trip_cause == INJECTED:
        battery.reset_alarm()


def _heal_pv(pv: Pv) -> None:
    pv.fault, pv.strings_ok = False, 1.0


def _heal_grid(grid: Grid) -> None:
    grid.live, grid.sag = True, 0.0


def _heal_generator(generator: Generator) -> None:
    generator.will_start = True
    if generator.cranking or not generator.running:
        generator.alarm, generator.cranked_s = False, 0.0


def _heal_ats(ats: TransferSwitch) -> None:
    ats.stuck = False


def _heal_ups(ups: Ups) -> None:
    ups.ok, ups.replace_battery = True, False


def _heal_dc(plant: DcPlant) -> None:
    plant.rectifiers = [True] * len(plant.rectifiers)


def _heal_counter(counter: Counter) -> None:
    counter.asleep = False


def _heal_feed(feed: Feed) -> None:
    feed.lost = False


def _heal_enclosure(shell: Enclosure) -> None:
    shell.doors = dict.fromkeys(shell.doors, False)
    shell.leak_cable = dict.fromkeys(shell.leak_cable, "dry")
    shell.smoke = shell.tamper = False


KINDS: Kinds = {
    ("cdu", "leak"): Kind(_set("leak", value=True)),
    ("cdu", "pump_stop"): Kind(_stop_pump, {"pump": 1.0}, check=_known_pump),
    ("cdu", "filter_clog"): Kind(_take("filter_clogged", "share"), {"share": 0.8}),
    ("cdu", "valve_stuck"): Kind(_set("valve_stuck", value=True)),
    ("air", "fan_stop"): Kind(_set("fan_ok", value=False)),
    ("air", "compressor_fault"): Kind(_set("compressor_ok", value=False)),
    ("air", "filter_clog"): Kind(_take("filter_clogged", "share"), {"share": 0.8}),
    ("air", "leak"): Kind(_set("leak", value=True)),
    ("water", "compressor_fault"): Kind(_set("compressor_ok", value=False)),
    ("water", "pump_stop"): Kind(_set("pump_ok", value=False)),
    ("water", "filter_clog"): Kind(_take("filter_clogged", "share"), {"share": 0.8}),
    ("battery", "bms_trip"): Kind(lambda battery, _: trip(battery, INJECTED)),
    ("battery", "local_control"): Kind(_set("local", value=True)),
    ("battery", "overheat"): Kind(_take("own_heat_w", "watts"), {"watts": 20_000.0}),
    ("pv", "inverter_fault"): Kind(_set("fault", value=True)),
    ("pv", "string_lost"): Kind(_take("strings_ok", "share_left"), {"share_left": 0.5}),
    ("grid", "grid_loss"): Kind(_set("live", value=False)),
    ("grid", "brown_out"): Kind(_take("sag", "share"), {"share": 0.2}),
    ("generator", "start_failure"): Kind(_set("will_start", value=False)),
    ("ats", "ats_stuck"): Kind(_set("stuck", value=True)),
    ("ups", "ups_failure"): Kind(_set("ok", value=False)),
    ("ups", "ups_battery_old"): Kind(_set("replace_battery", value=True)),
    ("dc", "rectifier_fault"): Kind(_lose_rectifier, {"rectifier": 1.0}, check=_known_rectifier),
    ("feed", "feed_loss"): Kind(_set("lost", value=True)),
    ("counter", "energy_reset"): Kind(lambda counter, _: counter.reset(), instant=True),
    ("counter", "energy_wrap"): Kind(_wrap, {"after_wh": 5.0}, instant=True),
    ("counter", "energy_asleep"): Kind(_set("asleep", value=True)),
    ("enclosure", "door_open"): Kind(_open_door, {"door": "front"}, check=_known_door),
    ("enclosure", "smoke"): Kind(_set("smoke", value=True)),
    ("enclosure", "leak"): Kind(_wet("leak"), {"cable": "floor"}, check=_known_cable),
    ("enclosure", "leak_cable_fault"): Kind(_wet("fault"), {"cable": "floor"}, check=_known_cable),
    ("enclosure", "tamper"): Kind(_set("tamper", value=True)),
}
HEALTH: Mapping[str, Health] = {
    "cdu": _heal_cdu,
    "air": _heal_air,
    "water": _heal_water,
    "battery": _heal_battery,
    "pv": _heal_pv,
    "grid": _heal_grid,
    "generator": _heal_generator,
    "ats": _heal_ats,
    "ups": _heal_ups,
    "dc": _heal_dc,
    "counter": _heal_counter,
    "feed": _heal_feed,
    "enclosure": _heal_enclosure,
}
