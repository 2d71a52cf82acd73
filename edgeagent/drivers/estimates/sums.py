"""Parts against their total. Pure; any one unit."""

from collections.abc import Sequence

FACTORS = (10.0, 100.0, 1000.0, 0.1, 0.01, 0.001)
CLOSE = 0.1


def odd_one(total: float, parts: Sequence[float]) -> int | None:
    """The one whose factor of ten is wrong: -1 is the total; None when none, or more than one, would explain it."""
    whole = sum(parts)
    found = [-1] if any(_close(whole, total * factor) for factor in FACTORS) else []
    for place, part in enumerate(parts):
        if any(_close(whole - part + part * factor, total) for factor in FACTORS):
            found.append(place)
    return found[0] if len(found) == 1 else None


def _close(found: float, wanted: float) -> bool:
    return abs(found - wanted) <= CLOSE * max(abs(wanted), 1e-9)
