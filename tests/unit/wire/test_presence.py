import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.errors import WireError
from edgeagent.wire import presence
from edgeagent.wire.presence import Being, Presence, Why

WORD = Presence(state=Being.ONLINE, boot_id="b" * 32, version="1.0", connected_s=10.0, wall_s=1e9)


def test_a_word_comes_back_as_it_was_said():
    last = msgspec.structs.replace(WORD, state=Being.OFFLINE, why=Why.BATTERY_END)
    assert presence.decode(presence.encode(WORD)) == WORD
    assert presence.decode(presence.encode(last)).why == "battery end"


@pytest.mark.parametrize(
    "raw", [b"", b"online", b"{}", presence.encode(WORD).replace(b"online", b"here"), b" " * 3000, b'{"v":2}']
)
def test_what_is_not_a_presence_is_refused(raw):
    with pytest.raises(WireError):
        presence.decode(raw)


@given(st.binary(max_size=200))
def test_no_bytes_break_the_decoder(raw):
    with pytest.raises(WireError):
        presence.decode(raw)


def test_the_late_will_of_an_older_connection_is_no_news():
    will = msgspec.structs.replace(WORD, state=Being.OFFLINE, connected_s=5.0, why=Why.LINK_LOST)
    assert not will.supersedes(WORD)
    assert msgspec.structs.replace(will, connected_s=10.0).supersedes(WORD)
    assert msgspec.structs.replace(will, boot_id="c" * 32).supersedes(WORD)
    assert WORD.supersedes(None)
