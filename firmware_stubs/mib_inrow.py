"""An APC InRow cooler as the coolingUnit tables of PowerNet-MIB describe it ({ cooling 1 }).

A row says what it is by its description and its unit, its scale is the divisor; each quantity stands there twice (C and
F, L/s and CFM). Which row is which differs by model: here F and CFM come first. A row without value and scale is not
fitted. A setpoint says whether it may be written, and between which numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_stubs.mib_sensing import fahrenheit, number_in, unless_lost
from firmware_stubs.mib_system import ENTERPRISES, Entry, add_system
from firmware_stubs.plant import AirUnit
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Read

ENTERPRISE = 318
MODEL = "ACRD301"
FIRMWARE = "v6.6.9"
APC: Oid = (*ENTERPRISES, ENTERPRISE)
OBJECT_ID: Oid = (*APC, 1, 3, 14, 23)  # airACRD300Series
COOLING_UNITS: Oid = (*APC, 1, 1, 27, 1)
UNIT = 1
NOT_SUPPORTED = -1
READ_ONLY, READ_WRITE = 1, 2
LITRES_PER_M3H = 1000.0 / 3600.0
CFM_PER_LITRE = 2.11888
LOWEST_C, HIGHEST_C = 15.0, 30.0  # setpoints that it takes
OFF, STANDBY, IDLE, ACTIVE = 2, 3, 4, 6
MODES = "Unknown(0),Initializing(1),Off(2),Standby(3),Idle(4),Startup Delay(5),Active(6),Maintenance(7)"
MODE_NAMES = {OFF: "Off", STANDBY: "Standby", IDLE: "Idle", ACTIVE: "Active"}


@dataclass(frozen=True)
class Quantity:
    """One row: value = reading x scale; without a reading it is not fitted."""

    description: str
    units: str
    scale: int
    read: Callable[[], float] | None = None


def build(unit: AirUnit, card: Card, *, writable: bool = True) -> OidTable:
    """The card's whole table. Where a group sets its setpoint, a unit's own may not be written."""
    table = OidTable()
    add_system(table, card, f"APC InRow DX 300mm (MB:v4.1.0 PF:v6.8.8 AF1:{FIRMWARE})", OBJECT_ID)
    Entry(table, COOLING_UNITS, 0).number(1, "coolingUnitTableSize", 1)
    _about(table, card)
    _analog(table, unit, card)
    _discrete(table, unit)
    _settings(table, unit, READ_WRITE if writable else READ_ONLY)
    return table


def _about(table: OidTable, card: Card) -> None:
    about: tuple[tuple[str, str | Read], ...] = (
        ("Model Number", MODEL),
        ("Serial Number", card.serial_octets),
        ("Firmware Revision", FIRMWARE),
    )
    Entry(table, (*COOLING_UNITS, 3), 0).number(1, "coolingUnitAboutTableSize", len(about))
    for row, (description, value) in enumerate(about, 1):
        entry = Entry(table, (*COOLING_UNITS, 3, 2, 1), UNIT, row)
        entry.text(2, "coolingUnitAboutDescription", description)
        entry.text(3, "coolingUnitAboutValue", value)


def _temperature(description: str, read: Callable[[], float] | None) -> list[Quantity]:
    """Both rows of a temperature."""
    in_f = None if read is None else lambda: fahrenheit(read())
    return [Quantity(description, "F", 10, in_f), Quantity(description, "C", 10, read)]


def _quantities(unit: AirUnit) -> list[Quantity]:
    def litres() -> float:
        return unit.airflow_m3h * LITRES_PER_M3H

    return [
        *_temperature("Rack Inlet Temperature 1", None),
        *_temperature("Return Temperature", lambda: unit.return_c),
        *_temperature("Supply Temperature", lambda: unit.supply_c),
        Quantity("Humidity", "%RH", 10, lambda: unit.humidity_percent),
        Quantity("Airflow", "CFM", 1, lambda: litres() * CFM_PER_LITRE),
        Quantity("Airflow", "L/s", 1, litres),
        Quantity("Cool Output", "kW", 10, lambda: unit.heat_w / 1000),
    ]


def _analog(table: OidTable, unit: AirUnit, card: Card) -> None:
    quantities = _quantities(unit)
    Entry(table, (*COOLING_UNITS, 4, 1), 0).number(1, "coolingUnitStatusAnalogTableSize", len(quantities))
    for row, quantity in enumerate(quantities, 1):
        entry = Entry(table, (*COOLING_UNITS, 4, 1, 2, 1), UNIT, row)
        entry.text(2, "coolingUnitStatusAnalogDescription", quantity.description)
        entry.text(4, "coolingUnitStatusAnalogUnits", quantity.units)
        if quantity.read is not None:
            entry.number(3, "coolingUnitStatusAnalogValue", _scaled(quantity, quantity.read, card))
            entry.number(5, "coolingUnitStatusAnalogScale", quantity.scale)


def _scaled(quantity: Quantity, read: Callable[[], float], card: Card) -> Callable[[], int]:
    return unless_lost(card, lambda: round(read() * quantity.scale), NOT_SUPPORTED)


def _discrete(table: OidTable, unit: AirUnit) -> None:
    Entry(table, (*COOLING_UNITS, 4, 2), 0).number(1, "coolingUnitStatusDiscreteTableSize", 3)
    _state(table, 1, "Shutdown Input State", lambda: 0, ("Open(0),Closed(1)", {0: "Open"}))
    _state(table, 2, "Mode", lambda: _mode(unit), (MODES, MODE_NAMES))
    _state(table, 3, "Active Power Source", lambda: 0, ("Primary (0),Secondary(1)", {0: "Primary"}))


def _state(table: OidTable, row: int, text: str, read: Callable[[], int], key: tuple[str, dict[int, str]]) -> None:
    listing, names = key
    entry = Entry(table, (*COOLING_UNITS, 4, 2, 2, 1), UNIT, row)
    entry.text(2, "coolingUnitStatusDiscreteDescription", text)
    entry.text(3, "coolingUnitStatusDiscreteValueAsString", _named(read, names))
    entry.number(4, "coolingUnitStatusDiscreteValueAsInteger", read)
    entry.text(5, "coolingUnitStatusDiscreteIntegerReferenceKey", listing)


def _named(read: Callable[[], int], names: dict[int, str]) -> Read:
    def say() -> bytes:
        return names[read()].encode()

    return say


def _mode(unit: AirUnit) -> int:
    if not unit.running:
        return OFF
    return ACTIVE if unit.heat_w > 0.0 else IDLE


def _settings(table: OidTable, unit: AirUnit, access: int) -> None:
    """The supply air's setpoint, in F and in C."""
    Entry(table, (*COOLING_UNITS, 5, 1), 0).number(1, "coolingUnitConfigurationAnalogTableSize", 2)
    to_c: dict[str, Callable[[float], float]] = {"F": lambda value: (value - 32) / 1.8, "C": lambda value: value}
    from_c: dict[str, Callable[[float], float]] = {"F": fahrenheit, "C": lambda value: value}
    for row, units in enumerate(("F", "C"), 1):
        entry = Entry(table, (*COOLING_UNITS, 5, 1, 2, 1), UNIT, row)
        low, high = round(from_c[units](LOWEST_C) * 10), round(from_c[units](HIGHEST_C) * 10)
        entry.text(2, "coolingUnitConfigurationAnalogDescription", "Supply Air Setpoint")
        setter = number_in(low, high, _sets(unit, to_c[units])) if access == READ_WRITE else None
        entry.number(3, "coolingUnitConfigurationAnalogValue", _shows(unit, from_c[units]), setter)
        entry.text(4, "coolingUnitConfigurationAnalogUnits", units)
        entry.number(5, "coolingUnitConfigurationAnalogScale", 10)
        entry.number(6, "coolingUnitConfigurationAnalogAccess", access)
        entry.number(7, "coolingUnitConfigurationAnalogMinimum", low)
        entry.number(8, "coolingUnitConfigurationAnalogMaximum", high)


def _shows(unit: AirUnit, from_c: Callable[[float], float]) -> Callable[[], int]:
    return lambda: round(from_c(unit.setpoint_c) * 10)


def _sets(unit: AirUnit, to_c: Callable[[float], float]) -> Callable[[int], None]:
    def write(value: int) -> None:
        unit.setpoint_c = to_c(value / 10)

    return write
