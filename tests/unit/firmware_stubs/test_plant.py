"""The plant's physics: analytic step responses, laws of fans and pumps, limits of the battery, who feeds the bus."""

import math
from pathlib import Path

import pytest

from firmware_stubs import air, battery_model, cooling_loop
from firmware_stubs.air import Aisle, breathe, inlet_target_c
from firmware_stubs.air_unit import AIR_J_PER_K_M3, blow, cop
from firmware_stubs.cooling_loop import carried_w_per_k, pump
from firmware_stubs.energy import Battery, DcPlant, Pv, Ups
from firmware_stubs.facility import Facility
from firmware_stubs.layout import standard_pod
from firmware_stubs.plant import AirUnit, Cdu
from firmware_stubs.racks import Rack
from firmware_stubs.sun import available_w, shine
from firmware_stubs.supply import Source
from firmware_stubs.ups_model import run_dc, run_ups
from firmware_stubs.weather import MIDSUMMER_H, ClearSky, Sky, read_trace
from firmware_stubs.world import World

MIDNIGHT_H = MIDSUMMER_H
NOON_H = MIDSUMMER_H + 12.0


def pod(start_h: float = MIDSUMMER_H + 9.0) -> tuple[World, Facility]:
    world = standard_pod(1, 8, 3, ClearSky(start_h))
    assert isinstance(world.plant, Facility)
    return world, world.plant


def aisle() -> Aisle:
    racks = tuple(Rack(f"rack-{number}", settled_c=22.0) for number in range(4))
    return Aisle("aisle-1", racks, (AirUnit("air-1a", "aisle-1", rated_w=20_000.0, rated_m3h=6_000.0),), air_c=22.0)


def test_a_step_of_heat_warms_air_and_mass_as_two_coupled_nodes_do() -> None:
    """Without cooling: the fast mode is the air against the mass, the slow one both together."""
    hall = aisle()
    hall.units[0].running, hall.mass_c = False, 22.0
    heat_w, size = 4_000.0, len(hall.racks)
    envelope, coupling = size * air.ENVELOPE_W_PER_K, size * air.COUPLING_W_PER_K
    small, large = size * air.AIR_J_PER_K, size * air.MASS_J_PER_K
    a, b, c, d = -(envelope + coupling) / small, coupling / small, coupling / large, -coupling / large
    middle, root = (a + d) / 2, math.sqrt(((a - d) / 2) ** 2 + b * c)
    fast, slow = middle - root, middle + root
    end_k = heat_w / envelope  # of both nodes, in the end
    rise = heat_w / small  # K/s of the air at first
    weight = (rise + slow * end_k) / (fast - slow)
    for second in range(1, 7201):
        breathe(hall, heat_w, 22.0, 1.0, powered=False)
        if second in (60, 600, 7200):
            expected_k = end_k + weight * math.exp(fast * second) - (end_k + weight) * math.exp(slow * second)
            assert hall.air_c - 22.0 == pytest.approx(expected_k, rel=0.02)


def test_a_fans_air_goes_with_its_speed_and_its_power_with_the_cube() -> None:
    unit = AirUnit("air-1", "aisle-1")
    seen = []
    for percent in (40.0, 80.0):
        unit.fan_percent = percent
        blow(unit, 30.0, 20.0, 1.0, powered=True)
        seen.append((unit.airflow_m3h, unit.fan_w))
    assert seen[1][0] / seen[0][0] == pytest.approx(2.0)
    assert seen[1][1] / seen[0][1] == pytest.approx(8.0)


def test_an_air_units_heat_is_air_flow_times_density_times_fall() -> None:
    _, plant = pod()
    for unit in plant.air_units.values():
        expected_w = unit.airflow_m3h / 3600.0 * AIR_J_PER_K_M3 * (unit.return_c - unit.supply_c)
        assert unit.heat_w == pytest.approx(expected_w)
        assert unit.supply_c == pytest.approx(unit.setpoint_c, abs=0.3)
        assert unit.power_w == pytest.approx(unit.fan_w + unit.heat_w / unit.cop)


def test_a_colder_setpoint_is_reached_within_minutes() -> None:
    world, plant = pod()
    for unit in plant.air_units.values():
        unit.setpoint_c = 17.0
    before_c = world.racks["rack-1"].inlet_c
    world.advance(600.0)
    assert all(unit.supply_c == pytest.approx(17.0, abs=0.3) for unit in plant.air_units.values())
    assert world.racks["rack-1"].inlet_c < before_c - 1.5


def test_without_cold_air_the_rack_breathes_its_own() -> None:
    hall = aisle()
    hall.air_c, hall.supply_c, hall.airflow_m3h = 35.0, 20.0, 6_000.0
    assert inlet_target_c(hall, hall.racks[0]) == pytest.approx(20.0 + 0.05 * 15.0)
    hall.airflow_m3h = 0.0
    assert inlet_target_c(hall, hall.racks[0]) == 35.0


def test_one_dead_fan_is_borne_and_two_are_not() -> None:
    world, plant = pod()
    first, second = plant.air_units.values()
    first.fan_ok = False
    world.advance(1800.0)
    assert first.alarm
    assert world.racks["rack-1"].inlet_c < 32.0
    second.fan_ok = False
    before_c = world.racks["rack-1"].inlet_c
    world.advance(300.0)
    assert world.racks["rack-1"].inlet_c > before_c + 3.0


def test_machines_slow_down_where_it_is_too_warm_for_them() -> None:
    world, _ = pod()
    before_w = sum(load.power_w for load in world.loads.values())
    world.racks["rack-1"].hot_k = 30.0
    world.advance(10.0)
    assert sum(load.power_w for load in world.loads.values()) < 0.6 * before_w


def test_a_pump_follows_the_affinity_laws() -> None:
    cdu = Cdu("cdu-1")
    seen = []
    for percent in (50.0, 100.0):
        cdu.pump_percent = [percent, percent]
        pump(cdu, powered=True)
        seen.append((cdu.secondary_flow_lpm, cdu.differential_kpa, cdu.power_w))
    assert [high / low for low, high in zip(*seen, strict=True)] == pytest.approx([2.0, 4.0, 8.0])
    cdu.pump_ok[0] = False
    pump(cdu, powered=True)
    assert 0.5 < cdu.secondary_flow_lpm / cdu.rated_lpm < 0.8


def test_the_coolants_heat_is_flow_times_4186_times_its_rise_on_both_sides() -> None:
    _, plant = pod()
    cdu = plant.cdus["cdu-1"]
    inner = carried_w_per_k(cdu.secondary_flow_lpm) * (cdu.secondary_return_c - cdu.secondary_supply_c)
    outer = carried_w_per_k(cdu.primary_flow_lpm) * (cdu.primary_return_c - cdu.primary_supply_c)
    assert cdu.heat_w == pytest.approx(inner)
    assert cdu.heat_w == pytest.approx(outer)
    assert cdu.secondary_supply_c == pytest.approx(cdu.supply_setpoint_c, abs=0.5)
    assert cooling_loop.WATER_J_PER_K_L == 4186.0


def test_about_half_of_the_racks_heat_goes_into_the_coolant() -> None:
    world, plant = pod()
    world.advance(60.0)
    cdu, heat_w = plant.cdus["cdu-1"], world.racks["rack-1"].heat_w
    assert cdu.heat_w == pytest.approx(0.5 * heat_w, rel=0.12)


def test_a_loop_without_pumps_boils_slowly_and_says_so() -> None:
    world, plant = pod()
    cdu = plant.cdus["cdu-1"]
    before_c = cdu.secondary_return_c
    cdu.pump_ok = [False, False]
    world.advance(600.0)
    assert cdu.secondary_flow_lpm == cdu.heat_w == 0
    assert cdu.secondary_return_c > before_c + 10
    assert cdu.alarm


def test_a_leak_empties_the_reservoir_until_the_pumps_run_dry() -> None:
    world, plant = pod()
    cdu = plant.cdus["cdu-1"]
    cdu.leak = True
    world.advance(3600.0)
    assert cdu.reservoir_percent < 30
    world.advance(1800.0)
    assert cdu.secondary_flow_lpm == 0
    assert plant.loops[0].tank.level_percent == cdu.reservoir_percent


def test_a_chillers_cop_falls_with_the_heat_outside_and_at_small_load() -> None:
    assert cop(15.0, 0.6) > cop(35.0, 0.6) > 1.5
    assert cop(25.0, 0.6) > cop(25.0, 0.1)


def test_without_its_compressor_the_water_warms() -> None:
    world, plant = pod()
    plant.water.compressor_ok = False
    world.advance(1800.0)
    assert plant.water.supply_c > 17.0
    assert plant.water.alarm


def test_a_battery_gives_what_it_is_set_to_and_its_voltage_sags() -> None:
    world, plant = pod()
    battery = plant.supply.battery
    rest_v, soc = battery.voltage_v, battery.soc
    battery.setpoint_w = 3_000.0
    world.advance(2.0)
    assert battery.power_w == 3_000.0
    assert battery.power_w == pytest.approx(battery.voltage_v * battery.current_a)
    assert battery.ac_power_w == pytest.approx(0.97 * 3_000.0)
    assert battery.voltage_v < rest_v
    assert battery.soc < soc
    battery.setpoint_w = -3_000.0
    world.advance(2.0)
    assert battery.voltage_v > rest_v


@pytest.mark.parametrize(
    ("soc", "temperature_c", "may_charge", "may_discharge"),
    [
        (0.5, 25.0, 1.0, 1.0),
        (0.05, 25.0, 1.0, 0.0),
        (0.98, 25.0, 0.0, 1.0),
        (0.5, -5.0, 0.0, 1.0),
        (0.5, 50.0, 0.5, 0.5),
    ],
)
def test_the_management_limits_by_charge_and_temperature(
    soc: float, temperature_c: float, may_charge: float, may_discharge: float
) -> None:
    battery = Battery("battery-1", soc=soc, temperature_c=temperature_c)
    battery_model.manage(battery)
    shares = [battery.max_charge_w / battery.rated_w, battery.max_discharge_w / battery.rated_w]
    assert shares == pytest.approx([may_charge, may_discharge])


def test_a_setpoint_ends_at_the_limits_and_local_control_ignores_it() -> None:
    battery = Battery("battery-1", setpoint_w=1e6)
    battery_model.manage(battery)
    assert battery_model.wanted_w(battery) == battery.max_discharge_w
    battery.local = True
    assert battery_model.wanted_w(battery) == 0.0


def test_a_battery_that_grows_too_hot_trips_and_stays_tripped_until_it_is_reset() -> None:
    battery = Battery("battery-1", temperature_c=61.0)
    battery_model.manage(battery)
    assert (battery.fault, battery.trip_cause) == (True, "over-temperature")
    battery.temperature_c = 25.0
    battery_model.manage(battery)
    assert battery.max_discharge_w == battery.max_charge_w == 0.0
    battery.reset_alarm()
    battery_model.manage(battery)
    assert battery.can_give


def test_a_battery_that_is_charged_and_discharged_by_as_much_ends_lower() -> None:
    battery = Battery("battery-1", capacity_wh=10_000.0, soc=0.5)
    for power_w in (-5_000.0, 5_000.0):
        for _ in range(1800):
            battery_model.run(battery, power_w, 25.0, 1.0)
    assert 0.48 < battery.soc < 0.5
    assert battery.temperature_c > 25.0


def test_a_discharge_never_goes_below_the_window() -> None:
    world, plant = pod(MIDNIGHT_H - 12.0)
    battery = plant.supply.battery
    battery.setpoint_w = battery.rated_w
    world.advance(4 * 3600.0)
    assert battery.soc_min - 0.001 < battery.soc < battery.soc_min + 0.03
    assert not battery.fault


def test_the_sun_gives_nothing_at_night_and_most_at_noon() -> None:
    field = Pv("pv-1")
    given = []
    for hour in range(24):
        shine(field, ClearSky(MIDSUMMER_H).at(3600.0 * hour))
        given.append(available_w(field))
    assert given[0] == given[23] == 0
    assert max(given) == given[12]
    assert 0.8 * field.rated_w < given[12] <= field.rated_w


def test_a_limit_and_an_open_contact_hold_the_sun_back() -> None:
    field = Pv("pv-1", limit_percent=30.0)
    shine(field, ClearSky(NOON_H).at(0.0))
    assert available_w(field) == 0.3 * field.rated_w
    field.connected = False
    assert available_w(field) == 0.0


def test_hot_cells_give_less() -> None:
    cold, warm = Pv("pv-1"), Pv("pv-1")
    shine(cold, Sky(-10.0, 600.0, 500.0, 150.0, NOON_H))
    shine(warm, Sky(35.0, 600.0, 500.0, 150.0, NOON_H))
    assert available_w(cold) > 1.1 * available_w(warm)


def test_more_sun_than_need_is_exported() -> None:
    world, plant = pod(NOON_H)
    plant.supply.pv.rated_w *= 5
    world.advance(60.0)
    assert plant.supply.meter.power_w < 0
    assert plant.supply.meter.exported_wh > 0


def test_a_dead_grid_makes_an_island_without_a_break_for_any_load() -> None:
    world, plant = pod()
    plant.supply.grid.live = False
    for _ in range(300):
        world.advance(1.0)
        assert all(load.power_w > 0 for load in world.loads.values())
    assert plant.supply.source is Source.ISLAND
    assert plant.supply.battery.forming
    assert plant.supply.meter.power_w == 0


def test_without_a_battery_the_ups_bridges_until_the_generator_has_the_load() -> None:
    world, plant = pod()
    plant.supply.battery.fault = True
    plant.supply.grid.live = False
    seen = []
    for _ in range(60):
        world.advance(1.0)
        seen.append(plant.supply.source)
        assert all(load.power_w > 0 for load in world.loads.values())
    dark_s = seen.count(Source.NONE)
    generator, ats = plant.supply.generator, plant.supply.ats
    assert generator.start_s < dark_s < generator.start_s + 15
    assert seen[-1] is Source.GENERATOR
    assert (ats.source, ats.transfers, generator.starts) == ("B", 1, 1)
    assert generator.power_w > 0
    plant.supply.grid.live = True
    world.advance(ats.return_s + generator.cooldown_s + 30)
    assert (plant.supply.source, ats.source, generator.running) == (Source.GRID, "A", False)
    assert generator.fuel_percent < 85.0


def test_a_pod_that_nobody_feeds_goes_dark_when_its_ups_is_empty_and_comes_back_with_the_grid() -> None:
    world, plant = pod()
    plant.supply.battery.fault, plant.supply.generator.will_start = True, False
    plant.supply.grid.live = False
    world.advance(60.0)
    assert plant.upses["A"].on_battery
    assert 0 < plant.upses["A"].runtime_s < 3600
    world.advance(3600.0)
    assert plant.supply.generator.alarm
    assert not any(feed.live for feed in world.feeds.values())
    assert sum(load.power_w for load in world.loads.values()) == 0
    plant.supply.grid.live = True
    world.advance(5.0)
    assert all(load.power_w > 0 for load in world.loads.values())


def test_a_stuck_transfer_switch_keeps_the_generator_waiting() -> None:
    world, plant = pod()
    plant.supply.battery.fault = plant.supply.ats.stuck = True
    plant.supply.grid.live = False
    world.advance(60.0)
    assert plant.supply.generator.running
    assert plant.supply.source is Source.NONE


def test_an_island_low_on_charge_calls_the_generator() -> None:
    world, plant = pod(MIDNIGHT_H)
    plant.supply.battery.soc = 0.26
    plant.supply.grid.live = False
    world.advance(900.0)
    assert plant.supply.source is Source.GENERATOR


def test_surplus_sun_on_an_island_charges_and_is_then_held_back() -> None:
    world, plant = pod(NOON_H)
    plant.supply.pv.rated_w *= 4
    plant.supply.grid.live = False
    world.advance(30.0)
    assert plant.supply.battery.power_w < 0
    plant.supply.battery.soc = plant.supply.battery.soc_max
    world.advance(30.0)
    assert plant.supply.battery.power_w == pytest.approx(0.0, abs=1.0)
    assert plant.supply.shed_w > 0


def test_a_ups_without_health_lets_its_feed_fall_with_the_bus() -> None:
    ups = Ups("ups-a", "A", ok=False)
    run_ups(ups, 1_000.0, 1.0, bus=True)
    assert ups.live
    assert ups.bypass
    run_ups(ups, 1_000.0, 1.0, bus=False)
    assert not ups.live


def test_a_dc_plant_discharges_disconnects_and_comes_back() -> None:
    plant = DcPlant()
    run_dc(plant, 1.0, bus=True)
    assert (plant.voltage_v, plant.battery_a) == (54.0, 0.0)
    run_dc(plant, 1.0, bus=False)
    assert plant.battery_a < 0
    assert plant.voltage_v < 51
    for _ in range(10 * 3600):
        run_dc(plant, 1.0, bus=False)
    assert plant.lvd_open
    assert plant.load_a == 0
    for _ in range(3600):
        run_dc(plant, 1.0, bus=True)
    assert not plant.lvd_open
    assert plant.battery_a > 0


def test_too_few_rectifiers_let_the_cells_help() -> None:
    plant = DcPlant(rectifiers=[False, False, False])
    run_dc(plant, 1.0, bus=True)
    assert plant.battery_a < 0


TRACE = """# from EnergyPlus EPW: LOCATION,Somewhere,XX,USA,TMYx,000000,37.35900,-121.9240,-8.0,15.5
month,day,hour,drybulb_c,ghi_wh_m2,dni_wh_m2,dhi_wh_m2
1,1,1,10.0,0,0,0
1,1,2,12.0,100,200,30
"""


def test_a_trace_is_read_and_joined_by_straight_lines(tmp_path: Path) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(TRACE)
    trace = read_trace(tmp_path, start_h=0.5)
    assert trace.latitude_deg == pytest.approx(37.359)
    assert [trace.at(minutes * 60.0).outdoor_c for minutes in (0, 15, 60, 90)] == pytest.approx(
        [10.0, 10.5, 12.0, 11.0]
    )


@pytest.mark.parametrize("text", ["", "month,day\n1,1\n", TRACE + "1,1,3,warm,0,0,0\n"])
def test_a_file_that_is_no_trace_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "trace.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match="is no weather trace"):
        read_trace(path)


def test_real_traces_drive_a_pod_through_a_summers_day(test_data: Path) -> None:
    for path in sorted((test_data / "energy" / "weather").glob("*.csv")):
        trace = read_trace(path)
        assert len(trace.rows) == 8760
        day = [trace.at(3600.0 * hour) for hour in range(24)]
        assert max(sky.on_plane(20.0) for sky in day) > 300
        assert all(-20 < sky.outdoor_c < 50 for sky in day)
    world = standard_pod(1, 4, 3, trace)
    world.advance(600.0)
    assert isinstance(world.plant, Facility)
    assert world.plant.supply.pv.energy_wh > 0
