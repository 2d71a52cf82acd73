"""The scanner finds the line of everything tomllib finds, and never stumbles."""

import json
import tomllib
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgeagent.config.lines import MAX_ENTRIES, TooMuch, scan

BARE = st.text("abcXYZ019-_", min_size=1, max_size=4)
KEY = st.one_of(
    BARE,
    st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=4).map(
        lambda text: json.dumps(text, ensure_ascii=True) if text.isascii() else json.dumps(text, ensure_ascii=False)
    ),
    st.text("ab.#=[]", max_size=4).map(lambda text: f"'{text}'"),
)
BLANK = st.sampled_from(["", " ", "\t", "  "])
BREAK = st.sampled_from(["", " ", "\n", "\r\n", "\n  # a ] comment, \"with\" 'marks'\n", "\n\n"])
SCALAR = st.one_of(
    st.integers(-(2**63), 2**63 - 1).map(str),
    st.floats().map(repr),
    st.booleans().map(lambda value: str(value).lower()),
    st.datetimes().map(lambda value: value.replace(tzinfo=UTC).isoformat(" ")),
    st.dates().map(date.isoformat),
    st.times().map(time.isoformat),
    st.text("ab #[]{}=,\"\\\n'\té", max_size=8).map(lambda text: json.dumps(text, ensure_ascii=False)),
    st.text('ab #[]{}=,"\\', max_size=8).map(lambda text: f"'{text}'"),
    st.text("ab #[]{}=,\"\n'", max_size=8).filter(lambda text: "'''" not in text).map(lambda text: f"'''{text}'''"),
    st.text("ab #[]{}=,\"\n'", max_size=8)
    .filter(lambda text: '"""' not in text)
    .map(lambda text: f'"""{text}\\n\\"\\\n  """'),
)


def _array(items: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    padded = st.tuples(BREAK, items, BREAK).map("".join)
    return st.lists(padded, max_size=4).flatmap(
        lambda parts: st.sampled_from([f"[{','.join(parts)}]", f"[{','.join(parts)}{',' if parts else ''}\n]"])
    )


def _pair(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    dotted = st.lists(KEY, min_size=1, max_size=3).map(" . ".join)
    return st.tuples(BLANK, dotted, BLANK, st.just("="), BLANK, values, BLANK).map("".join)


def _inline(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(_pair(values), max_size=3).map(lambda pairs: "{" + ",".join(pairs) + "}")


VALUE = st.recursive(SCALAR, lambda inner: st.one_of(_array(inner), _inline(inner)), max_leaves=6)
HEADER = st.lists(KEY, min_size=1, max_size=3).map(" . ".join)
LINE = st.one_of(
    _pair(VALUE),
    HEADER.map(lambda name: f"[ {name} ]"),
    HEADER.map(lambda name: f"[[{name}]] # comment"),
    st.sampled_from(["", "# comment [a]", "\t"]),
)
DOCUMENT = st.lists(st.tuples(LINE, st.sampled_from(["\n", "\r\n"])).map("".join), max_size=10).map("".join)


def _paths(value, path=()):
    if path:
        yield path
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _paths(item, (*path, key))
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, (*path, index))


def _check(text):
    found = scan(text)
    try:
        document = tomllib.loads(text)
    except ValueError:
        return False
    assert found.lost_at is None
    assert found.repeat is None
    assert set(_paths(document)) == set(found.lines)
    last = text.count("\n") + 1
    assert all(1 <= line <= last for line in found.lines.values())
    return True


@given(DOCUMENT)
@settings(max_examples=300, deadline=None)
def test_everything_that_tomllib_finds_has_a_line_and_nothing_else_has(document):
    _check(document)


@given(st.lists(st.tuples(BARE, VALUE), max_size=6, unique_by=lambda pair: pair[0]))
@settings(max_examples=200, deadline=None)
def test_every_valid_value_has_its_line(pairs):
    valid = [(key, value) for key, value in pairs if _is_valid(f"k = {value}")]
    text = "".join(f"{key} = {value}\n" for key, value in valid)
    assert _check(text)
    line = 1
    for key, value in valid:
        assert scan(text).lines[(key,)] == line
        line += value.count("\n") + 1


def _is_valid(text):
    try:
        tomllib.loads(text)
    except ValueError:
        return False
    return True


@given(st.text())
@example('"')
@example("[")
@example("[[")
@example("a = '''")
@example('a = """\\')
@example("a.b.")
@example("a = [1,")
@example("a = {b = 1,")
@example('"\\uD800" = 1')
@settings(max_examples=200, deadline=None)
def test_no_text_makes_it_stumble(text):
    _check(text)


@given(st.text("ab.=[]{}\"'\\#,\n\t 1", max_size=40))
@settings(max_examples=500, deadline=None)
def test_no_text_of_toml_marks_makes_it_stumble(text):
    _check(text)


def test_each_kind_of_place_has_the_line_a_person_expects():
    text = """\
# comment
top = 1
[a.b]
x = [
  1,  # one ]
  { y = 2 },
]
long = \"\"\"
[not.a.table]
\"\"\"
[a]
"quoted.key" . z = 3
[[rows]]
name = 'first'
[[rows]]
name = 'second'
[rows.inner]
deep = true
[[rows.sub]]
one = 1
"""
    lines = scan(text).lines
    assert lines["top",] == 2
    assert lines["a", "b"] == 3
    assert lines["a", "b", "x"] == 4
    assert lines["a", "b", "x", 0] == 5
    assert lines["a", "b", "x", 1, "y"] == 6
    assert lines["a", "b", "long"] == 8
    assert lines["a",] == 11
    assert lines["a", "quoted.key", "z"] == 12
    assert lines["rows",] == 13
    assert lines["rows", 1] == 15
    assert lines["rows", 1, "name"] == 16
    assert lines["rows", 1, "inner", "deep"] == 18
    assert lines["rows", 1, "sub", 0, "one"] == 20


def test_quotes_next_to_the_closing_mark_belong_to_the_text():
    lines = scan("a = ''''''''''[0:8]\n")
    assert lines.lost_at == 1  # no such syntax
    for text in [
        "a = ''''x'''''\nb = 1",
        'a = """"x"""""\nb = 1',
        'a = """"""\nb = 1',
        "a = ''\nb = 1",
        'a = ""\nb = 1',
    ]:
        assert _check(text)
        assert scan(text).lines["b",] == 2


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{a=" * 100_000,
        ".".join("a" * 100_000) + " = 1",
        "[" + ".".join("a" * 100_000) + "]",
        "[[" + ".".join("a" * 100_000) + "]]",
        "k" * 1000 + " = 1",
        '"' + "k" * 1000 + '" = 1',
        "a = [" + "1," * (MAX_ENTRIES + 1) + "]",
        "".join(f"k{number} = 1\n" for number in range(MAX_ENTRIES + 1)),
        "[[a]]\n" * (MAX_ENTRIES + 1),
    ],
)
def test_what_would_cost_memory_or_stack_is_refused_with_its_line(text):
    with pytest.raises(TooMuch, match="cannot use") as caught:
        scan(text)
    assert caught.value.line >= 1


def test_a_key_given_twice_is_noted_with_both_lines():
    repeat = scan("a = 1\nb = 2\na = 3\nb = 4\n").repeat
    assert repeat is not None
    assert (repeat.path, repeat.line, repeat.first_line) == (("a",), 3, 1)


def test_a_time_with_a_blank_and_a_zone_is_one_value():
    assert _check(f"a = {datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC).isoformat(' ')} # then a comment\nb = 1")
