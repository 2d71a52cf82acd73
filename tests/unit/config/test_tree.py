"""Nodes, places and paths."""

from edgeagent.config.syntax import parse
from edgeagent.config.tree import Origin, Problem, dotted, dotted_parts


def test_a_place_and_a_problem_read_as_one_line():
    assert str(Origin("edgeagent.toml", 12)) == "edgeagent.toml:12"
    assert str(Origin("edgeagent.toml", 0)) == "edgeagent.toml"
    origin = Origin("edgeagent.toml", 12)
    assert (
        str(Problem(origin, "uplink.broker", "cannot reach it")) == "edgeagent.toml:12: uplink.broker: cannot reach it"
    )
    assert str(Problem(origin, "", "cannot read it", "that")) == "edgeagent.toml:12: cannot read it; did you mean that?"


def test_a_path_is_quoted_as_toml_wants_it():
    assert dotted("", "a") == "a"
    assert dotted("a", "b.c") == 'a."b.c"'
    assert dotted("a", "") == 'a.""'
    assert dotted_parts(("a", 0, "b c", 1)) == 'a[0]."b c"[1]'


def test_a_node_gives_its_content_as_plain_values():
    root = parse("f", 'a = [1, { b = 2.5 }]\n[c]\nd = "x"\n').root
    assert root is not None
    assert root.value == {"a": [1, {"b": 2.5}], "c": {"d": "x"}}
    assert [child.path for child in root.children] == ["a", "c"]
    assert root.children[0].children[1].children[0].origin == Origin("f", 1)
