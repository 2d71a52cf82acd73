"""Whatever dies in between, the NOC holds what the journal confirmed, and nothing that no device served."""

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.e2e.oracle import invented, lost, noc_rows, served
from tests.e2e.rig import Rig

SETTLE_S = 30.0


class Chaos:
    """One round: agent, broker and NOC are killed with -9 and the link is cut, each at a random moment."""

    def __init__(self, rig: Rig, seed: int) -> None:
        self._rig = rig
        self._random = random.Random(seed)
        self.deaths_s: list[float] = []

    async def round(self) -> None:
        acts = [self._kill_agent, self._kill_broker, self._kill_noc, self._cut_link]
        self._random.shuffle(acts)
        async with asyncio.TaskGroup() as group:
            for act in acts:
                group.create_task(self._at(self._random.uniform(0.2, 3.0), act, self._random.uniform(0.0, 1.0)))

    async def _at(self, wait_s: float, act: object, down_s: float) -> None:
        await asyncio.sleep(wait_s)
        await act(down_s)  # type: ignore[operator]

    async def _kill_agent(self, down_s: float) -> None:
        self._rig.agent.kill()
        self.deaths_s.append(time.clock_gettime(time.CLOCK_BOOTTIME))
        await asyncio.sleep(down_s)
        self._rig.agent.start()
        await self._rig.until(self._rig.answers, "the agent after a kill")

    async def _kill_broker(self, down_s: float) -> None:
        self._rig.broker.kill()
        await asyncio.sleep(down_s)
        await asyncio.to_thread(self._rig.broker.start)

    async def _kill_noc(self, down_s: float) -> None:
        self._rig.noc.kill()
        await asyncio.sleep(down_s)
        self._rig.noc.start()

    async def _cut_link(self, down_s: float) -> None:
        self._rig.proxy.refuse = True
        self._rig.proxy.cut()
        await asyncio.sleep(down_s)
        self._rig.proxy.refuse = False
        self._rig.proxy.cut()


async def endure(folder: Path, rounds: int, seed: int) -> None:
    rig = Rig(folder)
    await rig.start()
    chaos = Chaos(rig, seed)
    try:
        await rig.until(lambda: rig.noc_db.exists() and len(noc_rows(rig.noc_db)) > 5, "the first rows at the NOC")
        for _ in range(rounds):
            await chaos.round()
        await rig.until(lambda: rig.status()["link"]["state"] == "connected", "the link", SETTLE_S)
        # A frame whose acknowledgement died with somebody is sent again after its time: until then it is kept.
        await rig.until(lambda: rig.status()["journal"]["telemetry"]["pending"] < 5, "the backlog gone", SETTLE_S)
        rig.agent.end()
        await rig.until(
            lambda: set(rig.tail.rows) <= set(noc_rows(rig.noc_db)), "every journalled row at the NOC", SETTLE_S
        )
    finally:
        await rig.stop()
    judge(rig, chaos.deaths_s)


def judge(rig: Rig, deaths_s: list[float]) -> None:
    held, confirmed = noc_rows(rig.noc_db), rig.tail.rows
    assert len(confirmed) > 20, "the test's own log of the journal is too short to prove anything"
    assert rig.tail.conflicts == [], "a sequence was used for two contents"
    assert {key: held[key] for key in confirmed} == confirmed
    assert gaps(held) == [], "sequences are missing between the first and the last that the NOC holds"
    truth = list(served(rig.served))
    assert len(truth) > 20
    assert invented(held.values(), truth) == []
    last_s = max(deaths_s, default=0.0)
    horizon = [one for one in truth if one.time_s < max(last_s, time.clock_gettime(time.CLOCK_BOOTTIME) - 10)]
    assert lost(held.values(), horizon, deaths_s) == []


def gaps(held: dict[tuple[int, int], bytes]) -> list[tuple[int, int]]:
    """(epoch, sequence) that the NOC lacks below the last one that it has of that epoch."""
    last: dict[int, int] = {}
    for epoch, sequence in held:
        last[epoch] = max(last.get(epoch, 0), sequence)
    return [(epoch, one) for epoch, end in last.items() for one in range(1, end + 1) if (epoch, one) not in held]


@pytest.mark.timeout(180)
async def test_nothing_is_lost_over_four_rounds_of_kills_and_cuts(tmp_path: Path) -> None:
    await endure(tmp_path, rounds=4, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", range(5))
async def test_nothing_is_lost_over_twenty_rounds(tmp_path: Path, seed: int) -> None:
    await endure(tmp_path, rounds=20, seed=seed)
