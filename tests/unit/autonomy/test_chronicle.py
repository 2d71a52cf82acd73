"""The chronicle: one record for each decision that is another one, never too long, and calm while a sensor flaps."""

import json

from hypothesis import given
from hypothesis import strategies as st

from edgeagent.autonomy.chronicle import MAX_DETAIL, Chronicle, detail
from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.latest import Latest
from edgeagent.core.clock import ManualClock
from edgeagent.model.decision import Decision, Memory, Step
from edgeagent.model.intent import Output, Rank
from edgeagent.model.points import PointId
from edgeagent.model.snapshot import Snapshot
from tests.unit.autonomy.stand import Keeper, Stand

texts = st.text(max_size=300)
outputs = st.lists(
    st.builds(lambda a, b: Output(PointId(a), "off", Rank.NOC, b, b, "d", (b,)), texts, texts), max_size=60
)
steps = st.lists(st.builds(Step, texts, texts, texts), max_size=120)


@given(outputs, steps)
def test_a_record_is_whole_json_and_fits_whatever_is_decided(some: list[Output], few: list[Step]) -> None:
    told = detail({"tables": "v"}, some, few)
    assert len(told) <= MAX_DETAIL
    body = json.loads(told)
    left_out = body.get("left_out", 0)
    assert len(body["outputs"]) + len(body["steps"]) + left_out == len(some) + len(few)


def decided(stand: Stand) -> list[dict[str, object]]:
    return [json.loads(one.detail) for one in stand.keeper.entries if one.subject == "decision"]


async def test_each_change_of_what_is_set_is_written_with_the_steps_that_led_there() -> None:
    stand = Stand()
    await stand.pass_time(4)
    stand.heat("r1", 33.0)
    await stand.pass_time(18)
    last = decided(stand)[-1]
    assert [one["target"] for one in last["outputs"] if str(one["target"]).startswith("load/")] == [  # type: ignore[attr-defined,index]
        "load/r1-p3.power",
        "load/r1-p3b.power",
    ]
    words = {step[0] for step in last["steps"]}  # type: ignore[attr-defined]
    assert {"tripped", "shed", "maximum cooling"} <= words
    assert "wall_s" in last


def latest(time_s: float, *words: str, value: str = "off") -> Latest:
    output = Output(PointId("load/a.power"), value, Rank.EQUIPMENT, "interlock hot", "a is shed", "d")
    decision = Decision((), (), tuple(Step(word, "hot", f"at {time_s}") for word in words), (), Memory())
    return Latest(decision, Snapshot(time_s, 0, {}), (output,))


def test_reasons_that_flap_are_written_once_in_ten_seconds_and_the_last_ones_are_not_lost() -> None:
    keeper = Keeper()
    chronicle = Chronicle(keeper, ManualClock())
    changed = [chronicle.tell(latest(float(now), *(["vetoed"] if now % 2 else [])), Tables()) for now in range(61)]
    assert all(changed), "who shows it sees every change"
    assert len(keeper.entries) == 6
    assert not chronicle.tell(latest(66.0), Tables()), "nothing has changed since"
    assert len(keeper.entries) == 7, "and yet the last reasons are written now"


def test_what_is_set_is_written_at_once_however_soon() -> None:
    keeper = Keeper()
    chronicle = Chronicle(keeper, ManualClock())
    for now in range(4):
        chronicle.tell(latest(float(now), value="on" if now % 2 else "off"), Tables())
    assert len(keeper.entries) == 4


def test_numbers_that_only_wander_are_no_other_decision() -> None:
    keeper = Keeper()
    chronicle = Chronicle(keeper, ManualClock())
    assert [chronicle.tell(latest(float(now), "tripped"), Tables()) for now in range(20)].count(True) == 1
    assert len(keeper.entries) == 1
