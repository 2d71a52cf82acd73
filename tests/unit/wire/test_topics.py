import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.errors import WireError
from edgeagent.wire.topics import CHANNELS, Address, Leaf, everyones, parse


@pytest.mark.parametrize("leaf", Leaf)
def test_a_topic_parses_back_to_its_pod_and_channel(leaf):
    address = Address("site-1", "pod-9")
    assert parse(address.topic(leaf)) == (address, leaf)


def test_every_channel_has_its_row():
    assert set(CHANNELS) == set(Leaf)


@pytest.mark.parametrize("name", ["", "A", "a/b", "+", "#", "a b", "ä", "a\n", "a" * 64, "a.b", "..", "$sys"])
def test_a_name_that_is_more_than_one_plain_level_is_refused(name):
    with pytest.raises(WireError):
        Address(name, "pod")
    with pytest.raises(WireError):
        Address("site", name)


@pytest.mark.parametrize(
    "topic",
    [
        "",
        "edgepod/v1/site/pod",
        "edgepod/v1/site/pod/",
        "edgepod/v1/site/pod/journal/",
        "edgepod/v1/site/pod/journal/ack/x",
        "edgepod/v2/site/pod/journal",
        "/edgepod/v1/site/pod/journal",
        "edgepod/v1/SITE/pod/journal",
        "edgepod/v1/+/+/journal",
        "edgepod/v1/site//journal",
    ],
)
def test_any_other_topic_is_refused(topic):
    with pytest.raises(WireError):
        parse(topic)


@given(st.text())
def test_no_text_breaks_the_parser(text):
    for topic in (text, f"edgepod/v1/{text}"):
        try:
            address, leaf = parse(topic)
        except WireError:
            continue
        assert address.topic(leaf) == topic


def test_the_filter_of_everyone_has_two_free_levels():
    assert everyones(Leaf.JOURNAL) == "edgepod/v1/+/+/journal"
