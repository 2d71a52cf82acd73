"""The totals of one device's energy counters: budgets from what flows, advanced by each reading."""

from collections.abc import Iterable, Mapping

from edgeagent.drivers.estimates.counters import Running, Sight, advanced
from edgeagent.drivers.estimates.electric import Electric
from edgeagent.drivers.estimates.slot import Slot

SUFFIX = "_total"
SHARE = 1.5
"""What a counter may rise by, beside what was seen to flow."""
PART_W, WHOLE_W = 25_000.0, 1_000_000.0
"""The most that flows through an outlet or a card, and through anything of a pod, where nothing else is known."""
_PARTS = ("outlet", "gpu", "psu", "branch")
LONGEST_S = 3600.0
"""How long a counter that nobody watches may stand still and then make up for it."""


class Total:
    """One counter. `running` is None until it was read once."""

    __slots__ = ("_budget_wh", "_cap_w", "_gap_s", "_group", "_published_wh", "_time_s", "_wh", "running", "slot")

    def __init__(self, slot: Slot, group: Electric | None) -> None:
        self.slot, self._group = slot, group
        self._cap_w = PART_W if any(word in slot.name.split(".") for word in _PARTS) else WHOLE_W
        self._budget_wh = self._wh = self._gap_s = self._published_wh = 0.0
        self._time_s: float | None = None
        self.running: Running | None = None

    @property
    def name(self) -> str:
        """The name of the derived point."""
        return self.slot.name + SUFFIX

    @property
    def total_wh(self) -> float | None:
        """What the derived point shows: it never falls."""
        if self.running is None:
            return None
        self._published_wh = max(self._published_wh, round(self.running.total_wh, 3))
        return self._published_wh

    def read(self) -> bool:
        """Take the counter's present value; true when more than its rise is to be kept."""
        counter_wh, time_s = self.slot.value, self.slot.time_s
        if counter_wh is None or time_s == self._time_s:
            return False
        sight, before = self._sight(counter_wh, time_s), self.running
        self.running = running = (
            Running(counter_wh, budget_wh=sight.budget_wh) if before is None else advanced(before, sight)
        )
        self.slot.doubted = "it fell or jumped, and has not gone on from there" if running.doubted(time_s) else ""
        return before is None or (running.offset_wh, running.levels) != (before.offset_wh, before.levels)

    def _sight(self, counter_wh: float, time_s: float) -> Sight:
        took_s = 0.0 if self._time_s is None else time_s - self._time_s
        self._time_s = time_s
        beside = None if self._group is None else self._group.beside(self.slot)
        slack_wh, flowed_wh = 0.01, None
        if beside is not None:
            witness = beside.witness
            flowed_wh, gap_s = witness.wh - self._wh, witness.gap_s - self._gap_s
            self._wh, self._gap_s = witness.wh, witness.gap_s
            slack_wh = 3 * beside.step_wh + SHARE * witness.peak_w * (took_s + 2 * witness.period_s) / 3600
            if self._group is not None and self._group.trusts_power and witness.samples and not beside.tally.broken:
                self._budget_wh += SHARE * (flowed_wh + witness.peak_w * gap_s / 3600)
                return Sight(counter_wh, time_s, self._budget_wh, slack_wh, flowed_wh)
        self._budget_wh += self._cap_w * min(took_s, LONGEST_S) / 3600
        return Sight(counter_wh, time_s, self._budget_wh, slack_wh)


def totals_of(counters: Iterable[Slot], groups: Iterable[Electric]) -> list[Total]:
    """One for each counter, beside the group that it belongs to."""
    owners = {slot: group for group in groups for slot, _ in group.it.energies}
    return [Total(slot, owners.get(slot)) for slot in counters]


def resume(totals: Iterable[Total], kept: Mapping[str, Running]) -> None:
    """Go on from what was kept; what was counted until then goes before it."""
    for total in totals:
        if total.running is None:
            total.running = kept.get(total.slot.name)
