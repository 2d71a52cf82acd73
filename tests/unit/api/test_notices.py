"""What was told and happened once, as a section of the page."""

from edgeagent.api.notices import KEPT, SHOWN, Notices
from edgeagent.core.clock import ManualClock
from edgeagent.core.state import State
from edgeagent.model.event import Event


def event(number):
    return Event("trap", f"word.{number}", "ups-1", "it runs on battery", "major", float(number))


def test_the_newest_come_first_with_their_age_and_all_are_counted():
    clock = ManualClock()
    state = State(clock)
    notices = Notices(state, clock)
    before = notices.version
    for number in range(KEPT + 50):
        state.events.publish(event(number))
    assert notices.version != before
    view = notices.view()
    assert view["total"] == KEPT + 50
    assert [one["word"] for one in view["notices"]][:2] == [f"word.{KEPT + 49}", f"word.{KEPT + 48}"]
    assert len(view["notices"]) == SHOWN
    first = view["notices"][0]
    assert first["age_s"] == round(clock.now_s() - (KEPT + 49), 1)
    assert (first["subject"], first["severity"]) == ("ups-1", "major")


def test_nothing_new_is_no_new_version():
    clock = ManualClock()
    notices = Notices(State(clock), clock)
    assert notices.version == notices.version
    assert notices.view() == {"total": 0, "notices": []}
