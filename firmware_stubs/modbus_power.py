"""What feeds the pod over Modbus: a DC plant and a transfer switch by plain maps, a generating set by DSE's GenComm."""

from __future__ import annotations

import math
from collections.abc import Callable

from firmware_stubs.energy import DcPlant, Generator, Grid, TransferSwitch
from firmware_stubs.faulty import Faulty
from firmware_stubs.modbus_map import Place, RegisterMap, celsius, identity, measured, tenths
from firmware_stubs.modbus_server import HOLDING, INPUT

RECTIFIERS = 8
FAILED, WELL, NOT_FITTED = 0, 1, 2
SOURCES = {"A": 1, "B": 2}
RATED_RPM = 1500.0
PAGE = 256  # registers of a GenComm page
DSE, MODEL = 1, 7320  # manufacturer and model as the controller tells them
AUTO = 1
STOPPED, STARTING, RUNNING, COOLING = 0, 1, 3, 4
TRANSDUCER_FAULT = {"u16": 0xFFFC, "s16": 0x7FFC, "u32": 0xFFFFFFFC, "s32": 0x7FFFFFFC}


def dc_plant(device: DcPlant, faulty: Faulty) -> RegisterMap:
    """A -48 V plant, told without the sign: hundredths of a volt, tenths of an ampere."""
    words = RegisterMap(faulty)
    words.add(INPUT, 0, measured(lambda: device.voltage_v, 100.0))
    words.add(INPUT, 1, measured(lambda: device.load_a, 10.0, signed=True))
    words.add(INPUT, 2, measured(lambda: device.battery_a, 10.0, signed=True))
    words.add(INPUT, 3, celsius(lambda: device.battery_c))
    words.add(INPUT, 4, tenths(lambda: 100.0 * device.soc))
    words.add(INPUT, 5, Place(lambda: device.input_w > 0.0))
    for number in range(RECTIFIERS):
        words.add(INPUT, 6 + number, Place(_rectifier(device, number)))
    words.add(INPUT, 14, Place(lambda: device.lvd_open))
    words.add(INPUT, 15, measured(lambda: device.voltage_v * device.load_a, words=2))
    identity(words, "DC-48", device.serial or device.name)
    return words


def transfer_switch(device: TransferSwitch, grid: Grid, generator: Generator, faulty: Faulty) -> RegisterMap:
    """An automatic transfer switch: source A is the utility, source B the generator."""
    words = RegisterMap(faulty)
    words.add(INPUT, 0, Place(lambda: SOURCES[device.source]))
    words.add(INPUT, 1, Place(lambda: SOURCES[device.preferred]))
    words.add(INPUT, 2, Place(lambda: grid.live))
    words.add(INPUT, 3, Place(lambda: generator.running))
    words.add(INPUT, 4, tenths(lambda: grid.voltage_v * (1.0 - grid.sag) if grid.live else 0.0))
    words.add(INPUT, 5, tenths(lambda: generator.voltage_v / math.sqrt(3.0)))
    words.add(INPUT, 6, measured(lambda: grid.frequency_hz if grid.live else 0.0, 100.0))
    words.add(INPUT, 7, measured(lambda: generator.frequency_hz, 100.0))
    words.add(INPUT, 8, Place(lambda: device.transfers, words=2))
    identity(words, "ATS-2", device.serial or device.name)
    return words


def generator(device: Generator, faulty: Faulty) -> RegisterMap:
    """A set behind a DSE controller. What the controller has no sensor for reads all ones."""
    words = RegisterMap(faulty, fill=0xFFFF)
    for (page, offset), place in _pages(device, faulty).items():
        words.add(HOLDING, page * PAGE + offset, place)
    return words


def serial_number(serial: str) -> int:
    """A serial number of a controller is a number: the digits of ours, or a sum of its letters."""
    digits = "".join(filter(str.isdigit, serial))
    return int(digits or 0) % 1_000_000_000 or sum(serial.encode())


def _pages(device: Generator, faulty: Faulty) -> dict[tuple[int, int], Place]:
    """By page and offset: 3 status, 4 to 7 instrumentation, 8 alarms."""
    found = {
        (3, 0): Place(lambda: DSE),
        (3, 1): Place(lambda: MODEL),
        (3, 2): Place(lambda: serial_number(faulty.serial or device.serial), words=2),
        (3, 4): Place(lambda: AUTO),
        (4, 1): _told(lambda: device.coolant_c, "s16"),
        (4, 3): _told(lambda: device.fuel_percent, "u16"),
        (4, 5): _told(lambda: device.starter_v, "u16", 10.0),
        (4, 6): _told(lambda: RATED_RPM if device.running else 0.0, "u16"),
        (4, 7): _told(lambda: device.frequency_hz, "u16", 10.0),
        (5, 128): Place(lambda: _state(device)),
        (6, 0): _told(lambda: device.power_w, "s32"),
        (7, 6): _told(lambda: device.run_s, "u32"),
        (7, 8): _told(lambda: device.energy_wh / 1000.0, "u32", 10.0),
        (7, 16): _told(lambda: device.starts, "u32"),
        (8, 1): Place(lambda: 0x1111),
        (8, 2): Place(lambda: 0x1131 if device.alarm else 0x1111),  # third of four: it failed to start
        (8, 3): Place(lambda: 0x1FFF),
    }
    for phase in range(3):
        found[4, 8 + 2 * phase] = _told(lambda: device.voltage_v / math.sqrt(3.0), "u32", 10.0)
        found[4, 20 + 2 * phase] = _told(lambda: _current_a(device), "u32", 10.0)
        found[4, 28 + 2 * phase] = _told(lambda: device.power_w / 3.0, "s32")
    return found


def _told(get: Callable[[], float], kind: str, scale: float = 1.0) -> Place:
    return Place(get, scale=scale, words=2 if kind.endswith("32") else 1, absent=TRANSDUCER_FAULT[kind])


def _state(device: Generator) -> float:
    if device.cranking:
        return STARTING
    if not device.running:
        return STOPPED
    return RUNNING if device.start or device.called else COOLING


def _current_a(device: Generator) -> float:
    return device.power_w / (math.sqrt(3.0) * device.voltage_v) if device.voltage_v else 0.0


def _rectifier(device: DcPlant, number: int) -> Callable[[], float]:
    if number >= len(device.rectifiers):
        return lambda: NOT_FITTED
    return lambda: WELL if device.rectifiers[number] else FAILED
