"""An APC switched and metered rack PDU as PowerNet-MIB describes it (rPDU2, { hardware 26 }), index 1.

Scales are the MIB's: device power 0.01 kW, energy 0.1 kWh, current 0.1 A, voltage V, power factor 0.01, temperature
0.1 degree. rPDU2OutletMeteredStatusPower has no unit in the MIB; watts are served, which is V x A x PF of its row.
With its sensors lost the card answers -1 where the MIB names -1, and a probe says commsLost (3).
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, Meter, add_system, on
from firmware_stubs.racks import Branch, Outlet, Pdu, Rack
from firmware_stubs.snmp_ber import Oid, Raw
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Read, Setter
from firmware_stubs.world import World

ENTERPRISE = 318
MODEL = "AP8659EU3"
FIRMWARE = "v7.1.2"
APC: Oid = (*ENTERPRISES, ENTERPRISE)
OBJECT_ID: Oid = (*APC, 1, 3, 4, 6)  # masterSwitchrPDU2
RPDU2: Oid = (*APC, 1, 1, 26)
UNIT = 1  # index of the one unit; units in a chain would follow
SINCE = "01/01/2024 00:00:00"
NOT_SUPPORTED = -1
LOW_LOAD, NORMAL, NEAR_OVERLOAD, OVERLOAD = range(1, 5)
OFF, ON = 1, 2  # rPDU2OutletSwitchedStatusState
REBOOT_OFF_S = 5  # rPDU2OutletSwitchedConfigRebootDuration, range 5-60
IMMEDIATE_ON, IMMEDIATE_OFF, IMMEDIATE_REBOOT = 1, 2, 3  # rPDU2OutletSwitchedControlCommand
DELAYED_ON, DELAYED_OFF, DELAYED_REBOOT, CANCEL = 5, 6, 7, 8


def build(world: World, pdu: Pdu, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, f"APC Web/SNMP Management Card (MB:v4.3.5 PF:{FIRMWARE} MN:{MODEL})", OBJECT_ID)
    _ident(table, card)
    meter = Meter(lambda: pdu.energy_wh, card)
    outlet_meters = [Meter(_energy_of(outlet), card) for outlet in pdu.outlets]
    _device(table, world, pdu, card)
    _device_status(Entry(table, (*RPDU2, 4, 3, 1), UNIT), pdu, card, meter)
    _energy_resets(Entry(table, (*RPDU2, 4, 1, 1), UNIT), meter, outlet_meters)
    _phase(table, pdu, card)
    _sizes(table, pdu)
    for branch in pdu.branches:
        _bank(table, branch)
    for outlet, outlet_meter in zip(pdu.outlets, outlet_meters, strict=True):
        label = Label(f"Outlet {outlet.number}")
        _switched(table, world, pdu, outlet, label)
        _metered(table, pdu, outlet, label, outlet_meter)
    _probe(table, world.racks[pdu.rack], card)
    return table


def _unless_lost(card: Card, read: Callable[[], int], sentinel: int = NOT_SUPPORTED) -> Callable[[], int]:
    return lambda: sentinel if card.sensors_lost else read()


def _unless_gone(card: Card, read: Callable[[], int], sentinel: int = NOT_SUPPORTED) -> Callable[[], int]:
    return lambda: sentinel if card.probe_gone else read()


def _load_state(current_a: float, rated_a: float) -> int:
    if current_a > rated_a:
        return OVERLOAD
    if current_a > 0.8 * rated_a:  # the factory threshold of nearOverload
        return NEAR_OVERLOAD
    return NORMAL if current_a > 0.0 else LOW_LOAD


def _sizes(table: OidTable, pdu: Pdu) -> None:
    """How many rows each table has: scalars beside the tables."""
    rpdu2 = Entry(table, RPDU2, 0)
    rpdu2.number(1, "rPDU2IdentTableSize", 1)
    rpdu2.number(3, "rPDU2DeviceTableSize", 1)
    rpdu2.number(5, "rPDU2PhaseTableSize", 1)
    rpdu2.number(7, "rPDU2BankTableSize", len(pdu.branches))
    outlets = Entry(table, (*RPDU2, 9), 0)
    outlets.number(1, "rPDU2OutletSwitchedTableSize", len(pdu.outlets))
    outlets.number(3, "rPDU2OutletMeteredTableSize", len(pdu.outlets))
    Entry(table, (*RPDU2, 10), 0).number(1, "rPDU2SensorTempHumidityTableSize", 1)


def _ident(table: OidTable, card: Card) -> None:
    ident = Entry(table, (*RPDU2, 2, 1), UNIT)
    ident.number(1, "rPDU2IdentIndex", UNIT)
    ident.number(2, "rPDU2IdentModule", UNIT)
    ident.text(3, "rPDU2IdentName", card.name)
    ident.text(4, "rPDU2IdentLocation", "edge pod")
    ident.text(5, "rPDU2IdentHardwareRev", "05")
    ident.text(6, "rPDU2IdentFirmwareRev", FIRMWARE)
    ident.text(7, "rPDU2IdentDateOfManufacture", "01/15/2023")
    ident.text(8, "rPDU2IdentModelNumber", MODEL)
    ident.text(9, "rPDU2IdentSerialNumber", card.serial_octets)


def _device(table: OidTable, world: World, pdu: Pdu, card: Card) -> None:
    properties = Entry(table, (*RPDU2, 4, 2, 1), UNIT)
    properties.number(1, "rPDU2DevicePropertiesIndex", UNIT)
    properties.number(2, "rPDU2DevicePropertiesModule", UNIT)
    properties.text(3, "rPDU2DevicePropertiesName", card.name)
    properties.number(4, "rPDU2DevicePropertiesNumOutlets", len(pdu.outlets))
    properties.number(5, "rPDU2DevicePropertiesNumSwitchedOutlets", len(pdu.outlets))
    properties.number(6, "rPDU2DevicePropertiesNumMeteredOutlets", len(pdu.outlets))
    properties.number(7, "rPDU2DevicePropertiesNumPhases", 1)
    properties.number(8, "rPDU2DevicePropertiesNumMeteredBanks", len(pdu.branches))
    properties.number(9, "rPDU2DevicePropertiesMaxCurrentRating", round(pdu.rated_a))
    properties.number(10, "rPDU2DevicePropertiesOrientation", 2)  # vertical
    properties.number(11, "rPDU2DevicePropertiesOutletLayout", 1)  # seqPhaseToNeutral
    properties.number(12, "rPDU2DevicePropertiesMaxPhaseCurrentRating", round(pdu.rated_a))
    properties.number(13, "rPDU2DevicePropertiesDevicePowerRating", round(pdu.rated_a * pdu.feed.nominal_v / 100))
    control = Entry(table, (*RPDU2, 4, 4, 1), UNIT)
    control.number(1, "rPDU2DeviceControlIndex", UNIT)
    control.number(2, "rPDU2DeviceControlModule", UNIT)
    control.text(3, "rPDU2DeviceControlName", card.name)
    control.number(4, "rPDU2DeviceControlCommand", 6, _all_outlets(world, pdu))  # reads noCommandAll


def _device_status(status: Entry, pdu: Pdu, card: Card, meter: Meter) -> None:
    status.number(1, "rPDU2DeviceStatusIndex", UNIT)
    status.number(2, "rPDU2DeviceStatusModule", UNIT)
    status.text(3, "rPDU2DeviceStatusName", card.name)
    status.number(4, "rPDU2DeviceStatusLoadState", lambda: _load_state(pdu.current_a, pdu.rated_a))
    status.number(5, "rPDU2DeviceStatusPower", _unless_lost(card, lambda: round(pdu.power_w / 10)))
    status.number(6, "rPDU2DeviceStatusPeakPower", _unless_lost(card, lambda: round(pdu.peak_w / 10)))
    status.text(7, "rPDU2DeviceStatusPeakPowerTimestamp", SINCE)
    status.text(8, "rPDU2DeviceStatusPeakPowerStartTime", SINCE)
    status.number(9, "rPDU2DeviceStatusEnergy", _unless_lost(card, lambda: int(meter.read_wh() / 100)))
    status.text(10, "rPDU2DeviceStatusEnergyStartTime", SINCE)
    status.number(11, "rPDU2DeviceStatusCommandPending", lambda: 1 if any(o.pending for o in pdu.outlets) else 2)
    status.number(12, "rPDU2DeviceStatusPowerSupplyAlarm", 1)
    status.number(13, "rPDU2DeviceStatusPowerSupply1Status", 1)
    status.number(14, "rPDU2DeviceStatusPowerSupply2Status", 3)  # notInstalled
    status.text(15, "rPDU2DeviceStatusOutletsEnergyStartTime", SINCE)
    status.number(16, "rPDU2DeviceStatusApparentPower", _unless_lost(card, lambda: round(pdu.apparent_va / 10)))
    status.number(17, "rPDU2DeviceStatusPowerFactor", _unless_lost(card, lambda: round(pdu.power_factor * 100)))
    status.number(18, "rPDU2DeviceStatusNPSType", 1)  # notNPS


def _energy_of(outlet: Outlet) -> Callable[[], float]:
    return lambda: outlet.energy_wh


def _energy_resets(config: Entry, meter: Meter, outlet_meters: list[Meter]) -> None:
    """Writing reset (2) sets a meter back to zero; noOperation (1), which is also what is read, does nothing."""

    def reset_outlets() -> None:
        for outlet_meter in outlet_meters:
            outlet_meter.reset()

    config.number(11, "rPDU2DeviceConfigDeviceEnergyReset", 1, on(2, meter.reset, else_nothing=(1,)))
    config.number(12, "rPDU2DeviceConfigOutletsEnergyReset", 1, on(2, reset_outlets, else_nothing=(1,)))


def _phase(table: OidTable, pdu: Pdu, card: Card) -> None:
    properties = Entry(table, (*RPDU2, 6, 2, 1), UNIT)
    properties.number(1, "rPDU2PhasePropertiesIndex", UNIT)
    properties.number(2, "rPDU2PhasePropertiesModule", UNIT)
    properties.number(3, "rPDU2PhasePropertiesNumber", 1)
    status = Entry(table, (*RPDU2, 6, 3, 1), UNIT)
    status.number(1, "rPDU2PhaseStatusIndex", UNIT)
    status.number(2, "rPDU2PhaseStatusModule", UNIT)
    status.number(3, "rPDU2PhaseStatusNumber", 1)
    status.number(4, "rPDU2PhaseStatusLoadState", lambda: _load_state(pdu.current_a, pdu.rated_a))
    status.number(5, "rPDU2PhaseStatusCurrent", lambda: round(pdu.current_a * 10))
    status.number(6, "rPDU2PhaseStatusVoltage", _unless_lost(card, lambda: round(pdu.feed.voltage_v)))
    status.number(7, "rPDU2PhaseStatusPower", _unless_lost(card, lambda: round(pdu.power_w / 10)))
    status.number(8, "rPDU2PhaseStatusApparentPower", _unless_lost(card, lambda: round(pdu.apparent_va / 10)))
    status.number(9, "rPDU2PhaseStatusPowerFactor", _unless_lost(card, lambda: round(pdu.power_factor * 100)))
    status.number(10, "rPDU2PhaseStatusPeakCurrent", lambda: round(pdu.peak_a * 10))
    status.text(11, "rPDU2PhaseStatusPeakCurrentTimestamp", SINCE)
    status.text(12, "rPDU2PhaseStatusPeakCurrentStartTime", SINCE)


def _bank(table: OidTable, branch: Branch) -> None:
    properties = Entry(table, (*RPDU2, 8, 2, 1), branch.number)
    properties.number(1, "rPDU2BankPropertiesIndex", branch.number)
    properties.number(2, "rPDU2BankPropertiesModule", UNIT)
    properties.number(3, "rPDU2BankPropertiesNumber", branch.number)
    properties.number(4, "rPDU2BankPropertiesPhaseLayout", 1)  # seqPhase1ToNeutral
    properties.number(5, "rPDU2BankPropertiesBreakerRating", round(branch.rated_a))
    status = Entry(table, (*RPDU2, 8, 3, 1), branch.number)
    status.number(1, "rPDU2BankStatusIndex", branch.number)
    status.number(2, "rPDU2BankStatusModule", UNIT)
    status.number(3, "rPDU2BankStatusNumber", branch.number)
    status.number(4, "rPDU2BankStatusLoadState", lambda: _load_state(branch.current_a, branch.rated_a))
    status.number(5, "rPDU2BankStatusCurrent", lambda: round(branch.current_a * 10))
    status.number(6, "rPDU2BankStatusPeakCurrent", lambda: round(branch.peak_a * 10))


def _switched(table: OidTable, world: World, pdu: Pdu, outlet: Outlet, label: Label) -> None:
    number = outlet.number
    delays = Delays()
    config = Entry(table, (*RPDU2, 9, 2, 1, 1), number)
    config.number(1, "rPDU2OutletSwitchedConfigIndex", number)
    config.number(2, "rPDU2OutletSwitchedConfigModule", UNIT)
    config.text(3, "rPDU2OutletSwitchedConfigName", label.read, label.setter)
    config.number(4, "rPDU2OutletSwitchedConfigNumber", number)
    config.number(5, "rPDU2OutletSwitchedConfigPowerOnTime", delays.reads("on_s"), delays.sets("on_s", -1, 7200))
    config.number(6, "rPDU2OutletSwitchedConfigPowerOffTime", delays.reads("off_s"), delays.sets("off_s", -1, 7200))
    config.number(
        7, "rPDU2OutletSwitchedConfigRebootDuration", delays.reads("reboot_s"), delays.sets("reboot_s", 5, 60)
    )
    status = Entry(table, (*RPDU2, 9, 2, 3, 1), number)
    status.number(1, "rPDU2OutletSwitchedStatusIndex", number)
    status.number(2, "rPDU2OutletSwitchedStatusModule", UNIT)
    status.text(3, "rPDU2OutletSwitchedStatusName", label.read)
    status.number(4, "rPDU2OutletSwitchedStatusNumber", number)
    status.number(5, "rPDU2OutletSwitchedStatusState", lambda: ON if outlet.on else OFF)
    status.number(6, "rPDU2OutletSwitchedStatusCommandPending", lambda: 1 if outlet.pending else 2)
    control = Entry(table, (*RPDU2, 9, 2, 4, 1), number)
    control.number(1, "rPDU2OutletSwitchedControlIndex", number)
    control.number(2, "rPDU2OutletSwitchedControlModule", UNIT)
    control.text(3, "rPDU2OutletSwitchedControlName", label.read)
    control.number(4, "rPDU2OutletSwitchedControlNumber", number)
    control.number(
        5,
        "rPDU2OutletSwitchedControlCommand",
        lambda: IMMEDIATE_ON if outlet.on else IMMEDIATE_OFF,
        _one_outlet(world, pdu, outlet, delays),
    )


class Delays:
    """The delays of one outlet, in seconds; -1 means never."""

    def __init__(self) -> None:
        self.on_s = 0
        self.off_s = 0
        self.reboot_s = REBOOT_OFF_S

    def reads(self, name: str) -> Read:
        return lambda: int(getattr(self, name))

    def sets(self, name: str, low: int, high: int) -> Setter:
        return Setter(
            lambda value: isinstance(value, int) and low <= value <= high, lambda value: setattr(self, name, value)
        )


def _one_outlet(world: World, pdu: Pdu, outlet: Outlet, delays: Delays) -> Setter:
    """rPDU2OutletSwitchedControlCommand: 1-3 at once, 5-7 after the configured delay, 8 cancels; 4 cannot be set."""

    def turn(*, on: bool, delay_s: int) -> None:
        if delay_s >= 0:
            world.switch(pdu.name, outlet.number, on=on, after_s=delay_s)

    def write(value: Raw) -> None:
        if value in (IMMEDIATE_ON, DELAYED_ON):
            turn(on=True, delay_s=delays.on_s if value == DELAYED_ON else 0)
        elif value in (IMMEDIATE_OFF, DELAYED_OFF):
            turn(on=False, delay_s=delays.off_s if value == DELAYED_OFF else 0)
        elif value in (IMMEDIATE_REBOOT, DELAYED_REBOOT):
            wait_s = max(0, delays.off_s) if value == DELAYED_REBOOT else 0
            turn(on=False, delay_s=wait_s)
            turn(on=True, delay_s=wait_s + delays.reboot_s)
        elif value == CANCEL:
            outlet.pending.clear()

    allowed = (1, 2, 3, 5, 6, 7, 8)
    return Setter(lambda value: value in allowed, write)


def _all_outlets(world: World, pdu: Pdu) -> Setter:
    """rPDU2DeviceControlCommand: immediateAllOn (1), immediateAllOff (3), immediateAllReboot (4), cancel (8)."""

    def write(value: Raw) -> None:
        for outlet in pdu.outlets:
            if value == 8:  # cancelAllPendingCommands
                outlet.pending.clear()
                continue
            world.switch(pdu.name, outlet.number, on=value == 1)
            if value == 4:  # immediateAllReboot
                world.switch(pdu.name, outlet.number, on=True, after_s=REBOOT_OFF_S)

    return Setter(lambda value: value in (1, 3, 4, 8), write)


def _metered(table: OidTable, pdu: Pdu, outlet: Outlet, label: Label, meter: Meter) -> None:
    number = outlet.number
    bank = next(branch.number for branch in pdu.branches if outlet in branch.outlets)
    properties = Entry(table, (*RPDU2, 9, 4, 2, 1), number)
    properties.number(1, "rPDU2OutletMeteredPropertiesIndex", number)
    properties.number(2, "rPDU2OutletMeteredPropertiesModule", UNIT)
    properties.text(3, "rPDU2OutletMeteredPropertiesName", label.read)
    properties.number(4, "rPDU2OutletMeteredPropertiesNumber", number)
    properties.number(5, "rPDU2OutletMeteredPropertiesLayout", 1)  # seqPhase1ToNeutral
    properties.number(6, "rPDU2OutletMeteredPropertiesPowerRating", round(outlet.rated_a * pdu.feed.nominal_v))
    properties.number(7, "rPDU2OutletMeteredPropertiesBank", bank)
    status = Entry(table, (*RPDU2, 9, 4, 3, 1), number)
    status.number(1, "rPDU2OutletMeteredStatusIndex", number)
    status.number(2, "rPDU2OutletMeteredStatusModule", UNIT)
    status.text(3, "rPDU2OutletMeteredStatusName", label.read)
    status.number(4, "rPDU2OutletMeteredStatusNumber", number)
    status.number(5, "rPDU2OutletMeteredStatusState", lambda: _load_state(outlet.current_a, outlet.rated_a))
    status.number(6, "rPDU2OutletMeteredStatusCurrent", lambda: round(outlet.current_a * 10))
    status.number(7, "rPDU2OutletMeteredStatusPower", lambda: round(outlet.power_w))
    status.number(8, "rPDU2OutletMeteredStatusPeakPower", lambda: round(outlet.peak_w))
    status.text(9, "rPDU2OutletMeteredStatusPeakPowerTimestamp", SINCE)
    status.text(10, "rPDU2OutletMeteredStatusPeakPowerStartTime", SINCE)
    status.number(11, "rPDU2OutletMeteredStatusEnergy", lambda: int(meter.read_wh() / 100))
    status.text(12, "rPDU2OutletMeteredStatusReceptacleType", "IEC C13")


def _probe(table: OidTable, rack: Rack, card: Card) -> None:
    """The one temperature and humidity probe, in the rack's inlet air."""
    status = Entry(table, (*RPDU2, 10, 2, 2, 1), 1)
    status.number(1, "rPDU2SensorTempHumidityStatusIndex", 1)
    status.number(2, "rPDU2SensorTempHumidityStatusModule", UNIT)
    status.text(3, "rPDU2SensorTempHumidityStatusName", f"{rack.name} inlet")
    status.number(4, "rPDU2SensorTempHumidityStatusNumber", 1)
    status.number(5, "rPDU2SensorTempHumidityStatusType", _unless_gone(card, lambda: 2, 3))
    status.number(6, "rPDU2SensorTempHumidityStatusCommStatus", _unless_gone(card, lambda: 2, 3))
    fahrenheit = _unless_gone(card, lambda: round((rack.inlet_c * card.probe_factor * 1.8 + 32) * 10))
    status.number(7, "rPDU2SensorTempHumidityStatusTempF", fahrenheit)
    celsius = _unless_gone(card, lambda: round(rack.inlet_c * card.probe_factor * 10))
    status.number(8, "rPDU2SensorTempHumidityStatusTempC", celsius)
    status.number(9, "rPDU2SensorTempHumidityStatusTempStatus", _unless_gone(card, lambda: 4, 1))
    humidity = _unless_gone(card, lambda: round(rack.humidity_percent))
    status.number(10, "rPDU2SensorTempHumidityStatusRelativeHumidity", humidity)
    status.number(11, "rPDU2SensorTempHumidityStatusHumidityStatus", _unless_gone(card, lambda: 4, 1))
