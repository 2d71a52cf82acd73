"""The plant: energy and heat add up over a day, through faults too, and however the time is cut."""

import math
from collections.abc import Callable

import pytest

from firmware_stubs.facility import Facility
from firmware_stubs.layout import standard_pod
from firmware_stubs.layout_plant import build_plant
from firmware_stubs.ledger import balance, heat_balance
from firmware_stubs.supply import Source
from firmware_stubs.weather import ClearSky
from firmware_stubs.world import World

HOUR_S = 3600.0
CLOSES = 0.001  # of the turnover


def pod(racks: int = 1, outlets: int = 8, seed: int = 3) -> tuple[World, Facility]:
    world = standard_pod(racks, outlets, seed, ClearSky())
    assert isinstance(world.plant, Facility)
    return world, world.plant


def closes(world: World, plant: Facility) -> bool:
    electric, heat = balance(world, plant), heat_balance(plant)
    assert electric.turnover_wh > 100
    assert abs(electric.residual_wh) <= CLOSES * electric.turnover_wh
    assert abs(heat.residual_wh) <= CLOSES * heat.gained_wh
    return True


def test_the_energy_of_a_quiet_day_adds_up() -> None:
    world, plant = pod()
    world.advance(24 * HOUR_S)
    assert closes(world, plant)
    counted = balance(world, plant)
    assert min(counted.loads.values()) > 0
    assert counted.sources["imported"] > counted.sources["sun"] > 0


def grid_fails(_: World, plant: Facility) -> None:
    plant.supply.grid.live = False


def grid_returns(_: World, plant: Facility) -> None:
    plant.supply.grid.live = True
    plant.supply.battery.reset_alarm()


def battery_trips(_: World, plant: Facility) -> None:
    plant.supply.battery.fault = True


def everything_cools_badly(_: World, plant: Facility) -> None:
    plant.loops[0].cdu.pump_ok = [False, False]
    plant.water.compressor_ok = False
    for unit in plant.air_units.values():
        unit.fan_ok = False


def cooling_is_mended(_: World, plant: Facility) -> None:
    plant.loops[0].cdu.pump_ok = [True, True]
    plant.water.compressor_ok = True
    for unit in plant.air_units.values():
        unit.fan_ok = True


def battery_is_used(_: World, plant: Facility) -> None:
    plant.supply.battery.setpoint_w = 0.5 * plant.supply.battery.rated_w


def battery_is_charged(_: World, plant: Facility) -> None:
    plant.supply.battery.setpoint_w = -0.6 * plant.supply.battery.rated_w


def a_feed_is_cut(world: World, _: Facility) -> None:
    world.set_feed("A", live=False)


def a_feed_comes_back(world: World, _: Facility) -> None:
    world.set_feed("A", live=True)


def generator_is_dead(_: World, plant: Facility) -> None:
    plant.supply.generator.will_start = False


def ups_breaks(_: World, plant: Facility) -> None:
    plant.upses["B"].ok = False


def rectifiers_fail(_: World, plant: Facility) -> None:
    plant.dc.rectifiers = [False, False, False]


BAD_DAY: dict[float, Callable[[World, Facility], None]] = {
    0.5: battery_is_used,
    2.0: battery_is_charged,
    3.0: grid_fails,
    4.0: battery_trips,
    5.0: everything_cools_badly,
    5.2: a_feed_is_cut,
    5.4: cooling_is_mended,
    6.0: grid_returns,
    6.5: a_feed_comes_back,
    7.0: generator_is_dead,
    7.1: rectifiers_fail,
    7.2: grid_fails,
    8.0: ups_breaks,
    9.0: battery_trips,
    11.0: grid_returns,
}


def test_the_energy_of_a_day_full_of_faults_adds_up() -> None:
    world, plant = pod()
    seen = set()
    for hour in range(240):
        for at_h, happens in BAD_DAY.items():
            if math.isclose(at_h, hour / 10):
                happens(world, plant)
        for _ in range(6):
            world.advance(60.0)
            seen.add(plant.supply.source)
        assert hour < 2 or closes(world, plant)
    assert seen == set(Source)
    counted = balance(world, plant)
    assert counted.sources["generator"] > 0
    assert counted.losses["battery"] > 0
    assert abs(counted.stored_wh) > 10


def test_the_world_is_the_same_however_time_is_cut() -> None:
    whole, cut = pod()[0], pod()[0]
    whole.advance(400.0)
    for step_s in (0.25, 0.3, 7.7, 1.0, 90.75, 300.0):
        cut.advance(step_s)
    assert cut.time_s == whole.time_s
    one, other = whole.plant, cut.plant
    assert isinstance(one, Facility)
    assert isinstance(other, Facility)
    for first, second in ((one.supply, other.supply), (one.aisles[0], other.aisles[0]), (one.water, other.water)):
        assert numbers(first) == pytest.approx(numbers(second), rel=1e-9, abs=1e-9)


def numbers(thing: object) -> list[float]:
    """All numbers of a value and of those inside it, in their order."""
    if isinstance(thing, int | float):
        return [float(thing)]
    if isinstance(thing, str):
        return []
    if isinstance(thing, list | tuple):
        return [number for each in thing for number in numbers(each)]
    return [number for each in getattr(thing, "__dict__", {}).values() for number in numbers(each)]


def test_a_plant_changes_nothing_in_its_racks_but_what_they_breathe() -> None:
    plain, equipped = standard_pod(2, 24, 5), pod(2, 24, 5)[0]
    assert {load.name: load.nominal_w for load in plain.loads.values()} == {
        load.name: load.nominal_w for load in equipped.loads.values()
    }


def test_a_switch_acts_between_two_ticks() -> None:
    world, plant = pod()
    world.advance(10.5)
    pdu = world.pdus["pdu-a1"]
    for name in ("pdu-a1", "pdu-b1"):
        for outlet in pdu.outlets:
            world.switch(name, outlet.number, on=False)
    assert pdu.power_w == 0
    world.advance(20.0)
    assert plant.upses["A"].output_w == 0
    assert abs(balance(world, plant).residual_wh) < 1e-6


def test_two_plants_of_one_seed_are_one() -> None:
    first, second = pod(seed=9), pod(seed=9)
    for world, _ in (first, second):
        world.advance(123.4)
    assert repr(first[1]) == repr(second[1])


def test_a_plant_is_sized_for_its_racks() -> None:
    for racks in (1, 13, 24):
        world, plant = pod(racks, 8)
        rebuilt = build_plant(list(world.racks.values()), world.loads.values(), ClearSky(), 3)
        assert len(rebuilt.loops) == math.ceil(racks / 12)
        assert len(rebuilt.aisles) == math.ceil(racks / 8)
        assert all(18 < rack.inlet_c < 24 for rack in world.racks.values())
        assert not any(unit.alarm for unit in plant.air_units.values())
        assert not any(cdu.alarm for cdu in plant.cdus.values())
