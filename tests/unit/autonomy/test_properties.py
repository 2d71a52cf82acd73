"""Random tables, images and orders: permissives hold, outputs stay inside domains, the same inputs decide the same."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from edgeagent.autonomy.arbiter import inside
from edgeagent.autonomy.compiled import Cooling, Tables, fitted
from edgeagent.autonomy.decide import decide
from edgeagent.autonomy.expression import names as names_in
from edgeagent.autonomy.flight import Origin, decode_head, decode_tick
from edgeagent.autonomy.flight_recorder import FlightRecorder
from edgeagent.autonomy.kept_memory import kept, resumed
from edgeagent.autonomy.permissive import SHARE
from edgeagent.autonomy.replay import Replay
from edgeagent.autonomy.whole import whole
from edgeagent.core.clock import Anchor, ManualClock
from edgeagent.model.decision import Decision, Memory
from edgeagent.model.intent import Choice, Intent, Range, Rank
from edgeagent.model.interlock import Act, All, Interlock, Name, Not, ServiceState, Some, Standing
from edgeagent.model.limit import Limit, Operator
from edgeagent.model.points import DeviceId, PointId
from edgeagent.model.reading import Quality, Reading, Reason, bad
from edgeagent.model.site import Load, Outlet, Rack, RackPdu, ServiceClass, Site
from edgeagent.model.snapshot import Snapshot
from tests.unit.autonomy.reel import Reel

HERE = Origin("recording", 1)
PDUS = ("a", "b", "c")
FAN = PointId("crac/fan")
INLETS = {rack: PointId(f"a/probe.{number}") for number, rack in enumerate(("r1", "r2"))}
LOADS = {
    "l1": Load("l1", ServiceClass.P1, "r1", (Outlet(DeviceId("a"), 1), Outlet(DeviceId("b"), 1))),
    "l2": Load("l2", ServiceClass.P2, "r1", (Outlet(DeviceId("a"), 2), Outlet(DeviceId("b"), 2))),
    "l3": Load("l3", ServiceClass.P3, "r1", (Outlet(DeviceId("a"), 3), Outlet(DeviceId("b"), 3))),
    "l4": Load("l4", ServiceClass.P3, "r2", (Outlet(DeviceId("a"), 4), Outlet(DeviceId("c"), 4))),
    "l5": Load("l5", ServiceClass.P3, "r2", (Outlet(DeviceId("c"), 5),)),
}
SITE = Site(
    ("A", "B"),
    MappingProxyType({name: Rack(name, "x", inlet) for name, inlet in INLETS.items()}),
    MappingProxyType({DeviceId(one): RackPdu(DeviceId(one), one.upper(), "r1") for one in PDUS}),
    MappingProxyType(LOADS),
)
CORDS = [cord for load in LOADS.values() for cord in load.cords]
STATES = [PointId(f"{cord}.state") for cord in CORDS]

limits = st.builds(
    lambda rack, number, operator, value, for_s, clear_for_s: Limit(
        f"n{number}@{rack}", INLETS[rack], operator, value, for_s, clear_for_s, low=-20.0, high=80.0
    ),
    st.sampled_from(["r1", "r2"]),
    st.integers(0, 3),
    st.sampled_from(list(Operator)),
    st.sampled_from([20.0, 25.0, 32.0]),
    st.sampled_from([0.0, 2.0]),
    st.sampled_from([0.0, 4.0]),
)


def terms(names: list[str]) -> st.SearchStrategy:
    return st.recursive(
        st.sampled_from(names).map(Name),
        lambda inner: (
            inner.map(Not)
            | st.lists(inner, min_size=1, max_size=3).map(tuple).map(All)
            | st.lists(inner, max_size=3).map(tuple).map(Some)
        ),
        max_leaves=4,
    )


@st.composite
def tables(draw: st.DrawFn) -> Tables:
    found = {one.id: one for one in draw(st.lists(limits, min_size=1, max_size=5))}
    names = sorted(found)
    interlocks = []
    for number in range(draw(st.integers(0, 4))):
        act, sheds = draw(
            st.sampled_from(
                [
                    (Act.SHED, (ServiceClass.P3,)),
                    (Act.SHED, (ServiceClass.P3, ServiceClass.P2)),
                    (Act.RESTORE, ()),
                    (Act.COOL, ()),
                    (Act.ALARM, ()),
                ]
            )
        )
        when, second = draw(terms(names)), draw(st.none() | terms(names))
        aisle = tuple(draw(st.lists(st.sampled_from(names), max_size=3, unique=True)))
        uses = {*names_in(when), *(names_in(second) if second else ()), *aisle}
        interlocks.append(
            Interlock(
                f"i{number}",
                when,
                act,
                ("r1", "r2"),
                ("x",),
                sheds,
                for_s=draw(st.sampled_from([0.0, 2.0])),
                clear_for_s=draw(st.sampled_from([0.0, 3.0])),
                second=second,
                blind_for_s=draw(st.none() | st.just(3.0)),
                latch=draw(st.booleans()),
                state=draw(st.sampled_from(list(ServiceState))),
                watches=names_in(when),
                aisle=aisle,
                uses=frozenset(uses),
            )
        )
    cooling = (Cooling("crac", FAN, Range(20, 100), 100.0, 50.0, "x"),)
    ratings = draw(st.dictionaries(st.sampled_from([DeviceId(one) for one in PDUS]), st.sampled_from([500.0, 2000.0])))
    whole = Tables(tuple(found.values()), tuple(interlocks), cooling, MappingProxyType(ratings), version="v")
    return fitted(whole, SITE)


values = {
    **{point: st.sampled_from(["on", "on", "on", "off", None]) for point in STATES},
    **{PointId(f"{cord}.power"): st.sampled_from([0.0, 100.0, 300.0, None]) for cord in CORDS},
    **{PointId(f"{one}/inlet.power"): st.sampled_from([100.0, 350.0, 1500.0, None]) for one in PDUS},
    **{inlet: st.sampled_from([18.0, 26.0, 33.0, 240.0, None]) for inlet in INLETS.values()},
}
images = st.fixed_dictionaries(values)
orders = st.builds(
    lambda point, word, rank, source, left_s: Intent(point, Choice(frozenset(word)), rank, source, "test", left_s),
    st.sampled_from([*STATES, FAN, PointId("no/where")]),
    st.sets(st.sampled_from(["on", "off", "reboot"]), min_size=1),
    st.sampled_from(list(Rank)),
    st.sampled_from(["one", "two"]),
    st.sampled_from([-1.0, 1.5, 300.0]),
) | st.builds(
    lambda bounds, rank, source: Intent(FAN, Range(min(bounds), max(bounds)), rank, source, "test", 300.0),
    st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)),
    st.sampled_from(list(Rank)),
    st.sampled_from(["one", "two"]),
)
locks = st.sets(st.sampled_from([*STATES, *LOADS, str(CORDS[0]), FAN]), max_size=2)


def snapshot(image: dict, now_s: float) -> Snapshot:
    readings = {
        point: bad(point, Reason.DISCONNECTED, now_s) if value is None else Reading(point, value, now_s, Quality.GOOD)
        for point, value in image.items()
    }
    return Snapshot(now_s, 0, MappingProxyType(readings))


def check(decision: Decision, image: dict, found: Tables, locked: set[str], intents: list[Intent]) -> None:
    by_target = {one.target: one for one in decision.outputs}
    assert len(by_target) == len(decision.outputs)
    shed = {one.load for one in decision.memory.shed if one.returning_s is None}
    assert not {name for name in shed if LOADS[name].service_class is ServiceClass.P1}
    added = dict.fromkeys(PDUS, 0.0)
    for target, output in by_target.items():
        assert inside(found.targets[target].domain, output.value)
        assert target not in locked
    for load in LOADS.values():
        cords = {cord: by_target.get(PointId(f"{cord}.state")) for cord in load.cords}
        outputs = [one for one in cords.values() if one is not None]
        if locked & {load.name, *map(str, load.cords), *(f"{cord}.state" for cord in load.cords)}:
            assert not outputs
        going_off = [cord for cord, one in cords.items() if one is not None and one.value == "off"]
        changed = [cord for cord in going_off if image[PointId(f"{cord}.state")] != "off"]
        together = len(going_off) == len(load.cords) and (
            load.name in shed or len({one.source for one in outputs}) == 1
        )
        if load.name in shed and outputs:
            assert together, "a shed load is switched whole"
        if changed and not together:
            left = [one for one in load.cords if one not in going_off and image[PointId(f"{one}.state")] == "on"]
            assert left, "the last known source stays"
            for one in {one.pdu for one in left}:
                assert image[PointId(f"{one}/inlet.power")] is not None
                for cord in changed:
                    moved = image[PointId(f"{cord}.power")]
                    assert moved is not None
                    added[one] += moved if cord.pdu != one else 0.0
    for pdu, more in added.items():
        if more:
            assert image[PointId(f"{pdu}/inlet.power")] + more <= SHARE * found.ratings_w[DeviceId(pdu)]
    assert {one.source for one in decision.outputs} <= {
        "safe",
        "one",
        "two",
        *(f"interlock {i.id}" for i in found.interlocks),
    }


def check_whole(decision: Decision, found: Tables) -> None:
    """A load is one act exactly when all its cords go one way; nothing is lost, and nothing invented."""
    outputs = whole(decision.outputs, found, SITE)
    by_target = {one.target: one for one in outputs}
    assert len(by_target) == len(outputs)
    left = {one.target: one for one in decision.outputs}
    for load in LOADS.values():
        mine = {point: left.pop(point) for point in [PointId(f"{cord}.state") for cord in load.cords] if point in left}
        agree = len(mine) == len(load.cords) and len({one.value for one in mine.values()}) == 1
        assert (load.target in by_target) is agree
        if agree:
            merged = by_target.pop(load.target)
            assert merged.value == next(iter(mine.values())).value
            assert merged.rank == min(one.rank for one in mine.values())
            assert set(merged.limited) == {name for one in mine.values() for name in one.limited}
        else:
            left |= mine
    assert by_target == left


def check_kept(memory: Memory) -> None:
    """What outlives a kill: every load that is off or returning, every trip; and no time that has persisted."""
    anchor = Anchor("b", 1000.0, 1.7e9, trusted=True)
    again, trouble = resumed(json.loads(kept(memory, anchor)), anchor)
    assert not trouble
    assert again.shed == memory.shed
    assert again.restored_s == memory.restored_s
    assert {name for name, one in again.interlocks.items() if one.active} == {
        name for name, one in memory.interlocks.items() if one.active
    }
    assert all(again.interlocks[name].trips == one.trips for name, one in memory.interlocks.items() if one.trips)
    assert {name for name, one in again.limits.items() if one.on} == {
        name for name, one in memory.limits.items() if one.on
    }
    assert all(one.truth.blind and not one.held_s for one in again.limits.values())


def check_killed(killed: Memory, found: Tables, image: dict, now_s: float, locked: set) -> None:
    """The decision after a kill: what was off stays off or returns by rule, and all permissives hold."""
    anchor = Anchor("b", now_s, 1.7e9, trusted=True)
    memory, _ = resumed(json.loads(kept(killed, anchor)), anchor)
    decision = decide(snapshot(image, now_s), memory, SITE, found, locks=locked)
    check(decision, image, found, locked, [])
    off = {one.load for one in killed.shed if one.returning_s is None}
    for one in decision.memory.shed:
        if one.load in off and one.returning_s is not None:
            armed = [lock for lock in found.interlocks if lock.act is Act.RESTORE and lock.armed]
            assert armed, "only an armed restore brings a load back"


def whatever_comes(found, seen, intents, locked, data) -> None:
    memory = again = Memory()
    reel = Reel()
    recorder = FlightRecorder(reel, ManualClock())
    for number, image in enumerate(seen):
        now_s = number * data.draw(st.sampled_from([1.0, 2.0, 4.0]))
        resets = {"i0"} if number % 3 == 2 else set()
        now = snapshot(image, now_s)
        decision = decide(now, memory, SITE, found, intents=intents, locks=locked, resets=resets)
        twin = decide(
            snapshot(image, now_s),
            again,
            SITE,
            replace(found),
            intents=list(reversed(intents)),
            locks=sorted(locked),
            resets=resets,
        )
        check(decision, image, found, locked, intents)
        check_whole(decision, found)
        check_kept(decision.memory)
        check_killed(decision.memory, found, image, now_s, locked)
        assert decision.canonical() == twin.canonical()
        recorder.tick(
            now, memory, decision, intents=intents, locks=frozenset(locked), resets=frozenset(resets),
            site=SITE, tables=found,
        )  # fmt: skip
        memory, again = decision.memory, twin.memory
    replay = Replay(SITE, found)
    for first, *rest in reel.files:
        replay.play(decode_head(first, HERE), ((HERE, decode_tick(line, HERE)) for line in rest))
    result = replay.result
    assert (result.decisions, result.same) == (len(seen), len(seen)), "a replay decides the same"


given_whatever = given(
    tables(), st.lists(images, min_size=1, max_size=8), st.lists(orders, max_size=6), locks, st.data()
)


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given_whatever
def test_whatever_comes_permissives_hold_and_the_same_inputs_decide_the_same(
    found, seen, intents, locked, data
) -> None:
    whatever_comes(found, seen, intents, locked, data)


@pytest.mark.soak
@seed(20261128)
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck), database=None)
@given_whatever
def test_a_thousand_tables_images_and_orders(found, seen, intents, locked, data) -> None:
    whatever_comes(found, seen, intents, locked, data)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(tables(), st.lists(st.tuples(images, st.sets(st.sampled_from(list(values))), st.floats(0, 90)), max_size=14))
def test_looking_only_at_what_changed_decides_as_looking_at_everything(found, seen) -> None:
    memory = whole = Memory()
    image, now_s = snapshot({}, 0.0), 0.0
    for version, (after, points, step_s) in enumerate(seen, start=1):
        now_s += step_s
        fresh = snapshot({point: after[point] for point in points}, now_s)
        readings = MappingProxyType({**image.readings, **fresh.readings})
        resets = {"i0"} if version % 3 == 2 else set()
        image = Snapshot(now_s, version, readings)
        told = Snapshot(now_s, version, readings, version - 1, points)
        decision = decide(told, memory, SITE, found, resets=resets)
        assert decision.canonical() == decide(image, whole, SITE, found, resets=resets).canonical()
        memory = decision.memory
        unsettled = {  # so that each is evaluated anew, whatever has turned
            name: one if one.standing is Standing.OUT else replace(one, settled=False)
            for name, one in memory.interlocks.items()
        }
        whole = replace(memory, attention=None, interlocks=MappingProxyType(unsettled))


def test_another_run_of_python_decides_the_same_bytes() -> None:
    script = (
        "import sys; sys.path.insert(0, '.')\n"
        "from tests.scenarios.play import Player\nfrom tests.scenarios.world import tables\n"
        "p = Player(tables(), record=True)\n"
        "p.play('2 inlet r1 33\\n3 order o NOC a-r1/outlet.3.state on\\n5 fail r3\\n40 off r1-p3 r1-p3b')\n"
        "import hashlib; print(hashlib.sha256(b''.join(p.decisions)).hexdigest())"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(said) == 1
