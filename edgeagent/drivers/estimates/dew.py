"""Dew point of moist air. Pure; degrees Celsius and percent."""

from math import log

A, B = 17.625, 243.04
"""Magnus' coefficients after Alduchov and Eskridge (1996): within 0.4 K from -40 to 50 Cel."""
LEAST_PERCENT = 0.5
"""Below it there is no dew point worth the name."""


def dew_point_c(temperature_c: float, humidity_percent: float) -> float | None:
    """The temperature at which this air begins to condense; None for air that is too dry, or is no air."""
    if not LEAST_PERCENT <= humidity_percent <= 101.0 or not -40.0 <= temperature_c <= 100.0:
        return None
    gamma = log(min(humidity_percent, 100.0) / 100.0) + A * temperature_c / (B + temperature_c)
    return B * gamma / (A - gamma)
