"""The arbiter: rank by rank, each narrows what is left."""

from edgeagent.autonomy.arbiter import Verdict, arbitrate, fits
from edgeagent.autonomy.compiled import SWITCH, Target
from edgeagent.model.intent import Choice, Domain, Hold, Intent, Range, Rank
from edgeagent.model.points import PointId
from edgeagent.model.reading import Value

FAN = Target(PointId("crac/fan"), Range(20, 100), 60.0)
SWITCHED = Target(PointId("a/outlet.1.state"), SWITCH)


def word(*words: str) -> Choice:
    return Choice(frozenset(words))


def ask(source: str, allows: Domain, rank: Rank = Rank.NOC, expires_s: float = 100.0) -> Intent:
    return Intent(PointId("t"), allows, rank, source, f"{source} says so", expires_s)


def value(target: Target, *intents: Intent, present: Value | None = None) -> tuple[Value, tuple[str, ...]] | None:
    verdict = arbitrate(target, intents, 10.0, present)
    return None if verdict is None else (verdict.value, verdict.limited)


def test_nobody_asks_then_it_is_safe_or_held() -> None:
    assert arbitrate(FAN, [], 0.0) == Verdict(60.0, Rank.DEFAULT, "safe", "nobody asks", ())
    assert arbitrate(SWITCHED, [], 0.0) is None


def test_what_has_ended_is_gone() -> None:
    assert value(FAN, ask("noc", Range(80, 80), expires_s=10.0)) == (60.0, ())


def test_each_narrows_and_the_rest_leans_to_safe() -> None:
    assert value(FAN, ask("noc", Range(50, 90)), ask("plan", Range(20, 70), Rank.PLAN)) == (60.0, ())
    assert value(FAN, ask("noc", Range(70, 90)), ask("plan", Range(20, 80), Rank.PLAN)) == (70.0, ())
    assert value(FAN, ask("noc", Range(20, 40))) == (40.0, ())


def test_one_outside_is_pulled_to_the_nearest_edge_and_named() -> None:
    held = ask("interlock", Range(40, 50), Rank.EQUIPMENT)
    assert value(FAN, ask("noc", Range(80, 90)), held) == (50.0, ("noc",))
    assert value(FAN, ask("noc", Range(20, 30)), held) == (40.0, ("noc",))
    assert value(FAN, ask("noc", Range(200, 300))) == (100.0, ("noc",))


def test_a_lower_rank_number_is_never_overridden_by_any_order_of_coming() -> None:
    fire, noc = ask("fire", word("on"), Rank.LIFE), ask("noc", word("off"))
    assert value(SWITCHED, noc, fire) == value(SWITCHED, fire, noc) == ("on", ("noc",))


def test_among_equals_the_one_nearer_to_safe_goes_first() -> None:
    assert value(FAN, ask("a", Range(90, 95)), ask("b", Range(65, 70))) == (70.0, ("a",))
    assert value(FAN, ask("a", Range(20, 30)), ask("b", Range(65, 70))) == (65.0, ("a",))


def test_where_safe_is_to_hold_equals_lean_to_what_is() -> None:
    both = ask("a", word("off")), ask("b", word("on"))
    assert value(SWITCHED, *both, present="on") == ("on", ("a",))
    assert value(SWITCHED, *both) == ("off", ("b",))
    assert value(SWITCHED, ask("a", word("on", "off")), present="on") == ("on", ())
    assert value(SWITCHED, ask("a", word("on", "off"))) == ("off", ())


def test_a_held_number_stays_where_it_is_or_goes_as_low_as_it_may() -> None:
    held = Target(FAN.point, FAN.domain, Hold())
    assert value(held, ask("a", Range(30, 50)), present=45) == (45, ())
    assert value(held, ask("a", Range(30, 50))) == (30, ())
    assert value(held, ask("a", Range(30, 50)), present="odd") == (30, ())


def test_words_that_nobody_knows_are_ignored_and_named() -> None:
    assert value(SWITCHED, ask("noc", word("reboot"))) is None
    assert value(SWITCHED, ask("noc", word("reboot")), ask("plan", word("on"), Rank.PLAN)) == ("on", ("noc",))
    assert not fits(SWITCH, word("reboot"))
    assert not fits(SWITCH, Range(0, 1))
