"""A Liebert MPH rack PDU as LIEBERT-GP-PDU-MIB describes it: one PDU, one power source, one branch of receptacles.

Scales are the MIB's: voltage 0.1 V, current 0.01 A, energy 0.1 kWh, power factor 0.01, temperature 0.1 C (and F in a
column of its own), humidity 0.1 %. The breakers show in receptacles without voltage. The MIB names no value for what
cannot be read: the largest of its type stands there. A cycle of power turns an outlet on again after five seconds.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_stubs.mib_sensing import (
    LARGEST_SIGNED,
    UNSIGNED_MINUS_1,
    Number,
    fahrenheit,
    number_of,
    unless_gone,
    unless_lost,
    zero_resets,
)
from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, Meter, add_system
from firmware_stubs.racks import Outlet, Pdu, Rack
from firmware_stubs.relay import Command, Relay
from firmware_stubs.snmp_ber import Oid, Raw
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Setter
from firmware_stubs.world import World

ENTERPRISE = 476
MODEL = "MPXEPB-EIXXX30"
FIRMWARE = "5.10.1"
LIEBERT: Oid = (*ENTERPRISES, ENTERPRISE, 1, 42)
LGP_PDU: Oid = (*LIEBERT, 3, 8)
UNIT, SOURCE, LINE, MODULE, PROBE = 1, 1, 1, 1, 1
NORMAL_OPERATION, WITH_ALARM = 1, 16  # bits of lgpPduEntrySysStatus
UNKNOWN, IS_OFF, IS_ON, OFF_PENDING_ON = range(4)  # lgpPduRcpEntryPwrState
OFF, ON, CYCLE = range(3)  # lgpPduRcpEntryControl
UNLOCKED, LOCKED = 1, 2  # lgpPduRcpEntryControlLock
TEMPERATURE, HUMIDITY = 1, 2  # lgpPduAuxMeasType
CYCLE_OFF_S = 5


def build(world: World, pdu: Pdu, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, "Liebert RPC Card", LIEBERT)
    _unit(table, pdu, card)
    _source(table, pdu, card)
    _module(Entry(table, (*LGP_PDU, 40, 20, 1), UNIT, MODULE), pdu, card)
    for outlet in pdu.outlets:
        receptacle = Entry(table, (*LGP_PDU, 50, 20, 1), UNIT, MODULE, outlet.number)
        _receptacle(receptacle, pdu, outlet, card)
        _control(receptacle, Relay(world, pdu, outlet))
    _probe(table, world.racks[pdu.rack], card)
    return table


def _gauge(card: Card, read: Callable[[], float]) -> Number:
    return unless_lost(card, lambda: round(read()), UNSIGNED_MINUS_1)


def _hundredths(power_w: float, apparent_va: float) -> int:
    return round(100 * power_w / apparent_va) if apparent_va else 100


def _energy(entry: Entry, column: int, name: str, meter: Meter) -> None:
    """Writing 0 resets it, any other number is an error."""
    entry.gauge(column, name, lambda: int(meter.read_wh() / 100), zero_resets(meter.reset))


def _unit(table: OidTable, pdu: Pdu, card: Card) -> None:
    label = Label(card.name)
    counts = Entry(table, LGP_PDU, 0)
    counts.gauge(19, "lgpPduTableCount", 1)
    unit = Entry(table, (*LGP_PDU, 20, 1), UNIT)
    unit.gauge(5, "lgpPduEntryId", UNIT)
    unit.text(10, "lgpPduEntryUsrLabel", label.read, label.setter)
    unit.text(15, "lgpPduEntrySysAssignLabel", "PDU 1")
    unit.gauge(25, "lgpPduEntrySysStatus", lambda: _health(pdu))
    unit.text(45, "lgpPduEntrySerialNumber", card.serial_octets)
    unit.gauge(50, "lgpPduEntryRbCount", 1)


def _health(pdu: Pdu) -> int:
    return WITH_ALARM if any(branch.tripped for branch in pdu.branches) else NORMAL_OPERATION


def _source(table: OidTable, pdu: Pdu, card: Card) -> None:
    Entry(table, (*LGP_PDU, 30), 0).gauge(19, "lgpPduPsTableCount", 1)
    meter = Meter(lambda: pdu.energy_wh, card)
    source = Entry(table, (*LGP_PDU, 30, 20, 1), UNIT, SOURCE)
    source.gauge(10, "lgpPduPsEntryId", SOURCE)
    source.text(20, "lgpPduPsEntryModel", MODEL)
    source.number(25, "lgpPduPsEntryWiringType", 1)  # single-phase-3-wire-L1-N-PE
    source.gauge(30, "lgpPduPsEntryEpInputRated", round(pdu.feed.nominal_v))
    source.gauge(35, "lgpPduPsEntryEcInputRated", round(pdu.rated_a * 10))
    source.gauge(40, "lgpPduPsEntryFreqRated", 50)
    _energy(source, 50, "lgpPduPsEntryEnergyAccum", meter)
    source.text(55, "lgpPduPsEntrySerialNum", card.serial_octets)
    source.text(60, "lgpPduPsEntryFirmwareVersion", FIRMWARE)
    source.gauge(65, "lgpPduPsEntryPwrTotal", _gauge(card, lambda: pdu.power_w))
    source.gauge(90, "lgpPduPsEntryApTotal", _gauge(card, lambda: pdu.apparent_va))
    factor = unless_lost(card, lambda: _hundredths(pdu.power_w, pdu.apparent_va), LARGEST_SIGNED)
    source.number(95, "lgpPduPsEntryPfTotal", factor)
    line = Entry(table, (*LGP_PDU, 30, 40, 1), UNIT, SOURCE, LINE)
    line.number(15, "lgpPduPsLineEntryLine", 1)  # phase1
    line.gauge(19, "lgpPduPsLineEntryEpLNTenths", _gauge(card, lambda: pdu.feed.voltage_v * 10))
    line.gauge(22, "lgpPduPsLineEntryEcHundredths", _gauge(card, lambda: pdu.current_a * 100))
    line.gauge(63, "lgpPduPsLineEntryPwrLN", _gauge(card, lambda: pdu.power_w))
    line.gauge(65, "lgpPduPsLineEntryApLN", _gauge(card, lambda: pdu.apparent_va))
    line.number(67, "lgpPduPsLineEntryPfLN", factor)


def _module(entry: Entry, pdu: Pdu, card: Card) -> None:
    """The one receptacle branch (Rb), in front of the breakers."""
    label, meter = Label(""), Meter(lambda: pdu.energy_wh, card)
    entry.gauge(5, "lgpPduRbEntryId", MODULE)
    entry.text(8, "lgpPduRbEntryUsrLabel", label.read, label.setter)
    entry.gauge(25, "lgpPduRbEntryPositionRelative", 1)
    entry.number(50, "lgpPduRbEntryCapabilities", 3)  # measurement-and-control
    entry.number(55, "lgpPduRbEntryLineSource", 1)  # line-1-neutral
    entry.gauge(60, "lgpPduRbEntryRcpCount", len(pdu.outlets))
    entry.gauge(75, "lgpPduRbEntryEcRated", round(pdu.rated_a * 10))
    _energy(entry, 85, "lgpPduRbEntryEnergyAccum", meter)
    entry.gauge(100, "lgpPduRbEntryEpLNTenths", _gauge(card, lambda: pdu.feed.voltage_v * 10))
    entry.gauge(115, "lgpPduRbEntryPwr", _gauge(card, lambda: pdu.power_w))
    entry.gauge(120, "lgpPduRbEntryAp", _gauge(card, lambda: pdu.apparent_va))
    factor = unless_lost(card, lambda: _hundredths(pdu.power_w, pdu.apparent_va), LARGEST_SIGNED)
    entry.number(125, "lgpPduRbEntryPf", factor)
    entry.gauge(130, "lgpPduRbEntryEcHundredths", _gauge(card, lambda: pdu.current_a * 100))


def _receptacle(entry: Entry, pdu: Pdu, outlet: Outlet, card: Card) -> None:
    label, meter = Label(f"Outlet {outlet.number}"), Meter(lambda: outlet.energy_wh, card)
    entry.gauge(5, "lgpPduRcpEntryId", outlet.number)
    entry.text(10, "lgpPduRcpEntryUsrLabel", label.read, label.setter)
    entry.text(25, "lgpPduRcpEntrySysAssignLabel", f"1-{outlet.number}")
    entry.number(40, "lgpPduRcpEntryType", 2)  # iec-C13-sheet-F-10-Amp
    entry.number(50, "lgpPduRcpEntryCapabilities", 3)  # measurement-and-control
    live = _gauge(card, lambda: pdu.feed.voltage_v * 10 if outlet.on and outlet.fed else 0)
    entry.gauge(56, "lgpPduRcpEntryEpTenths", live)
    entry.gauge(61, "lgpPduRcpEntryEcHundredths", _gauge(card, lambda: outlet.current_a * 100))
    entry.gauge(65, "lgpPduRcpEntryPwrOut", _gauge(card, lambda: outlet.power_w))
    entry.gauge(70, "lgpPduRcpEntryApOut", _gauge(card, lambda: outlet.apparent_va))
    entry.gauge(75, "lgpPduRcpEntryPf", _gauge(card, lambda: _hundredths(outlet.power_w, outlet.apparent_va)))
    entry.gauge(80, "lgpPduRcpEntryFreq", _gauge(card, lambda: pdu.feed.frequency_hz * 10))
    _energy(entry, 85, "lgpPduRcpEntryEnergyAccum", meter)


class Lock:
    """Whether a receptacle keeps its state whatever is commanded."""

    code = UNLOCKED


def _control(entry: Entry, relay: Relay) -> None:
    lock = Lock()
    entry.number(95, "lgpPduRcpEntryPwrState", lambda: _state(relay))
    entry.number(96, "lgpPduRcpEntryPwrUpState", 3)  # last-state
    entry.number(100, "lgpPduRcpEntryControl", lambda: _configured(relay), _commands(relay, lock))
    locks = number_of((UNLOCKED, LOCKED), lambda value: setattr(lock, "code", value))
    entry.number(105, "lgpPduRcpEntryControlLock", lambda: lock.code, locks)


def _commands(relay: Relay, lock: Lock) -> Setter:
    """Cycling an outlet that is off does nothing."""

    def write(value: Raw) -> None:
        if value != CYCLE:
            relay.turn(on=value == ON)
        elif relay.outlet.on:
            relay.reboot(CYCLE_OFF_S)

    return Setter(lambda value: lock.code == UNLOCKED and value in (OFF, ON, CYCLE), write)


def _state(relay: Relay) -> int:
    if relay.outlet.on:
        return IS_ON
    return OFF_PENDING_ON if relay.waiting is Command.ON else IS_OFF


def _configured(relay: Relay) -> int:
    if relay.waiting is Command.REBOOT:
        return CYCLE
    return ON if relay.outlet.on else OFF


def _probe(table: OidTable, rack: Rack, card: Card) -> None:
    """One sensor in the rack's inlet air with two measurements: temperature and humidity."""
    label = Label(f"{rack.name} inlet")
    Entry(table, (*LGP_PDU, 60), 0).gauge(5, "lgpPduAuxSensorCount", 1)
    warmth = Entry(table, (*LGP_PDU, 60, 15, 1), UNIT, PROBE, 1)
    warmth.number(10, "lgpPduAuxMeasType", TEMPERATURE)
    warmth.text(20, "lgpPduAuxMeasUsrLabel", label.read, label.setter)
    warmth.text(35, "lgpPduAuxMeasSensorSerialNum", f"SN{card.name}")
    degrees_f = unless_gone(card, lambda: round(fahrenheit(rack.inlet_c * card.probe_factor) * 10), LARGEST_SIGNED)
    warmth.number(40, "lgpPduAuxMeasTempDegF", degrees_f)
    degrees_c = unless_gone(card, lambda: round(rack.inlet_c * card.probe_factor * 10), LARGEST_SIGNED)
    warmth.number(70, "lgpPduAuxMeasTempDegC", degrees_c)
    damp = Entry(table, (*LGP_PDU, 60, 15, 1), UNIT, PROBE, 2)
    damp.number(10, "lgpPduAuxMeasType", HUMIDITY)
    humidity = unless_gone(card, lambda: round(rack.humidity_percent * 10), UNSIGNED_MINUS_1)
    damp.gauge(95, "lgpPduAuxMeasHum", humidity)
