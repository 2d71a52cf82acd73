"""A Liebert cooler as LIEBERT-GP-ENVIRONMENTAL-MIB describes it; sysObjectID is that of all Liebert cards.

A row of the temperature table is named by the OID in its Descr column. Each value stands there in whole degrees and in
tenths, in C and once more in F. The supply air is what is controlled, so the setpoint is its. Fan speed that is written
counts while the fan's mode is manual. A temperature that is lost is the largest of its type: the MIB names no value.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware_stubs.mib_sensing import LARGEST_SIGNED, fahrenheit, number_in, number_of, unless_lost
from firmware_stubs.mib_system import ENTERPRISES, Entry, add_system
from firmware_stubs.plant import AirUnit
from firmware_stubs.snmp_ber import Oid, Tag
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Setter

ENTERPRISE = 476
MODEL = "Liebert CRV"
FIRMWARE = "IS-UNITY_7.9.2.0"
LIEBERT: Oid = (*ENTERPRISES, ENTERPRISE, 1, 42)
IDENT: Oid = (*LIEBERT, 2, 1)  # lgpAgentIdent
ENVIRONMENTAL: Oid = (*LIEBERT, 3, 4)
TEMPERATURES_F: Oid = (*ENVIRONMENTAL, 1, 2, 3, 1)
TEMPERATURES_C: Oid = (*ENVIRONMENTAL, 1, 3, 3, 1)
HUMIDITIES: Oid = (*ENVIRONMENTAL, 2, 2, 3, 1)
CONTROLLED, RETURN_AIR, SUPPLY_AIR = ((*ENVIRONMENTAL, 1, 1, point) for point in (1, 2, 3))
RETURN_HUMIDITY: Oid = (*ENVIRONMENTAL, 2, 1, 2)
ON, OFF, STANDBY = 1, 2, 3  # lgpEnvStateSystem; the other states know on and off
MANUAL, AUTO = 1, 2  # lgpEnvConfigFanSpeedMode
LOWEST_C, HIGHEST_C = 10, 35  # setpoints that it takes
LEAST_FAN, MOST_FAN = 30, 100
NO_COUNTDOWN, AT_ONCE = -1, 0


def build(unit: AirUnit, card: Card) -> OidTable:
    """The card's whole table."""
    table = OidTable()
    add_system(table, card, "Liebert IS-UNITY card", LIEBERT)
    ident = Entry(table, IDENT, 0)
    ident.text(1, "lgpAgentIdentManufacturer", "Vertiv")
    ident.text(2, "lgpAgentIdentModel", MODEL)
    ident.text(3, "lgpAgentIdentFirmwareVersion", FIRMWARE)
    ident.text(4, "lgpAgentIdentSerialNumber", card.serial_octets)
    _temperature(table, 1, RETURN_AIR, lambda: unit.return_c, card)
    _temperature(table, 2, SUPPLY_AIR, lambda: unit.supply_c, card)
    _temperature(table, 3, CONTROLLED, lambda: unit.supply_c, card)
    _setpoint(table, 2, unit)
    humidity = Entry(table, HUMIDITIES, 1)
    humidity.gauge(1, "lgpEnvHumidityIdRel", 1)
    humidity.other(2, "lgpEnvHumidityDescrRel", Tag.OBJECT_ID, RETURN_HUMIDITY)
    humidity.number(3, "lgpEnvHumidityMeasurementRel", _whole(card, lambda: unit.humidity_percent))
    _states(Entry(table, (*ENVIRONMENTAL, 3), 0), unit)
    _config(Entry(table, (*ENVIRONMENTAL, 4), 0), unit, Fan(card))
    _control(Entry(table, (*ENVIRONMENTAL, 5), 0), unit)
    return table


def _whole(card: Card, read: Callable[[], float], times: int = 1) -> Callable[[], int]:
    return unless_lost(card, lambda: round(read() * times), LARGEST_SIGNED)


def _temperature(table: OidTable, row: int, name: Oid, read: Callable[[], float], card: Card) -> None:
    for entry, letter, shown in (
        (Entry(table, TEMPERATURES_F, row), "F", lambda: fahrenheit(read())),
        (Entry(table, TEMPERATURES_C, row), "C", read),
    ):
        entry.gauge(1, f"lgpEnvTemperatureIdDeg{letter}", row)
        entry.other(2, f"lgpEnvTemperatureDescrDeg{letter}", Tag.OBJECT_ID, name)
        entry.number(3, f"lgpEnvTemperatureMeasurementDeg{letter}", _whole(card, shown))
        entry.number(50, f"lgpEnvTemperatureMeasurementTenthsDeg{letter}", _whole(card, shown, 10))


def _setpoint(table: OidTable, row: int, unit: AirUnit) -> None:
    """One setpoint in four columns; each may be written."""
    celsius, in_f = Entry(table, TEMPERATURES_C, row), Entry(table, TEMPERATURES_F, row)
    celsius.number(6, "lgpEnvTemperatureSetPointDegC", lambda: round(unit.setpoint_c), _sets(unit, lambda v: v))
    tenths = _sets(unit, lambda value: value / 10)
    celsius.number(53, "lgpEnvTemperatureSetPointTenthsDegC", lambda: round(unit.setpoint_c * 10), tenths)
    whole_f = _sets(unit, lambda value: (value - 32) / 1.8)
    in_f.number(6, "lgpEnvTemperatureSetPointDegF", lambda: round(fahrenheit(unit.setpoint_c)), whole_f)
    tenths_f = _sets(unit, lambda value: (value / 10 - 32) / 1.8)
    in_f.number(53, "lgpEnvTemperatureSetPointTenthsDegF", lambda: round(fahrenheit(unit.setpoint_c) * 10), tenths_f)


def _sets(unit: AirUnit, celsius: Callable[[int], float]) -> Setter:
    def accepts(value: object) -> bool:
        return isinstance(value, int) and LOWEST_C <= celsius(value) <= HIGHEST_C

    def write(value: object) -> None:
        assert isinstance(value, int)
        unit.setpoint_c = celsius(value)

    return Setter(accepts, write)


def turning(unit: AirUnit) -> bool:
    """Whether its fan moves air."""
    return unit.airflow_m3h > 0.0


def _states(state: Entry, unit: AirUnit) -> None:
    state.number(1, "lgpEnvStateSystem", lambda: ON if unit.running else OFF)
    state.number(2, "lgpEnvStateCooling", lambda: ON if unit.heat_w > 0.0 else OFF)
    state.number(3, "lgpEnvStateHeating", OFF)
    state.number(4, "lgpEnvStateHumidifying", OFF)
    state.number(5, "lgpEnvStateDehumidifying", OFF)
    state.number(7, "lgpEnvStateFan", lambda: ON if turning(unit) else OFF)
    state.number(8, "lgpEnvStateGeneralAlarmOutput", lambda: ON if unit.alarm else OFF)
    state.gauge(9, "lgpEnvStateCoolingCapacity", lambda: round(unit.cooling_percent))
    state.number(15, "lgpEnvStateOperatingMode", 1)  # auto
    state.gauge(16, "lgpEnvStateFanCapacity", lambda: round(unit.fan_percent) if turning(unit) else 0)


class Fan:
    """How the fan's speed is chosen, and how long a management system may still choose it."""

    def __init__(self, card: Card) -> None:
        self.mode = MANUAL
        self._card = card
        self._until_s = 0.0

    @property
    def minutes_left(self) -> int:
        """Of the countdown that a management system winds up; at 0 the unit complains, and the fan stays."""
        return max(0, round((self._until_s - self._card.now()) / 60))

    def wind_up(self, minutes: int) -> None:
        """Begin the countdown anew."""
        self._until_s = self._card.now() + 60.0 * minutes


def _config(config: Entry, unit: AirUnit, fan: Fan) -> None:
    mode = number_of((MANUAL, AUTO), lambda value: setattr(fan, "mode", value))
    config.number(34, "lgpEnvConfigFanSpeedMode", lambda: fan.mode, mode)
    wanted = Wanted(unit, fan)
    speed = number_in(LEAST_FAN, MOST_FAN, wanted.write)
    config.gauge(35, "lgpEnvConfigFanSpeedCapacity", wanted.read, speed)
    config.gauge(36, "lgpEnvConfigBmsResetTimer", lambda: fan.minutes_left, number_in(0, 120, fan.wind_up))
    config.gauge(44, "lgpEnvConfigMinFanSpeed", LEAST_FAN)
    config.gauge(45, "lgpEnvConfigMaxFanSpeed", MOST_FAN)


class Wanted:
    """The speed that was written last. In automatic mode it is kept and does nothing."""

    def __init__(self, unit: AirUnit, fan: Fan) -> None:
        self._unit, self._fan = unit, fan
        self._kept: int | None = None

    def read(self) -> int:
        """In manual mode it is what the fan is set to."""
        if self._fan.mode == MANUAL or self._kept is None:
            return round(self._unit.fan_percent)
        return self._kept

    def write(self, percent: int) -> None:
        """Set the fan to it in manual mode."""
        self._kept = percent
        if self._fan.mode == MANUAL:
            self._unit.fan_percent = float(percent)


def _control(control: Entry, unit: AirUnit) -> None:
    """Off and on at once; this unit takes no longer delay."""
    for column, name, on in (
        (1, "lgpEnvControlShutdownAfterDelay", False),
        (2, "lgpEnvControlStartupAfterDelay", True),
    ):
        control.number(column, name, NO_COUNTDOWN, number_in(NO_COUNTDOWN, AT_ONCE, _run(unit, on=on)))


def _run(unit: AirUnit, *, on: bool) -> Callable[[int], None]:
    def write(value: int) -> None:
        if value == AT_ONCE:
            unit.running = on

    return write
