"""One load: all its cords, or none of them."""

import asyncio

import pytest

from edgeagent.actuators.load import LoadActuator
from edgeagent.actuators.parts import Stagger
from edgeagent.core.clock import ManualClock
from edgeagent.core.ports import granted
from edgeagent.model.intent import DONE, FAILED, UNVERIFIED, Choice, Hold
from edgeagent.model.site import Load, ServiceClass
from tests.fixtures.switching import SETTLE_S, apply, output, until


def actuator_of(bench, **options):
    name, cords = bench.load()
    return bench.build(**options).loads[f"load/{name}.power"], name, cords


async def test_all_cords_are_switched_and_the_watts_fall_and_come_back(bench):
    load, name, cords = actuator_of(bench)
    before_w, demand_w = bench.power_w(), bench.pod.state()["loads"][name]["power_w"]
    outcome = await apply(load, "off")
    assert (outcome.word, outcome.read_back) == (DONE, "off")
    assert bench.states(cords) == [False, False]
    assert bench.pod.state()["loads"][name]["power_w"] == 0
    assert bench.power_w() == pytest.approx(before_w - demand_w, abs=0.02 * before_w)
    assert (await apply(load, "on")).word == DONE
    assert bench.states(cords) == [True, True]
    assert bench.power_w() == pytest.approx(before_w, rel=0.02)


async def test_one_cord_alone_only_moves_its_watts_to_the_other_feed(bench):
    _, name, cords = actuator_of(bench)
    before_w = bench.power_w()
    outlet = bench.actuators[0].outlets["{}/outlet.{}.state".format(*cords[0])]
    assert (await apply(outlet)).word == DONE
    assert bench.power_w() == pytest.approx(before_w, rel=0.02)
    assert bench.pod.state()["loads"][name]["power_w"] > 0


async def test_what_the_ports_ask_for_is_there(bench):
    load, name, _ = actuator_of(bench)
    assert load.target == f"load/{name}.power"
    assert load.domain == Choice(frozenset(("on", "off")))
    assert load.safe == Hold()
    assert load.feedback is None
    assert load.settle_s == 4 * SETTLE_S
    assert (await load.apply(output(load.target, 1), granted)).word == FAILED
    with pytest.raises(ValueError, match="no cords"):
        LoadActuator(Load("bare", ServiceClass.P3, "r1", ()), [], Stagger(ManualClock(), 0.0), ManualClock())


async def test_a_load_that_is_there_already_is_not_written(bench, at_set):
    sets = at_set()
    load, _, cords = actuator_of(bench)
    assert (await apply(load, "on")).word == DONE
    bench.pod.world.switch(*cords[0], on=False)
    assert (await apply(load, "off")).word == DONE
    assert len(sets) == 1  # the other cord was off already


@pytest.mark.parametrize("which", [0, 1])
@pytest.mark.parametrize("word", ["on", "off"])
async def test_with_one_pdu_unreachable_nothing_is_switched(bench, at_set, which, word):
    sets = at_set()
    load, _, cords = actuator_of(bench)
    for cord in cords:
        bench.pod.world.switch(*cord, on=word == "off")
    before = bench.states(cords)
    bench.pod.inject(cords[which][0], "hang")
    outcome = await apply(load, word)
    assert outcome.word == FAILED
    assert "0 outlets were switched" in outcome.message
    assert "{}/outlet.{}.state is unknown".format(*cords[which]) in outcome.message
    assert bench.states(cords) == before
    assert not sets


async def test_with_another_device_at_one_address_nothing_is_switched(bench, at_set):
    sets = at_set()
    load, _, cords = actuator_of(bench)
    bench.serials[cords[1][0]] = "THE-OLD-ONE"
    assert (await apply(load)).word == FAILED
    assert not sets


async def test_when_the_second_cord_refuses_the_first_is_put_back(bench):
    load, name, cords = actuator_of(bench)
    pdu, number = cords[1]
    row = next(
        row
        for row in bench.pod.agents[pdu].table
        if row.name == "rPDU2OutletSwitchedControlCommand" and row.oid[-1] == number
    )
    row.setter = None
    before_w = bench.power_w()
    outcome = await apply(load)
    assert (outcome.word, outcome.read_back) == (FAILED, "on")
    assert "notWritable" in outcome.message
    assert "what was switched is put back" in outcome.message
    assert all("{}/outlet.{}.state is on".format(*cord) in outcome.message for cord in cords)
    assert bench.states(cords) == [True, True]
    assert bench.power_w() == pytest.approx(before_w, rel=0.02)
    assert bench.pod.state()["loads"][name]["power_w"] > 0


async def test_when_the_second_pdu_falls_silent_the_first_cord_is_put_back_and_the_other_is_named_unknown(
    bench, at_set
):
    load, _, cords = actuator_of(bench, interval_s=60.0)
    at_set(before=lambda: bench.pod.inject(cords[1][0], "hang"))
    outcome = await apply(load)
    assert outcome.word == FAILED  # the silent one was never written
    assert outcome.read_back is None
    assert "{}/outlet.{}.state is on".format(*cords[0]) in outcome.message
    assert "{}/outlet.{}.state is unknown".format(*cords[1]) in outcome.message
    assert bench.states(cords) == [True, True]


async def test_when_the_answer_of_the_second_pdu_is_lost_for_good_the_truth_is_told(bench, at_set):
    load, name, cords = actuator_of(bench)
    at_set(skip=1, after=lambda: bench.pod.inject(cords[1][0], "hang"), lose_answer=True)
    outcome = await apply(load)
    assert outcome.word == UNVERIFIED
    assert "not all could be put back" in outcome.message
    assert bench.states(cords) == [True, False]
    assert bench.pod.state()["loads"][name]["power_w"] > 0


async def test_a_card_that_reboots_during_the_second_write_is_waited_for(bench, at_set):
    load, _, cords = actuator_of(bench)
    at_set(skip=1, after=lambda: bench.pod.inject(cords[1][0], "card_reboot", for_s=0.4), lose_answer=True)
    assert (await apply(load)).word == DONE
    assert bench.states(cords) == [False, False]


async def test_opposite_commands_to_a_load_keep_their_distance(bench, at_set):
    load, _, cords = actuator_of(bench, interval_s=60.0)
    assert (await apply(load, "off")).word == DONE
    sets = at_set()
    outcome = await apply(load, "on")
    assert outcome.word == FAILED
    assert "0 outlets" in outcome.message
    assert "off_on_interval" in outcome.message
    assert not sets
    assert bench.states(cords) == [False, False]


async def test_a_switch_that_has_begun_is_finished_when_the_caller_is_cancelled(bench, at_set):
    load, _, cords = actuator_of(bench)
    sets = at_set()
    task = asyncio.create_task(apply(load))
    await until(lambda: sets)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert bench.states(cords) == [False, False]


async def test_restores_are_spread_and_sheds_are_not(bench):
    built = bench.build(restore_every_s=0.5)
    dual = list(built.loads.values())[:3]
    loop = asyncio.get_running_loop()
    for load in dual:
        assert (await apply(load, "off")).word == DONE
    begin_s, done_s = loop.time(), []
    for load in dual:
        assert (await apply(load, "on")).word == DONE
        done_s.append(loop.time())
    assert done_s[2] - begin_s >= 1.0
    again_s = loop.time()
    assert (await apply(dual[0], "on")).word == DONE
    assert loop.time() - again_s < 0.5  # on already: it takes no slot


async def test_slots_come_in_order_and_a_cancelled_one_is_free():
    clock, order = ManualClock(), []
    stagger = Stagger(clock, 10.0)

    async def one(name):
        await stagger.slot()
        order.append((name, clock.now_s()))

    begin_s = clock.now_s()
    tasks = [asyncio.create_task(one(name)) for name in "abc"]
    await clock.advance(5.0)
    tasks[1].cancel()
    await clock.advance(20.0)
    await asyncio.wait(tasks)
    assert [(name, when_s - begin_s) for name, when_s in order] == [("a", 0.0), ("c", 10.0)]
