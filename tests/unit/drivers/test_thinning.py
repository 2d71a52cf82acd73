"""What protects is read often: all of it is decided by, and what says nothing new is recorded as seldom as the rest."""

from edgeagent.core.clock import ManualClock
from edgeagent.drivers.parts import Times
from edgeagent.drivers.profiled import PROTECTIVE, Paces
from edgeagent.drivers.thinning import Thinning
from edgeagent.model.points import PointId
from edgeagent.model.reading import Reading, Reason, bad
from edgeagent.protocols.profile import Pace

P, Q = PointId("pdu/probe.1.temperature"), PointId("pdu/breaker.1.state")


def poll(now_s, value=24.0, word="closed"):
    return [Reading(P, value, now_s), Reading(Q, word, now_s)]


def kept(polls):
    thinning = Thinning(10.0)
    return [now_s for now_s, readings in polls if thinning.keeps(readings, now_s)]


def test_a_number_that_wanders_is_recorded_once_a_period():
    assert kept([(float(now_s), poll(float(now_s), 24.0 + now_s / 10)) for now_s in range(25)]) == [0.0, 10.0, 20.0]


def test_another_word_and_another_quality_are_recorded_at_once():
    polls = [(float(now_s), poll(float(now_s), word="open" if now_s >= 3 else "closed")) for now_s in range(6)]
    lost = [(6.0, [bad(P, Reason.DISCONNECTED, 6.0), bad(Q, Reason.DISCONNECTED, 6.0)]), (7.0, poll(7.0))]
    assert kept([*polls, *lost]) == [0.0, 3.0, 6.0, 7.0]


def test_a_clock_that_stands_still_keeps_what_changes_only():
    clock = ManualClock()
    assert kept([(clock.now_s(), poll(clock.now_s())) for _ in range(3)]) == [clock.now_s()]


def test_protective_points_have_a_group_of_their_own_where_they_are_read_more_often():
    paces = Paces.of(Times(10.0, 60.0, 2.0, 1.0))
    assert paces.name(Pace.FAST, protective=True) == PROTECTIVE
    assert paces.name(Pace.FAST, protective=False) == "fast"
    assert paces.name(Pace.SLOW, protective=True) == "slow"
    assert paces.group(PROTECTIVE, ["a"]).period_s == 1.0
    assert paces.group(PROTECTIVE, ["a"]).deadline_s == 6.0, "a slow agent is read as often as it can, and not given up"
    assert Paces.of(Times(1.0, 60.0, 0.3, 1.0)).name(Pace.FAST, protective=True) == "fast"
