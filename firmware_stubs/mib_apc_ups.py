"""An APC UPS as PowerNet-MIB describes it ({ hardware 1 }), one line in, one line out; it has no UPS-MIB.

Scales are the MIB's: tenths in the high precision groups, energy 0.01 kWh, active power W, run time TimeTicks.
What this model does not have says what the MIB names: -1, efficiency on battery -4, in bypass -5.
"""

from __future__ import annotations

from firmware_stubs.energy import Ups
from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, add_system
from firmware_stubs.snmp_ber import Oid, Tag
from firmware_stubs.snmp_card import TICKS_PER_S, Card
from firmware_stubs.snmp_table import OidTable

ENTERPRISE = 318
MODEL = "Smart-UPS X 3000"
FIRMWARE = "UPS 16.0 (ID20)"
APC: Oid = (*ENTERPRISES, ENTERPRISE)
OBJECT_ID: Oid = (*APC, 1, 3, 27)  # smartUPS2
UPS: Oid = (*APC, 1, 1, 1)
BATTERY_NORMAL, BATTERY_LOW = 2, 3  # upsBasicBatteryStatus
ON_LINE, ON_BATTERY, IS_OFF, FAILURE_BYPASS = 2, 3, 7, 10  # upsBasicOutputStatus
NOT_SUPPORTED = -1
EFFICIENCY_OFF, EFFICIENCY_ON_BATTERY, EFFICIENCY_IN_BYPASS = -3, -4, -5
LOW_CHARGE = 0.2


def build(ups: Ups, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, f"APC Web/SNMP Management Card (MB:v4.3.5 PF:v6.9.6 MN:AP9640) {MODEL}", OBJECT_ID)
    _ident(table, ups, card)
    _battery(table, ups)
    _input(table, ups)
    _output(table, ups)
    Entry(table, (*UPS, 8), 0).number(1, "upsCommStatus", 1)  # ok
    return table


def _ident(table: OidTable, ups: Ups, card: Card) -> None:
    name = Label(card.name)
    basic = Entry(table, (*UPS, 1, 1), 0)
    basic.text(1, "upsBasicIdentModel", MODEL)
    basic.text(2, "upsBasicIdentName", name.read, name.setter)
    advanced = Entry(table, (*UPS, 1, 2), 0)
    advanced.text(1, "upsAdvIdentFirmwareRevision", FIRMWARE)
    advanced.text(2, "upsAdvIdentDateOfManufacture", "01/15/2023")
    advanced.text(3, "upsAdvIdentSerialNumber", card.serial_octets)
    advanced.text(5, "upsAdvIdentSkuNumber", "SMX3000RMHV2U")
    advanced.number(7, "upsAdvIdentUpsPhaseConfigType", 3)  # onePhaseInOut
    advanced.text(9, "upsAdvIdentApparentPowerRating", f"{ups.rated_w:.0f}")


def _battery(table: OidTable, ups: Ups) -> None:
    basic = Entry(table, (*UPS, 2, 1), 0)
    basic.number(1, "upsBasicBatteryStatus", lambda: BATTERY_LOW if ups.soc < LOW_CHARGE else BATTERY_NORMAL)
    basic.other(2, "upsBasicBatteryTimeOnBattery", Tag.TIME_TICKS, lambda: int(ups.on_battery_s * TICKS_PER_S))
    advanced = Entry(table, (*UPS, 2, 2), 0)
    advanced.gauge(1, "upsAdvBatteryCapacity", lambda: round(ups.charge_percent))
    advanced.gauge(2, "upsAdvBatteryTemperature", lambda: round(ups.battery_c))
    advanced.other(3, "upsAdvBatteryRunTimeRemaining", Tag.TIME_TICKS, lambda: int(ups.runtime_s) * TICKS_PER_S)
    advanced.number(4, "upsAdvBatteryReplaceIndicator", lambda: 2 if ups.replace_battery else 1)
    advanced.number(5, "upsAdvBatteryNumOfBattPacks", 1)
    advanced.number(7, "upsAdvBatteryNominalVoltage", 480)
    advanced.number(8, "upsAdvBatteryActualVoltage", lambda: round(ups.battery_v))
    advanced.number(9, "upsAdvBatteryCurrent", NOT_SUPPORTED)
    precise = Entry(table, (*UPS, 2, 3), 0)
    precise.gauge(1, "upsHighPrecBatteryCapacity", lambda: round(ups.charge_percent * 10))
    precise.gauge(2, "upsHighPrecBatteryTemperature", lambda: round(ups.battery_c * 10))
    precise.number(3, "upsHighPrecBatteryNominalVoltage", 4800)
    precise.number(4, "upsHighPrecBatteryActualVoltage", lambda: round(ups.battery_v * 10))
    precise.number(5, "upsHighPrecBatteryCurrent", NOT_SUPPORTED)


def _input(table: OidTable, ups: Ups) -> None:
    Entry(table, (*UPS, 3, 1), 0).number(1, "upsBasicInputPhase", 1)
    advanced = Entry(table, (*UPS, 3, 2), 0)
    advanced.gauge(1, "upsAdvInputLineVoltage", lambda: round(ups.input_v))
    advanced.gauge(4, "upsAdvInputFrequency", lambda: round(ups.input_hz))
    advanced.number(12, "upsAdvInputTotalActivePower", NOT_SUPPORTED)
    precise = Entry(table, (*UPS, 3, 3), 0)
    precise.gauge(1, "upsHighPrecInputLineVoltage", lambda: round(ups.input_v * 10))
    precise.gauge(4, "upsHighPrecInputFrequency", lambda: round(ups.input_hz * 10))


def _output(table: OidTable, ups: Ups) -> None:
    basic = Entry(table, (*UPS, 4, 1), 0)
    basic.number(1, "upsBasicOutputStatus", lambda: _status(ups))
    basic.number(2, "upsBasicOutputPhase", 1)
    advanced = Entry(table, (*UPS, 4, 2), 0)
    advanced.gauge(1, "upsAdvOutputVoltage", lambda: round(ups.output_v))
    advanced.gauge(2, "upsAdvOutputFrequency", lambda: 50 if ups.live else 0)
    advanced.gauge(3, "upsAdvOutputLoad", lambda: round(ups.load_percent))
    advanced.gauge(4, "upsAdvOutputCurrent", lambda: round(_current_a(ups)))
    advanced.number(8, "upsAdvOutputActivePower", lambda: round(ups.output_w))
    advanced.number(9, "upsAdvOutputApparentPower", NOT_SUPPORTED)
    advanced.gauge(12, "upsAdvOutputEnergyUsage", lambda: int(ups.counter.shown_wh / 1000))
    precise = Entry(table, (*UPS, 4, 3), 0)
    precise.gauge(1, "upsHighPrecOutputVoltage", lambda: round(ups.output_v * 10))
    precise.gauge(2, "upsHighPrecOutputFrequency", lambda: 500 if ups.live else 0)
    precise.gauge(3, "upsHighPrecOutputLoad", lambda: round(ups.load_percent * 10))
    precise.gauge(4, "upsHighPrecOutputCurrent", lambda: round(_current_a(ups) * 10))
    precise.number(5, "upsHighPrecOutputEfficiency", lambda: _efficiency(ups))
    precise.gauge(6, "upsHighPrecOutputEnergyUsage", lambda: int(ups.counter.shown_wh / 10))


def _current_a(ups: Ups) -> float:
    return ups.output_w / ups.output_v if ups.live else 0.0


def _status(ups: Ups) -> int:
    if not ups.live:
        return IS_OFF
    if ups.bypass:
        return FAILURE_BYPASS
    return ON_BATTERY if ups.on_battery else ON_LINE


def _efficiency(ups: Ups) -> int:
    """Tenths of a percent, or the code of the reason why there is none."""
    if not ups.live:
        return EFFICIENCY_OFF
    if ups.on_battery:
        return EFFICIENCY_ON_BATTERY
    return EFFICIENCY_IN_BYPASS if ups.bypass else round(1000 * ups.output_w / ups.input_w) if ups.input_w else -2
