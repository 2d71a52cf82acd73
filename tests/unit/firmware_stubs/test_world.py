"""The physics: energy balances, watts move with the switches, the air follows the heat, a seed decides everything."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.layout import plain_pod, standard_pod
from firmware_stubs.racks import Load
from firmware_stubs.world import RECIRCULATION_K_PER_KW, World


@pytest.fixture
def world() -> World:
    return standard_pod(racks=2, outlets=24, seed=7)


def dual_corded(world: World) -> Load:
    return next(load for load in world.loads.values() if len(load.cords) == 2)


def single_corded(world: World) -> Load:
    return next(load for load in world.loads.values() if len(load.cords) == 1)


def energies_wh(world: World) -> tuple[float, float, float, float]:
    outlets = sum(outlet.energy_wh for pdu in world.pdus.values() for outlet in pdu.outlets)
    return (
        sum(load.energy_wh for load in world.loads.values()),
        outlets,
        sum(pdu.energy_wh for pdu in world.pdus.values()),
        sum(feed.energy_wh for feed in world.feeds.values()),
    )


def test_the_energy_of_loads_outlets_pdus_and_feeds_is_the_same(world: World) -> None:
    before = energies_wh(world)
    world.advance(600)
    world.switch("pdu-a1", dual_corded(world).cords[0].outlet.number, on=False)
    world.set_feed("B", live=False)
    world.advance(600)
    used = [after - start for after, start in zip(energies_wh(world), before, strict=True)]
    assert used[0] > 100
    assert used == pytest.approx([used[0]] * 4, rel=1e-6)


def test_the_energy_is_the_integral_of_the_power(world: World) -> None:
    pdu = world.pdus["pdu-a1"]
    start_wh, integral_wh = pdu.energy_wh, 0.0
    for _ in range(360):
        integral_wh += pdu.power_w / 3600
        world.advance(1.0)
    assert pdu.energy_wh - start_wh == pytest.approx(integral_wh, rel=1e-6)


def test_a_dual_corded_load_draws_half_from_each_feed(world: World) -> None:
    load = dual_corded(world)
    assert [cord.outlet.power_w for cord in load.cords] == pytest.approx([load.power_w / 2] * 2)


def test_switching_a_cord_off_moves_its_watts_to_the_other(world: World) -> None:
    load = dual_corded(world)
    first, second = load.cords
    total_w = sum(pdu.power_w for pdu in world.pdus.values())
    world.switch(first.pdu.name, first.outlet.number, on=False)
    assert first.outlet.power_w == 0
    assert second.outlet.power_w == pytest.approx(load.power_w)
    assert sum(pdu.power_w for pdu in world.pdus.values()) == pytest.approx(total_w)


def test_a_load_without_a_live_cord_is_off_and_comes_back(world: World) -> None:
    load = dual_corded(world)
    for cord in load.cords:
        world.switch(cord.pdu.name, cord.outlet.number, on=False)
    assert load.power_w == 0
    assert load.demand_w > 0
    world.switch(load.cords[1].pdu.name, load.cords[1].outlet.number, on=True)
    assert load.power_w == load.cords[1].outlet.power_w == load.demand_w


def test_a_dead_feed_takes_only_the_single_corded_loads_with_it(world: World) -> None:
    world.set_feed("A", live=False)
    assert single_corded(world).power_w == 0
    assert world.pdus["pdu-a1"].power_w == world.pdus["pdu-a1"].current_a == 0
    assert all(load.power_w > 0 for load in world.loads.values() if len(load.cords) == 2)


def test_the_current_is_power_over_voltage_times_power_factor(world: World) -> None:
    for pdu in world.pdus.values():
        expected_a = pdu.power_w / (pdu.feed.voltage_v * pdu.power_factor)
        assert pdu.current_a == pytest.approx(expected_a)
        assert sum(branch.current_a for branch in pdu.branches) == pytest.approx(pdu.current_a)


def test_one_feed_can_carry_the_whole_pod(world: World) -> None:
    world.set_feed("B", live=False)
    assert all(pdu.current_a < pdu.rated_a for pdu in world.pdus.values())


def test_the_inlet_air_follows_the_heat_slowly(world: World) -> None:
    rack = world.racks["rack-1"]
    warm_c, heat_w = rack.inlet_c, rack.heat_w
    for load in world.loads.values():
        for cord in load.cords:
            world.switch(cord.pdu.name, cord.outlet.number, on=False)
    assert rack.inlet_c == warm_c
    world.advance(180)
    expected_c = warm_c - RECIRCULATION_K_PER_KW * heat_w / 1000 * (1 - math.exp(-1))
    assert rack.inlet_c == pytest.approx(expected_c, abs=0.15)
    world.advance(3600)
    assert rack.inlet_c == pytest.approx(world.ambient_c, abs=0.1)


def test_warmer_air_is_drier(world: World) -> None:
    rack = world.racks["rack-1"]
    humid = rack.humidity_percent
    rack.hot_k = 10.0
    assert 0 < rack.humidity_percent < humid < 100


def test_a_seed_decides_the_whole_world() -> None:
    first, same, other = (standard_pod(2, 24, seed) for seed in (3, 3, 4))
    for world in (first, same, other):
        world.advance(1234.5)
    assert repr(first) == repr(same)
    assert first.pdus["pdu-a1"].power_w != other.pdus["pdu-a1"].power_w


@given(cuts=st.lists(st.floats(0.0, 50.0), min_size=1, max_size=8))
def test_the_flows_do_not_depend_on_how_time_is_cut(cuts: list[float]) -> None:
    whole, cut = (standard_pod(1, 4, seed=5) for _ in range(2))
    whole.advance(sum(cuts))
    for dt_s in cuts:
        cut.advance(dt_s)
    assert cut.time_s == pytest.approx(whole.time_s)
    assert cut.pdus["pdu-a1"].power_w == pytest.approx(whole.pdus["pdu-a1"].power_w, rel=1e-6)
    assert cut.racks["rack-1"].inlet_c == pytest.approx(whole.racks["rack-1"].inlet_c, abs=0.01)


def test_loads_wander_a_little(world: World) -> None:
    seen = []
    for _ in range(60):
        world.advance(30)
        seen.append(dual_corded(world).power_w)
    assert 0.001 < (max(seen) - min(seen)) / dual_corded(world).nominal_w < 0.2


def test_a_delayed_switch_acts_when_it_is_due_and_not_before(world: World) -> None:
    cord = dual_corded(world).cords[0]
    world.switch(cord.pdu.name, cord.outlet.number, on=False, after_s=7.5)
    world.advance(7.4)
    assert cord.outlet.on
    world.advance(0.2)
    assert not cord.outlet.on
    assert cord.outlet.switched_at_s == pytest.approx(7.5)


def test_an_immediate_switch_cancels_a_delayed_one(world: World) -> None:
    cord = dual_corded(world).cords[0]
    world.switch(cord.pdu.name, cord.outlet.number, on=False, after_s=5)
    world.switch(cord.pdu.name, cord.outlet.number, on=True)
    world.advance(60)
    assert cord.outlet.on


@pytest.mark.parametrize("dt_s", [-1.0, math.nan, math.inf])
def test_time_passes_forward_and_finitely(world: World, dt_s: float) -> None:
    with pytest.raises(ValueError, match="forward"):
        world.advance(dt_s)


def test_what_does_not_exist_cannot_be_switched(world: World) -> None:
    with pytest.raises(LookupError, match="no outlet 25: it has 1 to 24"):
        world.switch("pdu-a1", 25, on=False)
    with pytest.raises(LookupError, match="there is no PDU pdu-z"):
        world.switch("pdu-z", 1, on=False)
    with pytest.raises(LookupError, match="there is no feed C"):
        world.set_feed("C", live=False)


def test_every_load_has_a_class_and_all_classes_occur(world: World) -> None:
    assert {str(load.service_class) for load in world.loads.values()} == {"P1", "P2", "P3"}


def test_a_crowd_of_plain_agents_has_one_pdu_per_rack() -> None:
    world = plain_pod(agents=50, outlets=8, seed=1)
    assert len(world.pdus) == len(world.racks) == 50
    assert all(pdu.power_w > 0 for pdu in world.pdus.values())
