"""A Raritan PX3 switched and metered rack PDU as PDU2-MIB describes it, pduId 1.

The scale is each sensor's own (SensorDecimalDigits). Value is Unsigned32, SignedValue Integer32 and 0 for energy, whose
range it could not hold. With its sensors lost the card says IsAvailable false (2), State unavailable (-1), value 0.
Time stamps are UTC seconds in the MIB; the world has no calendar, so they count from a fixed moment.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_stubs.mib_system import ENTERPRISES, Entry, Label, Meter, add_system, on
from firmware_stubs.racks import Branch, Outlet, Pdu, Rack
from firmware_stubs.snmp_ber import Oid, Raw, Tag
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Setter
from firmware_stubs.world import World

ENTERPRISE = 13742
MODEL = "PX3-5493V"
FIRMWARE = "4.3.1.5-51678"
PDU2: Oid = (*ENTERPRISES, ENTERPRISE, 6)
CONFIGURATION: Oid = (*PDU2, 3)
MEASUREMENTS: Oid = (*PDU2, 5)
UNIT = 1  # pduId
EPOCH_S = 1_767_225_600  # 2026-01-01, the world's time zero in time stamps
TRUE, FALSE = 1, 2  # TruthValue
UNAVAILABLE, OPEN, CLOSED, NORMAL, STATE_ON, STATE_OFF = -1, 0, 1, 4, 7, 8  # SensorStateEnumeration
OFF, ON, CYCLE = 0, 1, 2  # OutletSwitchingOperationsEnumeration
CYCLE_OFF_S = 10  # outletPowerCyclingPowerOffPeriod
NO_UNIT, VOLT, AMP, WATT, VOLTAMP, WATT_HOUR, DEGREE_C, HERTZ, PERCENT, DEGREE_F = -1, 1, 2, 3, 4, 5, 7, 8, 9, 14
CURRENT, VOLTAGE, ACTIVE_POWER, APPARENT_POWER, POWER_FACTOR, ACTIVE_ENERGY = 1, 4, 5, 6, 7, 8  # SensorTypeEnumeration
TEMPERATURE, HUMIDITY, ON_OFF, TRIP, FREQUENCY = 10, 11, 14, 15, 23
CAPABILITY_OCTETS = 10
LOW_WORD = 0xFFFF_FFFF


@dataclass(frozen=True)
class Sensor:
    """A sensor: its SensorTypeEnumeration, unit, digits after the point; a discrete one has a state and no value."""

    kind: int
    unit: int
    digits: int
    read: Callable[[], float] | None = None
    state: Callable[[], int] = lambda: NORMAL

    def scaled(self) -> int:
        return 0 if self.read is None else round(self.read() * 10**self.digits)


def build(world: World, pdu: Pdu, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, f"Raritan PDU, MD:{MODEL} HW:0x10 FW:{FIRMWARE}", PDU2)
    clock = _clock(world)
    _unit(table, pdu, card)
    _inlet(table, pdu, card, clock)
    for branch in pdu.branches:
        _protector(table, branch, card, clock)
    for outlet in pdu.outlets:
        _outlet(table, pdu, outlet, card, clock)
        _switching(table, world, pdu, outlet)
    _external(table, world.racks[pdu.rack], card, clock)
    return table


def _clock(world: World) -> Callable[[], int]:
    return lambda: EPOCH_S + int(world.time_s)


def _unit(table: OidTable, pdu: Pdu, card: Card) -> None:
    Entry(table, CONFIGURATION, 0).number(1, "pduCount", 1)
    plate = Entry(table, (*CONFIGURATION, 2, 1, 1), UNIT)
    plate.text(2, "pduManufacturer", "Raritan")
    plate.text(3, "pduModel", MODEL)
    plate.text(4, "pduSerialNumber", card.serial_octets)
    plate.text(5, "pduRatedVoltage", "200-240V")
    plate.text(6, "pduRatedCurrent", f"{pdu.rated_a:.0f}A")
    plate.text(7, "pduRatedFrequency", "50/60Hz")
    plate.text(8, "pduRatedVA", f"{pdu.rated_a * 0.23:.1f}kVA")
    name = Label(card.name)
    unit = Entry(table, (*CONFIGURATION, 2, 2, 1), UNIT)
    unit.number(2, "inletCount", 1)
    unit.number(3, "overCurrentProtectorCount", len(pdu.branches))
    unit.number(4, "outletCount", len(pdu.outlets))
    unit.number(7, "externalSensorCount", 2)
    unit.text(13, "pduName", name.read, name.setter)
    unit.number(42, "managedExternalSensorCount", 2)
    unit.gauge(85, "pduUptime", lambda: int(card.uptime_s))
    main_board = Entry(table, (*CONFIGURATION, 2, 3, 1), UNIT, 1, 1)  # boardType mainController (1), boardIndex 1
    main_board.text(4, "boardVersion", "0x10")
    main_board.text(6, "boardFirmwareVersion", FIRMWARE)


def _inlet(table: OidTable, pdu: Pdu, card: Card, clock: Callable[[], int]) -> None:
    name, meter = Label("Inlet"), Meter(lambda: pdu.energy_wh, card)
    sensors = (
        Sensor(CURRENT, AMP, 3, lambda: pdu.current_a),
        Sensor(VOLTAGE, VOLT, 1, lambda: pdu.feed.voltage_v),
        Sensor(ACTIVE_POWER, WATT, 0, lambda: pdu.power_w),
        Sensor(APPARENT_POWER, VOLTAMP, 0, lambda: pdu.apparent_va),
        Sensor(POWER_FACTOR, NO_UNIT, 2, lambda: pdu.power_factor),
        Sensor(ACTIVE_ENERGY, WATT_HOUR, 0, meter.read_wh),
        Sensor(FREQUENCY, HERTZ, 1, lambda: pdu.feed.frequency_hz),
    )
    config = Entry(table, (*CONFIGURATION, 3, 3, 1), UNIT, 1)
    config.text(2, "inletLabel", "I1")
    config.text(3, "inletName", name.read, name.setter)
    config.number(4, "inletPlug", 10)  # plugIEC603093WIRE250V32A
    config.number(5, "inletPoleCount", 2)
    config.text(6, "inletRatedVoltage", "200-240V")
    config.text(7, "inletRatedCurrent", f"{pdu.rated_a:.0f}A")
    config.other(10, "inletDeviceCapabilities", Tag.OCTETS, _capabilities(sensors))
    for sensor in sensors:
        _sensor_config(Entry(table, (*CONFIGURATION, 3, 4, 1), UNIT, 1, sensor.kind), "inletSensor", sensor)
        rows = Entry(table, (*MEASUREMENTS, 2, 3, 1), UNIT, 1, sensor.kind)
        _measured(rows, "measurementsInletSensor", sensor, card, clock)
    control = Entry(table, (*PDU2, 4, 6, 1, 1), UNIT, 1, ACTIVE_ENERGY)
    control.number(1, "inletSensorResetValue", 0, on(0, meter.reset))


def _protector(table: OidTable, branch: Branch, card: Card, clock: Callable[[], int]) -> None:
    name = Label("")
    sensors = (
        Sensor(CURRENT, AMP, 3, lambda: branch.current_a),
        Sensor(TRIP, NO_UNIT, 0, state=lambda: OPEN if branch.tripped else CLOSED),
    )
    config = Entry(table, (*CONFIGURATION, 4, 3, 1), UNIT, branch.number)
    config.text(2, "overCurrentProtectorLabel", f"C{branch.number}")
    config.text(3, "overCurrentProtectorName", name.read, name.setter)
    config.number(4, "overCurrentProtectorType", 1)  # ocpBREAKER1POLE
    config.text(5, "overCurrentProtectorRatedCurrent", f"{branch.rated_a:.0f}A")
    config.number(6, "overCurrentProtectorPoleCount", 1)
    config.other(9, "overCurrentProtectorCapabilities", Tag.OCTETS, _capabilities(sensors))
    for sensor in sensors:
        index = (UNIT, branch.number, sensor.kind)
        _sensor_config(Entry(table, (*CONFIGURATION, 4, 4, 1), *index), "overCurrentProtectorSensor", sensor)
        rows = Entry(table, (*MEASUREMENTS, 3, 3, 1), *index)
        _measured(rows, "measurementsOverCurrentProtectorSensor", sensor, card, clock)


def _outlet(table: OidTable, pdu: Pdu, outlet: Outlet, card: Card, clock: Callable[[], int]) -> None:
    name, meter = Label(f"Outlet {outlet.number}"), Meter(lambda: outlet.energy_wh, card)
    sensors = (
        Sensor(CURRENT, AMP, 3, lambda: outlet.current_a),
        Sensor(VOLTAGE, VOLT, 0, lambda: pdu.feed.voltage_v if outlet.on and outlet.fed else 0.0),
        Sensor(ACTIVE_POWER, WATT, 0, lambda: outlet.power_w),
        Sensor(APPARENT_POWER, VOLTAMP, 0, lambda: outlet.apparent_va),
        Sensor(POWER_FACTOR, NO_UNIT, 2, lambda: outlet.power_w / outlet.apparent_va if outlet.apparent_va else 1.0),
        Sensor(ACTIVE_ENERGY, WATT_HOUR, 0, meter.read_wh),
        Sensor(ON_OFF, NO_UNIT, 0, state=lambda: STATE_ON if outlet.on else STATE_OFF),
        Sensor(FREQUENCY, HERTZ, 1, lambda: pdu.feed.frequency_hz),
    )
    config = Entry(table, (*CONFIGURATION, 5, 3, 1), UNIT, outlet.number)
    config.text(2, "outletLabel", str(outlet.number))
    config.text(3, "outletName", name.read, name.setter)
    config.number(4, "outletReceptacle", 5)  # receptacleIEC320C13
    config.number(5, "outletPoleCount", 2)
    config.text(6, "outletRatedVoltage", "200-240V")
    config.text(7, "outletRatedCurrent", f"{outlet.rated_a:.0f}A")
    config.other(10, "outletDeviceCapabilities", Tag.OCTETS, _capabilities(sensors))
    config.gauge(12, "outletPowerCyclingPowerOffPeriod", CYCLE_OFF_S)
    config.number(28, "outletSwitchable", TRUE)
    config.text(29, "outletReceptacleDescriptor", "IEC 60320 C13")
    for sensor in sensors:
        index = (UNIT, outlet.number, sensor.kind)
        _sensor_config(Entry(table, (*CONFIGURATION, 5, 4, 1), *index), "outletSensor", sensor)
        rows = Entry(table, (*MEASUREMENTS, 4, 3, 1), *index)
        _measured(rows, "measurementsOutletSensor", sensor, card, clock)
    control = Entry(table, (*PDU2, 4, 7, 1, 1), UNIT, outlet.number, ACTIVE_ENERGY)
    control.number(1, "outletSensorResetValue", 0, on(0, meter.reset))


def _switching(table: OidTable, world: World, pdu: Pdu, outlet: Outlet) -> None:
    """outletSwitchControlTable: writing switchingOperation acts at once, cycle comes back by itself."""

    def write(value: Raw) -> None:
        world.switch(pdu.name, outlet.number, on=value == ON)
        if value == CYCLE:
            world.switch(pdu.name, outlet.number, on=True, after_s=CYCLE_OFF_S)

    control = Entry(table, (*PDU2, 4, 1, 2, 1), UNIT, outlet.number)
    operation = Setter(lambda value: value in (OFF, ON, CYCLE), write)
    control.number(2, "switchingOperation", lambda: ON if outlet.on else OFF, operation)
    control.number(3, "outletSwitchingState", lambda: STATE_ON if outlet.on else STATE_OFF)
    control.gauge(4, "outletSwitchingTimeStamp", lambda: EPOCH_S + int(outlet.switched_at_s))


def _external(table: OidTable, rack: Rack, card: Card, clock: Callable[[], int]) -> None:
    """One probe in the rack's inlet air: sensor 1 is its temperature, sensor 2 its humidity."""
    sensors = (
        Sensor(TEMPERATURE, DEGREE_C, 1, lambda: _told(rack.inlet_c * card.probe_factor, card)),
        Sensor(HUMIDITY, PERCENT, 0, lambda: rack.humidity_percent),
    )
    for number, sensor in enumerate(sensors, 1):
        name = Label(f"{rack.name} inlet {'temperature' if sensor.kind == TEMPERATURE else 'humidity'}")
        config = Entry(table, (*CONFIGURATION, 6, 3, 1), UNIT, number)
        config.number(2, "externalSensorType", sensor.kind)
        config.text(3, "externalSensorSerialNumber", f"DX2{card.name[-6:]}")
        config.text(4, "externalSensorName", name.read, name.setter)
        config.number(16, "externalSensorUnits", _unit_of(sensor, card))
        config.gauge(17, "externalSensorDecimalDigits", sensor.digits)
        rows = Entry(table, (*MEASUREMENTS, 5, 3, 1), UNIT, number)
        _presence(rows, "measurementsExternalSensor", sensor, lambda: card.probe_gone, clock)
        value = _value(sensor, lambda: card.probe_gone)
        rows.number(4, "measurementsExternalSensorValue", value)  # Integer32, unlike the other tables


def _told(temperature_c: float, card: Card) -> float:
    return temperature_c * 1.8 + 32.0 if card.fahrenheit else temperature_c


def _unit_of(sensor: Sensor, card: Card) -> Callable[[], int]:
    return lambda: DEGREE_F if card.fahrenheit and sensor.unit == DEGREE_C else sensor.unit


def _sensor_config(entry: Entry, prefix: str, sensor: Sensor) -> None:
    entry.number(6, f"{prefix}Units", sensor.unit)
    entry.gauge(7, f"{prefix}DecimalDigits", sensor.digits)


def _presence(entry: Entry, prefix: str, sensor: Sensor, lost: Callable[[], bool], clock: Callable[[], int]) -> None:
    entry.number(2, f"{prefix}IsAvailable", lambda: FALSE if lost() else TRUE)
    entry.number(3, f"{prefix}State", lambda: UNAVAILABLE if lost() else sensor.state())
    entry.gauge(5, f"{prefix}TimeStamp", clock)


def _measured(entry: Entry, prefix: str, sensor: Sensor, card: Card, clock: Callable[[], int]) -> None:
    _presence(entry, prefix, sensor, lambda: card.sensors_lost, clock)
    read = _value(sensor, lambda: card.sensors_lost)
    entry.gauge(4, f"{prefix}Value", lambda: read() & LOW_WORD)  # "will wrap around if ... exceeds 4294967295"
    entry.number(6, f"{prefix}SignedValue", 0 if sensor.kind == ACTIVE_ENERGY else read)


def _value(sensor: Sensor, lost: Callable[[], bool]) -> Callable[[], int]:
    return lambda: 0 if lost() else sensor.scaled()


def _capabilities(sensors: tuple[Sensor, ...]) -> bytes:
    """BITS: bit n, counted from the first octet's top, stands for sensor type n + 1 (rmsCurrent is bit 0, type 1)."""
    bits = bytearray(CAPABILITY_OCTETS)
    for sensor in sensors:
        place = sensor.kind - 1
        bits[place // 8] |= 0x80 >> place % 8
    return bytes(bits)
