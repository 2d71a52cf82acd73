"""Evaluating a limit: what a reading says, and for how long it has said so."""

import math
from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne

from edgeagent.model.limit import Limit, LimitMemory, Operator, Truth
from edgeagent.model.reading import Quality, Reading, Reason, Value

BLANK = LimitMemory()
Samples = tuple[tuple[float, float], ...]
LEAST_READINGS = 2
"""One reading alone turns nothing that is asked to persist: between two polls it would only be looked at again."""
MAX_SAMPLES = 12
SETTLING_S = 1.0
"""A change between two readings closer than this is judged as if they were so far apart."""
COMPARE: Mapping[Operator, Callable[[float, float], bool]] = {
    Operator.ABOVE: gt,
    Operator.AT_LEAST: ge,
    Operator.BELOW: lt,
    Operator.AT_MOST: le,
    Operator.EQUAL: eq,
    Operator.UNEQUAL: ne,
}
_GOOD, _TRUE, _FALSE, _ABOVE = Quality.GOOD, Truth.TRUE, Truth.FALSE, Operator.ABOVE  # a look-up costs more than `is`
_made = tuple.__new__  # the generated __new__ costs three times as much
_NO_READING = frozenset({Reason.STALE, Reason.DISCONNECTED, Reason.NEVER_READ, Reason.ABSENT})


def evaluate(limit: Limit, memory: LimitMemory, reading: Reading | None, now_s: float, step_s: float) -> LimitMemory:
    """The limit after ``step_s`` more seconds, given the present reading of its point; pure."""
    return calm(limit, memory, reading, now_s) or thorough(limit, memory, reading, now_s, step_s)


def calm(limit: Limit, memory: LimitMemory, reading: Reading | None, now_s: float) -> LimitMemory | None:
    """The common case, a younger number that says the same as before, in a tenth of the time; None in all others."""
    if reading is None:
        return None
    truth, _, on, _, held_readings, _, _, seen, _, _, _, _, samples, evaluations, transitions, changed_s, _ = memory
    value, time_s, bound = reading.value, reading.time_s, limit.value
    if held_readings or seen is None or type(value) is not float or reading.quality is not _GOOD:
        return None
    if not (truth is _FALSE or truth is _TRUE) or time_s == seen.time_s or now_s - time_s > limit.stale_after_s:
        return None
    if on and limit.clear_value is not None:
        bound = limit.clear_value
    if isinstance(bound, str) or _doubt(limit, memory, value, time_s):
        return None
    said = value
    if limit.window_s is not None:
        samples, rise = risen(samples, time_s, value, limit.window_s)
        said = math.nan if rise is None else rise
    operator = limit.operator
    holds = said > bound if operator is _ABOVE else COMPARE[operator](said, bound)
    if holds is not on or said != said:  # noqa: PLR0124 - as fast as it gets
        return None
    why = f"it is {said:g}"
    return _made(LimitMemory, (
        truth, why, on, 0.0, 0, False, 0.0, reading, truth, why, False, (time_s, value), samples,
        evaluations + 1, transitions, changed_s, time_s + limit.stale_after_s,
    ))  # fmt: skip


def says_else(limit: Limit, memory: LimitMemory, reading: Reading, now_s: float) -> bool:
    """Whether a reading may turn the limit, or begin to: not if it only says once more what is known."""
    seen = memory.seen
    if memory.blind and seen is not None and reading.quality is not _GOOD:
        return reading.reason is not seen.reason
    if isinstance(reading.value, str) and seen is not None and not memory.held_readings and not memory.blind:
        return (reading.quality, reading.value) != (seen.quality, seen.value)
    return calm(limit, memory, reading, now_s) is None


def thorough(limit: Limit, memory: LimitMemory, reading: Reading | None, now_s: float, step_s: float) -> LimitMemory:
    """As `evaluate`, for every case."""
    fresh = reading is not None and reading != memory.seen
    seen = _look(limit, memory, reading) if reading is not None and fresh else memory
    if reading is None:
        said = seen._replace(truth=Truth.STALE, why="there is no such point", blind=True)
    elif not seen.unusable and now_s - reading.time_s > limit.stale_after_s:
        said = seen._replace(truth=Truth.STALE, why=f"its reading is older than {limit.stale_after_s:g} s", blind=True)
    else:
        said = seen._replace(truth=seen.looked, why=seen.looked_why, blind=seen.unusable)
    after = _blind(limit, said, step_s) if said.truth.blind else _timed(limit, said, step_s, fresh=fresh)
    return _told(memory, after, now_s, _quiet_until_s(limit, after, reading), fresh=fresh)


def anew(memory: LimitMemory) -> LimitMemory:
    """The memory under new tables: the reading is looked at again, and what has tripped stays so."""
    return memory._replace(seen=None, samples=(), held_s=0.0, held_readings=0)


def _told(before: LimitMemory, after: LimitMemory, now_s: float, quiet_until_s: float, *, fresh: bool) -> LimitMemory:
    """The statistics."""
    turned = after.truth is not before.truth
    return after._replace(
        evaluations=before.evaluations + fresh,
        transitions=before.transitions + turned,
        changed_s=now_s if turned else before.changed_s,
        quiet_until_s=quiet_until_s,
    )


def _quiet_until_s(limit: Limit, after: LimitMemory, reading: Reading | None) -> float:
    if reading is None or after.truth.blind or after.held_readings:
        return -1.0
    return reading.time_s + limit.stale_after_s


def _blind(limit: Limit, memory: LimitMemory, step_s: float) -> LimitMemory:
    """Blind: what was pending waits, and is forgotten after as long as it would have taken."""
    blind_s = memory.blind_s + step_s
    forgotten = blind_s > max(limit.for_s, limit.clear_for_s)
    held_s, readings = (0.0, 0) if forgotten else (memory.held_s, memory.held_readings)
    return memory._replace(blind_s=blind_s, held_s=held_s, held_readings=readings)


def _timed(limit: Limit, memory: LimitMemory, step_s: float, *, fresh: bool) -> LimitMemory:
    """Seeing: the limit turns once the opposite has held long enough, and on readings enough."""
    holds = memory.looked is Truth.TRUE
    on, held_s, readings = memory.on, 0.0, 0
    if holds is not on:
        held_s = memory.held_s + step_s if memory.held_readings else 0.0
        readings = memory.held_readings + fresh
        needed_s = limit.for_s if holds else limit.clear_for_s
        if held_s >= needed_s and (readings >= LEAST_READINGS or not needed_s):
            on, held_s, readings = holds, 0.0, 0
    truth = Truth.TRUE if on else Truth.FALSE
    return memory._replace(truth=truth, on=on, held_s=held_s, held_readings=readings, blind_s=0.0)


def _look(limit: Limit, memory: LimitMemory, reading: Reading) -> LimitMemory:
    """What a new reading says by itself."""
    memory = memory._replace(seen=reading, unusable=True)
    if reading.quality is not Quality.GOOD or reading.value is None:
        truth = Truth.STALE if reading.reason in _NO_READING else Truth.ERROR
        return memory._replace(looked=truth, looked_why=f"its reading is {reading.quality} ({reading.reason})")
    value = reading.value
    if isinstance(value, bool | str) or isinstance(limit.value, str):
        return _compared_words(limit, memory, value)
    if doubt := _doubt(limit, memory, float(value), reading.time_s):
        return memory._replace(looked=Truth.ERROR, looked_why=doubt)
    memory = memory._replace(believed=(reading.time_s, float(value)), unusable=False)
    return _compared(limit, memory, float(value)) if limit.window_s is None else _risen(limit, memory, limit.window_s)


def _compared_words(limit: Limit, memory: LimitMemory, value: Value) -> LimitMemory:
    word = str(value).lower() if isinstance(value, bool) else value
    if not isinstance(word, str) or not isinstance(limit.value, str):
        return memory._replace(looked=Truth.ERROR, looked_why=f"it is {value}: {limit.value} is of another kind")
    holds = (word == limit.value) is (limit.operator is Operator.EQUAL)
    return memory._replace(looked=Truth.TRUE if holds else Truth.FALSE, looked_why=f"it is {word}", unusable=False)


def _doubt(limit: Limit, memory: LimitMemory, value: float, time_s: float) -> str:
    """Why the number cannot be believed, or nothing; a Reading holds none that is not finite."""
    if (limit.low is not None and value < limit.low) or (limit.high is not None and value > limit.high):
        return f"its value {value:g} cannot be believed"
    if limit.max_change_per_s is not None and memory.believed is not None:
        since_s, last = time_s - memory.believed[0], memory.believed[1]
        if since_s >= 0 and abs(value - last) > limit.max_change_per_s * max(since_s, SETTLING_S):
            return f"it went from {last:g} to {value:g} faster than can be believed"
    return ""


def _compared(limit: Limit, memory: LimitMemory, value: float) -> LimitMemory:
    bound = limit.clear_value if memory.on and limit.clear_value is not None else limit.value
    holds = COMPARE[limit.operator](value, float(bound))
    return memory._replace(looked=Truth.TRUE if holds else Truth.FALSE, looked_why=f"it is {value:g}")


def _risen(limit: Limit, memory: LimitMemory, window_s: float) -> LimitMemory:
    """The rise per minute over the window; before half a window is known, nothing is."""
    time_s, value = memory.believed or (0.0, 0.0)
    samples, rise = risen(memory.samples, time_s, value, window_s)
    memory = memory._replace(samples=samples)
    if rise is None:
        return memory._replace(looked=Truth.STALE, looked_why="it has not been read for long enough to know its rise")
    return _compared(limit, memory, rise)


def risen(samples: Samples, time_s: float, value: float, window_s: float) -> tuple[Samples, float | None]:
    """The samples with a new one, where it is time for one; and the rise per minute, None where too little is known."""
    if samples and not 0 <= time_s - samples[0][0] <= window_s:
        samples = tuple(one for one in samples if 0 <= time_s - one[0] <= window_s)
    if not samples or time_s - samples[-1][0] >= window_s / MAX_SAMPLES:
        samples = (*samples, (time_s, value))
    span_s = time_s - samples[0][0]
    return samples, None if span_s < window_s / 2 else (value - samples[0][1]) / span_s * 60
