"""``asyncapi.yaml`` says what the code does."""

import re
from pathlib import Path

import msgspec
import pytest

from edgeagent.wire import ack, frame, jws, presence
from edgeagent.wire.mqtt import SESSION_EXPIRY_S
from edgeagent.wire.topics import CHANNELS, ROOT, Leaf, Way

FILE = Path(ack.__file__).with_name("asyncapi.yaml")


def mappings(text: str) -> dict:
    """The block mappings of a YAML file, which is all that this one uses to nest; scalars stay as they are written."""
    root: dict = {}
    stack = [(-1, root)]
    for line in text.splitlines():
        found = re.fullmatch(r"( *)(\$?[\w]+):(?: (.*))?", line)
        if found is None:
            continue  # a line of a folded text
        depth, key, value = len(found[1]), found[2], found[3]
        while stack[-1][0] >= depth:
            stack.pop()
        parent = stack[-1][1]
        if value is None or value.startswith("&"):
            parent[key] = {}
            stack.append((depth, parent[key]))
        else:
            parent[key] = value
    return root


@pytest.fixture(scope="module")
def document() -> dict:
    return mappings(FILE.read_text())


def test_it_is_asyncapi_3(document):
    assert document["asyncapi"] == "3.0.0"


def test_every_channel_of_the_table_is_there_and_no_other(document):
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert addresses == {f"{ROOT}/{{site}}/{{pod}}/{leaf}" for leaf in Leaf}


def test_way_qos_and_retain_are_those_of_the_table(document):
    seen = set()
    for operation in document["operations"].values():
        name = operation["channel"]["$ref"].strip("'").rpartition("/")[2]
        leaf = Leaf(document["channels"][name]["address"].partition("{pod}/")[2])
        bindings, row = operation["bindings"]["mqtt"], CHANNELS[leaf]
        assert (int(bindings["qos"]), bindings["retain"] == "true") == (row.qos, row.retain)
        assert operation["action"] == ("send" if row.way is Way.FROM_POD else "receive")
        seen.add(leaf)
    assert seen == set(Leaf)


@pytest.mark.parametrize(("name", "struct"), [("presence", presence.Presence), ("ack", ack._Claims)])
def test_schemas_have_the_fields_of_the_code(document, name, struct):
    schema = document["components"]["schemas"][name]
    fields = msgspec.structs.fields(struct)
    assert set(schema["properties"]) == {field.name for field in fields}
    required = schema["required"].strip("[]").split(", ")
    assert set(required) == {field.name for field in fields if field.required}


def test_limits_are_those_of_the_code():
    text = FILE.read_text()
    for limit in (frame.MAX_RECORDS, frame.MAX_BODY_BYTES, jws.MAX_TOKEN_BYTES, SESSION_EXPIRY_S):
        assert str(limit) in text
    assert f"maxItems: {ack.MAX_RANGES}" in text
    assert ack.TYPE in text
