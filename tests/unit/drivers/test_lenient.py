"""An agent of which single questions may fail."""

import pytest

from edgeagent.drivers.lenient import MAX_SILENCES, Lenient
from edgeagent.model.errors import DeviceGarbled, DeviceRefused, DeviceUnreachable


class Moody:
    """Answers each walk with the next of these."""

    def __init__(self, *moods):
        self.moods = list(moods)

    async def get(self, oids):
        return await self.walk("")

    async def walk(self, prefix, max_rows=0):
        mood = self.moods.pop(0)
        if isinstance(mood, Exception):
            raise mood
        return mood


async def test_what_makes_no_sense_counts_as_no_answer_and_is_told_once():
    agent = Lenient(Moody(DeviceGarbled("nonsense"), DeviceGarbled("nonsense"), {"1.2": 3}))
    assert await agent.walk("1") == {}
    assert await agent.get(["1.1"]) == {}
    assert await agent.walk("1") == {"1.2": 3}
    assert list(agent.failures) == ["nonsense"]


async def test_nothing_is_asked_for_nothing():
    assert await Lenient(Moody()).get([]) == {}


async def test_a_device_that_falls_silent_again_and_again_is_called_dead():
    agent = Lenient(Moody(*[DeviceUnreachable("silent")] * MAX_SILENCES))
    for _ in range(MAX_SILENCES - 1):
        assert await agent.walk("1") == {}
    with pytest.raises(DeviceUnreachable):
        await agent.walk("1")


async def test_a_refusal_is_none_of_these():
    with pytest.raises(DeviceRefused):
        await Lenient(Moody(DeviceRefused("no"))).walk("1")
