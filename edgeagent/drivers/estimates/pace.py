"""The load that counters tell by themselves, where nothing else in their group does."""

from collections.abc import Sequence

from edgeagent.drivers.estimates.slot import Slot

LEAST_S = 60.0


class Pace:
    """``power_w`` is the mean since the first reading, once a minute has passed; None before."""

    __slots__ = ("_begin", "_slots")

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots
        self._begin: tuple[float, float] | None = None

    def power_w(self) -> float | None:
        """Watts, from the first counter that is known now."""
        slot = next((one for one in self._slots if one.value is not None), None)
        if slot is None or slot.value is None:
            return None
        if self._begin is None or slot.value < self._begin[0]:
            self._begin = (slot.value, slot.time_s)
        took_s = slot.time_s - self._begin[1]
        return (slot.value - self._begin[0]) * 3600 / took_s if took_s >= LEAST_S else None
