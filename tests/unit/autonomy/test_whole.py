"""Whole loads: cords that all go one way are one act; a single cord stays an outlet."""

from edgeagent.autonomy.whole import whole
from edgeagent.model.intent import Output, Rank
from edgeagent.model.points import PointId
from tests.scenarios.world import site, tables

A, B = PointId("a-r1/outlet.3.state"), PointId("b-r1/outlet.3.state")


def cord(point: PointId, value: str, rank: Rank = Rank.EQUIPMENT, source: str = "x", *limited: str) -> Output:
    return Output(point, value, rank, source, "because", f"name-{point}", limited)


def test_all_cords_one_way_are_one_act_on_the_load_in_the_words_of_the_best_rank() -> None:
    outputs = (cord(A, "off", Rank.NOC, "noc", "one"), cord(B, "off", Rank.LIFE, "fire", "one", "two"))
    (one,) = whole(outputs, tables(), site())
    assert (one.target, one.value, one.rank, one.source) == ("load/r1-p3.power", "off", Rank.LIFE, "fire")
    assert one.limited == ("one", "two")
    assert len(one.decision) == 16


def test_the_same_cords_give_the_same_name_and_others_another() -> None:
    both = whole((cord(A, "off"), cord(B, "off")), tables(), site())
    again = whole((cord(A, "off"), cord(B, "off")), tables(), site())
    other = whole(
        (cord(PointId("a-r2/outlet.3.state"), "off"), cord(PointId("b-r2/outlet.3.state"), "off")), tables(), site()
    )
    assert both == again
    assert both[0].decision != other[0].decision


def test_one_cord_alone_and_cords_that_differ_stay_outlets() -> None:
    assert [one.target for one in whole((cord(A, "off"),), tables(), site())] == [A]
    assert [one.target for one in whole((cord(A, "off"), cord(B, "on")), tables(), site())] == [A, B]


def test_what_is_no_cord_passes_and_all_is_sorted() -> None:
    fan = cord(PointId("crac-north/fan.speed"), "on")
    found = whole((fan, cord(B, "off"), cord(A, "off")), tables(), site())
    assert [one.target for one in found] == ["crac-north/fan.speed", "load/r1-p3.power"]
