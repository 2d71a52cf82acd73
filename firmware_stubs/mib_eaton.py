"""An Eaton ePDU as EATON-EPDU-MIB describes it: strapping index 0, one single-phase input, switched metered outlets.

Scales are the MIB's: voltage mV, current mA, power factor 0.001, frequency 0.1 Hz, temperature 0.1 of the unit's degree
(temperatureScale), humidity 0.1 %. With its sensors lost the unit answers -1, which the MIB calls "not available". The
second probe is not connected. Each command is a delay written to an object of its own.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_stubs.mib_sensing import number_in, number_of, tenths, unless_gone, unless_lost, zero_resets
from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, Meter, add_system
from firmware_stubs.racks import Branch, Outlet, Pdu, Rack
from firmware_stubs.relay import Command, Relay
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Setter
from firmware_stubs.world import World

ENTERPRISE = 534
MODEL = "EMAB22"
FIRMWARE = "04.01.0023"
EPDU: Oid = (*ENTERPRISES, ENTERPRISE, 6, 6, 7)
UNITS, INPUTS, GROUPS, OUTLETS, SENSORS = ((*EPDU, group) for group in (1, 3, 5, 6, 7))
STRAP, INPUT, ROW = 0, 1, 1
NOT_AVAILABLE = -1
CELSIUS, FAHRENHEIT = 0, 1  # temperatureScale
DISCONNECTED, CONNECTED = 0, 1  # temperatureProbeStatus, humidityProbeStatus
BREAKER_1_POLE, BREAKER_ON, BREAKER_OFF = 1, 1, 2  # groupType, groupBreakerStatus
OFF, ON, PENDING_OFF, PENDING_ON = range(4)  # outletControlStatus
NO_COMMAND, LONGEST_S = -1, 99_999
REBOOT_OFF_S = 10  # outletControlRebootOffTime


def build(world: World, pdu: Pdu, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, f"ePDU MA 0U: {MODEL}", EPDU)
    Entry(table, UNITS, 0).text(1, "unitsPresent", str(STRAP))
    _unit(Entry(table, (*UNITS, 2, 1), STRAP), pdu, card)
    _input(table, pdu, card)
    for branch in pdu.branches:
        _group(table, pdu, branch, card)
    for outlet in pdu.outlets:
        _outlet(table, pdu, outlet, card)
        _control(Entry(table, (*OUTLETS, 6, 1), STRAP, outlet.number), Relay(world, pdu, outlet))
    _probes(table, world.racks[pdu.rack], card)
    return table


def _unit(unit: Entry, pdu: Pdu, card: Card) -> None:
    name = Label(card.name)
    unit.text(2, "productName", "ePDU MA 0U")
    unit.text(3, "partNumber", MODEL)
    unit.text(4, "serialNumber", card.serial_octets)
    unit.text(5, "firmwareVersion", FIRMWARE)
    unit.text(6, "unitName", name.read, name.setter)
    scale = number_of((CELSIUS, FAHRENHEIT), lambda value: setattr(card, "fahrenheit", value == FAHRENHEIT))
    unit.number(9, "temperatureScale", lambda: FAHRENHEIT if card.fahrenheit else CELSIUS, scale)
    unit.number(10, "unitType", 3)  # managed: switched, and metered at each outlet
    unit.number(11, "systemType", 1)  # g3ePDU
    unit.number(20, "inputCount", 1)
    unit.number(21, "groupCount", len(pdu.branches))
    unit.number(22, "outletCount", len(pdu.outlets))
    unit.number(23, "temperatureCount", 2)
    unit.number(24, "humidityCount", 2)
    unit.number(25, "contactCount", 0)
    unit.number(30, "communicationStatus", unless_lost(card, lambda: 0, 1))
    unit.number(31, "internalStatus", 0)
    unit.number(32, "strappingStatus", 0)


def _input(table: OidTable, pdu: Pdu, card: Card) -> None:
    feed, meter = pdu.feed, Meter(lambda: pdu.energy_wh, card)
    entry = Entry(table, (*INPUTS, 1, 1), STRAP, INPUT)
    entry.number(2, "inputType", 1)  # singlePhase
    entry.number(3, "inputFrequency", unless_lost(card, lambda: round(feed.frequency_hz * 10), NOT_AVAILABLE))
    entry.number(4, "inputFrequencyStatus", 0)
    entry.number(5, "inputVoltageCount", 1)
    entry.number(6, "inputCurrentCount", 1)
    entry.number(7, "inputPowerCount", 1)
    entry.number(8, "inputPlugType", 104)  # iec332P6
    voltage = Entry(table, (*INPUTS, 2, 1), STRAP, INPUT, ROW)
    voltage.number(2, "inputVoltageMeasType", 1)  # singlePhase
    voltage.number(3, "inputVoltage", unless_lost(card, lambda: round(feed.voltage_v * 1000), NOT_AVAILABLE))
    current = Entry(table, (*INPUTS, 3, 1), STRAP, INPUT, ROW)
    current.number(2, "inputCurrentMeasType", 1)  # singlePhase
    current.number(3, "inputCurrentCapacity", round(pdu.rated_a * 1000))
    current.number(4, "inputCurrent", unless_lost(card, lambda: round(pdu.current_a * 1000), NOT_AVAILABLE))
    load = unless_lost(card, lambda: round(100 * pdu.current_a / pdu.rated_a), NOT_AVAILABLE)
    current.number(11, "inputCurrentPercentLoad", load)
    power = Entry(table, (*INPUTS, 4, 1), STRAP, INPUT, ROW)
    power.number(2, "inputPowerMeasType", 1)  # phase1, the only one
    _powers(power, "input", pdu, meter, card)
    _powers(Entry(table, (*INPUTS, 5, 1), STRAP, INPUT), "inputTotal", pdu, meter, card)


def _powers(entry: Entry, prefix: str, pdu: Pdu, meter: Meter, card: Card) -> None:
    """The columns that inputPowerTable and inputTotalPowerTable have alike."""
    entry.number(3, f"{prefix}VA", unless_lost(card, lambda: round(pdu.apparent_va), NOT_AVAILABLE))
    entry.number(4, f"{prefix}Watts", unless_lost(card, lambda: round(pdu.power_w), NOT_AVAILABLE))
    entry.gauge(5, f"{prefix}Wh", lambda: int(meter.read_wh()), zero_resets(meter.reset))
    factor = unless_lost(card, lambda: round(pdu.power_factor * 1000), NOT_AVAILABLE)
    entry.number(7, f"{prefix}PowerFactor", factor)


def _group(table: OidTable, pdu: Pdu, branch: Branch, card: Card) -> None:
    name = Label(f"Breaker {branch.number}")
    entry = Entry(table, (*GROUPS, 1, 1), STRAP, branch.number)
    entry.text(2, "groupID", f"B{branch.number}")
    entry.text(3, "groupName", name.read, name.setter)
    entry.number(4, "groupType", BREAKER_1_POLE)
    entry.number(5, "groupBreakerStatus", lambda: BREAKER_OFF if branch.tripped else BREAKER_ON)
    entry.number(6, "groupChildCount", len(branch.outlets))
    entry.number(9, "groupInputIndex", INPUT)
    voltage = Entry(table, (*GROUPS, 3, 1), STRAP, branch.number)
    volts = unless_lost(card, lambda: 0 if branch.tripped else round(pdu.feed.voltage_v * 1000), NOT_AVAILABLE)
    voltage.number(2, "groupVoltageMeasType", 1)  # singlePhase
    voltage.number(3, "groupVoltage", volts)
    current = Entry(table, (*GROUPS, 4, 1), STRAP, branch.number)
    current.number(2, "groupCurrentCapacity", round(branch.rated_a * 1000))
    current.number(3, "groupCurrent", unless_lost(card, lambda: round(branch.current_a * 1000), NOT_AVAILABLE))
    power = Entry(table, (*GROUPS, 5, 1), STRAP, branch.number)
    watts = unless_lost(card, lambda: round(sum(outlet.power_w for outlet in branch.outlets)), NOT_AVAILABLE)
    power.number(3, "groupWatts", watts)


def _outlet(table: OidTable, pdu: Pdu, outlet: Outlet, card: Card) -> None:
    name, meter = Label(f"Outlet {outlet.number}"), Meter(lambda: outlet.energy_wh, card)
    entry = Entry(table, (*OUTLETS, 1, 1), STRAP, outlet.number)
    entry.text(2, "outletID", f"A{outlet.number}")
    entry.text(3, "outletName", name.read, name.setter)
    entry.number(5, "outletType", 1)  # iecC13
    voltage = Entry(table, (*OUTLETS, 3, 1), STRAP, outlet.number)
    volts = unless_lost(
        card, lambda: round(pdu.feed.voltage_v * 1000) if outlet.on and outlet.fed else 0, NOT_AVAILABLE
    )
    voltage.number(2, "outletVoltage", volts)
    current = Entry(table, (*OUTLETS, 4, 1), STRAP, outlet.number)
    current.number(2, "outletCurrentCapacity", round(outlet.rated_a * 1000))
    current.number(3, "outletCurrent", unless_lost(card, lambda: round(outlet.current_a * 1000), NOT_AVAILABLE))
    power = Entry(table, (*OUTLETS, 5, 1), STRAP, outlet.number)
    power.number(2, "outletVA", unless_lost(card, lambda: round(outlet.apparent_va), NOT_AVAILABLE))
    power.number(3, "outletWatts", unless_lost(card, lambda: round(outlet.power_w), NOT_AVAILABLE))
    power.gauge(4, "outletWh", lambda: int(meter.read_wh()), zero_resets(meter.reset))
    factor = unless_lost(
        card,
        lambda: round(1000 * outlet.power_w / outlet.apparent_va) if outlet.apparent_va else 1000,
        NOT_AVAILABLE,
    )
    power.number(6, "outletPowerFactor", factor)


def _control(control: Entry, relay: Relay) -> None:
    """The outletControlTable: a command reads -1, or the seconds until it acts while it is the one that waits."""
    hold = Hold()
    control.number(2, "outletControlStatus", lambda: _status(relay))
    off = _command(relay, Command.OFF, lambda wait_s: relay.turn(on=False, after_s=wait_s))
    control.number(3, "outletControlOffCmd", lambda: _waits(relay, Command.OFF), off)
    on = _command(relay, Command.ON, lambda wait_s: relay.turn(on=True, after_s=wait_s))
    control.number(4, "outletControlOnCmd", lambda: _waits(relay, Command.ON), on)
    reboot = _command(relay, Command.REBOOT, lambda wait_s: relay.reboot(hold.off_s, wait_s))
    control.number(5, "outletControlRebootCmd", lambda: _waits(relay, Command.REBOOT), reboot)
    control.number(6, "outletControlPowerOnState", 2)  # lastState
    control.number(7, "outletControlSequenceDelay", 0)
    control.number(
        8,
        "outletControlRebootOffTime",
        lambda: hold.off_s,
        number_in(1, LONGEST_S, lambda s: setattr(hold, "off_s", s)),
    )
    control.number(9, "outletControlSwitchable", 1)  # switchable
    control.number(10, "outletControlShutoffDelay", 0)


class Hold:
    """How long a reboot keeps an outlet off, seconds."""

    off_s = REBOOT_OFF_S


def _command(relay: Relay, command: Command, act: Callable[[int], None]) -> Setter:
    def write(wait_s: int) -> None:
        if wait_s == NO_COMMAND:
            relay.cancel(command)
        else:
            act(wait_s)

    return number_in(NO_COMMAND, LONGEST_S, write)


def _waits(relay: Relay, command: Command) -> int:
    return relay.wait_s if relay.waiting is command else NO_COMMAND


def _status(relay: Relay) -> int:
    pending = relay.outlet.pending
    if relay.outlet.on:
        return PENDING_OFF if pending and not pending[0][1] else ON
    return PENDING_ON if pending and pending[0][1] else OFF


def _probes(table: OidTable, rack: Rack, card: Card) -> None:
    """Probe 1 hangs in the rack's inlet air, there is none in the second socket."""
    for number in (1, 2):
        here = number == 1
        name = Label(f"{rack.name} inlet" if here else "")
        plugged = unless_gone(card, lambda: CONNECTED, DISCONNECTED) if here else DISCONNECTED
        temperature = Entry(table, (*SENSORS, 1, 1), STRAP, number)
        temperature.text(2, "temperatureName", name.read, name.setter)
        temperature.number(3, "temperatureProbeStatus", plugged)
        warmth = unless_gone(card, lambda: tenths(rack.inlet_c * card.probe_factor, card), 0)
        temperature.number(4, "temperatureValue", warmth if here else 0)
        humidity = Entry(table, (*SENSORS, 2, 1), STRAP, number)
        humidity.text(2, "humidityName", name.read, name.setter)
        humidity.number(3, "humidityProbeStatus", plugged)
        damp = unless_gone(card, lambda: round(rack.humidity_percent * 10), 0)
        humidity.number(4, "humidityValue", damp if here else 0)
