"""The plant of a standard pod: how many units of which size feed and cool these racks. Seeded, as the racks are."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from firmware_stubs.air import RACK_RISE_K, Aisle
from firmware_stubs.air_unit import AIR_J_PER_K_M3
from firmware_stubs.enclosure import Enclosure
from firmware_stubs.energy import Battery, DcPlant, Generator, Grid, Meter, Pv, TransferSwitch, Ups
from firmware_stubs.facility import Facility, Loop
from firmware_stubs.plant import AirUnit, Cdu, Tank, WaterSupply
from firmware_stubs.racks import Load, Rack
from firmware_stubs.supply import Supply
from firmware_stubs.weather import Weather

RACKS_PER_AISLE = 8
RACKS_PER_CDU = 12
UNITS_PER_AISLE = 2
LIQUID_SHARE = 0.5
UNIT_MARGIN = 0.8  # of an aisle's heat for each of its two units: one alone nearly carries it
AIR_MARGIN = 0.85  # the same of the air that its racks want
COOLANT_RISE_K = 6.0
PLANT_SEED = 7_919  # apart from the racks' own numbers, so that a pod with a plant has the same racks as one without


def build_plant(racks: Sequence[Rack], loads: Iterable[Load], weather: Weather, seed: int) -> Facility:
    """A plant sized for what these loads want on the whole. It decides which racks have cold plates: all."""
    rng = random.Random(seed + PLANT_SEED)
    wanted_w = {rack.name: 0.0 for rack in racks}
    for load in loads:
        wanted_w[load.rack] += load.nominal_w
    for rack in racks:
        rack.liquid_share, rack.recirculation = LIQUID_SHARE, rng.uniform(0.01, 0.06)
    loops = tuple(_loop(number, part, wanted_w, seed) for number, part in enumerate(_parts(racks, RACKS_PER_CDU), 1))
    total_w = sum(wanted_w.values())
    cooled_w = sum(loop.cdu.rated_w for loop in loops)
    lpm = sum(loop.cdu.rated_lpm for loop in loops)
    return Facility(
        weather=weather,
        supply=_supply(total_w, seed),
        upses={feed: _ups(feed, total_w, seed) for feed in ("A", "B")},
        dc=DcPlant(serial=_serial("DC", seed, 1)),
        aisles=tuple(
            _aisle(number, part, wanted_w, seed) for number, part in enumerate(_parts(racks, RACKS_PER_AISLE), 1)
        ),
        loops=loops,
        water=WaterSupply("water-1", rated_w=cooled_w, rated_lpm=lpm),
        enclosure=Enclosure(serial=_serial("EN", seed, 1)),
    )


def _parts(racks: Sequence[Rack], most: int) -> list[tuple[Rack, ...]]:
    return [tuple(racks[start : start + most]) for start in range(0, len(racks), most)]


def _serial(kind: str, seed: int, number: int) -> str:
    return f"{kind}{seed:04}{number:02}"


def _aisle(number: int, racks: tuple[Rack, ...], wanted_w: dict[str, float], seed: int) -> Aisle:
    heat_w = sum(wanted_w[rack.name] * (1.0 - rack.liquid_share) for rack in racks) + 500.0 * len(racks)
    name = f"aisle-{number}"
    units = tuple(
        AirUnit(
            f"air-{number}{letter}",
            name,
            _serial("AU", seed, 10 * number + place),
            rated_w=UNIT_MARGIN * heat_w,
            rated_m3h=AIR_MARGIN * heat_w * 3600.0 / (AIR_J_PER_K_M3 * RACK_RISE_K),
            rated_fan_w=0.06 * heat_w,
        )
        for place, letter in enumerate("ab"[:UNITS_PER_AISLE])
    )
    return Aisle(name, racks, units)


def _loop(number: int, racks: tuple[Rack, ...], wanted_w: dict[str, float], seed: int) -> Loop:
    heat_w = sum(wanted_w[rack.name] * rack.liquid_share for rack in racks)
    lpm = heat_w / (COOLANT_RISE_K * 4186.0) * 60.0 / 0.6  # that rise at 60 % speed
    cdu = Cdu(f"cdu-{number}", _serial("CD", seed, number), rated_w=1.5 * heat_w, rated_lpm=lpm)
    return Loop(cdu, Tank(f"tank-{number}"), racks)


def _ups(feed: str, total_w: float, seed: int) -> Ups:
    """Either carries all loads alone, for a quarter of an hour."""
    number = 1 + "AB".index(feed)
    return Ups(
        f"ups-{feed.lower()}",
        feed,
        _serial("UP", seed, number),
        rated_w=1.25 * total_w,
        capacity_wh=0.25 * total_w,
    )


def _supply(total_w: float, seed: int) -> Supply:
    """A battery for two hours of the loads, sun for three quarters of them, a generator for all with cooling."""
    return Supply(
        grid=Grid(),
        meter=Meter("meter-1", _serial("ME", seed, 1)),
        battery=Battery(
            "battery-1", _serial("BA", seed, 1), capacity_wh=2.5 * total_w, rated_w=1.6 * total_w + 4_000.0
        ),
        pv=Pv("pv-1", _serial("PV", seed, 1), rated_w=0.75 * total_w),
        generator=Generator(serial=_serial("GE", seed, 1), rated_w=2.2 * total_w + 6_000.0, tank_wh=24.0 * total_w),
        ats=TransferSwitch(serial=_serial("AT", seed, 1)),
    )
