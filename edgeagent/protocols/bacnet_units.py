"""Engineering units of BACnet (ANSI/ASHRAE 135, clause 21, BACnetEngineeringUnits) and the kinds that they can be."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edgeagent.model.units import Kind

NO_UNITS = 95
FOOT3_PER_MIN = 1.699010796  # m3/h
GALLON = 3.785411784  # L
PSI = 6.894757293  # kPa
INCH_OF_WATER = 0.2490889  # kPa
BTU_PER_HOUR = 0.29307107  # W
TON = 3516.8528  # W of refrigeration


@dataclass(frozen=True, slots=True)
class Unit:
    """``(value + offset) * multiply`` is in the kind's own unit."""

    word: str
    multiply: float = 1.0
    offset: float = 0.0

    def of(self, number: float) -> float:
        """The number in the kind's unit."""
        return (number + self.offset) * self.multiply

    def back(self, value: float) -> float:
        """A value in the kind's unit as the device has it."""
        return value / self.multiply - self.offset


_PERCENT = (Kind.PERCENT, Kind.HUMIDITY, Kind.VALVE, Kind.LIQUID_LEVEL)
_POWER = (Kind.POWER, Kind.HEAT)
_COUNTS = (Kind.COUNT, Kind.LOAD, Kind.POWER_FACTOR)

# number, word, the kinds that it can be, the likeliest first, with what a value is multiplied by; what is added before
_ROWS: tuple[tuple[int, str, tuple[tuple[Kind, float], ...], float], ...] = (
    (62, "degrees-celsius", ((Kind.TEMPERATURE, 1.0),), 0.0),
    (63, "degrees-kelvin", ((Kind.TEMPERATURE, 1.0),), -273.15),
    (64, "degrees-fahrenheit", ((Kind.TEMPERATURE, 5.0 / 9.0),), -32.0),
    (98, "percent", tuple((kind, 1.0) for kind in _PERCENT), 0.0),
    (29, "percent-relative-humidity", ((Kind.HUMIDITY, 1.0),), 0.0),
    (132, "milliwatts", tuple((kind, 1e-3) for kind in _POWER), 0.0),
    (47, "watts", tuple((kind, 1.0) for kind in _POWER), 0.0),
    (48, "kilowatts", tuple((kind, 1e3) for kind in _POWER), 0.0),
    (49, "megawatts", tuple((kind, 1e6) for kind in _POWER), 0.0),
    (50, "btus-per-hour", ((Kind.HEAT, BTU_PER_HOUR), (Kind.POWER, BTU_PER_HOUR)), 0.0),
    (157, "kilo-btus-per-hour", ((Kind.HEAT, 1e3 * BTU_PER_HOUR), (Kind.POWER, 1e3 * BTU_PER_HOUR)), 0.0),
    (52, "tons-refrigeration", ((Kind.HEAT, TON), (Kind.POWER, TON)), 0.0),
    (8, "volt-amperes", ((Kind.APPARENT_POWER, 1.0),), 0.0),
    (9, "kilovolt-amperes", ((Kind.APPARENT_POWER, 1e3),), 0.0),
    (11, "volt-amperes-reactive", ((Kind.REACTIVE_POWER, 1.0),), 0.0),
    (12, "kilovolt-amperes-reactive", ((Kind.REACTIVE_POWER, 1e3),), 0.0),
    (15, "power-factor", ((Kind.POWER_FACTOR, 1.0),), 0.0),
    (18, "watt-hours", ((Kind.ENERGY, 1.0),), 0.0),
    (19, "kilowatt-hours", ((Kind.ENERGY, 1e3),), 0.0),
    (146, "megawatt-hours", ((Kind.ENERGY, 1e6),), 0.0),
    (17, "kilojoules", ((Kind.ENERGY, 1.0 / 3.6),), 0.0),
    (126, "megajoules", ((Kind.ENERGY, 1e3 / 3.6),), 0.0),
    (2, "milliamperes", ((Kind.CURRENT, 1e-3),), 0.0),
    (3, "amperes", ((Kind.CURRENT, 1.0),), 0.0),
    (124, "millivolts", ((Kind.VOLTAGE, 1e-3),), 0.0),
    (5, "volts", ((Kind.VOLTAGE, 1.0),), 0.0),
    (6, "kilovolts", ((Kind.VOLTAGE, 1e3),), 0.0),
    (27, "hertz", ((Kind.FREQUENCY, 1.0),), 0.0),
    (104, "revolutions-per-minute", ((Kind.ROTATIONAL, 1.0),), 0.0),
    (53, "pascals", ((Kind.PRESSURE, 1e-3),), 0.0),
    (133, "hectopascals", ((Kind.PRESSURE, 0.1),), 0.0),
    (134, "millibars", ((Kind.PRESSURE, 0.1),), 0.0),
    (54, "kilopascals", ((Kind.PRESSURE, 1.0),), 0.0),
    (55, "bars", ((Kind.PRESSURE, 100.0),), 0.0),
    (56, "pounds-force-per-square-inch", ((Kind.PRESSURE, PSI),), 0.0),
    (58, "inches-of-water", ((Kind.PRESSURE, INCH_OF_WATER),), 0.0),
    (87, "liters-per-second", ((Kind.LIQUID_FLOW, 60.0), (Kind.AIR_FLOW, 3.6)), 0.0),
    (88, "liters-per-minute", ((Kind.LIQUID_FLOW, 1.0), (Kind.AIR_FLOW, 0.06)), 0.0),
    (136, "liters-per-hour", ((Kind.LIQUID_FLOW, 1.0 / 60.0),), 0.0),
    (89, "us-gallons-per-minute", ((Kind.LIQUID_FLOW, GALLON),), 0.0),
    (135, "cubic-meters-per-hour", ((Kind.AIR_FLOW, 1.0), (Kind.LIQUID_FLOW, 1e3 / 60.0)), 0.0),
    (165, "cubic-meters-per-minute", ((Kind.AIR_FLOW, 60.0), (Kind.LIQUID_FLOW, 1e3)), 0.0),
    (85, "cubic-meters-per-second", ((Kind.AIR_FLOW, 3600.0), (Kind.LIQUID_FLOW, 6e4)), 0.0),
    (84, "cubic-feet-per-minute", ((Kind.AIR_FLOW, FOOT3_PER_MIN),), 0.0),
    (159, "milliseconds", ((Kind.DURATION, 1e-3),), 0.0),
    (73, "seconds", ((Kind.DURATION, 1.0),), 0.0),
    (72, "minutes", ((Kind.DURATION, 60.0),), 0.0),
    (71, "hours", ((Kind.DURATION, 3600.0),), 0.0),
    (70, "days", ((Kind.DURATION, 86_400.0),), 0.0),
    (35, "watts-per-square-meter", ((Kind.IRRADIANCE, 1.0),), 0.0),
    (NO_UNITS, "no-units", tuple((kind, 1.0) for kind in _COUNTS), 0.0),
)
UNITS: Mapping[int, Mapping[Kind, Unit]] = MappingProxyType(
    {
        number: MappingProxyType({kind: Unit(word, multiply, offset) for kind, multiply in kinds})
        for number, word, kinds, offset in _ROWS
    }
)
"""By number: what a value in this unit can be. Not here: what has no kind, such as grams per kilogram."""
NUMBER_OF_UNIT: Mapping[str, int] = MappingProxyType({word: number for number, word, _, _ in _ROWS})
_HINTS = (
    ("humid", Kind.HUMIDITY),
    ("valve", Kind.VALVE),
    ("level", Kind.LIQUID_LEVEL),
    ("air", Kind.AIR_FLOW),
    ("cooling", Kind.HEAT),
    ("heat", Kind.HEAT),
    ("water", Kind.LIQUID_FLOW),
    ("factor", Kind.POWER_FACTOR),
)


def kind_of(units: int, name: str) -> Kind | None:
    """What a value in this unit is, as far as its name helps; None where it has no kind."""
    known = UNITS.get(units)
    if known is None:
        return None
    for hint, kind in _HINTS:
        if kind in known and hint in name.lower():
            return kind
    return next(iter(known))
