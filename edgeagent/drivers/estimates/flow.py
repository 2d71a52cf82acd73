"""An energy counter against the power that flowed: windows that are long enough to tell."""

from edgeagent.drivers.estimates.bands import FLOOR_W, beyond
from edgeagent.drivers.estimates.tally import GROSS, Tally
from edgeagent.drivers.estimates.witness import Witness

BAND = (0.25, 4.0)
"""Wide: power is a sample now and then, and loads are not steady. A wrong scale is ten at least."""
LEAST_SAMPLES = 12
STEPS_WH = (10_000.0, 1000.0, 100.0, 10.0, 1.0, 0.1, 0.01, 0.001)


class Flow:
    """One counter beside its witness; `tally` says whether they agree. ``time_s`` is of the last reading."""

    __slots__ = ("_band", "_begin", "step_wh", "tally", "time_s", "witness")

    def __init__(self, witness: Witness, band: tuple[float, float] = BAND) -> None:
        self.tally = Tally(gross_at=1)
        self.step_wh = STEPS_WH[0]
        self.time_s = 0.0
        self.witness, self._band = witness, band
        self._begin: tuple[float, float, float, float, int] | None = None

    def see(self, counter_wh: float, time_s: float) -> None:
        """One reading of the counter."""
        self.step_wh, self.time_s = _step_of(counter_wh, self.step_wh), time_s
        witness, begin = self.witness, self._begin
        if begin is None or counter_wh < begin[0] or witness.gap_s > begin[3]:
            self._restart(counter_wh, time_s)
            return
        if counter_wh == begin[0] and witness.wh == begin[2]:
            return  # nothing flows
        counted_wh, flowed_wh, took_s = counter_wh - begin[0], witness.wh - begin[2], time_s - begin[1]
        off = self._off(counted_wh, flowed_wh, took_s)
        if off is None or witness.samples - begin[4] < LEAST_SAMPLES:
            return
        self.tally.see(GROSS * off if off > 1 else off)  # a whole window is more than a sight
        self._restart(counter_wh, time_s)

    def _off(self, counted_wh: float, flowed_wh: float, took_s: float) -> float | None:
        """How far the counter is beyond its band; None as long as that cannot be told."""
        if took_s <= 0 or max(counted_wh, flowed_wh) * 3600 / took_s < FLOOR_W:
            return None
        witness = self.witness
        slack_wh = 1.5 * self.step_wh + 2 * witness.period_s * witness.peak_w / 3600
        low, high = self._band
        if (off := beyond(counted_wh, low * flowed_wh - slack_wh, high * flowed_wh + slack_wh)) > 1:
            return off
        is_sure = low * flowed_wh + slack_wh <= counted_wh <= high * flowed_wh - slack_wh
        return 1.0 if is_sure else None

    def _restart(self, counter_wh: float, time_s: float) -> None:
        witness = self.witness
        self._begin = (counter_wh, time_s, witness.wh, witness.gap_s, witness.samples)


def _step_of(counter_wh: float, at_most_wh: float) -> float:
    """The largest decimal step that this value and those before are multiples of."""
    if not counter_wh:
        return at_most_wh
    for step in STEPS_WH:
        if step <= at_most_wh and abs(counter_wh / step - round(counter_wh / step)) < 1e-4:
            return step
    return STEPS_WH[-1]
