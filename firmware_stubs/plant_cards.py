"""The SNMP cards of a plant: which UPS, transfer switch and cooler is of which family."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from firmware_stubs import (
    mib_apc_ats,
    mib_apc_ups,
    mib_inrow,
    mib_liebert_env,
    mib_rittal,
    mib_stulz,
    mib_ups,
)
from firmware_stubs.air import Aisle
from firmware_stubs.energy import Ups
from firmware_stubs.facility import Facility
from firmware_stubs.plant import AirUnit
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable

MODULES: Mapping[str, ModuleType] = {
    "rfc1628-ups": mib_ups,
    "apc-ups": mib_apc_ups,
    "apc-ats": mib_apc_ats,
    "apc-inrow": mib_inrow,
    "liebert-environmental": mib_liebert_env,
    "rittal-lcp": mib_rittal,
    "stulz-wib8000": mib_stulz,
}
GATEWAY = "stulz-wib8000"  # one for all coolers of an aisle
MODBUS = ""  # a cooler without a card
AISLES = (("apc-inrow", "rittal-lcp"), ("liebert-environmental", MODBUS), (GATEWAY, GATEWAY))
UPS_OF_FEED = {"A": "rfc1628-ups", "B": "apc-ups"}


@dataclass(frozen=True)
class PlantCard:
    """A card to serve. `things` are the names of what it speaks for, `wiring` what else pod.json tells of it."""

    name: str
    driver: str
    family: str
    serial: str
    build: Callable[[Card], OidTable]
    powered: Callable[[], bool]
    things: tuple[str, ...]
    wiring: Mapping[str, Any] = field(default_factory=dict)

    @property
    def enterprise(self) -> int:
        """Of its maker."""
        return int(MODULES[self.family].ENTERPRISE)


def plant_cards(plant: Facility, *, mixed: bool) -> Iterator[PlantCard]:
    """The cards of a plant. Mixed: of all families; else UPSes alone, and the rest speaks Modbus."""
    for ups in plant.upses.values():
        yield _ups_card(ups, UPS_OF_FEED[ups.feed] if mixed else "rfc1628-ups")
    if mixed:
        yield _ats_card(plant)
        for number, aisle in enumerate(plant.aisles):
            yield from _coolers(plant, aisle, AISLES[number % len(AISLES)])


def _ups_card(ups: Ups, family: str) -> PlantCard:
    module = MODULES[family]
    return PlantCard(
        ups.name,
        "ups",
        family,
        ups.serial,
        lambda card: module.build(ups, card),
        lambda: ups.live,
        (ups.name,),
        {"feed": ups.feed},
    )


def _ats_card(plant: Facility) -> PlantCard:
    supply = plant.supply
    return PlantCard(
        supply.ats.name,
        "ats",
        "apc-ats",
        supply.ats.serial,
        lambda card: mib_apc_ats.build(supply, card),
        lambda: supply.grid.live or supply.generator.running,
        (supply.ats.name,),
    )


def _coolers(plant: Facility, aisle: Aisle, families: tuple[str, ...]) -> Iterator[PlantCard]:
    if GATEWAY in families:
        yield _gateway(plant, aisle)
        return
    for unit, family in zip(aisle.units, families, strict=False):
        if family != MODBUS:
            yield _cooler(plant, unit, family)


def _cooler(plant: Facility, unit: AirUnit, family: str) -> PlantCard:
    module = MODULES[family]
    return PlantCard(
        unit.name,
        "cooling",
        family,
        unit.serial,
        lambda card: module.build(unit, card),
        lambda: plant.supply.live,
        (unit.name,),
        {"aisle": unit.aisle},
    )


def _gateway(plant: Facility, aisle: Aisle) -> PlantCard:
    """Its MIB has no serial number."""
    names = tuple(unit.name for unit in aisle.units)
    return PlantCard(
        f"gateway-{aisle.name.removeprefix('aisle-')}",
        "cooling",
        GATEWAY,
        "",
        lambda card: mib_stulz.build(aisle.units, card),
        lambda: plant.supply.live,
        names,
        {"aisle": aisle.name, "units": list(names)},
    )
