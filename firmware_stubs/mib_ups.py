"""A UPS as UPS-MIB describes it (RFC 1628), one line in, one line out; its serial number is in ENTITY-MIB (RFC 6933).

Scales are the MIB's: battery 0.1 V and 0.1 A, frequency 0.1 Hz, voltage V, current 0.1 A, power W, time minutes.
"""

from __future__ import annotations

from firmware_stubs.energy import Ups
from firmware_stubs.mib_system import Entry, add_system
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable

ENTERPRISE = 61509  # of the examples of nobody: for the engine id alone
UPS: Oid = (1, 3, 6, 1, 2, 1, 33)
OBJECTS: Oid = (*UPS, 1)
ENTITY: Oid = (1, 3, 6, 1, 2, 1, 47, 1, 1, 1, 1)
LINE = 1
CHASSIS = 1  # entPhysicalIndex
BATTERY_NORMAL, BATTERY_LOW, BATTERY_DEPLETED = 2, 3, 4  # upsBatteryStatus
NONE, NORMAL, BYPASS, BATTERY = 2, 3, 4, 5  # upsOutputSource
LOW_CHARGE, NO_CHARGE = 0.2, 0.03


def build(ups: Ups, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, "Edge UPS with network card", UPS)
    ident = Entry(table, (*OBJECTS, 1), 0)
    ident.text(1, "upsIdentManufacturer", "Edge Power")
    ident.text(2, "upsIdentModel", f"DC-{ups.rated_w / 1000:.0f}K")
    ident.text(3, "upsIdentUPSSoftwareVersion", "2.1.0")
    ident.text(4, "upsIdentAgentSoftwareVersion", "1.4.2")
    ident.text(5, "upsIdentName", card.name)
    entity = Entry(table, ENTITY, CHASSIS)
    entity.text(11, "entPhysicalSerialNum", card.serial_octets)
    _battery(Entry(table, (*OBJECTS, 2), 0), ups)
    _input(table, ups)
    _output(table, ups)
    Entry(table, (*OBJECTS, 6), 0).gauge(1, "upsAlarmsPresent", lambda: alarms(ups))
    _config(Entry(table, (*OBJECTS, 9), 0), ups)
    return table


def alarms(ups: Ups) -> int:
    """How many conditions it complains of: on battery, on bypass, low battery, a battery to replace."""
    return sum((ups.on_battery, ups.bypass, ups.soc < LOW_CHARGE, ups.replace_battery))


def _battery(battery: Entry, ups: Ups) -> None:
    battery.number(1, "upsBatteryStatus", lambda: _status(ups))
    battery.number(2, "upsSecondsOnBattery", lambda: int(ups.on_battery_s))
    battery.number(3, "upsEstimatedMinutesRemaining", lambda: int(ups.runtime_s / 60))
    battery.number(4, "upsEstimatedChargeRemaining", lambda: round(ups.charge_percent))
    battery.number(5, "upsBatteryVoltage", lambda: round(ups.battery_v * 10))
    battery.number(6, "upsBatteryCurrent", lambda: round(ups.battery_a * 10))
    battery.number(7, "upsBatteryTemperature", lambda: round(ups.battery_c))


def _status(ups: Ups) -> int:
    if ups.soc <= NO_CHARGE:
        return BATTERY_DEPLETED
    return BATTERY_LOW if ups.soc < LOW_CHARGE else BATTERY_NORMAL


def _input(table: OidTable, ups: Ups) -> None:
    Entry(table, (*OBJECTS, 3), 0).number(2, "upsInputNumLines", 1)
    line = Entry(table, (*OBJECTS, 3, 3, 1), LINE)
    line.number(2, "upsInputFrequency", lambda: round(ups.input_hz * 10))
    line.number(3, "upsInputVoltage", lambda: round(ups.input_v))
    line.number(4, "upsInputCurrent", lambda: round(ups.input_w / ups.input_v * 10) if ups.input_v else 0)
    line.number(5, "upsInputTruePower", lambda: round(ups.input_w))


def _output(table: OidTable, ups: Ups) -> None:
    output = Entry(table, (*OBJECTS, 4), 0)
    output.number(1, "upsOutputSource", lambda: _source(ups))
    output.number(2, "upsOutputFrequency", lambda: 500 if ups.live else 0)
    output.number(3, "upsOutputNumLines", 1)
    line = Entry(table, (*OBJECTS, 4, 4, 1), LINE)
    line.number(2, "upsOutputVoltage", lambda: round(ups.output_v))
    line.number(3, "upsOutputCurrent", lambda: round(ups.output_w / ups.output_v * 10) if ups.live else 0)
    line.number(4, "upsOutputPower", lambda: round(ups.output_w))
    line.number(5, "upsOutputPercentLoad", lambda: round(ups.load_percent))


def _source(ups: Ups) -> int:
    if not ups.live:
        return NONE
    if ups.bypass:
        return BYPASS
    return BATTERY if ups.on_battery else NORMAL


def _config(config: Entry, ups: Ups) -> None:
    config.number(1, "upsConfigInputVoltage", 230)
    config.number(2, "upsConfigInputFreq", 500)
    config.number(3, "upsConfigOutputVoltage", 230)
    config.number(4, "upsConfigOutputFreq", 500)
    config.number(5, "upsConfigOutputVA", round(ups.rated_w))
    config.number(6, "upsConfigOutputPower", round(ups.rated_w))
    config.number(7, "upsConfigLowBattTime", 2)
