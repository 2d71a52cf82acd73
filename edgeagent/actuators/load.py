"""One load: all its cords, or none of them."""

import asyncio
import math
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from edgeagent.actuators.outlet import WORDS, OutletActuator
from edgeagent.actuators.parts import Stagger
from edgeagent.core.clock import Clock
from edgeagent.core.ports import Permit
from edgeagent.model.errors import DeviceError
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Choice, Domain, Hold, Outcome, Output
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value
from edgeagent.model.site import Load

ON = "on"
SEEN_S = 0.5
"""For how long what was seen of the cords holds."""


@dataclass(frozen=True, slots=True)
class Seen:
    """One cord as it is now: a word, or why there is none."""

    cord: OutletActuator
    word: str | None
    trouble: str = ""

    def __str__(self) -> str:
        return f"{self.cord.target} is {self.word or f'unknown ({self.trouble})'}"


class LoadActuator:
    """An Actuator for a load: ``load/<name>.power``.

    Nothing is switched unless every cord can be seen. Where a cord then fails, those that were switched are put back.
    A switch that has begun is finished, or put back, also when the caller is cancelled.
    """

    def __init__(self, load: Load, cords: Sequence[OutletActuator], stagger: Stagger, clock: Clock) -> None:
        if not cords:
            raise ValueError(f"load {load.name} has no cords")
        self._name = load.name
        self._target = load.target
        self._cords = tuple(cords)
        self._stagger = stagger
        self._clock = clock
        self._lock = asyncio.Lock()

    @property
    def target(self) -> PointId:
        """The name that intents use."""
        return self._target

    @property
    def domain(self) -> Domain:
        """On or off."""
        return Choice(WORDS)

    @property
    def safe(self) -> Value | Hold:
        """As it is."""
        return Hold()

    @property
    def feedback(self) -> PointId | None:
        """No single point shows it."""
        return None

    @property
    def settle_s(self) -> float:
        """Cords are switched one after another, and perhaps back."""
        return 2 * sum(cord.settle_s for cord in self._cords)

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        """Switch the load; a restore waits for its slot first. Where cords remain unknown the outcome says which."""
        word = output.value
        if not isinstance(word, str) or word not in WORDS:
            return Outcome(self.target, FAILED, f"cannot switch load {self._name} to {word!r}: must be on or off")
        async with self._lock:
            if word == ON:
                refusal = self._refusal(word, await self._look())
                if refusal is not None:
                    return refusal
                await self._stagger.slot()
            return await _finished(self._switch(word, permit))

    async def _switch(self, word: str, permit: Permit) -> Outcome:
        seen_s = -math.inf
        while self._clock.now_s() - seen_s > SEEN_S:  # a permit that takes long outlasts what was seen
            before, seen_s = await self._look(), self._clock.now_s()
            refusal = self._refusal(word, before) or await self._permitted(word, before, permit)
            if refusal is not None:
                return refusal
        former = _other(word)
        written: list[OutletActuator] = []
        for cord in [seen.cord for seen in before if seen.word != word]:
            # What was just read of the first cord still holds; by the time of the others it may not.
            outcome = await _tried(cord, word, seen=None if written else former)
            if outcome.word != FAILED:
                written.append(cord)
            if outcome.word != DONE:
                return await self._put_back(word, written, outcome.message)
        return Outcome(self.target, DONE, f"load {self._name} is {word}", word)

    async def _put_back(self, word: str, written: Sequence[OutletActuator], why: str) -> Outcome:
        former = _other(word)
        for cord in reversed(written):
            await _tried(cord, former, undo=True)
        after = await self._look(insist=True)
        where = ", ".join(map(str, after))
        back = {seen.cord for seen in after if seen.word == former} >= set(written)
        text = f"cannot switch load {self._name} {word}: {why}; "
        if back:
            return Outcome(self.target, FAILED, f"{text}what was switched is put back: {where}", _common(after))
        return Outcome(self.target, UNVERIFIED, f"{text}not all could be put back: {where}", _common(after))

    async def _look(self, *, insist: bool = False) -> list[Seen]:
        return list(await asyncio.gather(*(_seen(cord, insist=insist) for cord in self._cords)))

    def _refusal(self, word: str, seen: Sequence[Seen]) -> Outcome | None:
        """Why nothing is to be switched, if so: a cord is unknown, all are there already, or it is too soon."""
        unknown = [one for one in seen if one.word is None]
        if unknown:
            why = "; ".join(map(str, unknown))
            return self._failed(word, why, seen)
        change = [one.cord for one in seen if one.word != word]
        if not change:
            return Outcome(self.target, DONE, f"load {self._name} is {word} already", word)
        wait_s = max(cord.wait_s(word) for cord in change)
        if wait_s:
            return self._failed(
                word, f"it was just switched the other way; wait {wait_s:.0f} s (off_on_interval)", seen
            )
        return None

    async def _permitted(self, word: str, seen: Sequence[Seen], permit: Permit) -> Outcome | None:
        why = await permit()
        return self._failed(word, why, seen) if why else None

    def _failed(self, word: str, why: str, seen: Sequence[Seen]) -> Outcome:
        text = f"cannot switch load {self._name} {word}, 0 outlets were switched: {why}"
        return Outcome(self.target, FAILED, text, _common(seen))


def _other(word: str) -> str:
    return next(iter(WORDS - {word}))


async def _seen(cord: OutletActuator, *, insist: bool) -> Seen:
    try:
        return Seen(cord, await cord.look(insist=insist))
    except DeviceError as error:
        return Seen(cord, None, str(error))


async def _tried(cord: OutletActuator, word: str, *, undo: bool = False, seen: str | None = None) -> Outcome:
    try:
        return await cord.switch(word, undo=undo, seen=seen)
    except DeviceError as error:
        return Outcome(cord.target, UNVERIFIED, str(error))


async def _finished(work: Coroutine[Any, Any, Outcome]) -> Outcome:
    """Finish work that is bounded in time, also when cancelled meanwhile; then be cancelled."""
    task = asyncio.create_task(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        raise


def _common(seen: Sequence[Seen]) -> str | None:
    words = {one.word for one in seen}
    return words.pop() if len(words) == 1 else None
