"""Choosing loads: what cannot be switched whole is refused whole; what left the site is let go."""

from dataclasses import replace

from edgeagent.autonomy.compiled import fitted
from edgeagent.autonomy.decide import decide
from edgeagent.autonomy.plant import Plant
from edgeagent.autonomy.shed import choose, obstacle
from edgeagent.model.decision import Memory, ShedLoad
from edgeagent.model.interlock import Act, Interlock, Name
from edgeagent.model.points import DeviceId
from edgeagent.model.site import Load, Outlet, RackPdu, ServiceClass
from tests.scenarios.world import World, tables

TABLES = tables()


def plant() -> Plant:
    world = World()
    world.poll(0.0)
    return Plant(world.snapshot(0.0), world.site, TABLES.pace)


def test_p3_goes_before_p2_and_p1_never_whatever_the_table_says() -> None:
    every = Interlock("all", Name("x"), Act.SHED, ("r1",), sheds=tuple(ServiceClass))
    here = plant()
    loads = fitted(replace(TABLES, interlocks=(every,)), here.site).sheddable["all"]
    chosen = choose(here, loads, (), ())
    assert [load.name for load in chosen.loads] == ["r1-p3", "r1-p3b", "r1-p2"]
    assert [load.name for load in choose(here, loads, {"r1-p3"}, {"r1-p2"}).loads] == ["r1-p3b"]


def test_a_load_without_cords_or_on_an_unknown_pdu_is_refused() -> None:
    assert obstacle(plant(), Load("x", ServiceClass.P3, "r1", ()), ()) == "it has no cords"
    stray = Load("x", ServiceClass.P3, "r1", (Outlet(DeviceId("a-r1"), 3), Outlet(DeviceId("z"), 1)))
    assert obstacle(plant(), stray, ()) == "nothing is known about z"
    assert isinstance(plant().site.pdus[DeviceId("a-r1")], RackPdu)


def test_a_shed_load_that_left_the_site_is_let_go() -> None:
    memory = replace(Memory(), shed=(ShedLoad("gone", "hot-p3@r1", (), None, 0.0),))
    here = plant()
    decision = decide(here.snapshot, memory, here.site, TABLES)
    assert not decision.memory.shed
    assert any((step.what, step.subject) == ("let go", "gone") for step in decision.trace)


def test_a_cause_that_is_no_longer_watched_keeps_a_load_off() -> None:
    here = plant()
    memory = Memory(shed=(ShedLoad("r1-p3", "old", ("no-such-limit",), 400.0, 0.0),))
    cool = tuple(
        replace(one, when=Name("inlet-hot@r1")) if one.act is Act.RESTORE else one for one in TABLES.interlocks
    )
    found = replace(TABLES, interlocks=cool, version="other")
    decision = decide(here.snapshot, memory, here.site, found)
    assert [one.load for one in decision.memory.shed] == ["r1-p3"]
    assert {output.value for output in decision.outputs if output.target.endswith("outlet.3.state")} == {"off"}
