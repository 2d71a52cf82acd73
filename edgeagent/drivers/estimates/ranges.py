"""What no device of a pod can measure: per kind of quantity, the values and the changes that cannot be true."""

from collections.abc import Mapping
from types import MappingProxyType

from edgeagent.model.points import Point
from edgeagent.model.units import Kind

Range = tuple[float, float]
EVERYTHING: Range = (float("-inf"), float("inf"))

RANGES: Mapping[Kind, Range] = MappingProxyType(
    {
        Kind.TEMPERATURE: (-60.0, 200.0),
        Kind.HUMIDITY: (0.0, 101.0),
        Kind.POWER: (-5e6, 5e6),
        Kind.APPARENT_POWER: (0.0, 5e6),
        Kind.POWER_FACTOR: (-1.05, 1.05),  # two decimals of two roundings
        Kind.VOLTAGE: (-1500.0, 1500.0),  # IEC low voltage, DC
        Kind.CURRENT: (-10_000.0, 10_000.0),
        Kind.PERCENT: (-1.0, 250.0),  # an overload, a fan above its nominal speed
        Kind.HEAT: (-5e6, 5e6),
        Kind.LIQUID_FLOW: (-1.0, 50_000.0),
        Kind.AIR_FLOW: (-1.0, 1e6),
        Kind.PRESSURE: (-150.0, 4000.0),
        Kind.VALVE: (-1.0, 101.0),
        Kind.LIQUID_LEVEL: (-1.0, 101.0),
        Kind.IRRADIANCE: (-20.0, 2000.0),
        Kind.DURATION: (0.0, 1e10),
    }
)
"""The widest that is physically or technically possible, not what is healthy: that is for limits."""

RATES_PER_S: Mapping[Kind, float] = MappingProxyType(
    {Kind.TEMPERATURE: 5.0, Kind.HUMIDITY: 20.0, Kind.LIQUID_LEVEL: 20.0, Kind.FREQUENCY: 5.0}
)
"""No sensor that is true changes faster; a fire makes about 3 K/s at a probe. A second reading confirms a jump."""
AIR_AND_WATER = frozenset(
    {
        "probe",
        "supply_air",
        "return_air",
        "room",
        "water",
        "supply",
        "return",
        "primary",
        "secondary",
        "fluid",
        "ambient",
    }
)
"""What is warmed by something else. A die that is given work is hot within a second, and is left alone."""

AC_VOLTAGE: Range = (80.0, 660.0)
"""Between any two conductors of a live mains supply, from 100 V less a brown-out to 600 V and a tenth."""
MAINS_HZ: Range = (40.0, 70.0)
_MAINS = ("inlet", "input", "output", "phase", "ac", "outlet", "branch", "frequency")
_OUTLET: Mapping[Kind, Range] = MappingProxyType({Kind.CURRENT: (-1.0, 130.0), Kind.POWER: (-50.0, 45_000.0)})
"""The largest connector that a rack PDU has: 63 A, three phases (IEC 60309)."""
_CHARGES = ("charge", "health")


def range_of(point: Point) -> Range:
    """The values that a point may have; a mains frequency may also be 0, when the supply is dead."""
    stem, _, leaf = point.name.rpartition(".")
    if point.kind is Kind.FREQUENCY:
        return (0.0, MAINS_HZ[1]) if (stem or leaf).split(".")[0] in _MAINS else EVERYTHING
    if stem.split(".")[0] in {"outlet", "branch"} and point.kind in _OUTLET:
        return _OUTLET[point.kind]
    if point.kind is Kind.VOLTAGE and stem.split(".")[0] in _MAINS:
        return -1.0, AC_VOLTAGE[1]
    if point.kind is Kind.PERCENT and leaf in _CHARGES:
        return -1.0, 120.0
    return RANGES.get(point.kind, EVERYTHING)


def rate_of(point: Point) -> float | None:
    """How much a point's value may change in a second, if that is known."""
    if point.kind is Kind.FREQUENCY and range_of(point) is EVERYTHING:
        return None  # a clock, not the mains
    if point.kind is Kind.TEMPERATURE and AIR_AND_WATER.isdisjoint(point.name.split(".")):
        return None
    return RATES_PER_S.get(point.kind)
