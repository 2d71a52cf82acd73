"""Kinds of quantity and their one unit inside the agent.

Kinds are the words of Redfish Sensor ``ReadingType`` (v1.12) where one exists, else our own; units are UCUM codes.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Kind(StrEnum):
    """What a point measures or says."""

    TEMPERATURE = "Temperature"
    HUMIDITY = "Humidity"
    POWER = "Power"
    APPARENT_POWER = "ApparentPower"
    POWER_FACTOR = "PowerFactor"
    ENERGY = "Energy"
    VOLTAGE = "Voltage"
    CURRENT = "Current"
    FREQUENCY = "Frequency"
    ROTATIONAL = "Rotational"
    PERCENT = "Percent"
    LOAD = "Load"
    DURATION = "Duration"
    SIZE = "Size"
    RATE = "Rate"
    COUNT = "Count"
    HEAT = "Heat"
    LIQUID_FLOW = "LiquidFlow"
    AIR_FLOW = "AirFlow"
    PRESSURE = "Pressure"
    VALVE = "Valve"
    LIQUID_LEVEL = "LiquidLevel"
    REACTIVE_POWER = "ReactivePower"
    CHARGE = "ChargeAh"
    IRRADIANCE = "Irradiance"
    OPTICAL_POWER = "OpticalPower"
    SWITCH = "Switch"
    STATE = "State"
    TEXT = "Text"


UNIT_OF_KIND: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.TEMPERATURE: "Cel",
        Kind.HUMIDITY: "%",
        Kind.POWER: "W",
        Kind.APPARENT_POWER: "V.A",
        Kind.POWER_FACTOR: "1",
        Kind.ENERGY: "Wh",
        Kind.VOLTAGE: "V",
        Kind.CURRENT: "A",
        Kind.FREQUENCY: "Hz",
        Kind.ROTATIONAL: "/min",
        Kind.PERCENT: "%",
        Kind.LOAD: "1",
        Kind.DURATION: "s",
        Kind.SIZE: "By",
        Kind.RATE: "By/s",
        Kind.COUNT: "1",
        Kind.HEAT: "W",
        Kind.LIQUID_FLOW: "L/min",
        Kind.AIR_FLOW: "m3/h",
        Kind.PRESSURE: "kPa",
        Kind.VALVE: "%",
        Kind.LIQUID_LEVEL: "%",
        Kind.REACTIVE_POWER: "var",
        Kind.CHARGE: "A.h",
        Kind.IRRADIANCE: "W/m2",
        Kind.OPTICAL_POWER: "dB[mW]",
        Kind.SWITCH: "",
        Kind.STATE: "",
        Kind.TEXT: "",
    }
)
"""The UCUM unit in which each kind is carried; a driver converts, nobody else does."""
