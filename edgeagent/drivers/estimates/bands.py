"""Power, voltage, current and power factor of one group against each other. Pure; watts, volts, amperes.

Source of the bands: reference recordings of 148 vendor groups, of which 137 lie within 0.25 to 1.15; of the 11 others
4 were honest, at tiny loads or low power factors.
"""

from dataclasses import dataclass
from enum import Enum

Range = tuple[float, float]
ROOT3 = 3**0.5
FLOOR_VA, FLOOR_W, FLOOR_A = 100.0, 60.0, 0.3
"""Below all a group says nothing: 20 % of a 5 A cord at 110 V."""
LOW_FACTOR = 0.2
"""Lower is no power factor of a load above the floor."""
FACTOR_BAND = 2.0
_STEPS = (10.0, 1.0, 0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class Band:
    """What power may be, as shares of voltage times current, and by what constants wiring may multiply that."""

    low: float
    high: float
    wirings: tuple[float, ...]
    blind_w: Range
    """Watts per ampere where no voltage is read: ten times too much or too little is beyond, from 110 to 400 V."""
    real_v: Range
    """The same per ampere and power factor."""
    flow: Range
    """A counter over volt-amperes."""
    real_flow: Range
    """The same over volt-amperes times power factor."""

    @property
    def blind_v(self) -> Range:
        """Voltages that stand for any: with them `power_off` allows ``blind_w``."""
        return self.blind_w[0] / self.low, self.blind_w[1] / self.high


class Role(Enum):
    """What a group measures."""

    SINGLE = Band(0.25, 1.15, (1.0,), (45.0, 490.0), (72.0, 636.0), (0.25, 2.4), (0.3, 4.0))
    """One current between two conductors."""
    PHASE = Band(0.2, 1.15, (1.0, 1 / ROOT3), (45.0, 320.0), (72.0, 636.0), (0.2, 2.2), (0.3, 3.5))
    """One phase, whose voltage may be told between lines."""
    TOTAL = Band(0.35, 1.15 * 3, (1.0, ROOT3, 3.0), (50.0, 850.0), (85.0, 850.0), (0.38, 4.2), (0.45, 4.8))
    """Perhaps three phases; current is their mean or sum, voltage is told between lines or against neutral."""
    SUM = Band(0.28, 1.15 * 3, (1 / ROOT3, 1.0, ROOT3, 3.0), (45.0, 850.0), (85.0, 850.0), (0.26, 4.2), (0.4, 4.8))
    """Three phases that are read one by one as well."""


def loaded(power_w: float | None, apparent_va: float) -> bool:
    """Whether there is enough to compare."""
    return apparent_va >= FLOOR_VA or (power_w is not None and power_w >= FLOOR_W)


def power_off(power_w: float, current_a: float, volts: Range, band: Band) -> float | None:
    """How far power is beyond what the current allows (1 within, None without a load); a voltage may be a range."""
    low_v, high_v = volts
    low_w, high_w = band.low * low_v * current_a, band.high * high_v * current_a
    if low_w <= power_w <= high_w:
        return 1.0 if power_w >= FLOOR_W else None
    if not loaded(power_w, high_v * current_a):
        return None
    slack_w, slack_a = half_step(power_w), half_step(current_a)
    low_w = band.low * low_v * max(0.0, current_a - slack_a) - slack_w
    high_w = band.high * high_v * (current_a + slack_a) + slack_w
    return beyond(power_w, low_w, high_w)


def factor_off(factor: float, power_w: float, apparent_va: float, band: Band) -> float | None:
    """How far a power factor is from power over voltage times current, by the wiring that fits best."""
    if not loaded(power_w, apparent_va):
        return None
    if not factor or not power_w or not apparent_va:
        return float("inf")
    ratios = [power_w / (apparent_va * wiring * factor) for wiring in band.wirings]
    return max(1.0, min(max(one, 1 / one) for one in ratios) / FACTOR_BAND)


def apparent_off(told_va: float, product_va: float, band: Band) -> float | None:
    """How far apparent power is from voltage times current."""
    if max(told_va, product_va) < FLOOR_VA:
        return None
    return beyond(told_va, 0.75 * min(band.wirings) * product_va, 1.3 * max(band.wirings) * product_va)


def beyond(found: float, low: float, high: float) -> float:
    """By what factor a number lies beyond a band; 1 within."""
    if found > high:
        return found / high if high > 0 else float("inf")
    if found < low:
        return low / found if found > 0 else float("inf")
    return 1.0


def half_step(value: float) -> float:
    """Half of the coarsest decimal step that a value may have been rounded to."""
    for step in _STEPS if value else ():
        if abs(value / step - round(value / step)) < 1e-6:
            return step / 2
    return 0.1 if not value else 0.0
