"""What people on site ask for: accepted or refused with a reason, limited by what goes before, ended by time."""

import json

import pytest

from edgeagent.autonomy.cycled import alarms
from edgeagent.autonomy.orders import FACT, MAX_LOCKS, Orders
from edgeagent.core.clock import ManualClock
from edgeagent.model.errors import ActRefused
from edgeagent.model.points import PointId
from tests.unit.autonomy.stand import Keeper, Stand


@pytest.fixture
def stand() -> Stand:
    return Stand()


def wanted(stand: Stand) -> dict[str, str]:
    latest = stand.cycle.latest
    assert latest is not None
    return {one.target: str(one.value) for one in latest.outputs if one.target.startswith(("load/", "a-r", "b-r"))}


async def test_an_override_of_a_load_switches_all_its_cords_and_ends_by_itself(stand: Stand) -> None:
    await stand.pass_time(2)
    one = stand.orders.override("r2-p3", "off", 60.0, by="N. Berg", why="new memory")
    await stand.pass_time(2)
    assert wanted(stand) == {"load/r2-p3.power": "off"}
    assert [held.id for held in stand.orders.overrides()] == [one.id]
    await stand.pass_time(60)
    assert wanted(stand) == {}
    assert stand.orders.overrides() == []


async def test_an_override_of_one_outlet_names_that_outlet_alone(stand: Stand) -> None:
    await stand.pass_time(2)
    stand.orders.override("a-r2/outlet.3", "off", 60.0, by="N. Berg", why="")
    await stand.pass_time(1)
    assert wanted(stand) == {"a-r2/outlet.3.state": "off"}


async def test_an_interlock_goes_before_a_person_and_says_so(stand: Stand) -> None:
    await stand.pass_time(4)
    stand.orders.override("r1-p3", "on", 3600.0, by="N. Berg", why="")
    stand.heat("r1", 33.0)
    await stand.pass_time(20)
    assert wanted(stand)["load/r1-p3.power"] == "off"
    latest = stand.cycle.latest
    assert latest is not None
    assert [one.limited for one in latest.outputs if one.target == "load/r1-p3.power"] == [("N. Berg on site",)]


async def test_what_is_locked_is_switched_by_nobody_until_it_is_unlocked(stand: Stand) -> None:
    await stand.pass_time(4)
    stand.orders.lock("load/r1-p3.power", by="N. Berg", why="hands inside")
    with pytest.raises(ActRefused, match=r"N\. Berg locked it out"):
        stand.orders.override("r1-p3", "off", 60.0, by="A. Ito", why="")
    stand.heat("r1", 33.0)
    await stand.pass_time(20)
    assert wanted(stand) == {"load/r1-p3b.power": "off"}
    stand.orders.unlock("r1-p3", by="N. Berg")
    await stand.pass_time(2)
    assert wanted(stand) == {"load/r1-p3.power": "off", "load/r1-p3b.power": "off"}


@pytest.mark.parametrize(
    ("name", "value", "for_s", "said"),
    [
        ("nobody", "off", 60.0, "no load, outlet or setpoint"),
        ("r1-p3", "reboot", 60.0, "must be on or off"),
        ("r1-p3", "off", -1.0, "the order has ended"),
        ("r1-p3", "off", 90_000.0, "for longer than 24 h"),
        ("r1-p3", "off", float("nan"), "the order has no end"),
        ("crac-north/fan.speed", "on", 60.0, "it takes 20 to 100"),
        ("crac-north/fan.speed", "60..20", 60.0, "two as in"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(
    stand: Stand, name: str, value: str, for_s: float, said: str
) -> None:
    with pytest.raises(ActRefused, match=said):
        stand.orders.override(name, value, for_s, by="N. Berg", why="")
    assert stand.orders.overrides() == []
    assert stand.keeper.entries == []


def test_a_name_that_is_nearly_right_is_guessed_and_a_point_has_a_table(stand: Stand) -> None:
    with pytest.raises(ActRefused, match=r"is it crac-north/fan.speed or"):
        stand.orders.override("crac-north/fan.sped", "60", 60.0, by="N. Berg", why="")
    with pytest.raises(ActRefused, match=r'a setpoint has a table \[devices.ups-a.set."charge"\]'):
        stand.orders.override("ups-a/charge", "60", 60.0, by="N. Berg", why="")


def test_more_than_a_setpoint_takes_is_told(stand: Stand) -> None:
    order = stand.orders.override("crac-north/fan.speed", "500", 60.0, by="N. Berg", why="")
    assert stand.orders.bounds(order) == "20 to 100"
    assert stand.orders.bounds(stand.orders.override("crac-north/fan.speed", "50", 60.0, by="N. Berg", why="")) == ""


async def test_a_setpoint_is_held_within_a_range(stand: Stand) -> None:
    stand.orders.override("crac-north/fan.speed", "70..80", 60.0, by="N. Berg", why="")
    await stand.pass_time(1)
    latest = stand.cycle.latest
    assert latest is not None
    assert [one.value for one in latest.outputs if one.target == "crac-north/fan.speed"] == [70.0]


async def test_a_second_override_takes_the_place_of_the_first(stand: Stand) -> None:
    stand.orders.override("r1-p3", "off", 60.0, by="A. Ito", why="")
    second = stand.orders.override("r1-p3", "on", 60.0, by="N. Berg", why="")
    assert [one.id for one in stand.orders.overrides()] == [second.id]
    stand.orders.end("r1-p3", by="N. Berg")
    with pytest.raises(ActRefused, match="no override has this id"):
        stand.orders.end(second.id, by="N. Berg")
    assert stand.orders.intents() == ()


def test_locks_outlive_a_reboot_and_overrides_do_not(stand: Stand) -> None:
    stand.orders.lock("r1-p3", by="N. Berg", why="hands inside")
    stand.orders.override("r2-p3", "off", 600.0, by="N. Berg", why="")
    facts = json.loads(json.dumps(stand.keeper.facts))
    same_boot = Stand(keeper=Keeper(facts), clock=stand.clock)
    assert [one.target for one in same_boot.orders.overrides()] == ["load/r2-p3.power"]
    assert len(same_boot.orders.intents()) == 2
    other = Stand(keeper=Keeper(facts), clock=ManualClock(now_s=3.0, boot_id="e" * 32))
    assert other.orders.overrides() == []
    assert list(other.orders.locks) == ["r1-p3"]


def test_locks_are_bounded(stand: Stand) -> None:
    stand.orders._locks = {f"x{number}": None for number in range(MAX_LOCKS)}  # type: ignore[assignment]
    with pytest.raises(ActRefused, match="500 locks already"):
        stand.orders.lock("r1-p3", by="N. Berg", why="")


def test_only_what_is_latched_can_be_reset(stand: Stand) -> None:
    with pytest.raises(ActRefused, match="no such interlock"):
        stand.orders.reset("hot", by="N. Berg", latched=())
    with pytest.raises(ActRefused, match="it is not latched"):
        stand.orders.reset("hot-p3@r1", by="N. Berg", latched=())
    stand.orders.reset("hot-p3@r1", by="N. Berg", latched=["hot-p3@r1"])
    assert stand.orders.take_resets() == {"hot-p3@r1"}
    assert stand.orders.take_resets() == frozenset()


def test_every_act_of_a_person_is_audited_with_the_name(stand: Stand) -> None:
    stand.orders.lock("r1-p3", by="N. Berg", why="hands inside")
    stand.orders.unlock("r1-p3", by="A. Ito")
    stand.orders.override("r2-p3", "off", 600.0, by="N. Berg", why="heat")
    stand.orders.end("r2-p3", by="A. Ito")
    told = [(one.subject, one.action) for one in stand.keeper.entries]
    assert told == [
        ("r1-p3", "lock"),
        ("r1-p3", "unlock"),
        ("load/r2-p3.power", "override"),
        ("load/r2-p3.power", "override ended"),
    ]
    assert all("N. Berg" in one.detail or "A. Ito" in one.detail for one in stand.keeper.entries)


def test_facts_that_make_no_sense_leave_nothing_held(stand: Stand) -> None:
    keeper = Keeper({FACT: {"locks": 3}})
    orders = Orders(stand.world.site, stand.tables, facts=keeper, audit=keeper, clock=stand.clock)
    assert not orders.locks


async def test_locks_are_not_lost_when_the_store_opens_late(stand: Stand) -> None:
    stand.orders.lock("r1-p3", by="N. Berg", why="hands inside")
    keeper = Keeper(json.loads(json.dumps(stand.keeper.facts)))
    keeper.knows_facts = False
    late = Stand(keeper=keeper, clock=stand.clock)
    late.orders.lock("r2-p3", by="A. Ito", why="")
    assert "r2-p3" not in str(keeper.facts[FACT]), "what was kept is not written over before it is known"
    keeper.knows_facts = True
    await late.pass_time(1)
    assert set(late.orders.locks) == {"r1-p3", "r2-p3"}
    assert "r1-p3" in str(keeper.facts[FACT])
    assert "r2-p3" in str(keeper.facts[FACT])


async def test_a_cycle_is_off_then_on_and_ends(stand: Stand) -> None:
    await stand.pass_time(2)
    back = stand.orders.cycle("r2-p3", 15.0, by="N. Berg", why="it hangs")
    await stand.pass_time(2)
    assert wanted(stand) == {"load/r2-p3.power": "off"}
    assert [(held.value, held.begins_s) for held in stand.orders.overrides()] == [("off", 0.0), ("on", back.begins_s)]
    await stand.pass_time(15)
    assert wanted(stand) == {"load/r2-p3.power": "on"}
    await stand.pass_time(900)
    assert wanted(stand) == {}
    assert stand.orders.overrides() == []
    assert next(entry.action for entry in stand.keeper.entries if entry.subject == "load/r2-p3.power") == "cycle"


async def test_an_end_stops_both_halves_of_a_cycle_and_another_order_replaces_both(stand: Stand) -> None:
    await stand.pass_time(2)
    back = stand.orders.cycle("r2-p3", 15.0, by="N. Berg", why="")
    stand.orders.end(back.id, by="N. Berg")
    assert stand.orders.overrides() == []
    stand.orders.cycle("r2-p3", 15.0, by="N. Berg", why="")
    one = stand.orders.override("r2-p3", "off", 60.0, by="A. Ito", why="")
    await stand.pass_time(20)
    assert stand.orders.overrides() == [one]
    assert wanted(stand) == {"load/r2-p3.power": "off"}


@pytest.mark.parametrize(
    ("name", "off_s", "said"),
    [
        ("nobody", 15.0, "no load, outlet or setpoint"),
        ("r1-p3", 0.5, "off for 1 s to 10 min"),
        ("r1-p3", 601.0, "off for 1 s to 10 min"),
        ("r1-p3", float("nan"), "off for 1 s to 10 min"),
        ("crac-north/fan.speed", 15.0, "it takes 20 to 100"),
    ],
)
def test_what_cannot_be_cycled_is_refused_and_changes_nothing(stand: Stand, name: str, off_s: float, said: str) -> None:
    with pytest.raises(ActRefused, match=said):
        stand.orders.cycle(name, off_s, by="N. Berg", why="")
    assert stand.orders.overrides() == []


async def test_a_reboot_in_the_middle_of_a_cycle_switches_on_and_much_later_nothing(stand: Stand) -> None:
    await stand.pass_time(2)
    stand.orders.override("r1-p2", "off", 600.0, by="N. Berg", why="")
    stand.orders.cycle("r2-p3", 15.0, by="N. Berg", why="")
    fact = json.loads(json.dumps(stand.keeper.facts[FACT]))
    for later_s, left in ((60.0, ["on"]), (3600.0, [])):
        clock = ManualClock(5.0, stand.clock.wall_s() + later_s, "1" * 32)
        orders = Orders(stand.cycle.site, stand.cycle.tables, facts=Keeper({FACT: fact}), audit=Keeper(), clock=clock)
        assert [one.value for one in orders.overrides()] == left
        assert [sorted(one.allows.words) for one in orders.intents()] == [["on"]] * (2 * len(left))


async def test_a_load_that_does_not_come_back_from_a_cycle_has_an_alarm_with_the_reason(stand: Stand) -> None:
    await stand.pass_time(4)
    stand.orders.cycle("r2-p3", 15.0, by="N. Berg", why="")
    for cord in stand.cycle.site.loads["r2-p3"].cords:
        stand.world.set(PointId(f"{cord}.state"), "off")
    await stand.pass_time(5)
    stand.orders.lock("r2-p3", by="A. Ito", why="hands inside")
    await stand.pass_time(69)
    found = lambda: alarms(stand.orders.overrides(), stand.cycle.latest, stand.cycle.site)  # noqa: E731
    assert found() == []
    await stand.pass_time(5)
    assert [(one.key, one.text) for one in found()] == [
        ("cycled/load/r2-p3.power", "load/r2-p3.power does not come back: r2-p3 is locked out")
    ]
    for cord in stand.cycle.site.loads["r2-p3"].cords:
        stand.world.set(PointId(f"{cord}.state"), "on")
    await stand.pass_time(5)
    assert found() == []
