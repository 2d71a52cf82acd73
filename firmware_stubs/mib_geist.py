"""A Vertiv Geist rack PDU as VERTIV-V5-MIB describes it: one PDU, one phase, switched metered outlets, one probe.

Scales are the MIB's: voltage 0.1 V, current 0.01 A, power factor %, temperature 0.1 of the unit's degree. Energies end
at 9,999,000 Wh; the MIB does not say what follows, here they begin again. With its sensors lost the PDU is unavailable
(pduMainAvail 0), and its gauges, for which the MIB names no value, say 4294967295. There is no second probe.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_stubs.mib_sensing import (
    UNSIGNED_MINUS_1,
    Number,
    number_in,
    number_of,
    one_of,
    tenths,
    unless_gone,
    unless_lost,
)
from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, Meter, add_system
from firmware_stubs.racks import Branch, Outlet, Pdu, Rack
from firmware_stubs.relay import Command, Relay
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable
from firmware_stubs.world import World

ENTERPRISE = 21239
MODEL = "VP8853"
FIRMWARE = "5.3.3"
GEIST: Oid = (*ENTERPRISES, ENTERPRISE)
OBJECT_ID: Oid = (*GEIST, 42, 1, 52)
IMD: Oid = (*GEIST, 5, 2)
DEVICE: Oid = (*IMD, 1)
PDU: Oid = (*IMD, 3)
UNIT, PHASE, PROBE = 1, 1, 1
FAHRENHEIT, CELSIUS = 0, 1  # temperatureUnits
UNAVAILABLE, AVAILABLE = 0, 1  # pduMainAvail, tempSensorAvail
LAST_WH = 9_999_000  # the end of an energy's range
ON, OFF, ON_TO_OFF, OFF_TO_ON, REBOOT_ON, REBOOT_OFF = range(1, 7)  # pduOutletSwitchState
CANCEL, TURN_ON, DELAYED_ON, TURN_OFF, DELAYED_OFF, REBOOT, DELAYED_REBOOT, NONE = range(1, 9)  # ..SwitchControl
LONGEST_S = 600


def build(world: World, pdu: Pdu, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, "Geist Upgradeable PDU", OBJECT_ID)
    _device(Entry(table, DEVICE, 0), card)
    meter = Meter(lambda: pdu.energy_wh, card)
    _main(Entry(table, (*PDU, 1, 1), UNIT), pdu, card, meter)
    _phase(Entry(table, (*PDU, 2, 1), PHASE), pdu, card, meter)
    for branch in pdu.branches:
        _breaker(Entry(table, (*PDU, 3, 1), branch.number), branch, card)
    line = Entry(table, (*PDU, 4, 1), 1)
    line.text(2, "pduLineName", "Line 1")
    line.gauge(4, "pduLineCurrent", _gauge(card, lambda: pdu.current_a * 100))
    for outlet in pdu.outlets:
        _switch(Entry(table, (*PDU, 5, 1), outlet.number), Relay(world, pdu, outlet))
        _meter(Entry(table, (*PDU, 6, 1), outlet.number), pdu, outlet, card)
    _probe(Entry(table, (*IMD, 4, 1), PROBE), world.racks[pdu.rack], card)
    _humidity(Entry(table, (*IMD, 12, 1), PROBE), world.racks[pdu.rack], card)
    return table


def _gauge(card: Card, read: Callable[[], float]) -> Number:
    return unless_lost(card, lambda: round(read()), UNSIGNED_MINUS_1)


def _energy(meter: Meter) -> Number:
    return lambda: int(meter.read_wh()) % (LAST_WH + 1)


def _percent(power_w: float, apparent_va: float) -> float:
    return 100 * power_w / apparent_va if apparent_va else 100


def _device(device: Entry, card: Card) -> None:
    device.text(1, "productTitle", "Geist UPDU")
    device.text(2, "productVersion", FIRMWARE)
    device.text(3, "productFriendlyName", card.name)
    device.number(6, "deviceCount", 3)
    units = number_of((FAHRENHEIT, CELSIUS), lambda value: setattr(card, "fahrenheit", value == FAHRENHEIT))
    device.number(7, "temperatureUnits", lambda: FAHRENHEIT if card.fahrenheit else CELSIUS, units)
    device.text(8, "productModelNumber", MODEL)
    device.text(10, "productSerialNumber", card.serial_octets)
    device.number(13, "productAlarmCount", 0)
    device.number(14, "productWarnCount", 0)
    device.text(15, "productManufacturer", "Vertiv")


def _main(main: Entry, pdu: Pdu, card: Card, meter: Meter) -> None:
    label = Label("")
    main.text(2, "pduMainSerial", card.serial_octets)
    main.text(3, "pduMainName", "PDU")
    main.text(4, "pduMainLabel", label.read, label.setter)
    main.gauge(5, "pduMainAvail", unless_lost(card, lambda: AVAILABLE, UNAVAILABLE))
    main.number(6, "pduMeterType", 0)  # wye
    main.text(7, "pduTotalName", "Total")
    main.gauge(9, "pduTotalRealPower", _gauge(card, lambda: pdu.power_w))
    main.gauge(10, "pduTotalApparentPower", _gauge(card, lambda: pdu.apparent_va))
    main.gauge(11, "pduTotalPowerFactor", _gauge(card, lambda: _percent(pdu.power_w, pdu.apparent_va)))
    main.gauge(12, "pduTotalEnergy", _energy(meter))


def _phase(phase: Entry, pdu: Pdu, card: Card, meter: Meter) -> None:
    label = Label("Phase 1")
    phase.text(2, "pduPhaseName", "Phase 1")
    phase.text(3, "pduPhaseLabel", label.read, label.setter)
    phase.gauge(4, "pduPhaseVoltage", _gauge(card, lambda: pdu.feed.voltage_v * 10))
    phase.gauge(8, "pduPhaseCurrent", _gauge(card, lambda: pdu.current_a * 100))
    phase.gauge(12, "pduPhaseRealPower", _gauge(card, lambda: pdu.power_w))
    phase.gauge(13, "pduPhaseApparentPower", _gauge(card, lambda: pdu.apparent_va))
    phase.gauge(14, "pduPhasePowerFactor", _gauge(card, lambda: _percent(pdu.power_w, pdu.apparent_va)))
    phase.gauge(15, "pduPhaseEnergy", _energy(meter))


def _breaker(breaker: Entry, branch: Branch, card: Card) -> None:
    label = Label("")
    breaker.text(2, "pduBreakerName", f"Circuit {branch.number}")
    breaker.text(3, "pduBreakerLabel", label.read, label.setter)
    breaker.gauge(4, "pduBreakerCurrent", _gauge(card, lambda: branch.current_a * 100))


@dataclass
class Delays:
    """An outlet's delays, seconds."""

    on_s: int = 0
    off_s: int = 0
    reboot_s: int = 0
    hold_s: int = 5


def _switch(switch: Entry, relay: Relay) -> None:
    """The pduOutletSwitchTable; outlets are in manual mode."""
    delays, label = Delays(), Label("")
    switch.text(2, "pduOutletSwitchName", f"Outlet {relay.outlet.number}")
    switch.text(3, "pduOutletSwitchLabel", label.read, label.setter)
    switch.number(4, "pduOutletSwitchState", lambda: _state(relay))
    switch.number(5, "pduOutletSwitchRelayFailure", 2)  # false
    acts = one_of(
        {
            CANCEL: relay.cancel,
            TURN_ON: lambda: relay.turn(on=True),
            DELAYED_ON: lambda: relay.turn(on=True, after_s=delays.on_s),
            TURN_OFF: lambda: relay.turn(on=False),
            DELAYED_OFF: lambda: relay.turn(on=False, after_s=delays.off_s),
            REBOOT: lambda: relay.reboot(delays.hold_s),
            DELAYED_REBOOT: lambda: relay.reboot(delays.hold_s, delays.reboot_s),
        }
    )
    switch.number(6, "pduOutletSwitchControl", NONE, acts)
    switch.number(7, "pduOutletSwitchTimeToAction", lambda: min(relay.wait_s, LONGEST_S))
    _delay(switch, 8, "pduOutletSwitchOnDelay", delays, "on_s")
    _delay(switch, 9, "pduOutletSwitchOffDelay", delays, "off_s")
    _delay(switch, 10, "pduOutletSwitchRebootDelay", delays, "reboot_s")
    _delay(switch, 11, "pduOutletSwitchRebootHoldDelay", delays, "hold_s")
    switch.number(12, "pduOutletSwitchPoaAction", 3)  # last


def _delay(switch: Entry, column: int, name: str, delays: Delays, which: str) -> None:
    setter = number_in(0, LONGEST_S, lambda value: setattr(delays, which, value))
    switch.number(column, name, lambda: int(getattr(delays, which)), setter)


def _state(relay: Relay) -> int:
    on = relay.outlet.on
    if relay.waiting is Command.REBOOT:
        return REBOOT_ON if on else REBOOT_OFF
    if relay.waiting is None:
        return ON if on else OFF
    return ON_TO_OFF if on else OFF_TO_ON


def _meter(entry: Entry, pdu: Pdu, outlet: Outlet, card: Card) -> None:
    meter = Meter(lambda: outlet.energy_wh, card)
    entry.text(2, "pduOutletMeterName", f"Outlet {outlet.number}")
    volts = _gauge(card, lambda: pdu.feed.voltage_v * 10 if outlet.on and outlet.fed else 0)
    entry.gauge(4, "pduOutletMeterVoltage", volts)
    entry.gauge(8, "pduOutletMeterCurrent", _gauge(card, lambda: outlet.current_a * 100))
    entry.gauge(12, "pduOutletMeterRealPower", _gauge(card, lambda: outlet.power_w))
    entry.gauge(13, "pduOutletMeterApparentPower", _gauge(card, lambda: outlet.apparent_va))
    entry.gauge(14, "pduOutletMeterPowerFactor", _gauge(card, lambda: _percent(outlet.power_w, outlet.apparent_va)))
    entry.gauge(15, "pduOutletMeterEnergy", _energy(meter))
    entry.number(16, "pduOutletMeterReset", 8, one_of({1: meter.reset}))  # reads none


def _probe(probe: Entry, rack: Rack, card: Card) -> None:
    label = Label(f"{rack.name} inlet")
    probe.text(2, "tempSensorSerial", f"28{card.name}")
    probe.text(3, "tempSensorLabel", label.read, label.setter)
    probe.gauge(4, "tempSensorAvail", unless_gone(card, lambda: AVAILABLE, UNAVAILABLE))
    temperature = unless_gone(card, lambda: tenths(rack.inlet_c * card.probe_factor, card), 0)
    probe.number(5, "tempSensorTemp", temperature)


def _humidity(probe: Entry, rack: Rack, card: Card) -> None:
    label = Label(f"{rack.name} inlet")
    probe.text(2, "humiditySensorSerial", f"29{card.name}")
    probe.text(3, "humiditySensorLabel", label.read, label.setter)
    probe.gauge(4, "humiditySensorAvail", unless_gone(card, lambda: AVAILABLE, UNAVAILABLE))
    probe.number(5, "humiditySensorValue", unless_gone(card, lambda: round(rack.humidity_percent), 0))
