"""The two questions to made-up meters: is an honest one left alone, and is a wrong scale found?"""

import random

from edgeagent.model.reading import Quality
from tests.unit.drivers.estimates.meters import FACTORS, QUANTITIES, Bench, meter

HONEST_POLLS, SPOILT_POLLS = 120, 1500
UNRELATED = frozenset({"voltage", "power_factor"})
"""Beside these two alone, nothing says what power, current or energy should be."""


def falsely_marked(seed: int) -> set[str]:
    """What is ever marked of an honest meter in twenty minutes."""
    bench = Bench(meter(random.Random(seed)))
    return {
        str(point)
        for found in bench.run(HONEST_POLLS)
        for point, reading in found.items()
        if reading.quality is not Quality.GOOD
    }


def missed(seed: int) -> str:
    """Whether a wrong scale was not found within four hours, in words; empty when it was, or nothing could tell."""
    rng = random.Random(seed)
    one = meter(rng, least=0.2)
    one.spoilt, one.by = rng.choice([name for name in one.members if name in QUANTITIES]), rng.choice(FACTORS)
    if set(one.members) - {one.spoilt, "apparent_power"} <= UNRELATED:
        return ""
    for found in Bench(one).run(SPOILT_POLLS):
        for point, reading in found.items():
            is_theirs = reading.quality is Quality.UNCERTAIN and reading.source != "derived"
            if is_theirs and point.endswith(f".{one.spoilt}"):
                return ""
    return f"seed {seed}: {one.stem} {one.volts} V {one.members}, {one.spoilt} times {one.by}"
