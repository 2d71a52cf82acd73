"""OpenMetrics text (openmetrics.io, 1.0) from the process's own metrics and the pod's GOOD readings.

Readings bear OpenTelemetry ``hw.*`` names where one exists, in base units (J, not Wh).
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from edgeagent.core.metrics import Family, Histogram, Metrics
from edgeagent.core.state import State
from edgeagent.model.points import Point, name_of
from edgeagent.model.reading import Quality
from edgeagent.model.units import Kind

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"

POINT_FAMILIES: Mapping[Kind, tuple[str, str, float]] = MappingProxyType(
    {
        Kind.TEMPERATURE: ("hw_temperature_celsius", "Temperature", 1.0),
        Kind.HUMIDITY: ("hw_humidity_ratio", "Relative humidity, 0 to 1", 0.01),
        Kind.POWER: ("hw_power_watts", "Active power", 1.0),
        Kind.APPARENT_POWER: ("hw_apparent_power_voltamperes", "Apparent power", 1.0),
        Kind.POWER_FACTOR: ("hw_power_factor_ratio", "Power factor, 0 to 1", 1.0),
        Kind.ENERGY: ("hw_energy_joules", "Energy since the device's own reset", 3600.0),
        Kind.VOLTAGE: ("hw_voltage_volts", "Voltage", 1.0),
        Kind.CURRENT: ("hw_current_amperes", "Current", 1.0),
        Kind.FREQUENCY: ("hw_frequency_hertz", "Frequency", 1.0),
        Kind.ROTATIONAL: ("hw_fan_speed_rpm", "Rotational speed", 1.0),
        Kind.PERCENT: ("hw_utilization_ratio", "Utilisation, 0 to 1", 0.01),
        Kind.LOAD: ("hw_load_ratio", "Load average", 1.0),
        Kind.DURATION: ("hw_duration_seconds", "A duration that the device tells", 1.0),
        Kind.SIZE: ("hw_size_bytes", "A size that the device tells", 1.0),
        Kind.RATE: ("hw_rate_bytes_per_second", "A rate that the device tells", 1.0),
        Kind.COUNT: ("hw_count", "A count that the device tells", 1.0),
        Kind.HEAT: ("hw_heat_watts", "Heat that is carried away", 1.0),
        Kind.LIQUID_FLOW: ("hw_liquid_flow_cubic_meters_per_second", "Flow of a liquid", 1 / 60_000),
        Kind.AIR_FLOW: ("hw_air_flow_cubic_meters_per_second", "Flow of air", 1 / 3600),
        Kind.PRESSURE: ("hw_pressure_pascals", "Pressure", 1000.0),
        Kind.VALVE: ("hw_valve_position_ratio", "Position of a valve, 0 closed to 1 open", 0.01),
        Kind.LIQUID_LEVEL: ("hw_liquid_level_ratio", "Level of a liquid, 0 to 1", 0.01),
        Kind.REACTIVE_POWER: ("hw_reactive_power_vars", "Reactive power", 1.0),
        Kind.CHARGE: ("hw_charge_coulombs", "Electric charge", 3600.0),
        Kind.IRRADIANCE: ("hw_irradiance_watts_per_square_meter", "Irradiance", 1.0),
        Kind.OPTICAL_POWER: ("hw_optical_power_dbm", "Optical power", 1.0),
        Kind.SWITCH: ("hw_switch", "1 on, 0 off", 1.0),
    }
)
"""Kind → family name, help, factor from our unit to the exported one."""


def render(metrics: Metrics, state: State) -> str:
    """The whole exposition, ended by ``# EOF``."""
    metrics.collect()
    lines = [line for family in metrics.families() for line in _family(family)]
    lines += [line for histogram in metrics.histograms() for line in _histogram(histogram)]
    lines += _points(state)
    return "\n".join([*lines, "# EOF\n"])


def _family(family: Family) -> Iterator[str]:
    yield f"# TYPE {family.name} {family.type}"
    yield f"# HELP {family.name} {_escape(family.help)}"
    suffix = "_total" if family.type == "counter" else ""
    for labels, value in sorted(family.values.items()):
        yield f"{family.name}{suffix}{_labels(labels)} {_number(value)}"


def _histogram(histogram: Histogram) -> Iterator[str]:
    yield f"# TYPE {histogram.name} histogram"
    yield f"# HELP {histogram.name} {_escape(histogram.help)}"
    seen = 0
    for bound, count in zip((*map(str, histogram.bounds), "+Inf"), histogram.buckets, strict=True):
        seen += count
        yield f'{histogram.name}_bucket{{le="{bound}"}} {seen}'
    yield f"{histogram.name}_count {histogram.count}"
    yield f"{histogram.name}_sum {_number(histogram.sum)}"


def _points(state: State) -> list[str]:
    by_family: dict[Kind, list[str]] = {}
    for point in state.points():
        value = _exported(state, point)
        if value is not None:
            name = POINT_FAMILIES[point.kind][0]
            labels = _labels((("device", point.device), ("point", name_of(point.id))))
            by_family.setdefault(point.kind, []).append(f"{name}{labels} {_number(value)}")
    lines: list[str] = []
    for kind, samples in sorted(by_family.items()):
        name, help_text, _ = POINT_FAMILIES[kind]
        lines += [f"# TYPE {name} gauge", f"# HELP {name} {help_text}", *samples]
    return lines


def _exported(state: State, point: Point) -> float | None:
    """A GOOD number in the exported unit; anything else is absent, never 0."""
    family, reading = POINT_FAMILIES.get(point.kind), state.reading(point.id)
    if family is None or reading is None or reading.quality is not Quality.GOOD:
        return None
    if isinstance(reading.value, str) or reading.value is None:
        return {"on": 1.0, "off": 0.0}.get(reading.value) if reading.value else None
    return float(reading.value) * family[2]


def _labels(labels: Iterable[tuple[str, str]]) -> str:
    inner = ",".join(f'{name}="{_escape(value)}"' for name, value in labels)
    return f"{{{inner}}}" if inner else ""


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return repr(int(value)) if math.isfinite(value) and value == int(value) else repr(float(value))
