"""What a page needs to stay up to date: the whole image once, then once a second what changed of it.

The bytes are made once for all viewers. A point's time is told by its group, since a group is read together.
"""

from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import Protocol

import msgspec

from edgeagent.core.bus import Channel, Subscription
from edgeagent.core.clock import Clock
from edgeagent.core.state import State
from edgeagent.model.device import DeviceInfo
from edgeagent.model.points import DeviceId, Point, PointId
from edgeagent.model.reading import Quality, Reading
from edgeagent.model.site import Site

STATUS_EVERY_S = 5.0
"""The status goes out at least so often: it is the heartbeat too."""
QUEUE = 8
"""Events that wait for one viewer; a viewer that falls behind further is given the whole image again."""
NOT_GIVEN = "not_given"
"""The reason that people are told for what a device never had a value for."""
END = b""
"""Tells a viewer that the daemon goes."""

NO_SECTIONS: "Mapping[str, Section]" = MappingProxyType({})
StatusView = Callable[[], Mapping[str, object]]
_NO_READINGS: Mapping[PointId, Reading] = MappingProxyType({})


class Section(Protocol):
    """A part of the page beside points and status."""

    @property
    def version(self) -> Hashable:
        """Another one whenever people must see the part at once; ages may wait."""

    def view(self) -> Mapping[str, object]:
        """The part as plain data."""


class Live:
    """Compares the image with the last one it showed; ``tick`` is called once a second."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        status: StatusView,
        site: Callable[[], Site],
        sections: Mapping[str, Section] = NO_SECTIONS,
    ) -> None:
        self._state = state
        self._images = state.follow()
        self._clock = clock
        self._status = status
        self._site_now = site
        self._sections = sections
        self._sent: dict[str, tuple[Hashable, float]] = {}
        """What of each section was told last, and when."""
        self._site: Site | None = None
        self._channel: Channel[bytes] = Channel("page")
        self._seen: Mapping[PointId, Reading] = _NO_READINGS
        self._last_good: dict[PointId, Reading] = {}
        self._groups: dict[PointId, str] = {}
        self._infos: dict[DeviceId, DeviceInfo] = {}
        self._told: object = None
        self._told_s = 0.0

    @property
    def viewers(self) -> int:
        """How many watch now."""
        return len(self._channel.subscriptions)

    def watch(self, name: str) -> AbstractContextManager[Subscription[bytes]]:
        """Listen to the events until the block ends."""
        return self._channel.subscribe(name, QUEUE)

    def close(self) -> None:
        """Send every viewer away."""
        self._channel.publish(END)

    def tick(self) -> None:
        """Tell the viewers what changed since the last tick."""
        image = self._images.snapshot()
        before, self._seen = self._seen, image.readings
        if self._is_described_anew(before, same_points=image.changed is not None):
            self._groups = {}
            self._last_good = {name: one for name, one in self._last_good.items() if name in self._seen}
            if self._channel.subscriptions:  # thousands of points: who comes later is given all anyway
                self._channel.publish(self.full())
            return
        named = self._seen if image.changed is None else image.changed
        changed = [name for name in named if before[name] is not self._seen[name]]
        self._remember(before, changed)
        if self._channel.subscriptions:
            self._publish(before, changed)

    def full(self) -> bytes:
        """The whole image as an event."""
        self._find_groups()
        body = {
            **self._times(),
            "groups": self._read_times(self._seen),
            "points": [self._described(name, point) for name, point in self._named() if name in self._seen],
            "status": self._status(),
            **{name: section.view() for name, section in self._sections.items()},
        }
        return _event("full", body)

    def _is_described_anew(self, before: Mapping[PointId, Reading], *, same_points: bool) -> bool:
        infos, site = self._state.infos(), self._site_now()
        anew = infos != self._infos or site is not self._site
        anew = anew or not (same_points or before.keys() == self._seen.keys())
        self._infos, self._site = infos, site
        return anew

    def _find_groups(self) -> None:
        """Which group each point is read in, once after each description, and only for viewers."""
        if self._groups:
            return
        infos = self._state.infos()
        self._groups = {
            PointId(f"{device}/{name}"): f"{device}/{group.name}"
            for device, info in infos.items()
            for group in info.groups
            for name in group.points
        }

    def _remember(self, before: Mapping[PointId, Reading], changed: list[PointId]) -> None:
        """Keep the last GOOD reading of what is not good now: people may see it, greyed, with its age."""
        seen, last_good, good = self._seen, self._last_good, Quality.GOOD
        for name in changed:
            if seen[name].quality is good:
                if last_good:
                    last_good.pop(name, None)
            elif before[name].quality is good:
                last_good[name] = before[name]

    def _publish(self, before: Mapping[PointId, Reading], changed: list[PointId]) -> None:
        body: dict[str, object] = self._times()
        self._find_groups()
        if changed:
            body["groups"] = self._read_times(changed)
        shown = {name: self._shown(name) for name in changed if not _same(before[name], self._seen[name])}
        if shown:
            body["points"] = shown
        body |= self._status_if_due() | self._sections_if_due()
        if len(body) > 2:  # more than the times
            self._channel.publish(_event("change", body))

    def _status_if_due(self) -> dict[str, object]:
        status = self._status()
        steady = _steady(status)
        if steady == self._told and self._clock.now_s() - self._told_s < STATUS_EVERY_S:
            return {}
        self._told, self._told_s = steady, self._clock.now_s()
        return {"status": status}

    def _sections_if_due(self) -> dict[str, object]:
        found: dict[str, object] = {}
        now_s = self._clock.now_s()
        for name, section in self._sections.items():
            version, told_s = self._sent.get(name, (None, -STATUS_EVERY_S))
            if section.version != version or now_s - told_s >= STATUS_EVERY_S:
                self._sent[name] = (section.version, now_s)
                found[name] = section.view()
        return found

    def _times(self) -> dict[str, object]:
        return {"now_s": round(self._clock.now_s(), 3), "wall_s": round(self._clock.wall_s(), 3)}

    def _read_times(self, names: "list[PointId] | Mapping[PointId, Reading]") -> dict[str, float]:
        seen, groups = self._seen, self._groups
        times = {groups.get(name, name): seen[name].time_s for name in names}
        return {group: round(time_s, 2) for group, time_s in times.items()}

    def _named(self) -> Iterator[tuple[PointId, Point]]:
        """Every point with its name, which costs something to make of each of thousands."""
        return ((point.id, point) for point in self._state.points())

    def _described(self, name: PointId, point: Point) -> list[object]:
        return [name, point.kind.value, point.unit, self._groups.get(name, name), *self._shown(name)]

    def _shown(self, name: PointId) -> list[object]:
        """Value, quality, reason, source, raw, and for what is not good the last good value and its time."""
        reading, last = self._seen[name], self._last_good.get(name)
        why = reading.reason if self._state.is_missed(reading) else NOT_GIVEN
        row: list[object] = [reading.value, reading.quality, why]
        if last is None:
            return [*row, reading.source, reading.raw]
        return [*row, reading.source or last.source, reading.raw, last.value, round(last.time_s, 2)]


def _same(old: Reading, new: Reading) -> bool:
    """Whether only the time of reading differs."""
    return (
        old.value == new.value and old.quality is new.quality and old.reason is new.reason and old.source == new.source
    )


def _steady(status: Mapping[str, object]) -> object:
    """What people must see change at once; ages and counters may wait for the next heartbeat."""
    link, devices, conditions = status.get("link"), status.get("devices"), status.get("conditions")
    return (
        status.get("headline"),
        link["state"] if isinstance(link, dict) else None,
        [(one["device"], one["state"], one["message"]) for one in devices] if isinstance(devices, list) else None,
        [(one["part"], one["level"], one["message"]) for one in conditions] if isinstance(conditions, list) else None,
    )


def _event(name: str, body: object) -> bytes:
    # JSON holds no line break, so that one `data:` line is the whole of it (HTML standard, 9.2.6).
    return b"event: " + name.encode() + b"\ndata: " + msgspec.json.encode(body) + b"\n\n"
