"""An APC switched rack PDU of the first generation as PowerNet-MIB describes it (rPDU, { hardware 12 }).

Scales are the MIB's: load 0.1 A, power W and VA, power factor 0.001. The card measures currents alone: it reckons power
from the line voltage and the power factor that somebody wrote, so it follows neither the feed nor the machines. It has
no meter of energy and no load per outlet, which is for monitored models.
"""

from __future__ import annotations

from firmware_stubs.mib_apc import APC, Delays
from firmware_stubs.mib_system import Entry, Label, add_system
from firmware_stubs.racks import Branch, Outlet, Pdu
from firmware_stubs.snmp_ber import Oid, Raw
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Setter
from firmware_stubs.world import World

ENTERPRISE = 318
MODEL = "AP7953"
FIRMWARE = "v3.7.3"
OBJECT_ID: Oid = (*APC, 1, 3, 4, 5)  # masterSwitchrPDU
RPDU: Oid = (*APC, 1, 1, 12)
LINE_V, POWER_FACTOR = 230, 1000  # what somebody wrote: volts, by default the nominal ones; thousandths
NOT_SUPPORTED = -1
NORMAL, LOW_LOAD, NEAR_OVERLOAD, OVERLOAD = range(1, 5)  # rPDULoadStatusLoadState; not as in rPDU2
ON, OFF = 1, 2  # rPDUOutletStatusOutletState; not as in rPDU2
IMMEDIATE_ON, IMMEDIATE_OFF, IMMEDIATE_REBOOT = 1, 2, 3  # rPDUOutletControlOutletCommand
DELAYED_ON, DELAYED_OFF, DELAYED_REBOOT, CANCEL = 4, 5, 6, 7
SUPPLIES_OK, SECOND_NOT_PRESENT = 1, 3


class Reckoned:
    """Power from the measured current and what somebody wrote."""

    def __init__(self, pdu: Pdu, card: Card) -> None:
        self._pdu = pdu
        self._card = card
        self.line_v = LINE_V
        self.thousandths = POWER_FACTOR

    def volt_amperes(self) -> int:
        return NOT_SUPPORTED if self._card.sensors_lost else round(self._pdu.current_a * self.line_v)

    def watts(self) -> int:
        if self._card.sensors_lost:
            return NOT_SUPPORTED
        return round(self._pdu.current_a * self.line_v * self.thousandths / 1000)

    def sets(self, name: str, high: int) -> Setter:
        return Setter(
            lambda value: isinstance(value, int) and 0 <= value <= high, lambda value: setattr(self, name, value)
        )


def build(world: World, pdu: Pdu, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, f"APC Web/SNMP Management Card (MB:v3.9.2 PF:{FIRMWARE} MN:{MODEL})", OBJECT_ID)
    _ident(Entry(table, (*RPDU, 1), 0), pdu, card, Reckoned(pdu, card))
    _loads(table, pdu)
    _sizes(Entry(table, (*RPDU, 3, 1), 0), pdu)
    for outlet in pdu.outlets:
        _outlet(table, world, pdu, outlet)
    supply = Entry(table, (*RPDU, 4, 1), 0)
    supply.number(1, "rPDUPowerSupply1Status", SUPPLIES_OK)
    supply.number(2, "rPDUPowerSupply2Status", SECOND_NOT_PRESENT)
    supply.number(3, "rPDUPowerSupplyAlarm", SUPPLIES_OK)
    return table


def _ident(ident: Entry, pdu: Pdu, card: Card, reckoned: Reckoned) -> None:
    name = Label(card.name)
    ident.text(1, "rPDUIdentName", name.read, name.setter)
    ident.text(2, "rPDUIdentHardwareRev", "B2")
    ident.text(3, "rPDUIdentFirmwareRev", FIRMWARE)
    ident.text(4, "rPDUIdentDateOfManufacture", "03/14/2012")
    ident.text(5, "rPDUIdentModelNumber", MODEL)
    ident.text(6, "rPDUIdentSerialNumber", card.serial_octets)
    ident.number(7, "rPDUIdentDeviceRating", round(pdu.rated_a))
    ident.number(8, "rPDUIdentDeviceNumOutlets", len(pdu.outlets))
    ident.number(9, "rPDUIdentDeviceNumPhases", 1)
    ident.number(10, "rPDUIdentDeviceNumBreakers", len(pdu.branches))
    ident.number(15, "rPDUIdentDeviceLinetoLineVoltage", lambda: reckoned.line_v, reckoned.sets("line_v", 440))
    ident.number(16, "rPDUIdentDevicePowerWatts", reckoned.watts)
    thousandths = reckoned.sets("thousandths", 1000)
    ident.number(17, "rPDUIdentDevicePowerFactor", lambda: reckoned.thousandths, thousandths)
    ident.number(18, "rPDUIdentDevicePowerVA", reckoned.volt_amperes)


def _loads(table: OidTable, pdu: Pdu) -> None:
    """One row for the phase, which has bank 0, then one for each bank."""
    device = Entry(table, (*RPDU, 2, 1), 0)
    device.number(2, "rPDULoadDevNumPhases", 1)
    device.number(4, "rPDULoadDevNumBanks", len(pdu.branches))
    _load(Entry(table, (*RPDU, 2, 3, 1, 1), 1), 1, pdu, bank=0)
    for row, branch in enumerate(pdu.branches, 2):
        _load(Entry(table, (*RPDU, 2, 3, 1, 1), row), row, branch, bank=branch.number)


def _load(status: Entry, row: int, of: Pdu | Branch, *, bank: int) -> None:
    status.number(1, "rPDULoadStatusIndex", row)
    status.gauge(2, "rPDULoadStatusLoad", lambda: round(of.current_a * 10))
    status.number(3, "rPDULoadStatusLoadState", lambda: _load_state(of.current_a, of.rated_a))
    status.number(4, "rPDULoadStatusPhaseNumber", 1)
    status.number(5, "rPDULoadStatusBankNumber", bank)


def _load_state(current_a: float, rated_a: float) -> int:
    if current_a >= rated_a:
        return OVERLOAD
    if current_a >= 0.8 * rated_a:  # the factory threshold of near overload
        return NEAR_OVERLOAD
    return NORMAL if current_a > 0.0 else LOW_LOAD


def _sizes(device: Entry, pdu: Pdu) -> None:
    device.number(2, "rPDUOutletDevColdstartDelay", 0)
    device.number(3, "rPDUOutletDevNumCntrlOutlets", len(pdu.outlets))
    device.number(4, "rPDUOutletDevNumTotalOutlets", len(pdu.outlets))
    device.number(5, "rPDUOutletDevMonitoredOutlets", 0)


def _outlet(table: OidTable, world: World, pdu: Pdu, outlet: Outlet) -> None:
    number, delays, label = outlet.number, Delays(), Label(f"Outlet {outlet.number}")
    bank = next(branch.number for branch in pdu.branches if outlet in branch.outlets)
    control = Entry(table, (*RPDU, 3, 3, 1, 1), number)
    control.number(1, "rPDUOutletControlIndex", number)
    control.text(2, "rPDUOutletControlOutletName", label.read)
    control.number(3, "rPDUOutletControlOutletPhase", 1)
    commands = _commands(world, pdu, outlet, delays)
    control.number(4, "rPDUOutletControlOutletCommand", lambda: IMMEDIATE_ON if outlet.on else IMMEDIATE_OFF, commands)
    control.number(5, "rPDUOutletControlOutletBank", bank)
    config = Entry(table, (*RPDU, 3, 4, 1, 1), number)
    config.number(1, "rPDUOutletConfigIndex", number)
    config.text(2, "rPDUOutletConfigOutletName", label.read, label.setter)
    config.number(4, "rPDUOutletConfigPowerOnTime", delays.reads("on_s"), delays.sets("on_s", -1, 7200))
    config.number(5, "rPDUOutletConfigPowerOffTime", delays.reads("off_s"), delays.sets("off_s", -1, 7200))
    config.number(6, "rPDUOutletConfigRebootDuration", delays.reads("reboot_s"), delays.sets("reboot_s", 5, 60))
    status = Entry(table, (*RPDU, 3, 5, 1, 1), number)
    status.number(1, "rPDUOutletStatusIndex", number)
    status.text(2, "rPDUOutletStatusOutletName", label.read)
    status.number(3, "rPDUOutletStatusOutletPhase", 1)
    status.number(4, "rPDUOutletStatusOutletState", lambda: ON if outlet.on else OFF)
    status.number(5, "rPDUOutletStatusCommandPending", lambda: 1 if outlet.pending else 2)
    status.number(6, "rPDUOutletStatusOutletBank", bank)


def _commands(world: World, pdu: Pdu, outlet: Outlet, delays: Delays) -> Setter:
    """At once (1-3), after the outlet's own delays (4-6), or not at all (7)."""

    def turn(*, on: bool, delay_s: int) -> None:
        if delay_s >= 0:  # -1: never
            world.switch(pdu.name, outlet.number, on=on, after_s=delay_s)

    def reboot(after_s: int) -> None:
        turn(on=False, delay_s=after_s)
        turn(on=True, delay_s=after_s + delays.reboot_s)

    acts = {
        IMMEDIATE_ON: lambda: turn(on=True, delay_s=0),
        IMMEDIATE_OFF: lambda: turn(on=False, delay_s=0),
        IMMEDIATE_REBOOT: lambda: reboot(0),
        DELAYED_ON: lambda: turn(on=True, delay_s=delays.on_s),
        DELAYED_OFF: lambda: turn(on=False, delay_s=delays.off_s),
        DELAYED_REBOOT: lambda: reboot(max(0, delays.off_s)),
        CANCEL: outlet.pending.clear,
    }

    def write(value: Raw) -> None:
        assert isinstance(value, int)
        acts[value]()

    return Setter(lambda value: isinstance(value, int) and value in acts, write)
