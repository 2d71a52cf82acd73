"""Nothing is written without its record; what is wanted is carried out once, and told as it is."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from edgeagent.autonomy.executor import TRIES, Executor
from edgeagent.autonomy.standing import Seen
from edgeagent.core.clock import ManualClock
from edgeagent.core.health import Health
from edgeagent.core.metrics import Metrics
from edgeagent.core.ports import Permit
from edgeagent.model.errors import DeviceUnreachable, StoreFull
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Choice, Domain, Hold, Outcome, Output, Rank
from edgeagent.model.journal import Position
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value

LOAD = PointId("load/r1-srv-01.power")


class Book:
    """An audit that can be slow or full; ``links`` is what was written, in order."""

    def __init__(self) -> None:
        self.links: list[tuple[str, str]] = []
        self.slow: asyncio.Event | None = None
        self.full = False

    def audit(self, subject: str, action: str, detail: str = "") -> None:
        self.links.append((subject, action))

    async def audit_durable(self, subject: str, action: str, detail: str = "") -> Position:
        if self.full:
            raise StoreFull("cannot keep a record: the disk is full")
        if self.slow is not None:
            await self.slow.wait()
        self.links.append((subject, action))
        return Position(1, len(self.links))


class Switch:
    """An actuator that notes each write beside the audit's links."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self.words = [DONE]
        self.error: DeviceUnreachable | None = None
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()

    target = LOAD
    domain: Domain = Choice(frozenset({"on", "off"}))
    safe: Value | Hold = Hold()
    feedback = None
    settle_s = 1.0

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        if why := await permit():
            return Outcome(output.target, FAILED, why)
        self.began.set()
        await self.go.wait()
        self._book.links.append((output.target, f"write {output.value}"))
        if self.error is not None:
            raise self.error
        return Outcome(output.target, self.words.pop(0) if len(self.words) > 1 else self.words[0], "told", output.value)


def output(value: str, rank: Rank = Rank.EQUIPMENT) -> Output:
    return Output(LOAD, value, rank, "hot-p3", "the inlet is hot", "d1")


class Stand:
    def __init__(self) -> None:
        self.clock, self.book = ManualClock(), Book()
        self.switch = Switch(self.book)
        self.health, self.metrics = Health(self.clock), Metrics()
        self.executor = Executor(
            {LOAD: self.switch}, audit=self.book, clock=self.clock, health=self.health, metrics=self.metrics
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.executor.run(lambda: None))
        yield
        task.cancel()
        await asyncio.wait([task])

    async def settled(self) -> Outcome:
        async with asyncio.timeout(5):
            while (outcome := self.executor.standings[LOAD].outcome) is None:
                await self.clock.advance(1)
                await asyncio.sleep(0.001)
        return outcome


async def test_the_record_stands_before_the_write_and_the_outcome_after_it() -> None:
    stand = Stand()
    async with stand.running():
        stand.executor.submit([output("off")])
        assert (await stand.settled()).word == DONE
    assert [action for _, action in stand.book.links] == ["act", "write off", "done"]


async def test_what_is_wanted_already_costs_nothing() -> None:
    stand = Stand()
    async with stand.running():
        stand.executor.submit([output("off")])
        await stand.settled()
        stand.executor.submit([output("off")])
        await stand.clock.advance(5)
    assert len(stand.book.links) == 3


async def test_a_protective_act_waits_50_ms_for_its_record_then_acts_and_is_called_late() -> None:
    stand = Stand()
    stand.book.slow = asyncio.Event()
    async with stand.running():
        stand.executor.submit([output("off")])
        await asyncio.wait_for(stand.switch.began.wait(), 5)
        stand.book.slow.set()
        await stand.settled()
        assert stand.executor.standings[LOAD].late
    assert [action for _, action in stand.book.links] == ["write off", "act", "done, late"]
    assert stand.metrics.counter("edgeagent_acts_late", "").get() == 1


async def test_a_lesser_act_without_a_record_is_not_done() -> None:
    stand = Stand()
    stand.book.full = True
    async with stand.running():
        stand.executor.submit([output("off", Rank.NOC)])
        outcome = await stand.settled()
    assert outcome.word == FAILED
    assert "disk is full" in outcome.message
    assert "write off" not in [action for _, action in stand.book.links]


async def test_a_protective_act_is_done_even_when_the_disk_is_full_and_that_is_told() -> None:
    stand = Stand()
    stand.book.full = True
    async with stand.running():
        stand.executor.submit([output("off")])
        assert (await stand.settled()).word == DONE
        condition = stand.health.get("executor")
        assert condition is not None
        assert "without a record" in condition.message


async def test_a_failed_write_is_tried_again_with_an_end() -> None:
    stand = Stand()
    stand.switch.words = [FAILED]
    async with stand.running():
        stand.executor.submit([output("off")])
        outcome = await stand.settled()
        await stand.clock.advance(60)
        assert outcome.word == FAILED
        assert stand.executor.standings[LOAD].tries == TRIES
        assert [action for _, action in stand.book.links].count("write off") == TRIES
        assert stand.health.get(f"executor {LOAD}") is not None


async def test_an_open_outcome_is_unverified_and_never_done() -> None:
    stand = Stand()
    stand.switch.error = DeviceUnreachable("pdu-a1 does not answer")
    async with stand.running():
        stand.executor.submit([output("off")])
        outcome = await stand.settled()
    assert outcome.word == UNVERIFIED
    assert "pdu-a1 does not answer" in outcome.message


async def test_a_newer_wish_is_carried_out_after_the_one_that_has_begun() -> None:
    stand = Stand()
    stand.switch.go.clear()
    async with stand.running():
        stand.executor.submit([output("off")])
        await asyncio.wait_for(stand.switch.began.wait(), 5)
        stand.executor.submit([output("on")])
        stand.switch.go.set()
        assert (await stand.settled()).word == DONE
        assert stand.executor.standings[LOAD].output.value == "on"
    writes = [action for _, action in stand.book.links if action.startswith("write")]
    assert writes == ["write off", "write on"]


async def test_an_output_for_a_target_that_nobody_sets_is_left_alone() -> None:
    stand = Stand()
    stand.executor.submit([Output(PointId("cooling/crac-1.fan"), 100.0, Rank.EQUIPMENT, "x", "y", "d")])
    assert stand.executor.standings == {}


def a_setpoint(value: float = 21.44) -> Output:
    return Output(LOAD, value, Rank.PLAN, "plan", "it is warm", "d1")


class Rounded(Switch):
    """An actuator of a device that keeps halves, told to be within 0.25 of what is wanted."""

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        self._book.links.append((output.target, "apply"))
        return Outcome(output.target, DONE, "told", 21.5, 0.25)


async def applied_after(stand: Stand, seen: Value) -> int:
    """How often it was applied when it is read so for some minutes."""
    stand.executor.adopt({LOAD: Rounded(stand.book)})
    async with stand.running():
        stand.executor.submit([a_setpoint()])
        await stand.settled()
        for _ in range(10):
            await stand.clock.advance(31)
            stand.executor.submit([a_setpoint()], {LOAD: Seen(seen, stand.clock.now_s())})
            await asyncio.sleep(0.002)
    return [action for _, action in stand.book.links].count("apply")


@pytest.mark.parametrize("seen", [21.5, 21.44, 21.3, 21.7])
async def test_a_number_that_is_read_as_its_register_keeps_it_is_not_set_again(seen: float) -> None:
    assert await applied_after(Stand(), seen) == 1


@pytest.mark.parametrize("seen", [20.0, 23.0, "off"])
async def test_a_number_that_did_not_stay_is_set_again(seen: Value) -> None:
    assert await applied_after(Stand(), seen) > 5


async def test_what_was_set_by_an_actuator_that_is_gone_is_set_by_its_successor_too() -> None:
    """It may have to be kept alive, and nobody but who set it does that."""
    stand = Stand()
    async with stand.running():
        stand.executor.submit([output("off")])
        await stand.settled()
        stand.executor.adopt({LOAD: stand.switch})
        await stand.clock.advance(5)
        assert [action for _, action in stand.book.links].count("write off") == 1
        stand.executor.adopt({LOAD: Switch(stand.book)})
        await stand.settled()
    assert [action for _, action in stand.book.links].count("write off") == 2


async def test_what_can_no_longer_be_set_takes_its_condition_along() -> None:
    stand = Stand()
    stand.switch.words = [FAILED]
    async with stand.running():
        stand.executor.submit([output("off")])
        await stand.settled()
        stand.executor.adopt({})
    assert stand.executor.standings == {}
    assert stand.health.get(f"executor {LOAD}") is None


class Walker(Switch):
    """An actuator with many writes, each of which asks for its permit."""

    async def apply(self, output: Output, permit: Permit) -> Outcome:
        for step in range(5):
            if why := await permit():
                return Outcome(output.target, FAILED, why)
            self._book.links.append((output.target, f"write {output.value} {step}"))
            self.began.set()
            await self.go.wait()
            await asyncio.sleep(0)
        return Outcome(output.target, DONE, "told", output.value)


async def test_a_way_of_many_writes_ends_where_something_else_is_wanted_and_that_is_no_failure() -> None:
    stand = Stand()
    walker = Walker(stand.book)
    walker.go.clear()
    stand.executor.adopt({LOAD: walker})
    async with stand.running():
        stand.executor.submit([output("off")])
        await asyncio.wait_for(walker.began.wait(), 5)
        stand.executor.submit([output("on")])
        walker.go.set()
        assert (await stand.settled()).word == DONE
        assert stand.health.get(f"executor {LOAD}") is None
    writes = [action for _, action in stand.book.links if action.startswith("write")]
    assert writes == ["write off 0", *(f"write on {step}" for step in range(5))]
