"""Files in order: who wins, who was overridden, and what a broken file costs."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgeagent.config.layers import MAX_FILE_BYTES, MAX_FILES, Layer, config_files, load
from edgeagent.config.syntax import parse
from edgeagent.config.tree import Node


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_the_folder_beside_the_main_file_follows_it_by_name(tmp_path):
    main = _write(tmp_path / "edgeagent.toml", "")
    for name in ["20-b.toml", "10-a.toml", ".hidden.toml", "10-a.toml~", "notes.txt"]:
        _write(tmp_path / "edgeagent.d" / name, "")
    assert [path.name for path in config_files(main)] == ["edgeagent.toml", "10-a.toml", "20-b.toml"]
    assert config_files(tmp_path / "other.toml") == [tmp_path / "other.toml"]


def test_a_later_file_wins_key_by_key_and_arrays_are_replaced(tmp_path):
    main = _write(tmp_path / "edgeagent.toml", "list = [1, 2]\n[a]\nx = 1\ny = 1\n[a.t]\nz = 1\n")
    _write(tmp_path / "edgeagent.d/1.toml", "list = [3]\n[a]\nx = 2\n")
    _write(tmp_path / "edgeagent.d/2.toml", "\n[a]\nx = 3\nt = 5\n[b]\nw = 1")
    tree = load(config_files(main))
    assert tree.node.value == {"list": [3], "a": {"x": 3, "y": 1, "t": 5}, "b": {"w": 1}}
    assert tree.problems == ()
    table = tree.root.table("a")
    table.text("x")
    assert str(tree.problems[0]).startswith(f"{tmp_path}/edgeagent.d/2.toml:3: a.x: ")


def test_a_text_layer_comes_last(tmp_path):
    main = _write(tmp_path / "edgeagent.toml", "x = 1")
    assert load([main], layers=[Layer("noc:7", "x = 2")]).root.integer("x") == 2


def test_paths_are_relative_to_the_file_that_says_them(tmp_path):
    main = _write(tmp_path / "edgeagent.toml", 'a = "ca.pem"\nb = "ca.pem"')
    _write(tmp_path / "edgeagent.d/1.toml", 'b = "key.pem"')
    root = load(config_files(main)).root
    assert root.file("a") == tmp_path / "ca.pem"
    assert root.file("b") == tmp_path / "edgeagent.d" / "key.pem"


def test_explain_names_the_winner_the_overridden_and_the_defaults(loaded):
    tree = loaded('[uplink]\nbroker = "a"\n', '\n[uplink]\nbroker = "b"', '[uplink]\nbroker = "c"\nunread = "secret?"')
    uplink = tree.root.table("uplink")
    uplink.text("broker")
    uplink.duration_s("keepalive", 30.0)
    assert [str(line) for line in tree.explain("uplink.broker")] == [
        'uplink.broker = "c"    (third.toml:2)\n    overrides "b" (second.toml:3)\n    overrides "a" (edgeagent.toml:2)'
    ]
    assert [str(line) for line in tree.explain("uplink")][1:] == [
        "uplink.unread = (nothing reads it)    (third.toml:3)",
        "uplink.keepalive = 30.0    (default)",
    ]
    assert tree.explain("uplink.brokr") == ()
    assert tree.nearest_path("uplink.brokr") == "uplink.broker"


def test_explain_tells_of_replaced_arrays_and_tables(loaded):
    tree = loaded("list = [1]\n[[rows]]\nx = 1", 'list = ["a", true]\n[[rows]]\nx = 2')
    tree.root.texts("list")
    for row in tree.root.tables("rows"):
        row.integer("x")
    assert [str(line) for line in tree.explain("")] == [
        'list = ["a", true]    (second.toml:1)\n    overrides [1] (edgeagent.toml:1)',
        "rows = an array    (second.toml:2)\n    overrides an array (edgeagent.toml:2)",
        "rows[0].x = 2    (second.toml:3)",
    ]


def test_explain_shows_no_secret(loaded):
    tree = loaded('password = "hunter2"\n[token]\nfile = "very-hidden"', 'password = "hunter3"')
    tree.root.secret("password")
    tree.root.secret("token")
    text = "\n".join(str(line) for line in tree.explain(""))
    assert "hunter" not in text
    assert "very-hidden" not in text
    assert "password = •••    (second.toml:1)\n    overrides ••• (edgeagent.toml:1)" in text


SYNTAX = [
    ("a = 1\nb = yes\n", 2, "it is neither text in quotes, nor a number, nor true or false"),
    ('a = 1\nb = "x\nc = 2\n', 2, "the text is not closed by a quote on its line"),
    ("a = 1\nb = 'x\nc = 2\n'", 2, "the text is not closed by a quote on its line"),
    ("a = 1\n\nb = [1,\n\n\n", 3, "it is not finished when the file ends"),
    ('a = """x\n\n\n', 1, "it is not finished when the file ends"),
    ("a = 'x", 1, "it is not finished when the file ends"),
    ("a = 1\n[b]\n[c]\n[b]\n", 4, "it is already given in line 2"),
    ("a = 1\na = 2\n", 2, "it is already given in line 1"),
    ("[t]\nx = { y = 1, y = 2 }", 2, "it is already given in line 2"),
    ("a.b = 1\n[a]\n", 2, "this table is already given in this file"),
    ("a 1\n", 1, 'there is no "=" after the key; did you mean key = value?'),
    ("a = 1 2\n", 1, "something follows the value on the same line"),
    ("[a\nb = 1\n", 1, 'there is no "]" at the end of the table name; did you mean [table]?'),
    ("[[a]\n", 1, 'there is no "]]" at the end of the table name; did you mean [[table]]?'),
    ('a = "C:\\x"\n', 1, "a backslash in a text must be doubled; did you mean a text in 'single quotes'?"),
    ("b = 1\na = " + "9" * 5000, 2, "cannot read this number: it has thousands of digits"),
    ("a = " + "[" * 5000, 1, "cannot use more than 32 levels of tables and arrays"),
    ("a = '\x01'", 1, "found invalid character '\\x01'"),
    ("= 1", 1, "it is neither a key nor a table"),
    ("a. = 1", 1, "a key starts with a letter, a digit or a quote"),
]


@pytest.mark.parametrize(("text", "line", "words"), SYNTAX)
def test_broken_syntax_is_one_problem_with_its_line_in_plain_words(loaded, text, line, words):
    tree = loaded(text)
    tree.root.text("required")
    (problem,) = tree.problems
    assert str(problem).startswith(f"edgeagent.toml:{line}: ")
    assert problem.message.startswith("cannot ")
    assert words in str(problem)


def test_a_broken_file_leaves_the_others_readable_and_absent_keys_unblamed(loaded):
    tree = loaded("broken", "port = true")
    tree.root.text("site")
    tree.root.integer("port")
    assert [(problem.origin.file, problem.path) for problem in tree.problems] == [
        ("edgeagent.toml", ""),
        ("second.toml", "port"),
    ]


def test_problems_come_in_the_order_of_the_files(tmp_path):
    late = _write(tmp_path / "a.toml", "x = 1")
    early = _write(tmp_path / "b.toml", "\n\ny = 1")
    tree = load([early, late])
    tree.root.finish()
    assert [problem.path for problem in tree.problems] == ["y", "x"]


def test_a_file_that_cannot_be_read_is_a_problem(tmp_path):
    missing = tmp_path / "missing.toml"
    assert [str(p) for p in load([missing]).problems] == [
        f"{missing}: cannot read {missing}: no such file or directory"
    ]
    assert "not a regular file" in str(load([tmp_path]).problems[0])
    pipe = tmp_path / "pipe.toml"
    os.mkfifo(pipe)
    assert "not a regular file" in str(load([pipe]).problems[0])
    assert "cannot read" in str(load([Path("a\0b")]).problems[0])


def test_a_huge_file_is_refused(tmp_path):
    huge = _write(tmp_path / "huge.toml", "#" * (MAX_FILE_BYTES + 1))
    assert load([huge]).problems[0].message.endswith("it is larger than 1024 KiB")
    assert len(load([], layers=[Layer("huge", "#" * (MAX_FILE_BYTES + 1))]).problems) == 1
    full = _write(tmp_path / "full.toml", "#" * MAX_FILE_BYTES)
    assert load([full]).problems == ()


def test_too_many_files_are_refused(tmp_path):
    file = _write(tmp_path / "a.toml", "")
    assert load([file] * MAX_FILES).problems == ()
    assert load([file] * (MAX_FILES + 1)).problems[0].message == "cannot use more than 100 files"


def test_a_text_that_is_not_utf_8_is_named_by_its_line(tmp_path):
    file = tmp_path / "latin.toml"
    file.write_bytes(b"a = 1\nb = '\xe9'\n")
    assert [str(problem) for problem in load([file]).problems] == [
        f"{file}:2: cannot read this line: it is not UTF-8 text"
    ]


def test_a_byte_order_mark_and_windows_line_ends_do_no_harm(tmp_path):
    file = tmp_path / "windows.toml"
    file.write_bytes(b"\xef\xbb\xbfa = 1\r\nb = true\r\n")
    tree = load([file])
    assert tree.root.integer("a") == 1
    tree.root.text("b")
    assert [problem.origin.line for problem in tree.problems] == [2]


@given(st.text("ab.=[]{}\"'\\#,\n\t 1é", max_size=60))
@settings(max_examples=300, deadline=None)
def test_any_text_gives_a_tree_or_a_problem_and_every_node_its_line(text):
    parsed = parse("f", text)
    assert (parsed.root is None) != (parsed.problem is None)
    if parsed.root:
        assert all(1 <= node.origin.line <= text.count("\n") + 1 for node in _nodes(parsed.root))


def _nodes(node: Node) -> list[Node]:
    return [node, *(found for child in node.children for found in _nodes(child))]
