"""The cycle: what it decides is remembered and told before it is carried out, and outlives the process."""

import asyncio
import json

from edgeagent.autonomy.cycle import FACT, TURN_S
from edgeagent.autonomy.kept_memory import kept, resumed
from edgeagent.core.clock import Anchor, ManualClock
from edgeagent.model.decision import Memory
from edgeagent.model.interlock import Standing
from edgeagent.model.limit import LimitMemory, Truth
from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading, ReadingBatch
from tests.scenarios.world import tables
from tests.unit.autonomy.stand import Keeper, Stand


async def until(condition, deadline_s=5.0):
    async with asyncio.timeout(deadline_s):
        while not condition():
            await asyncio.sleep(0.001)


LATCHED = "[interlocks.hot-p3]\nlatch = true"


async def hot(stand: Stand) -> None:
    await stand.pass_time(4)
    stand.heat("r1", 33.0)
    await stand.pass_time(18)


def standing(stand: Stand) -> dict[str, str]:
    return {one.output.target: one.output.value for one in stand.executor.standings.values()}


async def test_a_hot_rack_has_its_p3_loads_ordered_off_as_whole_loads() -> None:
    stand = Stand()
    await hot(stand)
    assert standing(stand) == {"load/r1-p3.power": "off", "load/r1-p3b.power": "off"}
    assert stand.ear.alarms == ["interlock/hot-p3@r1"]
    assert stand.ear.ticks == 22


async def test_what_is_decided_is_remembered_and_told_before_it_is_ordered() -> None:
    stand = Stand()
    run = asyncio.create_task(stand.executor.run(lambda: None))
    await hot(stand)
    await until(lambda: stand.world.is_off("r1-p3"))
    run.cancel()
    await asyncio.wait([run])
    order = stand.keeper.order
    act = order.index("load/r1-p3.power act")
    assert order[act - 2 : act] == [FACT, "decision decide"]
    assert order.index("load/r1-p3.power act") < order.index("load/r1-p3.power off")


async def test_a_decision_that_stays_the_same_writes_nothing() -> None:
    stand = Stand()
    await hot(stand)
    before = len(stand.keeper.order)
    await stand.pass_time(30)
    assert len(stand.keeper.order) == before
    assert stand.cycle.changes < 10


async def test_what_was_shed_is_still_shed_after_the_process_was_killed() -> None:
    stand = Stand()
    await hot(stand)
    facts = json.loads(json.dumps(stand.keeper.facts))
    again = Stand(keeper=Keeper(facts), clock=stand.clock)
    again.heat("r1", 33.0)
    await again.pass_time(2)
    assert standing(again) == {"load/r1-p3.power": "off", "load/r1-p3b.power": "off"}
    assert {one.load: one.since_s for one in again.cycle.memory.shed} == {
        one.load: one.since_s for one in stand.cycle.memory.shed
    }


async def test_a_shed_survives_a_reboot_and_is_as_old_as_it_is() -> None:
    stand = Stand()
    await hot(stand)
    since_s = stand.cycle.memory.shed[0].since_s
    ago_s = stand.clock.now_s() - since_s
    facts = json.loads(json.dumps(stand.keeper.facts))
    kept_wall_s = stand.clock.wall_s()
    later = ManualClock(now_s=5.0, wall_s=kept_wall_s + 3600.0, boot_id="f" * 32)
    again = Stand(keeper=Keeper(facts), clock=later)
    found = again.cycle.memory.shed[0]
    assert abs((later.now_s() - found.since_s) - (ago_s + 3600.0)) < 15.0


async def test_facts_that_make_no_sense_leave_a_blank_memory() -> None:
    again = Stand(keeper=Keeper({FACT: {"v": 1, "anchor": 7}, "autonomy.orders": [1]}))
    await again.pass_time(2)
    assert again.cycle.memory.shed == ()


async def test_other_tables_are_adopted_and_what_is_shed_stays() -> None:
    stand = Stand()
    await hot(stand)
    stand.cycle.adopt(stand.world.site, tables("[limits.inlet-hot]\nvalue = 40.0\nclear_value = 38.0"))
    await stand.pass_time(3)
    assert [one.load for one in stand.cycle.memory.shed] == ["r1-p3", "r1-p3b"]


async def test_a_reading_that_a_limit_looks_at_turns_the_cycle_at_once_and_others_do_not() -> None:
    stand = Stand()
    stand.poll()
    run = asyncio.create_task(stand.cycle.run(lambda: None))
    await until(lambda: stand.ear.ticks == 1)
    now_s = stand.clock.now_s()
    unwatched = Reading(PointId("a-r1/inlet.power"), 100.0, now_s)
    stand.state.publish(ReadingBatch("a-r1", "all", now_s, [unwatched]))
    await asyncio.sleep(0.02)
    assert stand.ear.ticks == 1
    stand.state.publish(ReadingBatch("a-r1", "all", now_s, [Reading(stand.world.site.racks["r1"].inlet, 25.0, now_s)]))
    await until(lambda: stand.ear.ticks == 2, TURN_S / 2)
    run.cancel()
    await asyncio.wait([run])


async def test_an_output_that_does_not_stay_is_ordered_again() -> None:
    stand = Stand()
    run = asyncio.create_task(stand.executor.run(lambda: None))
    await hot(stand)
    await until(lambda: stand.world.is_off("r1-p3"))
    for cord in stand.world.site.loads["r1-p3"].cords:
        stand.world.set(PointId(f"{cord}.state"), "on")
    for _ in range(60):
        await stand.pass_time(1)
        await asyncio.sleep(0)
    await until(lambda: stand.world.is_off("r1-p3"))
    run.cancel()
    await asyncio.wait([run])


async def test_what_was_shed_is_not_forgotten_when_the_store_opens_late() -> None:
    stand = Stand()
    await hot(stand)
    keeper = Keeper(json.loads(json.dumps(stand.keeper.facts)))
    keeper.knows_facts = False
    late = Stand(keeper=keeper, clock=stand.clock)
    for cord in (*late.world.site.loads["r1-p3"].cords, *late.world.site.loads["r1-p3b"].cords):
        late.world.set(PointId(f"{cord}.state"), "off")
    await late.pass_time(3)
    assert late.cycle.memory.shed == ()
    keeper.knows_facts = True
    await late.pass_time(2)
    assert [one.load for one in late.cycle.memory.shed] == ["r1-p3", "r1-p3b"]
    assert standing(late) == {"load/r1-p3.power": "off", "load/r1-p3b.power": "off"}


async def test_a_latch_is_not_forgotten_when_the_store_opens_late() -> None:
    stand = Stand(LATCHED)
    await hot(stand)
    stand.heat("r1", 20.0)
    await stand.pass_time(300)
    assert stand.cycle.memory.interlocks["hot-p3@r1"].standing is Standing.LATCHED
    keeper = Keeper(json.loads(json.dumps(stand.keeper.facts)))
    keeper.knows_facts = False
    late = Stand(LATCHED, keeper=keeper, clock=stand.clock)
    await late.pass_time(3)
    keeper.knows_facts = True
    await late.pass_time(3)
    assert late.cycle.memory.interlocks["hot-p3@r1"].standing is Standing.LATCHED
    assert "interlock/hot-p3@r1" in late.ear.alarms


def test_a_text_that_is_no_unicode_is_kept_all_the_same() -> None:
    held = LimitMemory(truth=Truth.TRUE, why="it is x\ud800", on=True)
    anchor = Anchor("b", 1.0, 1.7e9, trusted=True)
    again, trouble = resumed(json.loads(kept(Memory(limits={"door": held}), anchor)), anchor)
    assert (trouble, again.limits["door"].why) == ("", "it is x?")


async def test_what_was_not_read_since_the_start_is_set_once_it_is_and_refused_later_at_the_earliest() -> None:
    for is_read in (True, False):
        stand = Stand()
        stand.orders.override("r2-p3", "off", 60.0, by="N. Berg", why="")
        stand.cycle.turn()
        assert not stand.executor.standings
        if is_read:
            stand.poll()
        else:
            await stand.clock.advance(10.0)
        stand.cycle.turn()
        assert list(stand.executor.standings) == ["load/r2-p3.power"]
