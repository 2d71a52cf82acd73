"""What the properties of Redfish resources are called here, and what they mean. Each name is of a schema in DSP8010.

Units stand in the schemas' text: a property that copies a Sensor (an "excerpt") is in the unit that its name says.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from edgeagent.model.units import Kind


class Role(StrEnum):
    """What a resource is to us."""

    UNIT = "unit"  # PowerDistribution, CoolingUnit
    OUTLET = "outlet"
    GROUP = "group"  # OutletGroup
    MAIN = "main"  # Circuit of Mains
    BRANCH = "branch"  # Circuit of Branches, Feeders, Subfeeds
    METRICS = "metrics"  # PowerDistributionMetrics
    CONNECTOR = "connector"  # CoolantConnector
    PUMP = "pump"
    LEAK = "leak"  # LeakDetector
    LEAKS = "leaks"  # LeakDetection
    RESERVOIR = "reservoir"
    FILTER = "filter"
    ENVIRONMENT = "environment"  # EnvironmentMetrics
    SENSOR = "sensor"
    CONTROL = "control"
    FAN = "fan"
    SUPPLY = "supply"  # PowerSupply
    SUPPLY_METRICS = "supply metrics"  # PowerSupplyMetrics
    SYSTEM = "system"  # ComputerSystem
    CHASSIS = "chassis"
    THERMAL = "thermal"  # Thermal, deprecated in 2020.4
    POWER = "power"  # Power, deprecated in 2020.4


class Named(NamedTuple):
    """How the point of a property ends, and the ReadingType that says its unit."""

    suffix: str
    type: str


EXCERPTS: Mapping[str, Named] = MappingProxyType(
    {
        # Outlet, OutletGroup, Circuit, PowerDistributionMetrics
        "Voltage": Named("voltage", "Voltage"),
        "CurrentAmps": Named("current", "Current"),
        "PowerWatts": Named("power", "Power"),
        "FrequencyHz": Named("frequency", "Frequency"),
        "EnergykWh": Named("energy", "EnergykWh"),
        "PowerLoadPercent": Named("load", "Percent"),
        "UnbalancedCurrentPercent": Named("current_imbalance", "Percent"),
        "UnbalancedVoltagePercent": Named("voltage_imbalance", "Percent"),
        # EnvironmentMetrics, LeakDetectorGroup
        "TemperatureCelsius": Named("temperature", "Temperature"),
        "HumidityPercent": Named("humidity", "Humidity"),
        "AmbientTemperatureCelsius": Named("ambient.temperature", "Temperature"),
        "DewPointCelsius": Named("dew_point", "Temperature"),
        # CoolantConnector
        "FlowLitersPerMinute": Named("flow", "LiquidFlowLPM"),
        "SupplyTemperatureCelsius": Named("supply.temperature", "Temperature"),
        "ReturnTemperatureCelsius": Named("return.temperature", "Temperature"),
        "DeltaTemperatureCelsius": Named("differential_temperature", "Temperature"),
        "SupplyPressurekPa": Named("supply.pressure", "PressurekPa"),
        "ReturnPressurekPa": Named("return.pressure", "PressurekPa"),
        "DeltaPressurekPa": Named("differential_pressure", "PressurekPa"),
        "HeatRemovedkW": Named("heat", "Heat"),
        "ValvePositionPercent": Named("valve", "Valve"),
        # Pump, Fan, Reservoir
        "PumpSpeedPercent": Named("speed", "Percent"),
        "SpeedPercent": Named("speed", "Percent"),
        "InletPressurekPa": Named("inlet.pressure", "PressurekPa"),
        "FluidLevelPercent": Named("level", "Percent"),
        "InternalPressurekPa": Named("pressure", "PressurekPa"),
        # PowerSupplyMetrics
        "InputVoltage": Named("input.voltage", "Voltage"),
        "InputCurrentAmps": Named("input.current", "Current"),
        "InputPowerWatts": Named("input.power", "Power"),
        "OutputPowerWatts": Named("output.power", "Power"),
        "FanSpeedPercent": Named("fan.speed", "Percent"),
    }
)

POLYPHASE: Mapping[str, Named] = MappingProxyType(
    {
        "PolyPhaseVoltage": Named("voltage", "Voltage"),
        "PolyPhaseCurrentAmps": Named("current", "Current"),
        "PolyPhasePowerWatts": Named("power", "Power"),
        "PolyPhaseEnergykWh": Named("energy", "EnergykWh"),
    }
)

LINES: Mapping[str, str] = MappingProxyType(
    {
        "Line1": "phase.1.",
        "Line2": "phase.2.",
        "Line3": "phase.3.",
        "Neutral": "neutral.",
        "Line1ToNeutral": "phase.1.",
        "Line2ToNeutral": "phase.2.",
        "Line3ToNeutral": "phase.3.",
        "Line1ToLine2": "phase.1.line_",
        "Line2ToLine3": "phase.2.line_",
        "Line3ToLine1": "phase.3.line_",
    }
)
"""What comes before the suffix of a polyphase property; ``line_`` is towards the next line."""

BESIDE_POWER: Mapping[str, tuple[str, Kind]] = MappingProxyType(
    {
        "ApparentVA": ("apparent_power", Kind.APPARENT_POWER),
        "ReactiveVAR": ("reactive_power", Kind.REACTIVE_POWER),
        "PowerFactor": ("power_factor", Kind.POWER_FACTOR),
    }
)
"""What a SensorPowerExcerpt has beside its reading."""

CONTROLS: Mapping[str, Named] = MappingProxyType(
    {
        "SpeedControlPercent": Named("setpoint", "Percent"),
        "FlowControlLitersPerMinute": Named("flow.setpoint", "LiquidFlowLPM"),
        "SupplyTemperatureControlCelsius": Named("supply.setpoint", "Temperature"),
        "DeltaTemperatureControlCelsius": Named("differential_temperature.setpoint", "Temperature"),
        "DeltaPressureControlkPa": Named("differential_pressure.setpoint", "PressurekPa"),
    }
)
"""Properties that copy a Control: ``SetPoint`` and ``ControlMode``."""

MODES = {"Automatic": "automatic", "Override": "override", "Manual": "manual", "Disabled": "disabled"}
HEALTH = {"OK": "ok", "Warning": "warning", "Critical": "critical"}
LEAKING = {"OK": "dry", "Warning": "leak", "Critical": "leak"}
"""DetectorState is a Health: a warning is a small leak."""
SWITCHED = {"On": "on", "PoweringOff": "on", "Off": "off", "PoweringOn": "off"}
"""An outlet that waits for its delay is still what it was."""


class Coded(NamedTuple):
    """A property that is a word: its point, kind and words."""

    suffix: str
    kind: Kind
    codes: Mapping[str, str]
    protective: bool = False


CODED: Mapping[Role, Mapping[str, Coded]] = MappingProxyType(
    {
        Role.OUTLET: {"PowerState": Coded("state", Kind.SWITCH, SWITCHED)},
        Role.GROUP: {"PowerState": Coded("state", Kind.SWITCH, SWITCHED)},
        Role.SYSTEM: {"PowerState": Coded("power.state", Kind.SWITCH, SWITCHED)},
        Role.RESERVOIR: {"FluidLevelStatus": Coded("state", Kind.STATE, HEALTH)},
    }
)
BREAKER = Coded(
    "state", Kind.STATE, {"Normal": "closed", "Tripped": "open", "Off": "open", "Manual": "open"}, protective=True
)

WORKING: Mapping[str, str] = MappingProxyType(
    {
        "Enabled": "on",
        "Degraded": "on",
        "Quiesced": "on",
        "Updating": "on",
        "InTest": "on",
        "StandbySpare": "standby",
        "StandbyOffline": "standby",
        "Starting": "standby",
        "Deferring": "standby",
        "Qualified": "standby",
        "Disabled": "off",
        "UnavailableOffline": "fault",
    }
)
"""Status.State as a word; ``Absent`` is no word."""
