"""Cooling over Modbus: a CDU and a facility water set by a plain map, and a row cooler behind an IntelliSlot card.

The CDU has a watchdog: with no request for so many seconds as holding register 20 says (0: never) it goes back to its
own set points. Numbers are tenths with a sign and read 0x8000 where a sensor is missing, unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_map import HOLDING, INPUT, Place, RegisterMap, flags, measured, serial
from firmware_stubs.plant import AirUnit, Cdu, WaterSupply

TENTHS = 10.0
SERIAL = 100  # holding register


@dataclass
class Watchdog:
    """A CDU's own way back. `tick` as time goes on."""

    cdu: Cdu
    now: Callable[[], float]
    timeout_s: float = 0.0
    heard_s: float = 0.0
    kept: tuple[list[float], float] | None = None

    def hear(self) -> None:
        """A request came."""
        self.tick()
        self.heard_s = self.now()

    def set(self, timeout_s: float) -> None:
        """Take a time, and what to go back to: what stands now."""
        if self.kept is None:
            self.kept = (list(self.cdu.pump_percent), self.cdu.supply_setpoint_c)
        self.timeout_s = timeout_s

    def tick(self) -> None:
        """Go back when nobody was heard for too long."""
        if self.kept is not None and 0.0 < self.timeout_s < self.now() - self.heard_s:
            self.cdu.pump_percent[:], self.cdu.supply_setpoint_c = self.kept[0], self.kept[1]
            self.kept, self.timeout_s = None, 0.0


def cdu(device: Cdu, now: Callable[[], float], faulty: Faulty) -> tuple[RegisterMap, Watchdog]:
    """A coolant distribution unit."""
    watchdog = Watchdog(device, now)
    words = RegisterMap(faulty, heard=watchdog.hear)
    _cdu_inputs(device, words)
    words.add(HOLDING, 0, Place(lambda: device.running, lambda value: setattr(device, "running", value != 0)))
    for number in range(len(device.pump_percent)):
        words.add(HOLDING, 1 + number, _pump(device, number))
    words.add(HOLDING, 10, _setpoint(device, "supply_setpoint_c"))
    words.add(HOLDING, 20, Place(lambda: watchdog.timeout_s, watchdog.set))
    serial(words, SERIAL, device.serial or device.name)
    return words, watchdog


def water(device: WaterSupply, faulty: Faulty) -> RegisterMap:
    """The facility water's skid: pump, strainer, chiller."""
    words = RegisterMap(faulty)
    for address, place in enumerate(
        (
            measured(lambda: device.supply_c, TENTHS, temperature=True),
            measured(lambda: device.return_c, TENTHS, temperature=True),
            measured(lambda: device.flow_lpm, TENTHS),
            measured(lambda: device.strainer_kpa, TENTHS),
        )
    ):
        words.add(INPUT, address, place)
    words.add(INPUT, 4, measured(lambda: device.heat_w, words=2))
    words.add(INPUT, 6, measured(lambda: device.power_w, words=2))
    running = lambda: device.running  # noqa: E731 - it stands twice
    words.add(
        INPUT, 10, flags(running, lambda: device.alarm, lambda: not device.pump_ok, lambda: not device.compressor_ok)
    )
    words.add(HOLDING, 0, Place(running, lambda value: setattr(device, "running", value != 0)))
    words.add(HOLDING, 1, _setpoint(device, "setpoint_c"))
    return words


def row_cooler(device: AirUnit, faulty: Faulty) -> RegisterMap:
    """A Liebert CRV behind an IntelliSlot card, as far as table 12 of SL-28170 is known here; the wire counts from 0.

    What the card does not know of reads 0x8000.
    """
    words = RegisterMap(faulty, fill=0x8000)
    timeout_min = {"value": 0.0}
    for number in range(10):  # remote sensors of the rack inlets: here all in the air that the unit blows
        words.add(INPUT, 423 + number, measured(lambda: device.supply_c, TENTHS, temperature=True))
    words.add(INPUT, 443, Place(lambda: -0x8000))  # no chilled water in this unit
    for table in (INPUT, HOLDING):
        words.add(table, 447, Place(lambda: timeout_min["value"], lambda value: timeout_min.update(value=value)))
    words.add(INPUT, 450, measured(lambda: device.fan_percent if device.running else 0.0))
    words.add(INPUT, 451, measured(lambda: device.cooling_percent))
    return words


def _cdu_inputs(device: Cdu, words: RegisterMap) -> None:
    tenths: dict[int, tuple[str, bool]] = {
        0: ("secondary_supply_c", True),
        1: ("secondary_return_c", True),
        2: ("secondary_flow_lpm", False),
        3: ("differential_kpa", False),
        10: ("primary_supply_c", True),
        11: ("primary_return_c", True),
        12: ("primary_flow_lpm", False),
        13: ("primary_kpa", False),
        14: ("valve_percent", False),
        20: ("reservoir_percent", False),
        21: ("filter_kpa", False),
    }
    for address, (name, temperature) in tenths.items():
        words.add(INPUT, address, measured(_field(device, name), TENTHS, temperature=temperature))
    words.add(INPUT, 22, measured(lambda: device.heat_w, words=2))
    words.add(INPUT, 24, measured(lambda: device.power_w, words=2))
    for number in range(len(device.pump_percent)):
        words.add(INPUT, 30 + number, measured(_speed(device, number), TENTHS))
    turning = [_turns(device, number) for number in range(2)]
    broken = [_broken(device, number) for number in range(2)]
    words.add(INPUT, 40, flags(lambda: device.running, lambda: device.alarm, lambda: device.leak, *turning, *broken))


def _field(thing: object, name: str) -> Callable[[], float]:
    return lambda: float(getattr(thing, name))


def _setpoint(thing: object, name: str) -> Place:
    return Place(_field(thing, name), lambda value: setattr(thing, name, value), scale=TENTHS)


def _pump(device: Cdu, number: int) -> Place:
    def put(value: float) -> None:
        device.pump_percent[number] = min(max(value, 0.0), 100.0)

    return Place(lambda: device.pump_percent[number], put, scale=TENTHS)


def _speed(device: Cdu, number: int) -> Callable[[], float]:
    return lambda: device.pump_percent[number] if device.pump_running(number) else 0.0


def _turns(device: Cdu, number: int) -> Callable[[], bool]:
    return lambda: device.pump_running(number)


def _broken(device: Cdu, number: int) -> Callable[[], bool]:
    return lambda: not device.pump_ok[number]
