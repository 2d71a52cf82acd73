"""A module of dry contacts and relays in the enclosure, and the plant's electrical devices that have a plain map.

Contacts are loops that are closed while all is well: discrete input n reads 1 then, and a cut wire reads 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from firmware_stubs.enclosure import Enclosure
from firmware_stubs.energy import DcPlant, Generator, Grid, TransferSwitch
from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_map import COIL, DISCRETE, HOLDING, INPUT, Place, RegisterMap, flags, measured

CONTACTS, RELAYS = 16, 8
RATED_RPM = 1500.0
GENCOMM_PAGE = 256
STRIKE, SIREN, LIGHT = "strike_open", "siren", "light"


def enclosure(shell: Enclosure, faulty: Faulty) -> RegisterMap:
    """Contacts 1, 2 … are the doors, smoke, each cable's leak and fault, tamper; relays 1 to 3 strike, siren, light."""
    words = RegisterMap(faulty)
    well = contacts(shell)
    for number in range(CONTACTS):
        words.bit(DISCRETE, number, well[number][1] if number < len(well) else lambda: False)
    for number in range(RELAYS):
        name = (STRIKE, SIREN, LIGHT)[number] if number < 3 else f"relay_{number + 1}"
        spare = {name: False}
        words.bit(COIL, number, *(_relay(shell, name) if number < 3 else _spare(spare, name)))
    words.add(INPUT, 0, measured(lambda: shell.temperature_c, 10.0, temperature=True))
    words.add(INPUT, 1, measured(lambda: shell.humidity_percent, 10.0))
    return words


def contacts(shell: Enclosure) -> list[tuple[str, Callable[[], bool]]]:
    """What hangs on the inputs, in order, as the agent's configuration calls it, and whether the loop is closed."""
    found = [(f"door.{name}", _shut(shell, name)) for name in shell.doors]
    found.append(("smoke.1", lambda: not shell.smoke))
    for number, name in enumerate(shell.leak_cable, 1):
        found.append((f"leak.{number}", _is_not(shell, name, "leak")))
        found.append((f"leak.{number}.fault", _is_not(shell, name, "fault")))
    found.append(("tamper.1", lambda: not shell.tamper))
    return found


def dc_plant(device: DcPlant, faulty: Faulty) -> RegisterMap:
    """A -48 V plant, told without the sign: hundredths of a volt, tenths of an ampere."""
    words = RegisterMap(faulty)
    words.add(INPUT, 0, measured(lambda: device.voltage_v, 100.0, signed=False))
    words.add(INPUT, 1, measured(lambda: device.load_a, 10.0))
    words.add(INPUT, 2, measured(lambda: device.battery_a, 10.0))
    words.add(INPUT, 3, measured(lambda: device.battery_c, 10.0, temperature=True))
    words.add(INPUT, 4, measured(lambda: 100.0 * device.soc, 10.0))
    words.add(INPUT, 5, measured(lambda: device.input_w, words=2))
    words.add(INPUT, 10, Place(lambda: len(device.rectifiers)))
    for number in range(len(device.rectifiers)):
        words.add(INPUT, 11 + number, Place(_rectifier(device, number)))
    words.add(INPUT, 30, flags(lambda: device.lvd_open, lambda: not all(device.rectifiers)))
    return words


def transfer_switch(device: TransferSwitch, grid: Grid, generator: Generator, faulty: Faulty) -> RegisterMap:
    """An automatic transfer switch: source A is the utility, source B the generator."""
    words = RegisterMap(faulty)
    words.add(INPUT, 0, Place(lambda: {"A": 1, "B": 2}[device.source]))
    words.add(INPUT, 1, measured(lambda: grid.voltage_v * (1.0 - grid.sag) if grid.live else 0.0, 10.0, signed=False))
    words.add(INPUT, 2, measured(lambda: generator.voltage_v / math.sqrt(3.0), 10.0, signed=False))
    words.add(INPUT, 3, measured(lambda: grid.frequency_hz if grid.live else 0.0, 100.0, signed=False))
    words.add(INPUT, 4, measured(lambda: generator.frequency_hz, 100.0, signed=False))
    words.add(INPUT, 5, Place(lambda: device.transfers, words=2))
    words.add(INPUT, 7, flags(lambda: device.stuck))
    words.add(HOLDING, 0, Place(lambda: {"A": 1, "B": 2}[device.preferred], _prefer(device)))
    return words


def generator(device: Generator, faulty: Faulty) -> RegisterMap:
    """A set behind a DSE controller: GenComm pages 3, 4, 6 and 7. What the set has no sensor for reads all ones."""
    words = RegisterMap(faulty, fill=0xFFFF)

    def page(number: int, offset: int, place: Place) -> None:
        words.add(HOLDING, number * GENCOMM_PAGE + offset, place)

    page(3, 2, Place(lambda: int(faulty.serial or device.serial or 0), words=2))
    page(3, 4, Place(lambda: 1))  # auto
    page(4, 1, Place(lambda: device.coolant_c, absent=0x7FFC, is_temperature=True))
    page(4, 3, Place(lambda: device.fuel_percent, absent=0xFFFC))
    page(4, 5, Place(lambda: device.starter_v, scale=10.0, absent=0xFFFC))
    page(4, 6, Place(lambda: RATED_RPM if device.running else 0.0, absent=0xFFFC))
    page(4, 7, Place(lambda: device.frequency_hz, scale=10.0, absent=0xFFFC))
    for phase in range(3):
        page(4, 8 + 2 * phase, _long(lambda: device.voltage_v / math.sqrt(3.0), 10.0))
        page(4, 20 + 2 * phase, _long(lambda: _current_a(device), 10.0))
        page(4, 28 + 2 * phase, _long(lambda: device.power_w / 3.0, 1.0, 0x7FFFFFFC))
    page(6, 0, _long(lambda: device.power_w, 1.0, 0x7FFFFFFC))
    page(7, 6, _long(lambda: device.run_s, 1.0))
    page(7, 8, _long(lambda: device.energy_wh / 1000.0, 10.0))
    page(7, 16, _long(lambda: device.starts, 1.0))
    return words


def _long(get: Callable[[], float], scale: float, absent: int = 0xFFFFFFFC) -> Place:
    return Place(get, scale=scale, words=2, absent=absent)


def _current_a(device: Generator) -> float:
    return device.power_w / (math.sqrt(3.0) * device.voltage_v) if device.voltage_v else 0.0


def _shut(shell: Enclosure, door: str) -> Callable[[], bool]:
    return lambda: not shell.doors[door]


def _is_not(shell: Enclosure, cable: str, state: str) -> Callable[[], bool]:
    return lambda: shell.leak_cable[cable] != state


def _rectifier(device: DcPlant, number: int) -> Callable[[], float]:
    return lambda: float(not device.rectifiers[number])


def _prefer(device: TransferSwitch) -> Callable[[float], None]:
    return lambda value: setattr(device, "preferred", {1: "A", 2: "B"}.get(round(value), device.preferred))


def _relay(shell: Enclosure, name: str) -> tuple[Callable[[], bool], Callable[[bool], None]]:
    return lambda: bool(getattr(shell, name)), lambda value: setattr(shell, name, value)


def _spare(state: dict[str, bool], name: str) -> tuple[Callable[[], bool], Callable[[bool], None]]:
    return lambda: state[name], lambda value: state.update({name: value})
