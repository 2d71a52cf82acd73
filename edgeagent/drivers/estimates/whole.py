"""What is true of a device as a whole: parts make their total, and heat is what its streams carry."""

from collections.abc import Sequence

from edgeagent.drivers.estimates.bands import FLOOR_VA, beyond, half_step
from edgeagent.drivers.estimates.heat import heat_off
from edgeagent.drivers.estimates.layout import Stream, Sum
from edgeagent.drivers.estimates.majority import Sight, culprits
from edgeagent.drivers.estimates.slot import Slot
from edgeagent.drivers.estimates.sums import odd_one
from edgeagent.drivers.estimates.tally import Tally

MORE, LESS = 1.25, 0.7
OWN_W = 80.0
"""What a PDU itself draws, and what moments and rounding make."""


class Parts:
    """One sum. It accuses one member alone, whose factor of ten would explain all; phases also together."""

    __slots__ = ("_accused", "_sum", "_tally")

    def __init__(self, parts: Sum) -> None:
        self._sum, self._tally = parts, Tally()
        self._accused: tuple[Slot, ...] = ()

    def judge(self) -> None:
        """Add up, and accuse who makes it wrong."""
        total = self._sum.total.value
        values = [one.value for one in self._sum.parts if one.value is not None]
        if total is None or len(values) < len(self._sum.parts):
            return
        whole, total = sum(values), abs(total)
        if max(whole, total) >= FLOOR_VA:
            least = LESS * total - OWN_W if self._sum.complete else 0.0
            self._tally.see(beyond(whole, least, MORE * total + OWN_W))
        if self._tally.broken or self._accused:
            self._accuse(total, values)

    def _accuse(self, total: float, values: Sequence[float]) -> None:
        for slot in self._accused:
            if slot.accused == WORDS:
                slot.accused = ""
        guilty: tuple[Slot, ...] = ()
        if self._tally.broken:
            place = odd_one(total, values)
            everybody = (self._sum.total, *self._sum.parts)
            guilty = (everybody[place + 1],) if place is not None else everybody if self._sum.complete else ()
            if any(one.accused for one in everybody):
                guilty = ()  # a group knows more of its own
        for slot in guilty:
            slot.accused = WORDS
        self._accused = guilty


FROZEN_S, LEAST_SENSORS, MOVED_K, FINE_K = 7200.0, 4, 3.0, 0.06
"""A thermometer of whole degrees may stand still for hours; one of tenths does not while half of the others move."""
MOVED = 1e9
WORDS = "power of parts and of their total contradict each other"


class Heat:
    """The streams that share one report of heat; with two of them the odd one is found."""

    __slots__ = ("_is_accused", "_slots", "_streams", "heat")

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._streams = [(stream, Tally()) for stream in streams]
        self.heat = streams[0].heat
        self._slots = {slot for one in streams for slot in (one.flow, one.supply, one.back, one.heat)}
        self._is_accused = False

    def judge(self) -> None:
        """Balance each stream, and accuse who is wrong."""
        for stream, tally in self._streams:
            off = _off(stream)
            if off is not None:
                tally.see(off)
        if not self._is_accused and not any(tally.broken for _, tally in self._streams):
            return
        guilty = culprits(
            Sight(frozenset([one.flow, one.supply, one.back, one.heat]), tally.broken) for one, tally in self._streams
        )
        self._is_accused = bool(guilty)
        for slot in self._slots:
            slot.accused = "heat, flow and temperatures contradict each other" if slot in guilty else ""


def _off(stream: Stream) -> float | None:
    told, flow, supply, back = stream.heat.value, stream.flow.value, stream.supply.value, stream.back.value
    if told is None or flow is None or supply is None or back is None:
        return None
    return heat_off(told, flow, back - supply, watts=stream.watts, band=stream.band)


def heats(streams: Sequence[Stream]) -> list[Heat]:
    """One for each report of heat."""
    by_heat: dict[Slot, list[Stream]] = {}
    for stream in streams:
        by_heat.setdefault(stream.heat, []).append(stream)
    return [Heat(mine) for mine in by_heat.values()]


class Frozen:
    """The thermometers of one device: one that shows the same to the last bit for hours, while most others move."""

    __slots__ = ("_highs", "_lows", "_since_s", "_slots")

    def __init__(self, slots: Sequence[Slot]) -> None:
        self._slots = slots if len(slots) >= LEAST_SENSORS else ()
        self._since_s: float | None = None
        self._lows: list[float] = []
        self._highs: list[float] = []

    def judge(self, now_s: float) -> None:
        """Look at all of them; one that moves again is free at once."""
        if not self._slots:
            return
        if self._since_s is None or now_s - self._since_s >= FROZEN_S:
            self._turn(now_s)
        for place, slot in enumerate(self._slots):
            value = slot.value
            if value is None:
                self._highs[place] = MOVED  # nothing is known of it
            elif value < self._lows[place]:
                self._lows[place] = value
            elif value > self._highs[place]:
                self._highs[place] = value
            elif not slot.stuck:
                continue
            if slot.stuck and self._highs[place] > self._lows[place]:
                slot.stuck = ""

    def _turn(self, now_s: float) -> None:
        if self._since_s is not None:
            moved = sum(high - low >= MOVED_K for high, low in zip(self._highs, self._lows, strict=True))
            for slot, low, high in zip(self._slots, self._lows, self._highs, strict=True):
                is_still = low == high and half_step(low) < FINE_K and 2 * moved >= len(self._slots)
                slot.stuck = "it stands still while its siblings move" if is_still else ""
        self._since_s = now_s
        values = [slot.value for slot in self._slots]
        self._lows = [MOVED if value is None else value for value in values]
        self._highs = list(self._lows)
