"""What a battery may be told, from what it says of itself: pure. What it does not say is no permission."""

from dataclasses import dataclass

from edgeagent.actuators.sunspec import Images
from edgeagent.model.reading import Reason

LOCAL = ((715, "LocRemCtl"), (802, "LocRemCtl"))
CHARGE = ((802, "SoC"), (713, "SoC"), (124, "ChaState"))
FULL = ((802, "SocRsvMax"), (802, "SoCMax"))
RESERVE = ((802, "SoCRsvMin"), (802, "SoCMin"), (124, "MinRsvPct"))
CAPACITY = ((713, "WHRtg"), (802, "WHRtg"), (120, "WHRtg"))
MOST_OUT = ((802, "WDisChaRteMax"), (702, "WDisChaRteMax"), (120, "MaxDisChaRte"), (121, "WMax"), (702, "WMax"))
MOST_IN = ((802, "WChaRteMax"), (702, "WChaRteMax"), (120, "MaxChaRte"), (124, "WChaMax"))
MODELS = (120, 121, 124, 702, 713, 715, 802)
"""The models that these rules look at, where the device has them."""
ROUNDING = 1.01
"""How far a value may exceed a rating that was rounded to its register."""
SECONDS_PER_HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Terms:
    """How a battery is held: its own timer, the value that it goes back to (W, + = discharge), the charge that is kept.

    ``reserve_percent`` is ours; the device's own reserve counts as well, and the higher one holds.
    """

    reversion_s: float = 60.0
    idle: float = 0.0
    reserve_percent: float = 20.0


def control_refusal(images: Images) -> str:
    """Why nothing may be set at all, or nothing."""
    for model, point in LOCAL:
        if model in images and images[model].value(point) == "local":
            return "it is under local control: what is written does nothing until a person gives it back there"
    if 802 in images and images[802].value("State") == "fault":
        return "its battery bank says that it has a fault"
    return ""


def power_refusal(power_w: float, images: Images, terms: Terms) -> str:
    """Why a battery may not be told this power now, or nothing. Idle is always allowed."""
    if power_w == 0.0:
        return ""
    most_w = min(_numbers(images, MOST_OUT if power_w > 0.0 else MOST_IN), default=None)
    if most_w is None:
        return "it does not say how much power it may take or give"
    if abs(power_w) > most_w * ROUNDING:
        return f"it may not {'give' if power_w > 0.0 else 'take'} more than {most_w:g} W now"
    charge = next(iter(_numbers(images, CHARGE)), None)
    if charge is None:
        return "it does not say its charge"
    return _low(power_w, charge, images, terms) if power_w > 0.0 else _full(charge, images)


def _low(power_w: float, charge: float, images: Images, terms: Terms) -> str:
    """It must be able to go on for as long as its timer runs after the last word from here."""
    reserve = max(terms.reserve_percent, *_numbers(images, RESERVE), 0.0)
    capacity_wh = next(iter(_numbers(images, CAPACITY)), None)
    drawn = 0.0 if not capacity_wh else 100.0 * power_w * terms.reversion_s / SECONDS_PER_HOUR / capacity_wh
    if charge - drawn > reserve:
        return ""
    return f"its charge of {charge:.1f} % is needed as reserve ({reserve:g} %)"


def _full(charge: float, images: Images) -> str:
    most = min(_numbers(images, FULL), default=100.0)
    return "" if charge < most else f"its charge of {charge:.1f} % is all it may have ({most:g} %)"


def _numbers(images: Images, places: tuple[tuple[int, str], ...]) -> list[float]:
    """What the device says in these places, of those that it has and implements."""
    said = (images[model].value(point) for model, point in places if model in images)
    return [float(value) for value in said if not isinstance(value, Reason | str)]
