"""Decoding: raw values and what the MIB text says they mean, stated here without the profiles' help."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.reading import Reason
from edgeagent.protocols.decode import converted, decoder
from edgeagent.protocols.profile import PointRow
from edgeagent.protocols.profile_file import Profiles

PROFILES = Profiles()

# (profile, MIB object, digits of its sensor, raw, value): from the objects' DESCRIPTION in PowerNet-MIB and PDU2-MIB
MEANINGS = [
    ("apc-rpdu2", "rPDU2DeviceStatusPower", 0, 27, 270.0),  # hundredths of kilowatts
    ("apc-rpdu2", "rPDU2DeviceStatusPower", 0, 0, 0.0),
    ("apc-rpdu2", "rPDU2DeviceStatusPower", 0, -1, Reason.SENTINEL),  # not supported
    ("apc-rpdu2", "rPDU2DeviceStatusEnergy", 0, 19677, 1_967_700.0),  # tenths of kilowatt-hours
    ("apc-rpdu2", "rPDU2DeviceStatusApparentPower", 0, 30, 300.0),
    ("apc-rpdu2", "rPDU2DeviceStatusPowerFactor", 0, 82, 0.82),
    ("apc-rpdu2", "rPDU2DeviceStatusLoadState", 0, 3, "near_overload"),
    ("apc-rpdu2", "rPDU2DeviceStatusLoadState", 0, 5, Reason.SENTINEL),  # notsupported
    ("apc-rpdu2", "rPDU2DeviceStatusLoadState", 0, 9, Reason.OUT_OF_RANGE),
    ("apc-rpdu2", "rPDU2PhaseStatusCurrent", 0, 13, 1.3),  # tenths of Amps
    ("apc-rpdu2", "rPDU2PhaseStatusVoltage", 0, 231, 231.0),
    ("apc-rpdu2", "rPDU2PhaseStatusPower", 0, 25, 250.0),
    ("apc-rpdu2", "rPDU2BankStatusCurrent", 0, 3, 0.3),
    ("apc-rpdu2", "rPDU2OutletSwitchedStatusState", 0, 1, "off"),
    ("apc-rpdu2", "rPDU2OutletSwitchedStatusState", 0, 2, "on"),
    ("apc-rpdu2", "rPDU2OutletMeteredStatusEnergy", 0, 7, 700.0),
    ("apc-rpdu2", "rPDU2SensorTempHumidityStatusTempC", 0, 231, 23.1),
    ("apc-rpdu2", "rPDU2SensorTempHumidityStatusTempC", 0, -125, -12.5),
    ("apc-rpdu2", "rPDU2SensorTempHumidityStatusTempC", 0, -1, Reason.SENTINEL),
    ("apc-rpdu2", "rPDU2SensorTempHumidityStatusRelativeHumidity", 0, 45, 45.0),
    ("apc-rpdu2", "rPDU2SensorTempHumidityStatusRelativeHumidity", 0, 145, Reason.OUT_OF_RANGE),
    ("apc-rpdu2", "rPDU2PhaseStatusVoltage", 0, None, Reason.ABSENT),
    ("apc-rpdu2", "rPDU2PhaseStatusVoltage", 0, b"231", Reason.GARBLED),
    ("raritan-pdu2", "measurementsInletSensorValue", 3, 7467, 7.467),  # scaled by inletSensorDecimalDigits
    ("raritan-pdu2", "measurementsInletSensorValue", 2, 98, 0.98),
    ("raritan-pdu2", "measurementsInletSensorValue", 0, 74_057_676, 74_057_676.0),
    ("raritan-pdu2", "measurementsInletSensorValue", 1, 4_294_967_295, 429_496_729.5),
    ("raritan-pdu2", "measurementsInletSensorValue", None, 98, Reason.ABSENT),
    ("raritan-pdu2", "measurementsInletSensorValue", b"2", 98, Reason.GARBLED),
    ("raritan-pdu2", "measurementsInletSensorValue", 77, 98, Reason.GARBLED),
    ("raritan-pdu2", "measurementsOutletSensorState", 0, 7, "on"),
    ("raritan-pdu2", "measurementsOutletSensorState", 0, 8, "off"),
    ("raritan-pdu2", "measurementsOutletSensorState", 0, -1, Reason.SENTINEL),  # unavailable
    ("raritan-pdu2", "measurementsOverCurrentProtectorSensorState", 0, 0, "open"),
    ("raritan-pdu2", "measurementsOverCurrentProtectorSensorState", 0, 1, "closed"),
    ("raritan-pdu2", "measurementsExternalSensorValue", 1, 231, 23.1),
    ("raritan-pdu2", "measurementsExternalSensorValue", 1, -15, -1.5),
]


def row(profile: str, name: str) -> PointRow:
    points = (point for table in PROFILES.all[profile].tables for point in table.points)
    return next(point for point in points if point.column.object == name)


@pytest.mark.parametrize(("profile", "name", "digits", "raw", "value"), MEANINGS)
def test_a_value_means_what_the_mib_says(profile, name, digits, raw, value):
    decoded = decoder(row(profile, name), digits)(raw)
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("value", "unit", "celsius"), [(23.1, "Cel", 23.1), (212.0, "[degF]", 100.0), (32.0, "[degF]", 0.0)]
)
def test_a_temperature_comes_in_degrees_celsius(value, unit, celsius):
    assert converted(value, unit) == pytest.approx(celsius)


def test_an_unknown_unit_gives_no_value():
    assert converted(23.1, None) is Reason.GARBLED


ANY = st.none() | st.integers(-(2**63), 2**64) | st.binary(max_size=20) | st.text(max_size=20) | st.floats()


@given(raw=ANY, digits=ANY)
def test_whatever_an_agent_says_is_a_finite_value_or_a_reason(raw, digits):
    for profile in PROFILES.all.values():
        for table in profile.tables:
            for point in table.points:
                value = decoder(point, digits)(raw)
                if type(value) is Reason:
                    continue
                assert type(value) in (float, str)
                assert value == value  # noqa: PLR0124 - not NaN
                assert value not in (float("inf"), float("-inf"))
                assert point.codes is None or value in point.codes.values()
