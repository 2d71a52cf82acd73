"""Permissives: what is vetoed, and in which words."""

from dataclasses import replace

from edgeagent.autonomy.arbiter import Verdict
from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.permissive import Moves, veto
from edgeagent.autonomy.plant import Plant
from edgeagent.model.intent import Rank
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Reading, Value
from edgeagent.model.site import Outlet
from edgeagent.model.snapshot import Snapshot
from tests.scenarios.world import World, tables

A3, B3, A2 = (PointId(f"{cord}.state") for cord in ("a-r1/outlet.3", "b-r1/outlet.3", "a-r1/outlet.2"))
TABLES = tables()
NOTHING = Moves()


def seen(**changed: Value) -> Plant:
    world = World()
    for name, value in changed.items():
        world.set(PointId(name), value)
    world.poll(100.0)
    return Plant(world.snapshot(100.0), world.site, TABLES.pace)


def told(
    plant: Plant,
    wanted: dict[PointId, str],
    moves: Moves = NOTHING,
    *,
    locks: tuple[str, ...] = (),
    found: Tables = TABLES,
) -> dict[PointId, str]:
    verdicts = {
        point: Verdict(word, Rank.NOC, source or "noc", "test", ())
        for point, (word, _, source) in ((point, one.partition(" by ")) for point, one in wanted.items())
    }
    return veto(plant, found, verdicts, moves, locks)


def test_one_cord_may_go_while_the_other_bears_the_load() -> None:
    assert told(seen(), {A3: "off"}) == {}


def test_the_last_known_source_stays() -> None:
    assert told(seen(**{B3: "off"}), {A3: "off"}) == {A3: "it is the last known source of r1-p3"}
    assert told(seen(), {A3: "off by one", B3: "off by two"}) == {B3: "it is the last known source of r1-p3"}


def test_what_is_off_already_may_be_told_so() -> None:
    assert told(seen(**{A3: "off"}), {A3: "off"}) == {}


def test_unknown_watts_ratings_and_loads_are_not_permission() -> None:
    dark = seen()
    readings = dict(dark.snapshot.readings)
    del readings[PointId("a-r1/outlet.3.power")]
    blind = Plant(Snapshot(100.0, 0, readings), dark.site, dark.pace)
    assert told(blind, {A3: "off"}) == {A3: "what it delivers to r1-p3 is not known"}
    del readings[PointId("b-r1/inlet.power")]
    readings[PointId("a-r1/outlet.3.power")] = Reading(PointId("a-r1/outlet.3.power"), 0.0, 100.0)
    assert told(blind, {A3: "off"}) == {A3: "what b-r1 carries is not known"}
    assert "add [ratings.b-r1]" in told(seen(), {A3: "off"}, found=replace(TABLES, ratings_w={}))[A3]
    assert blind.load_w(blind.site.loads["r1-p3"]) == 200.0


def test_two_moves_to_one_pdu_are_added_up() -> None:
    near = seen(**{"b-r1/extra": 500.0})
    assert told(near, {A3: "off"}) == told(near, {A2: "off"}) == {}
    assert list(told(near, {A3: "off", A2: "off"}).values()) == ["b-r1 would carry 1700 W, more than 80% of its 2000 W"]


def test_a_chosen_load_goes_whole_or_not_at_all() -> None:
    whole = Moves(shed={"r1-p3"})
    assert told(seen(), {A3: "off by one", B3: "off by two"}, whole) == {}
    assert told(seen(), {A3: "off"}, whole) == {A3: "r1-p3 can only be switched as a whole"}
    assert set(told(seen(), {A3: "off", B3: "on"}, whole)) == {A3, B3}
    back = Moves(returning={"r1-p3": 400.0})
    assert set(told(seen(), {A3: "on", B3: "off"}, back)) == {A3, B3}


def test_a_load_that_returns_needs_room_on_each_pdu() -> None:
    off = {A3: "off", B3: "off"}
    on = {A3: "on", B3: "on"}
    assert told(seen(**off), on, Moves(returning={"r1-p3": 400.0})) == {}
    assert set(told(seen(**off), on, Moves(returning={"r1-p3": 1200.0}))) == {A3, B3}
    assert set(told(seen(**off), on)) == {A3, B3}, "watts that nobody knows are assumed"


def test_a_lock_on_anything_of_a_load_stops_all_of_it() -> None:
    for lock in ("r1-p3", "b-r1/outlet.3", B3):
        assert told(seen(), {A3: "off"}, locks=(lock,)) == {A3: "r1-p3 is locked out"}
    fan = PointId("crac-north/fan.speed")
    assert told(seen(), {fan: "80"}, locks=(fan,)) == {fan: "it is locked out"}


def test_an_outlet_says_on_or_off_or_is_not_known() -> None:
    outlet = Outlet(DeviceId("a-r1"), 3)
    assert [seen(**{A3: value}).switched(outlet) for value in (True, False, "on", "rebooting")] == [
        "on",
        "off",
        "on",
        None,
    ]
