"""Units of Redfish: what a ReadingType means, and whether ReadingUnits agrees with it (Sensor v1.12, DSP8010).

The type decides. A unit that says something else makes the reading doubtful, also where it is only misspelt ("C" is
UCUM's coulomb): services get units wrong, and nobody but a person can tell which of the two is. Where there is no type,
the unit is all there is.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from edgeagent.model.units import Kind

FOOT3_PER_MIN = 1.699010796  # m3/h; one cubic foot is 0.028316846592 m3
MM_HG = 0.133322387415  # kPa


@dataclass(frozen=True, slots=True)
class Meaning:
    """``value * multiply / divide`` is in the kind's own unit. ``unit`` is how the service has to write it."""

    kind: Kind
    unit: str
    multiply: float = 1.0
    divide: float = 1.0

    def of(self, number: float) -> float:
        """The number in the kind's unit; division keeps 1500 Pa at 1.5 kPa, multiplication by 0.001 would not."""
        return number * self.multiply / self.divide

    def back(self, value: float) -> float:
        """A value in the kind's unit as the service has it."""
        return value * self.divide / self.multiply


READING_TYPES: Mapping[str, Meaning] = MappingProxyType(
    {
        "Temperature": Meaning(Kind.TEMPERATURE, "Cel"),
        "Humidity": Meaning(Kind.HUMIDITY, "%"),
        "Power": Meaning(Kind.POWER, "W"),
        "EnergykWh": Meaning(Kind.ENERGY, "kW.h", multiply=1000.0),
        "EnergyJoules": Meaning(Kind.ENERGY, "J", divide=3600.0),
        "EnergyWh": Meaning(Kind.ENERGY, "W.h"),
        "ChargeAh": Meaning(Kind.CHARGE, "A.h"),
        "Voltage": Meaning(Kind.VOLTAGE, "V"),
        "Current": Meaning(Kind.CURRENT, "A"),
        "Frequency": Meaning(Kind.FREQUENCY, "Hz"),
        "Pressure": Meaning(Kind.PRESSURE, "Pa", divide=1000.0),
        "PressurePa": Meaning(Kind.PRESSURE, "Pa", divide=1000.0),
        "PressurekPa": Meaning(Kind.PRESSURE, "kPa"),
        "Barometric": Meaning(Kind.PRESSURE, "mm[Hg]", multiply=MM_HG),
        "Rotational": Meaning(Kind.ROTATIONAL, "{rev}/min"),
        "AirFlow": Meaning(Kind.AIR_FLOW, "[ft_i]3/min", multiply=FOOT3_PER_MIN),
        "AirFlowCMM": Meaning(Kind.AIR_FLOW, "m3/min", multiply=60.0),
        "LiquidFlow": Meaning(Kind.LIQUID_FLOW, "L/s", multiply=60.0),
        "LiquidFlowLPM": Meaning(Kind.LIQUID_FLOW, "L/min"),
        "Percent": Meaning(Kind.PERCENT, "%"),
        "Heat": Meaning(Kind.HEAT, "kW", multiply=1000.0),
        "Valve": Meaning(Kind.VALVE, "%"),
    }
)
"""The types that have a kind. Not here: altitude, absolute humidity, level in cm, positions, velocities."""

EQUAL: Mapping[str, frozenset[str]] = MappingProxyType(
    {
        "{rev}/min": frozenset(("RPM", "/min")),  # RPM is deprecated, and allowed
        "[ft_i]3/min": frozenset(("[cft_i]/min",)),
        "L/min": frozenset(("l/min",)),  # UCUM has both
        "L/s": frozenset(("l/s",)),
    }
)
"""Other spellings of a unit that mean just the same."""

UNTYPED: Mapping[str, Meaning] = MappingProxyType(
    {
        **{one.unit: one for name, one in READING_TYPES.items() if name not in {"Humidity", "Heat", "Valve"}},
        "RPM": READING_TYPES["Rotational"],
        "kW": Meaning(Kind.POWER, "kW", multiply=1000.0),
        "mV": Meaning(Kind.VOLTAGE, "mV", divide=1000.0),
        "mA": Meaning(Kind.CURRENT, "mA", divide=1000.0),
    }
)
"""What a unit alone means. "%" is a percentage of something; it is not humidity by itself."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What a sensor means, what is wrong with how it says so, and what is only to be known."""

    meaning: Meaning
    doubt: str = ""
    note: str = ""


def unit_of(reading_type: object, reading_units: object) -> Unit | None:
    """What a sensor with these two means; None where no kind is known for it."""
    typed = READING_TYPES.get(reading_type) if isinstance(reading_type, str) else None
    said = reading_units if isinstance(reading_units, str) else ""
    if typed is None:
        if reading_type or said not in UNTYPED:
            return None
        return Unit(UNTYPED[said], note=f"no ReadingType: taken from its unit {said}")
    if not said:
        return Unit(typed, note=f"no ReadingUnits: {typed.unit} by its ReadingType {reading_type}")
    if said == typed.unit or said in EQUAL.get(typed.unit, ()):
        return Unit(typed)
    return Unit(typed, doubt=f'ReadingUnits "{said[:20]}" where ReadingType {reading_type} is {typed.unit}')


def copied(meaning: Meaning, source: Mapping[str, object] | None) -> Unit:
    """What a property that copies a sensor means, given that sensor: its own name says the unit, so both must agree."""
    if source is None:
        return Unit(meaning, note="its sensor cannot be read")
    found = unit_of(source.get("ReadingType"), source.get("ReadingUnits"))
    if found is None or found.doubt:
        return Unit(meaning, found.doubt if found else "", "" if found else "its sensor is of no known type")
    if found.meaning.unit != meaning.unit and not _same_kind(found.meaning, meaning):
        return Unit(meaning, doubt=f"its sensor is {found.meaning.kind} in {found.meaning.unit}, not {meaning.unit}")
    return Unit(meaning, note=found.note)


def _same_kind(one: Meaning, other: Meaning) -> bool:
    return (one.kind, one.multiply, one.divide) == (other.kind, other.multiply, other.divide)
