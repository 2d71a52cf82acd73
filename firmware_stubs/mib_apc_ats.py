"""An APC transfer switch as PowerNet-MIB describes it ({ hardware 8 }): source A the utility, B the generator.

Scales are the MIB's: voltage V, frequency Hz, output current 0.1 A, load VA. What the inputs draw is not measured (-1).
The pod's transfer switch is one phase here. `atsConfigPreferredSource` may be written.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from firmware_stubs.mib_sensing import one_of
from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, add_system
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable
from firmware_stubs.supply import TRANSFORMER_SHARE, TRANSFORMER_W, Source, Supply

ENTERPRISE = 318
MODEL = "AP4423A"
FIRMWARE = "ats4g 6.8.4"
APC: Oid = (*ENTERPRISES, ENTERPRISE)
OBJECT_ID: Oid = (*APC, 1, 3, 32)  # automaticXferSwitch4G
ATS: Oid = (*APC, 1, 1, 8)
INPUTS: Oid = (*ATS, 5, 3)
OUTPUTS: Oid = (*ATS, 5, 4)
SOURCE_A, SOURCE_B = 1, 2
FAIL, OK = 1, 2  # atsStatusSourceAStatus and others
LOST, REDUNDANT = 1, 2  # atsStatusRedundancyState
SINGLE_PHASE, MAIN = 2, 2  # atsInputVoltageOrientation, atsInputType
NOT_SUPPORTED = -1
RATED_W = 100_000.0


def build(supply: Supply, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, f"APC Web/SNMP Management Card (MB:v4.3.5 PF:v6.8.4 MN:{MODEL})", OBJECT_ID)
    _ident(Entry(table, (*ATS, 1), 0), card)
    config = Entry(table, (*ATS, 4), 0)
    name = Label(card.name)
    config.text(1, "atsConfigProductName", name.read, name.setter)
    prefer = one_of({SOURCE_A: lambda: _prefer(supply, "A"), SOURCE_B: lambda: _prefer(supply, "B")})
    config.number(2, "atsConfigPreferredSource", lambda: _code(supply.ats.preferred), prefer)
    _status(Entry(table, (*ATS, 5, 1), 0), supply)
    Entry(table, INPUTS, 0).number(1, "atsNumInputs", 2)
    _input(table, SOURCE_A, "Utility", lambda: _utility_v(supply), lambda: supply.grid.frequency_hz)
    generator = supply.generator
    _input(table, SOURCE_B, "Generator", lambda: generator.voltage_v, lambda: generator.frequency_hz)
    _output(table, supply)
    return table


def _ident(ident: Entry, card: Card) -> None:
    ident.text(1, "atsIdentHardwareRev", "R01")
    ident.text(2, "atsIdentFirmwareRev", FIRMWARE)
    ident.text(5, "atsIdentModelNumber", MODEL)
    ident.text(6, "atsIdentSerialNumber", card.serial_octets)
    ident.number(7, "atsIdentNominalLineVoltage", 230)
    ident.number(8, "atsIdentNominalLineFrequency", 50)
    ident.number(9, "atsIdentDeviceRating", round(RATED_W / 230))
    ident.text(10, "atsIdentDeviceName", card.name)


def _prefer(supply: Supply, source: str) -> None:
    supply.ats.preferred = source


def _code(source: str) -> int:
    return SOURCE_A if source == "A" else SOURCE_B


def _utility_v(supply: Supply) -> float:
    return supply.grid.voltage_v * (1.0 - supply.grid.sag) if supply.grid.live else 0.0


def through_w(supply: Supply) -> float:
    """What flows through the switch: the meter before the transformer shows it with the transformer's loss."""
    if supply.source is Source.GENERATOR:
        return supply.generator.power_w
    if supply.source is not Source.GRID:
        return 0.0
    share = TRANSFORMER_SHARE / TRANSFORMER_W
    return (math.sqrt(1.0 + 4.0 * share * supply.meter.power_w) - 1.0) / (2.0 * share)


def output_v(supply: Supply) -> float:
    """The voltage behind the switch."""
    return _utility_v(supply) if supply.ats.source == "A" else supply.generator.voltage_v


def _both_well(supply: Supply) -> bool:
    return supply.utility_well and supply.generator.running


def _status(status: Entry, supply: Supply) -> None:
    status.number(1, "atsStatusCommStatus", 2)  # atsCommEstablished
    status.number(2, "atsStatusSelectedSource", lambda: _code(supply.ats.source))
    status.number(3, "atsStatusRedundancyState", lambda: REDUNDANT if _both_well(supply) else LOST)
    status.number(4, "atsStatusOverCurrentState", lambda: 1 if through_w(supply) > RATED_W else 2)
    status.number(10, "atsStatusSwitchStatus", lambda: FAIL if supply.ats.stuck else OK)
    status.number(12, "atsStatusSourceAStatus", lambda: OK if supply.utility_well else FAIL)
    status.number(13, "atsStatusSourceBStatus", lambda: OK if supply.generator.running else FAIL)
    status.number(14, "atsStatusPhaseSyncStatus", lambda: 1 if _both_well(supply) else 2)
    status.number(15, "atsStatusVoltageOutStatus", lambda: OK if output_v(supply) > 0.0 else FAIL)


def _input(
    table: OidTable, number: int, text: str, voltage_v: Callable[[], float], frequency_hz: Callable[[], float]
) -> None:
    name = Label(text)
    entry = Entry(table, (*INPUTS, 2, 1), number)
    entry.number(1, "atsInputTableIndex", number)
    entry.number(2, "atsNumInputPhases", 1)
    entry.number(3, "atsInputVoltageOrientation", SINGLE_PHASE)
    entry.number(4, "atsInputFrequency", lambda: round(frequency_hz()) if voltage_v() else 0)
    entry.number(5, "atsInputType", MAIN)
    entry.text(6, "atsInputName", name.read, name.setter)
    phase = Entry(table, (*INPUTS, 3, 1), number, 1)
    phase.number(1, "atsInputPhaseTableIndex", number)
    phase.number(2, "atsInputPhaseIndex", 1)
    phase.number(3, "atsInputVoltage", lambda: round(voltage_v()))
    phase.number(6, "atsInputCurrent", NOT_SUPPORTED)
    phase.number(9, "atsInputPower", NOT_SUPPORTED)


def _output(table: OidTable, supply: Supply) -> None:
    """Of the load nothing but active power is known, so VA are W."""
    Entry(table, OUTPUTS, 0).number(1, "atsNumOutputs", 1)
    entry = Entry(table, (*OUTPUTS, 2, 1), 1)
    entry.number(1, "atsOutputTableIndex", 1)
    entry.number(2, "atsNumOutputPhases", 1)
    entry.number(3, "atsOutputVoltageOrientation", SINGLE_PHASE)
    entry.number(4, "atsOutputFrequency", lambda: 50 if output_v(supply) else 0)
    phase = Entry(table, (*OUTPUTS, 3, 1), 1, 1)
    phase.number(1, "atsOutputPhaseTableIndex", 1)
    phase.number(2, "atsOutputPhaseIndex", 1)
    phase.number(3, "atsOutputVoltage", lambda: round(output_v(supply)))
    phase.number(4, "atsOutputCurrent", lambda: round(10 * current_a(supply)))
    phase.number(7, "atsOutputLoad", lambda: round(abs(through_w(supply))))
    phase.number(10, "atsOutputPercentLoad", lambda: round(100 * abs(through_w(supply)) / RATED_W))
    phase.number(13, "atsOutputPower", lambda: round(abs(through_w(supply))))


def current_a(supply: Supply) -> float:
    """The effective value, whichever way the power flows."""
    volts = output_v(supply)
    return abs(through_w(supply)) / volts if volts else 0.0
