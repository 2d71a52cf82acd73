"""Heat that a stream carries against the heat that is reported. Pure; W, K, and L/min or m3/h."""

from edgeagent.drivers.estimates.bands import beyond

WATER_W = 1000 * 4.186 / 60
"""Watts per litre per minute and kelvin: 4.186 kJ/(kg K), 1 kg/L. A third of glycol takes a tenth off."""
AIR_W = 1.2 * 1006 / 3600
"""Watts per cubic metre per hour and kelvin: 1.2 kg/m3, 1006 J/(kg K)."""
LEAST_W = 500.0
ERROR_K = 1.0
"""What two honest thermometers may be apart."""
WATER_BAND, AIR_BAND = (0.5, 2.0), (0.4, 2.5)
"""Air: latent heat, the fans' own, and a temperature at one place of a wide stream."""


def heat_off(
    told_w: float, flow: float, difference_k: float, *, watts: float, band: tuple[float, float]
) -> float | None:
    """How far the reported heat is beyond what the stream carries (1 within); None where there is too little of it.

    ``watts`` is what one unit of flow carries per kelvin.
    """
    told_w, difference_k = abs(told_w), abs(difference_k)
    if max(told_w, flow * difference_k * watts) < LEAST_W:
        return None
    low_w = band[0] * flow * max(0.0, difference_k - ERROR_K) * watts
    high_w = band[1] * flow * (difference_k + ERROR_K) * watts
    return beyond(told_w, low_w, high_w)
