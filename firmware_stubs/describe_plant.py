"""What a plant tells about itself: its things in pod.json, its truth in `state`. Plain data only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from firmware_stubs.energy import Counter
from firmware_stubs.facility import Facility
from firmware_stubs.ledger import balance, heat_balance
from firmware_stubs.world import World


def describe_plant(plant: Facility) -> dict[str, Any]:
    """Which things there are, by the word that faults know them by."""
    return {
        "air": [{"name": unit.name, "aisle": unit.aisle, "rated_w": unit.rated_w} for unit in plant.air_units.values()],
        "cdu": [
            {"name": loop.cdu.name, "racks": [rack.name for rack in loop.racks], "rated_w": loop.cdu.rated_w}
            for loop in plant.loops
        ],
        "aisles": {aisle.name: [rack.name for rack in aisle.racks] for aisle in plant.aisles},
        **{
            word: [thing.name for thing in things]
            for word, things in _things(plant).items()
            if word not in ("air", "cdu")
        },
    }


def plant_state(world: World, plant: Facility) -> dict[str, Any]:
    """The truth of this moment, in the units that the keys name."""
    electric, heat = balance(world, plant), heat_balance(plant)
    return {
        "outdoor_c": plant.outdoor_c,
        "source": str(plant.supply.source),
        "grid": plain(plant.supply.grid),
        "aisles": {
            aisle.name: {"air_c": aisle.air_c, "mass_c": aisle.mass_c, "supply_c": aisle.supply_c}
            for aisle in plant.aisles
        },
        **{word: {thing.name: plain(thing) for thing in things} for word, things in _things(plant).items()},
        "balance": {
            "sources_wh": dict(electric.sources),
            "loads_wh": dict(electric.loads),
            "losses_wh": dict(electric.losses),
            "stored_wh": electric.stored_wh,
            "residual_wh": electric.residual_wh,
            "heat_residual_wh": heat.residual_wh,
        },
    }


def plain(thing: Any) -> dict[str, Any]:
    """All fields of a thing; a counter is what it truly counted, in Wh."""
    return {each.name: _plain(getattr(thing, each.name)) for each in fields(thing)}


def _plain(value: Any) -> Any:
    return value.total_wh if isinstance(value, Counter) else value


def _things(plant: Facility) -> Mapping[str, list[Any]]:
    supply = plant.supply
    return {
        "air": list(plant.air_units.values()),
        "cdu": list(plant.cdus.values()),
        "water": [plant.water],
        "tank": [loop.tank for loop in plant.loops],
        "battery": [supply.battery],
        "pv": [supply.pv],
        "meter": [supply.meter],
        "generator": [supply.generator],
        "ats": [supply.ats],
        "ups": list(plant.upses.values()),
        "dc": [plant.dc],
        "enclosure": [plant.enclosure],
    }


def plant_parts(plant: Facility) -> list[tuple[str, str, Any]]:
    """(device, word of `fault_plant`, thing) of everything that may break."""
    supply = plant.supply
    words = ("air", "cdu", "water", "battery", "pv", "generator", "ats", "ups", "dc", "enclosure")
    found = [(thing.name, word, thing) for word in words for thing in _things(plant)[word]]
    return [
        *found,
        ("grid", "grid", supply.grid),
        (supply.pv.name, "counter", supply.pv.counter),
        (supply.meter.name, "counter", supply.meter.imported),
    ]
