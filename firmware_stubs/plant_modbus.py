"""The plant's devices that speak Modbus by a map of their own: what each serves, and what the agent is told of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from firmware_stubs import modbus_cdu, modbus_io, modbus_power
from firmware_stubs.facility import Facility
from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_map import RegisterMap

IDENTITIES = {1: {0: "Edge Contacts", 1: "IO-16", 2: "1.0"}}


@dataclass(frozen=True)
class MappedDevice:
    """One device: its registers, its health on the wire, and what its table in the agent's configuration says."""

    name: str
    driver: str
    family: str
    serial: str
    unit: RegisterMap
    tick: Callable[[], None] = lambda: None
    identities: Mapping[int, Mapping[int, str]] = field(default_factory=dict)  # by unit, for function 43/14
    wiring: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # inputs and outputs

    @property
    def faulty(self) -> Faulty:
        return self.unit.faulty


def mapped_devices(plant: Facility, now: Callable[[], float]) -> Iterator[MappedDevice]:
    """All of them."""
    for air in plant.air_units.values():
        unit, time_out = modbus_cdu.air_unit(air, now, Faulty())
        yield MappedDevice(air.name, "cooling", "generic-crac", air.serial or air.name, unit, time_out.tick)
    supply, dc, water, shell = plant.supply, plant.dc, plant.water, plant.enclosure
    unit = modbus_cdu.water(water, [loop.tank for loop in plant.loops], Faulty())
    yield MappedDevice(water.name, "water", "facility-water", water.name, unit)
    yield MappedDevice(dc.name, "dcplant", "dc-plant", dc.serial or dc.name, modbus_power.dc_plant(dc, Faulty()))
    ats, grid, generator = supply.ats, supply.grid, supply.generator
    unit = modbus_power.transfer_switch(ats, grid, generator, Faulty())
    yield MappedDevice(ats.name, "ats", "modbus-ats", ats.serial or ats.name, unit)
    unit = modbus_power.generator(generator, Faulty())
    serial = modbus_power.serial_number(generator.serial)
    yield MappedDevice(generator.name, "generator", "dse-genset", str(serial), unit)
    unit = modbus_io.enclosure(shell, Faulty())
    wires = modbus_io.wiring(shell)
    yield MappedDevice(shell.name, "enclosure", "dry-contact-io", "", unit, identities=IDENTITIES, wiring=wires)
