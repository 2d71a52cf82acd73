from edgeagent.core.clock import ManualClock
from edgeagent.uplink.session import LinkEvent, LinkMachine, LinkState


def test_a_link_joins_catches_up_degrades_and_comes_back():
    clock = ManualClock()
    machine = LinkMachine(clock)
    walk = [
        (LinkEvent.UP, LinkState.REJOINING),
        (LinkEvent.CAUGHT_UP, LinkState.CONNECTED),
        (LinkEvent.UNHEARD, LinkState.DEGRADED),
        (LinkEvent.CAUGHT_UP, LinkState.DEGRADED),
        (LinkEvent.HEARD, LinkState.REJOINING),
        (LinkEvent.UNHEARD, LinkState.DEGRADED),
        (LinkEvent.DOWN, LinkState.DISCONNECTED),
        (LinkEvent.HEARD, LinkState.DISCONNECTED),
    ]
    for event, state in walk:
        machine.take(event)
        assert machine.state is state, event


def test_since_moves_only_with_the_state():
    clock = ManualClock(now_s=5.0)
    machine = LinkMachine(clock)
    clock._move(9.0)
    assert machine.take(LinkEvent.HEARD) is None
    assert machine.since_s == 5.0
    assert machine.take(LinkEvent.UP) is LinkState.DISCONNECTED
    assert machine.since_s == 9.0
