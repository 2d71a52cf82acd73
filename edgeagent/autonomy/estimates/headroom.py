"""What each rack PDU would carry if a feed were lost: every load's watts move to the cords that are left. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from edgeagent.autonomy.compiled import OFF, inlet_power_point, power_point, state_point
from edgeagent.autonomy.estimates.found import Found, known, summed
from edgeagent.autonomy.permissive import SHARE
from edgeagent.model.decision import AlarmWanted, Severity
from edgeagent.model.points import DeviceId
from edgeagent.model.site import Load, Outlet, Site
from edgeagent.model.snapshot import Snapshot

CLEAR = 0.02
"""An alarm stands until so much of the rating less is carried."""
PARENT = "headroom"


@dataclass(frozen=True, slots=True)
class Headroom:
    """One PDU: its rating, what it carries now, and what it would carry after the worst loss."""

    pdu: DeviceId
    rating_w: float
    present: Found
    after: Found
    lost: str
    """The feed whose loss would be the worst; empty where none matters."""

    @property
    def share(self) -> float | None:
        """What it would carry, as a share of its rating."""
        return None if self.after.value is None else self.after.value / self.rating_w

    @property
    def left_w(self) -> float | None:
        """What it could carry more, up to the share of its rating that it may; negative when that is exceeded."""
        return None if self.after.value is None else SHARE * self.rating_w - self.after.value


def headrooms(snapshot: Snapshot, site: Site, ratings_w: Mapping[DeviceId, float]) -> Iterator[Headroom]:
    """For every PDU whose rating is known, in the order of the site."""
    moves = _Moves(snapshot, site)
    return (_headroom(moves, pdu, ratings_w[pdu]) for pdu in site.pdus if pdu in ratings_w)


def _headroom(moves: "_Moves", pdu: DeviceId, rating_w: float) -> Headroom:
    present = moves.present(pdu)
    worst, lost = present, ""
    for feed in moves.feeds_beside(pdu):
        after = summed([present, moves.moved(pdu, feed)], moves.now_s)
        if after.value is None:
            return Headroom(pdu, rating_w, present, after, feed)
        if worst.value is not None and after.value > worst.value:
            worst, lost = after, feed
    return Headroom(pdu, rating_w, present, worst, lost)


class _Moves:
    """The watts that would move, in one image."""

    def __init__(self, snapshot: Snapshot, site: Site) -> None:
        self.now_s = snapshot.time_s
        self._snapshot, self._site = snapshot, site
        self._cords: dict[DeviceId, list[Load]] = {pdu: [] for pdu in site.pdus}
        for load in site.loads.values():  # once over hundreds of loads, not once for each PDU
            for pdu in {cord.pdu for cord in load.cords} & self._cords.keys():
                self._cords[pdu].append(load)

    def present(self, pdu: DeviceId) -> Found:
        """What a PDU takes in."""
        return summed([known(self._snapshot, inlet_power_point(pdu))], self.now_s)

    def feeds_beside(self, pdu: DeviceId) -> list[str]:
        """The other feeds that this PDU's loads are on."""
        own = self._site.pdus[pdu].feed
        return sorted({feed for load in self._cords[pdu] for feed in self._site.feeds_of(load)} - {own})

    def moved(self, pdu: DeviceId, feed: str) -> Found:
        """What comes to a PDU when a feed is lost; cords that are left share it."""
        parts = []
        for load in self._cords[pdu]:
            left = [cord for cord in load.cords if self._site.pdus[cord.pdu].feed != feed and not self._is_off(cord)]
            mine = sum(cord.pdu == pdu for cord in left)
            if mine:
                gone = [self._drawn(cord) for cord in load.cords if self._site.pdus[cord.pdu].feed == feed]
                parts.append(_shared(summed(gone, self.now_s), mine / len(left)))
        return summed(parts, self.now_s)

    def _is_off(self, cord: Outlet) -> bool:
        """Whether a cord is known to be off: what is not known may have to carry."""
        reading = self._snapshot.readings.get(state_point(cord))
        return reading is not None and reading.value in {OFF, False} and reading.value is not None

    def _drawn(self, cord: Outlet) -> Found:
        """What a cord draws; an outlet that has no meter draws an equal share of what its PDU takes in."""
        if power_point(cord) in self._snapshot.readings:
            return known(self._snapshot, power_point(cord))
        cords = sum(one.pdu == cord.pdu for load in self._cords[cord.pdu] for one in load.cords)
        return replace(_shared(self.present(cord.pdu), 1 / cords), is_sure=False)


def _shared(found: Found, share: float) -> Found:
    return found if found.value is None else Found(found.value * share, found.time_s, found.reason, found.is_sure)


class HeadroomAlarms:
    """Which alarms stand. One that stands ends only when the room is known to be back: blindness does not end it."""

    def __init__(self) -> None:
        self._standing: dict[DeviceId, AlarmWanted] = {}

    def update(self, found: list[Headroom]) -> None:
        """Look at all PDUs."""
        self._standing = {
            one.pdu: alarm for one in found if (alarm := self._alarm(one, self._standing.get(one.pdu))) is not None
        }

    def alarms(self) -> list[AlarmWanted]:
        """One for each PDU, under one for the pod where there are several."""
        standing = list(self._standing.values())
        if len(standing) < 2:
            return standing
        worst: Severity = "major" if any(one.severity == "major" for one in standing) else "warning"
        names = ", ".join(sorted(self._standing)[:3]) + (f" and {len(standing) - 3} more" if len(standing) > 3 else "")
        text = f"{len(standing)} PDUs could not carry the loads of a lost feed: {names}"
        return [AlarmWanted(PARENT, worst, text), *(replace(one, parent=PARENT) for one in standing)]

    @staticmethod
    def _alarm(one: Headroom, before: AlarmWanted | None) -> AlarmWanted | None:
        share = one.share
        if share is None:
            return before
        level = SHARE - CLEAR if before is not None else SHARE
        if share <= level:
            return None
        is_trip = share > 1.0 or (before is not None and before.severity == "major" and share > 1.0 - CLEAR)
        return AlarmWanted(
            f"headroom/{one.pdu}",
            "major" if is_trip else "warning",
            _sentence(one),
            cause=f"derived/{one.pdu}.headroom",
        )


def _sentence(one: Headroom) -> str:
    after_w, share = one.after.value or 0.0, one.share or 0.0
    when = f"if feed {one.lost} were lost" if one.lost else "now"
    more = "its breaker would trip" if share > 1 else f"more than {SHARE:.0%} of it may not be carried for long"
    over_w = max(0.0, after_w - SHARE * one.rating_w)
    return (
        f"{one.pdu} would carry {after_w:.0f} W of its {one.rating_w:.0f} W ({share:.0%}) {when}, and {more}: "
        f"move or shed {over_w:.0f} W"
    )
