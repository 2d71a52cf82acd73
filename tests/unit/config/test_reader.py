"""Each reader method: what it takes, what it refuses and in which words."""

from pathlib import Path

import pytest

from edgeagent.config.reader import REQUIRED, Reader
from edgeagent.config.tree import Origin, Problem


def _words(reader: Reader) -> list[str]:
    return [str(problem) for problem in reader.problems]


GOOD = [
    ('"a text"', lambda r: r.text("k"), "a text"),
    ('"pod-7"', lambda r: r.text("k", pattern="[a-z]+-[0-9]"), "pod-7"),
    ('"x"', lambda r: r.optional_text("k"), "x"),
    ("-3", lambda r: r.integer("k"), -3),
    ("5", lambda r: r.integer("k", minimum=5, maximum=5), 5),
    ("1", lambda r: r.number("k"), 1.0),
    ("0.25", lambda r: r.number("k", minimum=0, maximum=1), 0.25),
    ("true", lambda r: r.boolean("k"), True),
    ('"eco"', lambda r: r.choice("k", ("normal", "eco")), "eco"),
    ('"250 ms"', lambda r: r.duration_s("k"), 0.25),
    ('"10 s"', lambda r: r.duration_s("k", minimum=10), 10.0),
    ('"1.5min"', lambda r: r.duration_s("k"), 90.0),
    ('"2 h"', lambda r: r.duration_s("k"), 7200.0),
    ('" 7 d "', lambda r: r.duration_s("k"), 604800.0),
    ('"64 KiB"', lambda r: r.size_bytes("k"), 65536),
    ('"2 GiB"', lambda r: r.size_bytes("k"), 2**31),
    ('"10 MB"', lambda r: r.size_bytes("k"), 10_000_000),
    ('"0.5 kB"', lambda r: r.size_bytes("k"), 500),
    ('["a", "b"]', lambda r: r.texts("k"), ("a", "b")),
    ("[]", lambda r: r.texts("k"), ()),
    ('"certs/ca.pem"', lambda r: r.file("k"), Path("certs/ca.pem")),
    ('"/etc/ca.pem"', lambda r: r.file("k"), Path("/etc/ca.pem")),
    ('"ca.pem"', lambda r: r.optional_file("k"), Path("ca.pem")),
]


@pytest.mark.parametrize(("written", "read", "expected"), GOOD)
def test_a_good_value_is_read_without_a_problem(loaded, written, read, expected):
    tree = loaded(f"k = {written}")
    value = read(tree.root)
    assert value == expected
    assert type(value) is type(expected) or isinstance(value, Path)
    tree.root.finish()
    assert tree.problems == ()


TIME_UNITS = "must be a duration with its unit (us, ms, s, min, h, d)"
SIZE_UNITS = "must be a size with its unit (B, kB, MB, GB, TB, KiB, MiB, GiB, TiB)"
BAD = [
    ("12", lambda r: r.text("k"), 'the whole number 12: must be text; did you mean "12"?'),
    ("true", lambda r: r.text("k"), 'true: must be text; did you mean "true"?'),
    ("[1]", lambda r: r.text("k"), "an array: must be text"),
    ("1979-05-27", lambda r: r.text("k"), 'the date or time 1979-05-27: must be text; did you mean "1979-05-27"?'),
    ('""', lambda r: r.text("k"), "an empty text here"),
    ('"a"', lambda r: r.text("k", min_length=3), '"a": must have at least 3 characters'),
    ('"aaaa"', lambda r: r.text("k", max_length=3), '"aaaa": must have at most 3 characters'),
    ('"A b"', lambda r: r.text("k", pattern="[a-z]+"), '"A b": must match [a-z]+'),
    ("1", lambda r: r.optional_text("k"), 'the whole number 1: must be text; did you mean "1"?'),
    ("true", lambda r: r.integer("k"), "true: must be a whole number"),
    ("5.0", lambda r: r.integer("k"), "the number 5.0: must be a whole number; did you mean 5?"),
    ("5.5", lambda r: r.integer("k"), "the number 5.5: must be a whole number"),
    ('"5"', lambda r: r.integer("k"), 'the text "5": must be a whole number; did you mean 5?'),
    ("0", lambda r: r.integer("k", minimum=1), "0: must be at least 1"),
    ("9", lambda r: r.integer("k", maximum=8), "9: must be at most 8"),
    ("9223372036854775808", lambda r: r.integer("k"), "this number: it does not fit 64 bits"),
    ("0x" + "f" * 20_000, lambda r: r.number("k"), "this number: it does not fit 64 bits"),
    ("0x" + "f" * 20_000, lambda r: r.text("k"), "must be text"),
    ("nan", lambda r: r.number("k", minimum=0, maximum=1), "nan: must be a finite number"),
    ("-inf", lambda r: r.number("k"), "-inf: must be a finite number"),
    ("false", lambda r: r.number("k"), "false: must be a number"),
    ('"0.5"', lambda r: r.number("k"), 'the text "0.5": must be a number; did you mean 0.5?'),
    ("1.5", lambda r: r.number("k", maximum=1), "1.5: must be at most 1"),
    ('"yes"', lambda r: r.boolean("k"), 'the text "yes": must be true or false; did you mean true?'),
    ("0", lambda r: r.boolean("k"), "the whole number 0: must be true or false; did you mean false?"),
    ("[]", lambda r: r.boolean("k"), "an array: must be true or false"),
    (
        '"Ecco"',
        lambda r: r.choice("k", ["normal", "eco"]),
        '"Ecco": must be one of "eco", "normal"; did you mean "eco"?',
    ),
    ('"zzz"', lambda r: r.choice("k", {"normal"}), '"zzz": must be one of "normal"'),
    ("10", lambda r: r.duration_s("k"), f'the whole number 10: {TIME_UNITS}; did you mean "10 s"?'),
    ('"10"', lambda r: r.duration_s("k"), f'"10": {TIME_UNITS}; did you mean "10 s"?'),
    ('"10 sec"', lambda r: r.duration_s("k"), f'"10 sec": {TIME_UNITS}; did you mean "10 s"?'),
    ('"5 m"', lambda r: r.duration_s("k"), f'"5 m": {TIME_UNITS}; did you mean "5 min"?'),
    ('"-5 s"', lambda r: r.duration_s("k"), f'"-5 s": {TIME_UNITS}'),
    ('"1e3 s"', lambda r: r.duration_s("k"), f'"1e3 s": {TIME_UNITS}'),
    ("true", lambda r: r.duration_s("k"), f"true: {TIME_UNITS}"),
    ("nan", lambda r: r.duration_s("k"), TIME_UNITS),
    ('"5 ms"', lambda r: r.duration_s("k", minimum=0.25), '"5 ms": must be at least 250 ms'),
    ('"1 d"', lambda r: r.duration_s("k", maximum=5400), '"1 d": must be at most 1.5 h'),
    ("65536", lambda r: r.size_bytes("k"), f'the whole number 65536: {SIZE_UNITS}; did you mean "65536 B"?'),
    ('"64 kb"', lambda r: r.size_bytes("k"), f'"64 kb": {SIZE_UNITS}; did you mean "64 kB"?'),
    ('"64 s"', lambda r: r.size_bytes("k"), f'"64 s": {SIZE_UNITS}'),
    ('"0.3 B"', lambda r: r.size_bytes("k"), '"0.3 B": must be whole bytes'),
    ('"1 KiB"', lambda r: r.size_bytes("k", minimum=2**20), '"1 KiB": must be at least 1 MiB'),
    ('"1 GiB"', lambda r: r.size_bytes("k", maximum=1500), '"1 GiB": must be at most 1500 B'),
    ('"a"', lambda r: r.texts("k"), 'the text "a": must be an array of texts; did you mean ["a"]?'),
    ('"a\\u0000b"', lambda r: r.file("k"), 'the text "a\\u0000b": a path has no NUL'),
    ("3", lambda r: r.table("k").text("x", ""), "the whole number 3: must be a table [k]"),
    ("3", lambda r: r.named_tables("k"), "the whole number 3: must be tables [k.<name>]"),
    ("{ a = 1 }", lambda r: r.tables("k"), "a table: must be tables [[k]]"),
    ("[1]", lambda r: r.tables("k"), "an array: must be tables [[k]]"),
    ("{ a = 1 }", lambda r: r.named_tables("k")["a"].text("x", ""), "the whole number 1: must be a table [k.a]"),
]


@pytest.mark.parametrize(("written", "read", "words"), BAD)
def test_a_bad_value_is_one_problem_that_says_what_to_write(loaded, written, read, words):
    tree = loaded(f"# a comment\nk = {written}")
    read(tree.root)
    (problem,) = tree.problems
    assert str(problem).startswith("edgeagent.toml:2: k")
    assert "cannot use " in problem.message
    assert str(problem).endswith(words)


MISSING = [
    (lambda r: r.text("k"), ""),
    (lambda r: r.integer("k", minimum=3), 3),
    (lambda r: r.number("k", maximum=-1.5), -1.5),
    (lambda r: r.boolean("k"), False),
    (lambda r: r.choice("k", ["b", "a"]), "a"),
    (lambda r: r.duration_s("k"), 1.0),
    (lambda r: r.size_bytes("k", minimum=4096), 4096),
    (lambda r: r.texts("k", REQUIRED), ()),
    (lambda r: r.file("k"), Path()),
]


@pytest.mark.parametrize(("read", "harmless"), MISSING)
def test_a_missing_key_is_a_problem_of_its_table_and_reading_goes_on(loaded, read, harmless):
    tree = loaded("\n[uplink]\n")
    value = read(tree.root.table("uplink"))
    assert value == harmless
    assert type(value) is type(harmless)
    message = "cannot go on without this key: it has no default"
    assert tree.problems == (Problem(Origin("edgeagent.toml", 2), "uplink.k", message),)


def test_an_absent_key_with_a_default_is_no_problem(loaded):
    root = loaded("").root
    assert root.text("a", "x") == "x"
    assert root.integer("b", 1) == 1
    assert root.duration_s("c", 2.5) == 2.5
    assert root.optional_text("d") is None
    assert root.optional_file("e") is None
    assert root.texts("f") == ()
    assert root.tables("g") == []
    assert root.named_tables("h") == {}
    assert root.secret("i") is None
    assert not root.has("j")
    assert root.problems == []


def test_a_wrong_value_with_a_default_gives_the_default(loaded):
    tree = loaded("k = true")
    assert tree.root.integer("k", 7) == 7
    assert len(tree.problems) == 1


def test_an_absent_table_gives_the_defaults_and_its_place_is_its_parent(loaded):
    tree = loaded("[a]\nx = 1")
    inner = tree.root.table("a").table("b").table("c")
    assert inner.integer("n", 4) == 4
    assert (inner.path, inner.origin) == ("a.b.c", Origin("edgeagent.toml", 1))
    inner.text("must")
    assert [problem.path for problem in tree.problems] == ["a.b.c.must"]


def test_what_a_wrong_table_lacks_is_not_reported_again(loaded):
    tree = loaded("uplink = 3")
    uplink = tree.root.table("uplink")
    uplink.text("broker")
    uplink.table("tls").file("ca")
    tree.root.finish()
    assert len(tree.problems) == 1


def test_every_wrong_item_of_an_array_is_a_problem_with_its_line(loaded):
    tree = loaded('k = [\n  1,\n  "ok",\n  "",\n  "NO",\n]')
    tree.root.texts("k", pattern="[a-z]*")
    assert [(p.origin.line, p.path) for p in tree.problems] == [(2, "k[0]"), (4, "k[2]"), (5, "k[3]")]


def test_tables_and_named_tables_know_their_paths_and_lines(loaded):
    tree = loaded('[[zones]]\nname = "a"\n[[zones]]\nname = "b"\n[devices.pdu-a1]\nx = 1\n[devices."pdu.b"]\nx = 2\n')
    zones = tree.root.tables("zones")
    assert [(zone.path, zone.origin.line, zone.text("name")) for zone in zones] == [
        ("zones[0]", 1, "a"),
        ("zones[1]", 3, "b"),
    ]
    devices = tree.root.named_tables("devices")
    assert {name: (reader.path, reader.integer("x")) for name, reader in devices.items()} == {
        "pdu-a1": ("devices.pdu-a1", 1),
        "pdu.b": ('devices."pdu.b"', 2),
    }
    tree.root.finish()
    assert tree.problems == ()


def test_all_mistakes_are_found_at_once_in_the_order_of_the_file(loaded):
    tree = loaded(
        """\
sitee = "north"
[uplink]
broker = 12
keepalive = 30
[devices.pdu-a1]
drivr = "ipdu"
address = ""
[[rules]]
limit = nan
""",
    )
    for rule in tree.root.tables("rules"):
        rule.number("limit")
    for device in tree.root.named_tables("devices").values():
        device.choice("driver", ["ipdu"])
        device.text("address")
        device.text("serial")
    uplink = tree.root.table("uplink")
    uplink.duration_s("keepalive")
    uplink.text("broker")
    tree.root.text("site")
    tree.root.finish()
    assert [(p.origin.line, p.path, p.suggestion) for p in tree.problems] == [
        (1, "sitee", "site"),
        (3, "uplink.broker", '"12"'),
        (4, "uplink.keepalive", '"30 s"'),
        (5, "devices.pdu-a1.serial", None),
        (6, "devices.pdu-a1.drivr", "driver"),
        (7, "devices.pdu-a1.address", None),
        (9, "rules[0].limit", None),
    ]
    assert list(tree.problems) == tree.root.problems


def test_the_same_mistake_is_reported_once(loaded):
    tree = loaded("k = 1\nunknown = 2")
    for _ in range(3):
        tree.root.text("k")
        tree.root.text("missing")
        tree.root.finish()
    assert [problem.path for problem in tree.problems] == ["missing", "k", "unknown"]


def test_unknown_keys_are_found_in_every_table_handed_out(loaded):
    tree = loaded("[a]\n[a.b]\nspare = 1\n[[c]]\nx = 1\n[d.e]\nspare = 1\n[f]\nx = 1\ny = 2\n")
    tree.root.table("a").table("b")
    tree.root.tables("c")
    tree.root.named_tables("d")
    tree.root.finish()
    assert [problem.path for problem in tree.problems] == ["a.b.spare", "c[0].x", "d.e.spare", "f"]
    assert all(problem.message == "cannot use this key: nothing reads it" for problem in tree.problems)


def test_two_readers_of_one_table_share_what_was_asked(loaded):
    tree = loaded("[a]\nx = 1\ny = 2\n")
    tree.root.table("a").integer("x")
    tree.root.table("a").integer("y")
    tree.root.finish()
    assert tree.problems == ()


def test_a_key_below_the_wrong_header_is_sent_to_the_right_one(loaded):
    tree = loaded('[uplink]\nbroker = "x"\nretention_max = "7 d"\n')
    tree.root.table("uplink").text("broker")
    tree.root.table("store").duration_s("retention_max", 1.0)
    tree.root.finish()
    assert [problem.suggestion for problem in tree.problems] == ["store.retention_max"]


def test_a_room_can_report_its_own_mistakes(loaded):
    tree = loaded("[a]\nx = 1\n")
    reader = tree.root.table("a")
    reader.problem("x", "cannot do this", "that")
    reader.problem("y", "cannot find it")
    reader.problem(None, "cannot have both")
    assert _words(reader) == [
        "edgeagent.toml:1: a: cannot have both",
        "edgeagent.toml:1: a.y: cannot find it",
        "edgeagent.toml:2: a.x: cannot do this; did you mean that?",
    ]


def test_keys_lists_what_is_written_without_asking_for_it(loaded):
    tree = loaded("a = 1\nb = 2\n")
    assert tree.root.keys() == ("a", "b")
    assert tree.root.has("a")
    assert (tree.root.origin_of("b").line, tree.root.origin_of("c").line) == (2, 0)
    tree.root.finish()
    assert [problem.path for problem in tree.problems] == ["b"]


def test_what_a_terminal_could_obey_is_escaped_and_long_values_are_cut(loaded):
    tree = loaded(f'k = "\\u001b[2J\\u202e{"x" * 500}"\n"\\u001b" = 1')
    tree.root.integer("k")
    tree.root.finish()
    words = "\n".join(_words(tree.root))
    assert "\x1b" not in words
    assert "\u202e" not in words
    assert "\\u001b[2J\\u202e" in words
    assert len(words) < 300


def test_problems_are_bounded_and_the_rest_is_counted(loaded):
    tree = loaded("".join(f"k{number} = 1\n" for number in range(300)))
    tree.root.finish()
    assert len(tree.root.problems) == 200
    assert len(tree.problems) == 201
    assert tree.problems[-1].message == "cannot show 100 more problems: mend these first"
