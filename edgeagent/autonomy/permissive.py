"""Permissives: vetoes over the image and all outputs together. Unknown is not permission."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from edgeagent.autonomy.arbiter import Verdict
from edgeagent.autonomy.compiled import OFF, ON, Tables, state_point
from edgeagent.autonomy.plant import Plant
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.site import Load, Outlet

SHARE = 0.8
"""How much of its rating a PDU may carry after a move that adds to it (NEC 210.20(A) for continuous loads)."""
Vetoes = dict[PointId, str]


@dataclass(frozen=True, slots=True)
class Moves:
    """Which loads were chosen to be off, or to return, as a whole; and what the returning ones drew."""

    shed: Collection[str] = ()
    returning: Mapping[str, float | None] = field(default_factory=dict)


def veto(
    plant: Plant, tables: Tables, verdicts: Mapping[PointId, Verdict], moves: Moves, locks: Collection[str]
) -> Vetoes:
    """The targets that may not be set, each with the reason; a load's cords are judged together, best rank first."""
    vetoes: Vetoes = {point: "it is locked out" for point in verdicts if point in locks}
    by_load: dict[str, list[PointId]] = {}
    for point in verdicts:
        if point in tables.cords:
            by_load.setdefault(tables.cords[point][0], []).append(point)
    judge = _Judge(plant, tables, moves, locks)
    for name in sorted(by_load, key=lambda one: (min(verdicts[point].rank for point in by_load[one]), one)):
        vetoes |= judge.judge(plant.site.loads[name], {point: verdicts[point] for point in sorted(by_load[name])})
    return vetoes


class _Judge:
    """One pass over all outputs; it adds up what was permitted so far."""

    def __init__(self, plant: Plant, tables: Tables, moves: Moves, locks: Collection[str]) -> None:
        self._plant, self._tables, self._moves, self._locks = plant, tables, moves, locks
        self._added_w: dict[DeviceId, float] = {}
        self._off: set[Outlet] = set()

    def judge(self, load: Load, mine: Mapping[PointId, Verdict]) -> Vetoes:
        """The vetoes for one load's cords."""
        if any(lock in self._locks for cord in load.cords for lock in (load.name, str(cord), state_point(cord))):
            return dict.fromkeys(mine, f"{load.name} is locked out")
        if fixed := sorted(cord.pdu for cord in load.cords if cord.pdu in self._plant.fixed):
            return dict.fromkeys(mine, f"{fixed[0]} may not be switched (switchable = true allows it)")
        whole = len(mine) == len(load.cords)
        words = {verdict.value for verdict in mine.values()}
        shed = load.name in self._moves.shed
        if (shed or load.name in self._moves.returning) and not (whole and words == {OFF if shed else ON}):
            return dict.fromkeys(mine, f"{load.name} can only be switched as a whole")
        if whole and words == {OFF} and (shed or len({one.source for one in mine.values()}) == 1):
            self._off.update(load.cords)
            return {}
        return self._cord_by_cord(load, mine)

    def _cord_by_cord(self, load: Load, mine: Mapping[PointId, Verdict]) -> Vetoes:
        """Each cord that goes off by itself, in the order of rank; those that go on stand or fall together."""
        vetoes: Vetoes = {}
        cords = {point: self._tables.cords[point][1] for point in mine}
        rising = [point for point, one in mine.items() if one.value == ON and self._plant.switched(cords[point]) != ON]
        if reason := self._cannot_rise(load, [cords[point] for point in rising]):
            vetoes |= dict.fromkeys(rising, reason)
        for point, one in sorted(mine.items(), key=lambda item: (item[1].rank, item[0])):
            if one.value == OFF and (reason := self._cannot_fall(load, cords[point])):
                vetoes[point] = reason
        return vetoes

    def _cannot_rise(self, load: Load, rising: Collection[Outlet]) -> str:
        """Why cords may not be energised, or nothing. Each PDU must bear the load alone."""
        drawn_w = self._moves.returning.get(load.name)
        load_w = self._tables.pace.assumed_w if drawn_w is None else drawn_w
        return self._overload({cord.pdu for cord in rising}, load_w)

    def _cannot_fall(self, load: Load, cord: Outlet) -> str:
        """Why one cord may not be de-energised while the load is to go on, or nothing."""
        if self._plant.switched(cord) == OFF:
            return ""
        others = [one for one in load.cords if one != cord and one not in self._off and self._plant.switched(one) == ON]
        if not others:
            return f"it is the last known source of {load.name}"
        moved_w = self._plant.outlet_w(cord)
        if moved_w is None:
            return f"what it delivers to {load.name} is not known"
        reason = self._overload({one.pdu for one in others} - {cord.pdu}, moved_w)
        if not reason:
            self._off.add(cord)
        return reason

    def _overload(self, pdus: Collection[DeviceId], more_w: float) -> str:
        """Why the PDUs cannot each bear so much more, or nothing; what they can bear is written down."""
        for pdu in sorted(pdus):
            present_w, rating_w = self._plant.pdu_w(pdu), self._tables.ratings_w.get(pdu)
            if present_w is None:
                return f"what {pdu} carries is not known"
            if more_w and rating_w is None:
                return f"what {pdu} may carry is not known: add [ratings.{pdu}]"
            after_w = present_w + self._added_w.get(pdu, 0.0) + more_w
            if more_w and rating_w is not None and after_w > SHARE * rating_w:
                return f"{pdu} would carry {after_w:.0f} W, more than {SHARE:.0%} of its {rating_w:.0f} W"
        for pdu in pdus:
            self._added_w[pdu] = self._added_w.get(pdu, 0.0) + more_w
        return ""
