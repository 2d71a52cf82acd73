"""The headline: one sentence that tells a tired person whether anything needs them, and what the pod does by itself.

Its words change only when that does: the page reads it out.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from textwrap import shorten
from typing import Protocol

from edgeagent.core.health import Health, Level
from edgeagent.core.state import State
from edgeagent.model.device import DeviceState, DeviceStatus

TOLD_OTHERWISE = frozenset({"interlock", "blind"})
"""Kinds of alarm that the sentence about loads, devices or points tells already."""

LONGEST = 120
"""What the sentence holds of one alarm's text, in characters: the list of alarms tells all of it."""


class LinkView(Protocol):
    """What the uplink tells of itself; times are CLOCK_BOOTTIME seconds."""

    @property
    def state(self) -> str:
        """Connected, degraded, disconnected or rejoining."""

    @property
    def since_s(self) -> float:
        """When it became so."""

    @property
    def broker(self) -> str:
        """Where the broker is."""

    @property
    def last_ack_s(self) -> float | None:
        """When the NOC last acknowledged anything."""


class Headline:
    """Needs a look, looks after itself, getting to know the pod, or nothing."""

    def __init__(
        self,
        state: State,
        health: Health,
        link: LinkView,
        *,
        acting: Callable[[], str],
        alarms: Callable[[], Mapping[str, object]],
    ) -> None:
        self._state, self._health, self._link = state, health, link
        self.acting, self._alarms = acting, alarms

    def text(self, faults: Counter[str]) -> str:
        """The sentence; ``faults`` counts the points of each device that are not GOOD."""
        statuses = self._state.statuses().values()
        attention, acting = self._attention(statuses, faults), self.acting()
        needed = _stopped(f"Needs a look: {'; '.join(attention)}")
        if acting:
            rest = needed if attention else "Nothing else needs you."
            return f"Looking after itself: {acting}. {rest}"
        if attention:
            return f"{needed} Meanwhile {self._noc_words()}."
        connecting = sum(one.state is DeviceState.CONNECTING for one in statuses)
        if connecting:
            return f"Getting to know the pod: {connecting} of {len(statuses)} devices are being connected."
        return f"Nothing needs you: all {len(statuses)} devices answer, and {self._noc_words()}."

    def counts(self) -> dict[str, object]:
        """How many alarms stand, how bad the worst is, and how many are shelved."""
        found = self._alarms()
        return {key: found.get(key) for key in ("standing", "unacknowledged", "worst", "shelved")}

    def _attention(self, statuses: Collection[DeviceStatus], faults: Counter[str]) -> list[str]:
        """What a person has to look at, worst first; a silent device counts once and not with each of its points."""
        failed = [one.message or one.part for one in self._health.conditions() if one.level is Level.FAILED]
        down = sorted(one.device for one in statuses if one.state not in {DeviceState.ONLINE, DeviceState.CONNECTING})
        online = {one.device for one in statuses if one.state is DeviceState.ONLINE}
        blind = sorted(device for device in online if faults[device])
        parts = [failed[0] if len(failed) == 1 else f"{len(failed)} parts failed, first: {failed[0]}"] if failed else []
        parts += [f"{some(down, 'does', 'do')} not answer as expected"] if down else []
        parts += [f"{some(blind, 'has', 'have')} points without a good reading"] if blind else []
        return [*parts, *self._alarm_words()]

    def _alarm_words(self) -> Iterator[str]:
        rows = self._alarms().get("alarms")
        texts = [str(row["text"]) for row in rows if _needs_a_person(row)] if isinstance(rows, list) else []
        if texts:
            first = shorten(texts[0], LONGEST, placeholder=" …")
            yield first if len(texts) == 1 else f"{len(texts)} alarms, first: {first}"

    def _noc_words(self) -> str:
        words = {"connected": "the NOC is online", "disconnected": "records are kept here until the NOC is back"}
        return words.get(self._link.state, f"the NOC link is {self._link.state}")


def _stopped(text: str) -> str:
    """With a full stop, unless it was shortened."""
    return text if text.endswith("…") else f"{text}."


def some(names: Sequence[str], one: str, several: str) -> str:
    """The first names with their verb."""
    shown = ", ".join(names[:3])
    more = len(names) - 3
    return f"{shown} and {more} more {several}" if more > 0 else f"{shown} {one if len(names) == 1 else several}"


def _needs_a_person(row: Mapping[str, object]) -> bool:
    """It stands, nobody has seen to it, and nothing else tells of it."""
    kind = str(row["key"]).partition("/")[0]
    seen_to = row["acknowledged"] or row["shelved"] or row["folded"]
    return row["state"] == "standing" and not seen_to and kind not in TOLD_OTHERWISE
