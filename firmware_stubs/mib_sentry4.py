"""A Server Technology PDU as Sentry4-MIB describes it: unit A, one single-phase cord, switched metered outlets.

Scales are the MIB's: energy 0.1 kWh, of an outlet Wh; voltage 0.1 V, current 0.01 A, power factor 0.01, frequency
0.1 Hz, temperature 0.1 degree of st4TempSensorScale, humidity %. What cannot be read is -1, a temperature -410, with a
status that says why; the second probe was never connected (notFound).
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_stubs.mib_sensing import Number, number_in, number_of, one_of, tenths, unless_gone, unless_lost
from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, Meter, add_system
from firmware_stubs.racks import Branch, Outlet, Pdu, Rack
from firmware_stubs.relay import Command, Relay
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable
from firmware_stubs.world import World

ENTERPRISE = 1718
MODEL = "C2WG24SN"
FIRMWARE = "Sentry Switched PDU Version 8.0v"
SENTRY4: Oid = (*ENTERPRISES, ENTERPRISE, 4)
OBJECTS: Oid = (*SENTRY4, 1)
SYSTEM, UNITS, CORDS, LINES, PHASES, BREAKERS, BRANCHES, OUTLETS = ((*OBJECTS, group) for group in range(1, 9))
PROBES: Oid = (*OBJECTS, 9)
HUMIDITIES: Oid = (*OBJECTS, 10)
UNIT, CORD, ONLY = 1, 1, 1
NORMAL, NOT_FOUND, LOST, NO_COMM, BREAKER_TRIPPED = 0, 7, 8, 10, 12  # DeviceStatus
UNKNOWN, IS_ON, IS_OFF = 0, 1, 2  # DeviceState
NO_VALUE, NO_TEMPERATURE = -1, -410
CELSIUS, FAHRENHEIT = 0, 1  # st4TempSensorScale
PEND_ON, PEND_OFF, OFF, ON, REBOOT = 8, 9, 10, 11, 12  # st4OutletControlState
NONE, TURN_ON, TURN_OFF, TURN_REBOOT = range(4)  # st4OutletControlAction


def build(world: World, pdu: Pdu, card: Card) -> OidTable:
    """The card's whole table."""
    table, reboot = OidTable(), Reboot()
    add_system(table, card, "Sentry Switched PDU", SENTRY4)
    _system(table, card, reboot)
    _cord(table, pdu, card)
    _line(table, pdu, card)
    _phase(table, pdu, card)
    for branch in pdu.branches:
        _branch(table, branch, card)
    for outlet in pdu.outlets:
        _outlet(table, pdu, outlet, card)
        _control(Entry(table, (*OUTLETS, 5, 1), UNIT, CORD, outlet.number), Relay(world, pdu, outlet), reboot)
    _probes(table, world.racks[pdu.rack], card)
    return table


class Reboot:
    """How long a reboot keeps an outlet off, seconds: one for all."""

    off_s = 15


def _value(card: Card, read: Callable[[], float]) -> Number:
    return unless_lost(card, lambda: round(read()), NO_VALUE)


def _status(card: Card) -> Number:
    return unless_lost(card, lambda: NORMAL, NO_COMM)


def _hundredths(power_w: float, apparent_va: float) -> float:
    return 100 * power_w / apparent_va if apparent_va else 100


def _system(table: OidTable, card: Card, reboot: Reboot) -> None:
    system, name = Entry(table, (*SYSTEM, 1), 0), Label(card.name)
    system.text(1, "st4SystemProductName", "Sentry Switched PDU")
    system.text(3, "st4SystemFirmwareVersion", FIRMWARE)
    system.text(5, "st4SystemNICSerialNumber", card.serial[-8:])
    system.number(7, "st4SystemProductSeries", 1)  # pro2
    system.number(21, "st4SystemUnitCount", 1)
    unit = Entry(table, (*UNITS, 2, 1), UNIT)
    unit.text(2, "st4UnitID", "A")
    unit.text(3, "st4UnitName", name.read, name.setter)
    unit.text(4, "st4UnitProductSN", card.serial_octets)
    unit.text(5, "st4UnitModel", MODEL)
    unit.number(7, "st4UnitType", 0)  # primary
    unit.number(30, "st4UnitInputCordCount", 1)
    unit.number(31, "st4UnitTempSensorCount", 2)
    unit.number(32, "st4UnitHumidSensorCount", 2)
    unit.number(33, "st4UnitWaterSensorCount", 0)
    Entry(table, (*UNITS, 3, 1), UNIT).number(1, "st4UnitStatus", _status(card))
    off = number_in(5, 600, lambda value: setattr(reboot, "off_s", value))
    Entry(table, (*OUTLETS, 1), 0).number(11, "st4OutletRebootDelay", lambda: reboot.off_s, off)
    scale = number_of((CELSIUS, FAHRENHEIT), lambda value: setattr(card, "fahrenheit", value == FAHRENHEIT))
    probes = Entry(table, (*PROBES, 1), 0)
    probes.number(10, "st4TempSensorScale", lambda: FAHRENHEIT if card.fahrenheit else CELSIUS, scale)


def _cord(table: OidTable, pdu: Pdu, card: Card) -> None:
    name, meter = Label("Cord_A"), Meter(lambda: pdu.energy_wh, card)
    config = Entry(table, (*CORDS, 2, 1), UNIT, CORD)
    config.text(2, "st4InputCordID", "AA")
    config.text(3, "st4InputCordName", name.read, name.setter)
    config.number(7, "st4InputCordNominalVoltage", round(pdu.feed.nominal_v * 10))
    config.number(10, "st4InputCordCurrentCapacity", round(pdu.rated_a))
    config.number(24, "st4InputCordOutletCount", len(pdu.outlets))
    cord = Entry(table, (*CORDS, 3, 1), UNIT, CORD)
    cord.number(1, "st4InputCordState", unless_lost(card, lambda: IS_ON, UNKNOWN))
    cord.number(2, "st4InputCordStatus", _status(card))
    cord.number(3, "st4InputCordActivePower", _value(card, lambda: pdu.power_w))
    cord.number(4, "st4InputCordActivePowerStatus", _status(card))
    cord.number(5, "st4InputCordApparentPower", _value(card, lambda: pdu.apparent_va))
    cord.number(8, "st4InputCordPowerFactor", _value(card, lambda: _hundredths(pdu.power_w, pdu.apparent_va)))
    cord.number(10, "st4InputCordEnergy", unless_lost(card, lambda: int(meter.read_wh() / 100), NO_VALUE))
    cord.number(11, "st4InputCordFrequency", _value(card, lambda: pdu.feed.frequency_hz * 10))
    cord.number(12, "st4InputCordOutOfBalance", NO_VALUE)  # there is one phase only


def _line(table: OidTable, pdu: Pdu, card: Card) -> None:
    config = Entry(table, (*LINES, 2, 1), UNIT, CORD, ONLY)
    config.text(2, "st4LineID", "AA1")
    config.number(6, "st4LineCurrentCapacity", round(pdu.rated_a))
    line = Entry(table, (*LINES, 3, 1), UNIT, CORD, ONLY)
    line.number(1, "st4LineState", unless_lost(card, lambda: IS_ON, UNKNOWN))
    line.number(2, "st4LineStatus", _status(card))
    line.number(3, "st4LineCurrent", _value(card, lambda: pdu.current_a * 100))
    line.number(5, "st4LineCurrentUtilized", _value(card, lambda: 1000 * pdu.current_a / pdu.rated_a))


def _phase(table: OidTable, pdu: Pdu, card: Card) -> None:
    meter = Meter(lambda: pdu.energy_wh, card)
    phase = Entry(table, (*PHASES, 3, 1), UNIT, CORD, ONLY)
    phase.number(1, "st4PhaseState", unless_lost(card, lambda: IS_ON, UNKNOWN))
    phase.number(2, "st4PhaseStatus", _status(card))
    phase.number(3, "st4PhaseVoltage", _value(card, lambda: pdu.feed.voltage_v * 10))
    phase.number(6, "st4PhaseCurrent", _value(card, lambda: pdu.current_a * 100))
    phase.number(8, "st4PhaseActivePower", _value(card, lambda: pdu.power_w))
    phase.number(9, "st4PhaseApparentPower", _value(card, lambda: pdu.apparent_va))
    phase.number(10, "st4PhasePowerFactor", _value(card, lambda: _hundredths(pdu.power_w, pdu.apparent_va)))
    phase.number(13, "st4PhaseEnergy", unless_lost(card, lambda: int(meter.read_wh() / 100), NO_VALUE))


def _branch(table: OidTable, branch: Branch, card: Card) -> None:
    """A branch behind a breaker of its own."""
    index = (UNIT, CORD, branch.number)
    breaker = Entry(table, (*BREAKERS, 2, 1), *index)
    breaker.text(2, "st4OcpID", f"AA{branch.number}")
    breaker.number(6, "st4OcpType", 1)  # breaker
    breaker.number(7, "st4OcpCurrentCapacity", round(branch.rated_a))
    tripped = unless_lost(card, lambda: BREAKER_TRIPPED if branch.tripped else NORMAL, NO_COMM)
    Entry(table, (*BREAKERS, 3, 1), *index).number(1, "st4OcpStatus", tripped)
    config = Entry(table, (*BRANCHES, 2, 1), *index)
    config.text(2, "st4BranchID", f"AA{branch.number}")
    config.number(6, "st4BranchCurrentCapacity", round(branch.rated_a))
    monitor = Entry(table, (*BRANCHES, 3, 1), *index)
    monitor.number(1, "st4BranchState", unless_lost(card, lambda: IS_OFF if branch.tripped else IS_ON, UNKNOWN))
    monitor.number(2, "st4BranchStatus", _status(card))
    monitor.number(3, "st4BranchCurrent", _value(card, lambda: branch.current_a * 100))


def _outlet(table: OidTable, pdu: Pdu, outlet: Outlet, card: Card) -> None:
    name, meter = Label(f"Outlet_{outlet.number}"), Meter(lambda: outlet.energy_wh, card)
    index = (UNIT, CORD, outlet.number)
    config = Entry(table, (*OUTLETS, 2, 1), *index)
    config.text(2, "st4OutletID", f"AA{outlet.number}")
    config.text(3, "st4OutletName", name.read, name.setter)
    config.number(7, "st4OutletCurrentCapacity", round(outlet.rated_a))
    monitor = Entry(table, (*OUTLETS, 3, 1), *index)
    monitor.number(1, "st4OutletState", lambda: IS_ON if outlet.on else IS_OFF)
    monitor.number(2, "st4OutletStatus", _status(card))
    monitor.number(3, "st4OutletCurrent", _value(card, lambda: outlet.current_a * 100))
    live = _value(card, lambda: pdu.feed.voltage_v * 10 if outlet.on and outlet.fed else 0)
    monitor.number(6, "st4OutletVoltage", live)
    monitor.number(7, "st4OutletActivePower", _value(card, lambda: outlet.power_w))
    monitor.number(9, "st4OutletApparentPower", _value(card, lambda: outlet.apparent_va))
    factor = _value(card, lambda: _hundredths(outlet.power_w, outlet.apparent_va))
    monitor.number(10, "st4OutletPowerFactor", factor)
    monitor.number(14, "st4OutletEnergy", unless_lost(card, lambda: int(meter.read_wh()), NO_VALUE))


def _control(control: Entry, relay: Relay, reboot: Reboot) -> None:
    """The st4OutletControlTable; there is no queue."""
    control.number(1, "st4OutletControlState", lambda: _control_state(relay))
    acts = one_of(
        {
            NONE: lambda: None,
            TURN_ON: lambda: relay.turn(on=True),
            TURN_OFF: lambda: relay.turn(on=False),
            TURN_REBOOT: lambda: relay.reboot(reboot.off_s),
        }
    )
    control.number(2, "st4OutletControlAction", NONE, acts)


def _control_state(relay: Relay) -> int:
    if relay.waiting is Command.REBOOT:
        return REBOOT
    if relay.waiting is not None:
        return PEND_OFF if relay.outlet.on else PEND_ON
    return ON if relay.outlet.on else OFF


def _probes(table: OidTable, rack: Rack, card: Card) -> None:
    """Probe 1 hangs in the rack's inlet air; what is gone was there once, so it is lost."""
    for number in (1, 2):
        here = number == 1
        status = unless_gone(card, lambda: NORMAL, LOST) if here else NOT_FOUND
        warmth = unless_gone(card, lambda: tenths(rack.inlet_c * card.probe_factor, card), NO_TEMPERATURE)
        damp = unless_gone(card, lambda: round(rack.humidity_percent), NO_VALUE)
        name = Label(f"{rack.name} inlet" if here else "")
        config = Entry(table, (*PROBES, 2, 1), UNIT, number)
        config.text(2, "st4TempSensorID", f"A{number}")
        config.text(3, "st4TempSensorName", name.read, name.setter)
        monitor = Entry(table, (*PROBES, 3, 1), UNIT, number)
        monitor.number(1, "st4TempSensorValue", warmth if here else NO_TEMPERATURE)
        monitor.number(2, "st4TempSensorStatus", status)
        monitor = Entry(table, (*HUMIDITIES, 3, 1), UNIT, number)
        monitor.number(1, "st4HumidSensorValue", damp if here else NO_VALUE)
        monitor.number(2, "st4HumidSensorStatus", status)
