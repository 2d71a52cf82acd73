"""A Stulz WIB 8000 gateway as Stulz-WIB8000-MIB describes it: several coolers on its bus 1, one module each.

The index is bus.device.module. The MIB has no UNITS: tenths of a degree and of a percent follow from the ranges, whole
percent from (0..100). There is no object for a leak (a trap tells of one), and none that says that a sensor is gone.
The gateway has no serial number in this MIB.
"""

from __future__ import annotations

from collections.abc import Sequence

from firmware_stubs.mib_sensing import number_in
from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, add_system
from firmware_stubs.plant import AirUnit
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable

ENTERPRISE = 29462
FIRMWARE = "V4.31"
WIB: Oid = (*ENTERPRISES, ENTERPRISE, 10)
OWN: Oid = (*WIB, 1, 1)
DATA: Oid = (*WIB, 2, 1)
BUS, MODULE = 1, 1
LOWEST, HIGHEST = 50, 500  # of unitSetpointTemperatureDay


def build(units: Sequence[AirUnit], card: Card) -> OidTable:
    """The gateway's whole table; device addresses count from 1."""
    table = OidTable()
    add_system(table, card, "Stulz WIB 8000", WIB)
    own = Entry(table, (*OWN, 1), 0)
    own.text(65536, "wibUnitname", card.name)
    own.gauge(65538, "wibTempUnit", 0)
    own.text(65540, "wibFirmware", FIRMWARE)
    for address, unit in enumerate(units, 1):
        _setting(Entry(table, (*OWN, 6, 1, 1), BUS, address), unit)
        _unit(table, (BUS, address, MODULE), unit)
    return table


def _setting(setting: Entry, unit: AirUnit) -> None:
    name = Label(unit.name)
    setting.text(393221, "unitsettingName", name.read, name.setter)
    setting.gauge(393224, "unitsettingReachability", 1)
    setting.gauge(393243, "unitsettingHasFailure", lambda: int(unit.alarm))


def _unit(table: OidTable, index: tuple[int, int, int], unit: AirUnit) -> None:
    air = Entry(table, (*DATA, 1, 1, 1, 1, 1, 1), *index)
    air.number(1175, "unitSetpointAirTratureCorrected", lambda: round(unit.setpoint_c * 10))
    air.number(1192, "unitReturnAirTemperature", lambda: round(unit.return_c * 10))
    air.number(1193, "unitSupplyAirTemperature", lambda: round(unit.supply_c * 10))
    damp = Entry(table, (*DATA, 1, 1, 1, 2, 1, 1), *index)
    damp.gauge(1194, "unitReturnAirHumidity", lambda: round(unit.humidity_percent * 10))
    compressor = Entry(table, (*DATA, 1, 2, 1, 1, 1, 1), *index)
    compressor.gauge(4403, "compr1Running", lambda: int(unit.heat_w > 0.0))
    fan = Entry(table, (*DATA, 1, 2, 4, 1, 1), *index)
    fan.gauge(6902, "fan1Running", lambda: int(unit.airflow_m3h > 0.0))
    fan.gauge(6932, "fan1Speed", lambda: round(unit.fan_percent) if unit.airflow_m3h > 0.0 else 0)
    day = Entry(table, (*DATA, 2, 1, 1, 1, 1, 1), *index)
    sets = number_in(LOWEST, HIGHEST, lambda value: setattr(unit, "setpoint_c", value / 10))
    day.number(1173, "unitSetpointTemperatureDay", lambda: round(unit.setpoint_c * 10), sets)
    state = Entry(table, (*DATA, 4, 1, 1, 1), *index)
    state.gauge(10, "busalarm", 0)
    state.gauge(1013, "unitOnOff", lambda: int(unit.running))
    Entry(table, (*DATA, 4, 2, 1, 1), *index).gauge(8, "generalError", lambda: int(unit.alarm))
