"""Totals of energy counters that reset, wrap, wake up at zero or jump: no watt-hour is counted that did not flow. Pure.

What is not a plausible rise is never counted. It begins a new level; the old ones are remembered, for a counter that
comes back to where it was: an inverter that said zero while it woke up.
"""

from dataclasses import dataclass, replace

MAX_LEVELS = 3
DOUBT_S = 900.0
"""A counter that fell is doubted until it rises from where it fell to, or for so long."""
EARLY = 10.0
"""A rise of no more than so many times what was seen to flow may be ahead of it: a load that has just been switched on.
It is not counted before the flow is seen, and not doubted."""
JOULES = 3600.0
NEAR = 0.02
"""A counter that falls has wrapped only if it was so near to its end; after a long silence nobody can tell."""
RANGE_ENDS_WH = tuple(
    sorted(
        {
            *(2.0**bits * unit for bits in (16, 31, 32) for unit in (0.001, 0.01, 0.1, 1.0, 10.0, 100.0, 1000.0)),
            *(2.0**32 / (JOULES * part) for part in (1, 1000, 1_000_000)),  # joules, milli- and microjoules
            *(10.0**digits * unit for digits in (5, 6, 7, 8, 9) for unit in (1.0, 10.0, 100.0, 1000.0)),
            9_999_000.0,  # the end that vendors write into their MIBs: 9999 kWh
            99_999_000.0,
        }
    )
)
"""Where counters begin again at zero."""


@dataclass(frozen=True, slots=True)
class Level:
    """Where a counter stood before it left, to where, what was added to it, and the budget then."""

    counter_wh: float
    left_to_wh: float
    offset_wh: float
    budget_wh: float


@dataclass(frozen=True, slots=True)
class Running:
    """A counter and its total, which is the counter plus ``offset_wh``.

    ``is_moved`` when the next reading is of another counter, which begins where the total is.
    ``restarts`` is known of a counter that was seen to fall to zero and rise from there: a daily one.
    """

    counter_wh: float
    offset_wh: float = 0.0
    budget_wh: float = 0.0
    levels: tuple[Level, ...] = ()
    restarts: bool = False
    fell_s: float | None = None
    is_moved: bool = False

    @property
    def total_wh(self) -> float:
        """All energy since the counter was first seen, and what it showed then."""
        return self.counter_wh + self.offset_wh

    def doubted(self, now_s: float) -> bool:
        """Whether the counter itself may be wrong now: it fell or jumped, and has not gone on from there."""
        return self.fell_s is not None and now_s - self.fell_s < DOUBT_S


@dataclass(frozen=True, slots=True)
class Sight:
    """One reading. ``budget_wh`` only grows: the most that can have flowed so far; ``slack_wh`` is what rounding hides.

    ``flowed_wh`` is what was seen to flow since the reading before; None where nobody saw it.
    """

    counter_wh: float
    time_s: float
    budget_wh: float
    slack_wh: float
    flowed_wh: float | None = None


def advanced(running: Running, sight: Sight) -> Running:
    """The total after one more reading: it never falls."""
    if running.is_moved:
        return Running(sight.counter_wh, running.total_wh - sight.counter_wh, sight.budget_wh)
    rise_wh = sight.counter_wh - running.counter_wh
    if 0 <= rise_wh <= sight.budget_wh - running.budget_wh + sight.slack_wh and not _leaps(running, sight, rise_wh):
        return _risen(running, sight, rise_wh)
    return _returned(running, sight) or _wrapped(running, sight) or _begun(running, sight)


def moved(running: Running) -> Running:
    """The total, when another device takes the place of the one that counted it."""
    return replace(running, levels=(), is_moved=True)


def _leaps(running: Running, sight: Sight, rise_wh: float) -> bool:
    """Whether a rise that might be is one of a counter that wakes up: from nothing, or back to where it fell from."""
    if not running.counter_wh and rise_wh > sight.slack_wh and sight.flowed_wh is None:
        return True
    return any(rise_wh >= (one.counter_wh - one.left_to_wh) / 2 > sight.slack_wh for one in running.levels)


def _risen(running: Running, sight: Sight, rise_wh: float) -> Running:
    fell_s, restarts = running.fell_s, running.restarts
    if fell_s is not None and (rise_wh > 0 or sight.time_s - fell_s >= DOUBT_S):
        restarts = restarts or (rise_wh > 0 and running.counter_wh <= sight.slack_wh)
        fell_s = None
    budget_wh = sight.budget_wh if rise_wh else running.budget_wh  # many counters move only now and then
    return Running(sight.counter_wh, running.offset_wh, budget_wh, running.levels, restarts, fell_s)


def _returned(running: Running, sight: Sight) -> Running | None:
    """The counter is back at a level that it had left."""
    for place in reversed(range(len(running.levels))):
        level = running.levels[place]
        rise_wh = sight.counter_wh - level.counter_wh
        if 0 <= rise_wh <= sight.budget_wh - level.budget_wh + sight.slack_wh:
            total_wh = max(running.total_wh, sight.counter_wh + level.offset_wh)
            offset_wh = total_wh - sight.counter_wh
            return replace(
                running,
                counter_wh=sight.counter_wh,
                offset_wh=offset_wh,
                budget_wh=sight.budget_wh,
                levels=running.levels[:place],
                fell_s=None,
            )
    return None


def _wrapped(running: Running, sight: Sight) -> Running | None:
    """The counter came to the end of its range and began again."""
    if sight.counter_wh >= running.counter_wh:
        return None
    budget_wh = sight.budget_wh - running.budget_wh + sight.slack_wh
    for end_wh in RANGE_ENDS_WH:
        rise_wh = end_wh - running.counter_wh + sight.counter_wh
        if running.counter_wh <= end_wh and rise_wh <= min(NEAR * end_wh, budget_wh):
            offset_wh = running.offset_wh + end_wh
            return replace(running, counter_wh=sight.counter_wh, offset_wh=offset_wh, budget_wh=sight.budget_wh)
    return None


def _begun(running: Running, sight: Sight) -> Running:
    """A reset, a zero of one that wakes up, or a jump: nobody knows yet; only what was seen to flow is counted."""
    fell = sight.counter_wh < running.counter_wh
    flowed_wh = min(sight.counter_wh, sight.flowed_wh or 0.0) if fell else 0.0
    level = Level(running.counter_wh, sight.counter_wh, running.offset_wh, running.budget_wh)
    is_usual = running.restarts and fell and sight.counter_wh <= sight.slack_wh + flowed_wh
    if not fell:
        allowed_wh = sight.budget_wh - running.budget_wh + sight.slack_wh
        is_usual = sight.counter_wh - running.counter_wh <= EARLY * allowed_wh
    return replace(
        running,
        counter_wh=sight.counter_wh,
        offset_wh=running.total_wh + flowed_wh - sight.counter_wh,
        budget_wh=sight.budget_wh,
        levels=(*running.levels, level)[-MAX_LEVELS:],
        fell_s=None if is_usual else sight.time_s,
    )
