"""Cooling over Modbus, each by a plain map: a coolant distribution unit, an air unit, the facility water.

CDU and air unit have a communication time-out (holding register 10, seconds, 0: none): a unit that hears nothing for
so long goes to the set points that stand in holding registers 11 and 12.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_map import Place, RegisterMap, celsius, float_low_first, identity, measured, tenths
from firmware_stubs.modbus_server import HOLDING, INPUT
from firmware_stubs.plant import AirUnit, Cdu, Tank, WaterSupply

OFF, ON = 0, 1
CLEAR, ALARM = 0, 2
DRY, LEAK = 0, 1
STOPPED, RUNNING, BROKEN = 0, 1, 2
TENTHS = 10.0
LARGE_W = 3_000.0  # powers from here on are told in tens of watts


@dataclass
class TimeOut:
    """A unit's own way back. `tick` as time goes on."""

    now: Callable[[], float]
    act: Callable[[float, float], None]  # told the two set points to go to
    after_s: float = 0.0
    first: float = 80.0
    second: float = 25.0
    heard_s: float = 0.0

    def hear(self) -> None:
        """A request came."""
        self.tick()
        self.heard_s = self.now()

    def tick(self) -> None:
        """Go back when nobody was heard for too long."""
        if 0.0 < self.after_s < self.now() - self.heard_s:
            self.after_s = 0.0
            self.act(self.first, self.second)

    def put_into(self, words: RegisterMap) -> None:
        """Its three registers."""
        words.heard = self.hear
        words.add(HOLDING, 10, _attribute(self, "after_s", 1.0))
        words.add(HOLDING, 11, _attribute(self, "first"))
        words.add(HOLDING, 12, _attribute(self, "second"))


def cdu(device: Cdu, now: Callable[[], float], faulty: Faulty) -> tuple[RegisterMap, TimeOut]:
    """A coolant distribution unit."""
    words = RegisterMap(faulty)
    for address, place in enumerate(_cdu_inputs(device)):
        words.add(INPUT, address, place)
    for number in range(len(device.pump_percent)):
        words.add(INPUT, 11 + number, tenths(_speed(device, number)))
        words.add(INPUT, 13 + number, Place(_pump_state(device, number)))
        words.add(HOLDING, number, _pump(device, number))
    words.add(INPUT, 15, tenths(lambda: device.valve_percent))
    words.add(INPUT, 16, float_low_first(lambda: device.primary_flow_lpm))
    words.add(INPUT, 18, float_low_first(lambda: device.secondary_flow_lpm))
    words.add(INPUT, 20, measured(lambda: max(device.heat_w, 0.0), words=2))
    words.add(INPUT, 22, measured(lambda: device.power_w / 10 ** _exponent(device.power_w)))
    words.add(INPUT, 23, Place(lambda: _exponent(device.power_w)))
    words.add(HOLDING, 2, _attribute(device, "supply_setpoint_c"))
    time_out = TimeOut(now, lambda percent, setpoint_c: _go_back(device, percent, setpoint_c))
    time_out.put_into(words)
    identity(words, "CDU-60", device.serial or device.name)
    return words, time_out


def air_unit(device: AirUnit, now: Callable[[], float], faulty: Faulty) -> tuple[RegisterMap, TimeOut]:
    """A unit that cools an aisle."""
    words = RegisterMap(faulty)
    for address, place in enumerate(_air_inputs(device)):
        words.add(INPUT, address, place)
    words.add(INPUT, 8, measured(lambda: device.airflow_m3h, words=2))
    words.add(INPUT, 10, measured(lambda: max(device.heat_w, 0.0), words=2))
    words.add(INPUT, 12, measured(lambda: device.power_w, words=2))
    words.add(INPUT, 14, Place(lambda: BROKEN if not device.compressor_ok else RUNNING if device.heat_w else STOPPED))
    words.add(HOLDING, 0, _attribute(device, "setpoint_c"))
    words.add(HOLDING, 1, _attribute(device, "fan_percent"))

    def go_back(percent: float, setpoint_c: float) -> None:
        device.fan_percent, device.setpoint_c = percent, setpoint_c

    time_out = TimeOut(now, go_back, second=20.0)
    time_out.put_into(words)
    identity(words, "AIR-40", device.serial or device.name)
    return words, time_out


def water(device: WaterSupply, tanks: Sequence[Tank], faulty: Faulty) -> RegisterMap:
    """The facility water, and the tanks that its controller watches too."""
    words = RegisterMap(faulty)
    for address, place in enumerate(
        (
            celsius(lambda: device.supply_c),
            celsius(lambda: device.return_c),
            tenths(lambda: device.flow_lpm),
            tenths(lambda: device.strainer_kpa),
            Place(lambda: ALARM if device.alarm else CLEAR),
        )
    ):
        words.add(INPUT, address, place)
    for number, tank in enumerate(tanks[:4]):
        words.add(INPUT, 10 + 2 * number, tenths(_value(tank, "level_percent")))
        words.add(INPUT, 11 + 2 * number, celsius(_value(tank, "fluid_c")))
    identity(words, "WATER-2", device.name)
    return words


def _cdu_inputs(device: Cdu) -> tuple[Place, ...]:
    return (
        Place(lambda: ON if device.running else OFF),
        Place(lambda: ALARM if device.alarm else CLEAR),
        Place(lambda: LEAK if device.leak else DRY),
        celsius(lambda: device.primary_supply_c),
        celsius(lambda: device.primary_return_c),
        celsius(lambda: device.secondary_supply_c),
        celsius(lambda: device.secondary_return_c),
        measured(lambda: device.primary_kpa),
        tenths(lambda: device.differential_kpa),
        tenths(lambda: device.filter_kpa),
        tenths(lambda: device.reservoir_percent),
    )


def _air_inputs(device: AirUnit) -> tuple[Place, ...]:
    return (
        Place(lambda: ON if device.running else OFF),
        Place(lambda: ALARM if device.alarm else CLEAR),
        Place(lambda: LEAK if device.leak else DRY),
        celsius(lambda: device.supply_c),
        celsius(lambda: device.return_c),
        tenths(lambda: device.humidity_percent),
        tenths(lambda: device.cooling_percent),
        tenths(lambda: device.fan_percent if device.running and device.fan_ok else 0.0),
    )


def _value(thing: object, name: str) -> Callable[[], float]:
    return lambda: float(getattr(thing, name))


def _attribute(thing: object, name: str, scale: float = TENTHS) -> Place:
    """A number that may be written."""
    return Place(_value(thing, name), lambda value: setattr(thing, name, value), scale=scale)


def _exponent(power_w: float) -> int:
    return 1 if power_w >= LARGE_W else 0


def _go_back(device: Cdu, percent: float, setpoint_c: float) -> None:
    device.pump_percent[:] = [percent] * len(device.pump_percent)
    device.supply_setpoint_c = setpoint_c


def _pump(device: Cdu, number: int) -> Place:
    def put(value: float) -> None:
        device.pump_percent[number] = min(max(value, 0.0), 100.0)

    return Place(lambda: device.pump_percent[number], put, scale=TENTHS)


def _speed(device: Cdu, number: int) -> Callable[[], float]:
    return lambda: device.pump_percent[number] if device.pump_running(number) else 0.0


def _pump_state(device: Cdu, number: int) -> Callable[[], float]:
    return lambda: BROKEN if not device.pump_ok[number] else RUNNING if device.pump_running(number) else STOPPED
