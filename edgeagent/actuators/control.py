"""The setpoints of SunSpec models that go back by themselves: as data, with the points that belong together."""

from dataclasses import dataclass

from edgeagent.actuators.sunspec import Images
from edgeagent.model.reading import Reason
from edgeagent.protocols.sunspec import Image


@dataclass(frozen=True, slots=True)
class Control:
    """One setpoint; all names are points of ``model``.

    ``values`` are the points that hold it, each with its sign; they are percent of ``share`` (model, point) where that
    is given. ``modes`` are codes that must stand for it to count, ``enable`` is the code that makes it count. ``timer``
    holds seconds; ``reversion`` is what the setpoint is afterwards and ``afterwards`` whether it counts then, where the
    model has them. ``present`` is where the device says what it does now.
    """

    model: int
    values: tuple[tuple[str, float], ...]
    enable: tuple[str, int]
    timer: str
    modes: tuple[tuple[str, int], ...] = ()
    share: tuple[int, str] | None = None
    reversion: str | None = None
    afterwards: tuple[str, int] | None = None
    present: tuple[tuple[int, str], ...] = ()

    @property
    def models(self) -> tuple[int, ...]:
        """The models that it needs to be read or written."""
        places = (*self.present, *((self.share,) if self.share else ()))
        return (self.model, *(model for model, _ in places))

    def is_in(self, images: Images) -> bool:
        """Whether the device implements it."""
        if self.model not in images or not all(images[self.model].has(point) for point, _ in self.values):
            return False
        return not isinstance(self.whole(images), Reason)

    def whole(self, images: Images) -> float | Reason:
        """What 100 % is; 1 per unit where the setpoint is no share."""
        if self.share is None:
            return 1.0
        model, point = self.share
        value = images[model].value(point) if model in images else Reason.ABSENT
        if isinstance(value, Reason | str):
            return Reason.ABSENT
        return float(value) / 100.0 or Reason.ABSENT

    def standing(self, images: Images) -> float | None:
        """The setpoint that counts now; None where none does, or its parts contradict each other."""
        image, whole = images[self.model], self.whole(images)
        codes = (self.enable, *self.modes)
        if isinstance(whole, Reason) or any(image.raw(point) != code for point, code in codes):
            return None
        said = [_number(image, point, sign) for point, sign in self.values]
        if any(value is None or value != said[0] for value in said):
            return None
        return None if said[0] is None else said[0] * whole

    def doing(self, images: Images) -> float | None:
        """What the device does now, where it says so."""
        said = (_number(images[model], point, 1.0) for model, point in self.present if model in images)
        return next((value for value in said if value is not None), None)


def _number(image: Image, point: str, sign: float) -> float | None:
    value = image.value(point)
    return None if isinstance(value, Reason | str) else sign * float(value) + 0.0  # no -0.0


_PRESENT_W = ((802, "W"), (701, "W"))
WATTS_704 = Control(
    704,
    values=(("WSet", 1.0),),
    modes=(("WSetMod", 1),),
    enable=("WSetEna", 1),
    timer="WSetRvrtTms",
    reversion="WSetRvrt",
    afterwards=("WSetEnaRvrt", 1),
    present=_PRESENT_W,
)
PERCENT_704 = Control(
    704,
    values=(("WSetPct", 1.0),),
    modes=(("WSetMod", 0),),
    enable=("WSetEna", 1),
    timer="WSetRvrtTms",
    share=(702, "WMax"),
    reversion="WSetPctRvrt",
    afterwards=("WSetEnaRvrt", 1),
    present=_PRESENT_W,
)
RATES_124 = Control(  # both limits at the same power leave the battery no choice: at least and at most so much
    124,
    values=(("OutWRte", 1.0), ("InWRte", -1.0)),
    enable=("StorCtl_Mod", 3),
    timer="InOutWRte_RvrtTms",
    share=(124, "WChaMax"),
    present=_PRESENT_W,
)
LIMIT_704 = Control(
    704,
    values=(("WMaxLimPct", 1.0),),
    enable=("WMaxLimPctEna", 1),
    timer="WMaxLimPctRvrtTms",
    reversion="WMaxLimPctRvrt",
    afterwards=("WMaxLimPctEnaRvrt", 0),
)
LIMIT_123 = Control(123, values=(("WMaxLimPct", 1.0),), enable=("WMaxLim_Ena", 1), timer="WMaxLimPct_RvrtTms")

BATTERY_POWER = (WATTS_704, PERCENT_704, RATES_124)
"""Charging and discharging, W, + = discharging; the best first."""
POWER_LIMIT = (LIMIT_704, LIMIT_123)
"""Curtailment, percent of the maximum power."""
