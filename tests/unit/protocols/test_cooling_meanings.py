"""Objects of coolers that no recording has: what their MIBs say that a raw value means."""

import pytest

from edgeagent.model.reading import Reason
from edgeagent.protocols.decode import decoder
from edgeagent.protocols.profile_file import Profiles

PROFILES = Profiles()

# (profile, MIB object, scale of its row, raw, value): from the objects' SYNTAX, UNITS and DESCRIPTION
MEANINGS = [
    ("liebert-environmental", "lgpEnvTemperatureMeasurementTenthsDegC", 0, 243, 24.3),  # .1 degrees Celsius
    ("liebert-environmental", "lgpEnvTemperatureMeasurementTenthsDegC", 0, -15, -1.5),
    ("liebert-environmental", "lgpEnvTemperatureMeasurementDegC", 0, 2_147_483_647, Reason.OUT_OF_RANGE),
    ("liebert-environmental", "lgpEnvTemperatureSetPointTenthsDegC", 0, 185, 18.5),
    ("liebert-environmental", "lgpEnvHumidityMeasurementRelTenths", 0, 456, 45.6),  # .1 percent
    ("liebert-environmental", "lgpEnvStateSystem", 0, 3, "standby"),
    ("liebert-environmental", "lgpEnvStateGeneralAlarmOutput", 0, 1, "alarm"),
    ("liebert-environmental", "lgpEnvStateFreeCooling", 0, 4, Reason.SENTINEL),  # unavailable
    ("liebert-environmental", "lgpEnvComponentState", 0, 0, Reason.SENTINEL),  # not-specified
    ("liebert-environmental", "lgpEnvValvePositionTenths", 0, 375, 37.5),  # .1 percent
    ("apc-inrow", "coolingUnitConfigurationAnalogValue", 10, 200, 20.0),  # multiplied by its Scale
    ("apc-inrow-rc", "airIRRCUnitStatusOperateMode", 0, 3, "idle"),
    ("apc-inrow-rc", "airIRRCUnitStatusCoolOutput", 0, 152, 15_200.0),  # tenths of kW
    ("apc-inrow-rc", "airIRRCUnitStatusSupplyAirTempMetric", 0, 196, 19.6),  # tenths of degrees Celsius
    ("apc-inrow-rc", "airIRRCUnitStatusAirFlowMetric", 0, 75_000, 2700.0),  # hundredths of L/s; 750 L/s
    ("apc-inrow-rc", "airIRRCGroupStatusAirFlowMetric", 0, 750, 2700.0),  # liters per second
    ("apc-inrow-rc", "airIRRCUnitStatusFluidFlowMetric", 0, 85, 51.0),  # hundredths of L/s
    ("apc-inrow-rc", "airIRRCUnitStatusFanSpeed", 0, 634, 63.4),  # tenths of percent
    ("apc-inrow-rc", "airIRRCUnitStatusFilterDPMetric", 0, 25, 0.025),  # Pa
    ("apc-inrow-rc", "airIRRCUnitStatusFluidValvePosition", 0, 44, 44.0),
    ("apc-inrow-rc", "airIRRCUnitStatusLeakSensor", 0, 2, "leak"),
    ("apc-inrow-rc", "airIRRCGroupStatusActiveFlowControlStatus", 0, 4, Reason.SENTINEL),  # notApplicable
    ("apc-inrow-rc", "airIRRCUnitRunHoursFan6", 0, 12, 43_200.0),
    ("stulz-wib8000", "unitSetpointTemperatureDay", 0, 220, 22.0),  # (50..500): tenths
    ("stulz-wib8000", "pump4Speed", 0, 65, 65.0),  # (0..100)
    ("stulz-wib8000", "waterDetector", 0, 1, "leak"),
    ("rittal-lcp", "cmcIIIVarValueStr", 0, b"Open", "open"),
]


@pytest.mark.parametrize(("profile", "name", "scale", "raw", "value"), MEANINGS)
def test_a_value_means_what_the_mib_says(profile, name, scale, raw, value):
    points = [point for table in PROFILES.all[profile].tables for point in table.points if point.column.object == name]
    assert points
    decoded = [decoder(point, scale)(raw) for point in points]
    assert decoded == [value] * len(points)
    assert {type(one) for one in decoded} == {type(value)}
