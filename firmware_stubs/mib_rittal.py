"""A Rittal LCP with its CMC III controller, as RITTAL-CMC-III-MIB describes the table of variables.

A variable is known by its name and unit; its scale is a divisor where it is negative (-100: by 100), a factor where it
is positive. Device 1 is the controller, device 2 the cooler. This one has a refrigerant circuit of its own, so the
variables of water are not there. A door contact that nobody has connected says "Inactive".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_stubs.mib_sensing import fahrenheit, number_in
from firmware_stubs.mib_system import ENTERPRISES, Entry, add_system
from firmware_stubs.plant import AirUnit
from firmware_stubs.snmp_ber import Oid
from firmware_stubs.snmp_card import Card
from firmware_stubs.snmp_table import OidTable, Setter

ENTERPRISE = 2606
FIRMWARE = "V3.17.10"
CMC: Oid = (*ENTERPRISES, ENTERPRISE, 7)
OWN: Oid = (*CMC, 2)
DEVICES: Oid = (*CMC, 4, 1, 2, 1)
VARIABLES: Oid = (*CMC, 4, 2, 2, 1)
CONTROLLER, COOLER, DOOR = 1, 2, 3
VALUE, STATUS, SET_CONTROL = 2, 7, 17  # cmcIIIVarType
INT, ENUM = 2, 4  # cmcIIIVarDataType
READ_ONLY, READ_WRITE = 2, 3  # cmcIIIVarAccess
QUALITY_OK = 2
FANS = 6
LOWEST, HIGHEST = 1000, 4000  # the setpoint, in its own hundredths


@dataclass(frozen=True)
class Variable:
    """One row. The integer is `read`, or the number of the text that `says` gives."""

    name: str
    units: Callable[[], str] = str
    scale: int = 1
    read: Callable[[], int] = lambda: 0
    says: Callable[[], str] | None = None
    setter: Setter | None = None

    def text(self) -> bytes:
        """Its value as a person reads it."""
        if self.says is not None:
            return self.says().encode()
        value = self.read()
        shown = f"{value / -self.scale:.2f}" if self.scale < 0 else str(value * self.scale)
        return f"{shown} {self.units()}".strip().encode()


def build(unit: AirUnit, card: Card) -> OidTable:
    """The controller's whole table."""
    table = OidTable()
    add_system(table, card, f"Rittal LCP SN {card.serial} HW V4.01 - SW {FIRMWARE}", CMC)
    own = Entry(table, OWN, 0)
    own.number(1, "cmcIIIUnitStatus", 1)  # ok
    own.text(4, "cmcIIIUnitFWRev", FIRMWARE)
    own.text(6, "cmcIIIUnitSerial", card.serial_octets)
    own.number(8, "cmcIIIUnitType", 4)  # lcp
    names = {CONTROLLER: "CMCIII-PU LCP", COOLER: "LCP DX", DOOR: "CMCIII-ACC"}
    for device, name in names.items():
        Entry(table, DEVICES, device).text(2, "cmcIIIDevName", name)
    _serve(table, CONTROLLER, [Variable("System.Supply 24V.Value", lambda: "V", -1000, lambda: 23_980)])
    _serve(table, COOLER, _cooler(unit, card))
    _serve(table, DOOR, [Variable("Access.Status", says=lambda: "Inactive")])
    return table


def _cooler(unit: AirUnit, card: Card) -> list[Variable]:
    """A person may switch the degrees of the whole controller."""

    def degrees() -> str:
        return "degree F" if card.fahrenheit else "degree C"

    def warm(name: str, read: Callable[[], float], setter: Setter | None = None) -> Variable:
        def hundredths() -> int:
            return round((fahrenheit(read()) if card.fahrenheit else read()) * 100)

        return Variable(name, degrees, -100, hundredths, setter=setter)

    def sets(hundredths: int) -> None:
        unit.setpoint_c = (hundredths / 100 - 32) / 1.8 if card.fahrenheit else hundredths / 100

    fans = [f"Fans.Current Speed.Fan{number}.Value" for number in range(1, FANS + 1)]
    return [
        warm("Air Temp.Server In.Average.Setpoint", lambda: unit.setpoint_c, number_in(LOWEST, HIGHEST, sets)),
        warm("Air Temp.Server In.Average.Value", lambda: unit.supply_c),
        warm("Air Temp.Server Out.Average.Value", lambda: unit.return_c),
        *(Variable(name, lambda: "%", 1, lambda: _fan(unit)) for name in fans),
        Variable("Cooling Capacity.Value", lambda: "W", 1, lambda: round(unit.heat_w)),
        Variable("Leakage Sensor.Input", read=lambda: int(unit.leak)),
        Variable("Leakage Sensor.Status", says=lambda: "Alarm" if unit.leak else "OK"),
    ]


def _encoded(read: Callable[[], str]) -> Callable[[], bytes]:
    return lambda: read().encode()


def _fan(unit: AirUnit) -> int:
    return round(unit.fan_percent) if unit.airflow_m3h > 0.0 else 0


def _serve(table: OidTable, device: int, variables: list[Variable]) -> None:
    for number, variable in enumerate(variables, 1):
        row = Entry(table, VARIABLES, device, number)
        kind = SET_CONTROL if variable.setter else STATUS if variable.says else VALUE
        row.text(3, "cmcIIIVarName", variable.name)
        row.number(4, "cmcIIIVarType", kind)
        row.text(5, "cmcIIIVarUnit", _encoded(variable.units))
        row.number(6, "cmcIIIVarDataType", ENUM if variable.says else INT)
        row.number(7, "cmcIIIVarScale", 0 if variable.says else variable.scale)
        row.text(10, "cmcIIIVarValueStr", variable.text)
        row.number(11, "cmcIIIVarValueInt", variable.read, variable.setter)
        row.number(13, "cmcIIIVarAccess", READ_WRITE if variable.setter else READ_ONLY)
        row.number(14, "cmcIIIVarQuality", QUALITY_OK)
