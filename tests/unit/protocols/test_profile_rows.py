"""Rows told apart by what they say of themselves: keys, optional columns, scalars, scales, and who a device is."""

import pytest

from edgeagent.model.reading import Reason
from edgeagent.protocols.decode import decoder, encoded
from edgeagent.protocols.profile_file import ProfileError, Profiles, parse_profile
from edgeagent.protocols.profile_rows import find_label, find_place, find_rows, places

E9 = "1.3.6.1.4.1.9"
HEAD = f"""
name = "acme"
title = "An ACME cooler"
driver = "cooling"
mib = "ACME-MIB"
root = "{E9}"

[detect]
object_ids = [".1", "{E9}.2.3"]
presence = {{ object = "model", oid = ".1" }}

[identity]
vendor = "ACME"
model = [{{ object = "sysDescr", oid = ".1", pattern = 'MN:(\\S+)' }}]
serial = [{{ object = "aboutValue", oid = ".2.3", beside = {{ object = "about", oid = ".2.2", text = "/^Serial/" }} }}]
firmware = []
"""
KEYED = """
[[table]]
rows = { object = "name", oid = ".3.2" }
index = ["unit", "row"]
home = { unit = 1 }
keys = { is = { object = "name", oid = ".3.2" }, in = { object = "unit", oid = ".3.4" } }
scale = { object = "scale", oid = ".3.5", how = "divide" }
optional = true

[[table.point]]
name = "[unit.{unit}.]supply_air.temperature"
kind = "Temperature"
object = "value"
oid = ".3.3"
where = { is = "Supply", in = "C" }

[[table.point]]
name = "[unit.{unit}.]fan.{fan}.speed"
kind = "Percent"
object = "value"
oid = ".3.3"
where = { is = '/^Fan (?P<fan>\\d+)$/', in = "%" }

[[table.point]]
name = "[unit.{unit}.]coolant.temperature"
kind = "Temperature"
object = "value"
oid = ".3.3"
named_by = { is = { object = "coolantPoint", oid = ".7.4" } }

[[set]]
target = "[unit.{unit}.]supply_air.temperature"
object = "value"
oid = ".3.3"
low = 15
high = 27
max_step = 2
safe = 20
"""


class Agent:
    """A dict of objects."""

    def __init__(self, objects):
        self.objects = {f"{E9}.{oid}": raw for oid, raw in objects.items()}

    async def get(self, oids):
        return {oid: self.objects[oid] for oid in oids if oid in self.objects}

    async def walk(self, prefix, max_rows=1024):
        found = [oid for oid in self.objects if oid.startswith(prefix + ".")]
        return {oid: self.objects[oid] for oid in sorted(found)[:max_rows]}


def row(index, name, value, unit, scale):
    columns = {2: name, 3: value, 4: unit, 5: scale}
    return {f"3.{column}.{index}": raw for column, raw in columns.items() if raw is not None}


async def found_places(profile, agent):
    return {place.name: place.oid.removeprefix(E9) for place in places(profile, await find_rows(agent, profile))}


async def test_a_row_is_told_by_what_it_says_and_never_by_its_number():
    profile = parse_profile("acme.toml", HEAD + KEYED)
    rows = [
        row("1.7", b"Supply", 671, b"F", 10),
        row("1.9", b"Supply ", 194, b"C", 10),
        row("1.2", b"Fan 2", 50, b"%", 1),
        row("1.3", b"Fan 2", 3510, b"rpm", 1),
        row("1.4", b"Fan 2x", 50, b"%", 1),
        row("1.5", f"{E9}.7.4", 7, b"", 1),
        row("2.1", b"Supply", 181, b"C", 10),
    ]
    agent = Agent({oid: raw for one in rows for oid, raw in one.items()})
    assert await found_places(profile, agent) == {
        "supply_air.temperature": ".3.3.1.9",
        "unit.2.supply_air.temperature": ".3.3.2.1",
        "fan.2.speed": ".3.3.1.2",
        "coolant.temperature": ".3.3.1.5",
    }


async def test_who_writes_finds_the_row_that_who_reads_found():
    profile = parse_profile("acme.toml", HEAD + KEYED)
    agent = Agent(row("1.9", b"Supply", 194, b"C", 10) | row("1.2", b"Fan 2", None, b"%", None))
    place = await find_place(agent, profile, "supply_air.temperature")
    (setting,) = profile.settings
    assert place is not None
    assert place.row is setting.row
    assert (setting.low, setting.high, setting.max_step, setting.safe, setting.settle_s) == (15, 27, 2, 20, 5.0)
    assert encoded(setting.row, 10, 19.5) == 195
    assert encoded(setting.row, None, 19.5) is Reason.ABSENT
    assert await find_place(agent, profile, "fan.2.speed") is None  # the row is there and its value is not: not fitted
    assert await find_place(agent, profile, "fan.3.speed") is None


TENTHS = """
[[table]]
rows = { object = "descr", oid = ".3.2" }
index = ["row"]

[[table.point]]
name = "supply_air.temperature"
kind = "Temperature"
object = "tenths"
oid = ".3.50"
divide = 10
optional = true

[[table.point]]
name = "supply_air.temperature"
kind = "Temperature"
object = "whole"
oid = ".3.3"
"""


@pytest.mark.parametrize(("tenths", "oid"), [(True, f"{E9}.3.50.1"), (False, f"{E9}.3.3.1")])
async def test_the_first_of_two_columns_that_is_there_is_the_one(tenths, oid):
    agent = Agent({"3.2.1": b"", "3.3.1": 19} | ({"3.50.1": 194} if tenths else {}))
    place = await find_place(agent, parse_profile("acme.toml", HEAD + TENTHS), "supply_air.temperature")
    assert place is not None
    assert place.oid == oid


async def test_scalars_and_columns_need_no_column_that_finds_their_rows():
    text = """
[[table]]

[[table.point]]
name = "unit.state"
kind = "State"
object = "state"
oid = ".4.1"
codes = { 1 = "on" }

[[table]]
index = ["bus", "device"]

[[table.point]]
name = "unit.{bus}.{device}.temperature"
kind = "Temperature"
object = "temperature"
oid = ".5.1"
"""
    profile = parse_profile("acme.toml", HEAD + text)
    agent = Agent({"4.1.0": 1, "5.1.1.2": 20, "5.1.2.1": 21, "5.1.3": 22})
    assert await found_places(profile, agent) == {
        "unit.state": ".4.1.0",
        "unit.1.2.temperature": ".5.1.1.2",
        "unit.2.1.temperature": ".5.1.2.1",
    }


async def test_who_a_device_is_may_stand_in_part_of_a_text_or_beside_its_name():
    profile = parse_profile("acme.toml", HEAD + TENTHS)
    long = b"x" * 200
    agent = Agent({"1.0": long + b" MN:AC300 SN:1", "2.2.1": b"Model", "2.2.2": b"Serial Number", "2.3.2": b" JK19 "})
    model, serial = await find_label(agent, profile.model), await find_label(agent, profile.serial)
    assert (model.text, model.oid) == ("AC300", f"{E9}.1.0")
    assert (serial.text, serial.oid) == ("JK19", f"{E9}.2.3.2")
    assert model.now({f"{E9}.1.0": b"MN:AC500"}) == "AC500"
    assert (await find_label(agent, profile.firmware)).text == ""


def point_of(extra, kind="Temperature"):
    text = f'[[table]]\n[[table.point]]\nname = "a"\nkind = "{kind}"\nobject = "a"\noid = ".3"\n{extra}\n'
    return parse_profile("acme.toml", HEAD + text).tables[0].points[0]


def scaled(how):
    return f'scale = {{ object = "scale", oid = ".4", how = "{how}" }}'


@pytest.mark.parametrize(
    ("extra", "scale", "raw", "value"),
    [
        (scaled("divide"), 10, 194, 19.4),
        (scaled("divide"), 1, 194, 194.0),
        (scaled("divide"), 0, 194, Reason.GARBLED),
        (scaled("divide"), -10, 194, Reason.GARBLED),
        (scaled("divide"), None, 194, Reason.ABSENT),
        (scaled("digits"), 3, 7467, 7.467),
        (scaled("signed"), -100, 2360, 23.6),
        (scaled("signed"), 10, 5, 50.0),
        (scaled("signed"), 0, 5, 5.0),
        (scaled("signed"), b"10", 5, Reason.GARBLED),
        ("sentinel_below = 0", 0, -1, Reason.SENTINEL),
        ("sentinel_below = 0", 0, 0, 0.0),
        ("sentinel_above = 1000", 0, 1001, Reason.SENTINEL),
        ('parse = "decimal"', 0, b"23.5", 23.5),
        ('parse = "decimal"\ndivide = 10', 0, b"-5", -0.5),
        ('parse = "decimal"\nsentinel_texts = ["N/A"]', 0, b"N/A", Reason.SENTINEL),
        ('parse = "decimal"\nsentinel_below = 0', 0, b"-1.0", Reason.SENTINEL),
        ('parse = "decimal"\nsentinels = ["-1"]', 0, b"-1.00", Reason.SENTINEL),
        ('parse = "decimal"', 0, b"23.5 C", Reason.GARBLED),
        ('parse = "decimal"', 0, b"1e400", Reason.GARBLED),
        ('parse = "decimal"', 0, b"", Reason.ABSENT),
        ('parse = "decimal"', 0, 23, Reason.GARBLED),
    ],
)
def test_a_number_means_what_its_scale_and_its_bounds_say(extra, scale, raw, value):
    decoded = decoder(point_of(extra), scale)(raw)
    assert decoded == value
    assert type(decoded) is type(value)


@pytest.mark.parametrize(
    ("raw", "value"),
    [(b"Closed ", "closed"), (b"NA", Reason.SENTINEL), (b"Ajar", Reason.OUT_OF_RANGE), (1, Reason.GARBLED)],
)
def test_a_text_is_a_word(raw, value):
    point = point_of('texts = { "Closed" = "closed", "Wide open" = "open" }\nsentinel_texts = ["NA"]', "State")
    assert decoder(point)(raw) == value
    assert point.words == ("closed", "open")


def test_a_text_may_be_told_as_it_is():
    point = point_of("", "Text")
    assert decoder(point)(b" Row 3\0") == "Row 3"
    assert decoder(point)(b"") is Reason.ABSENT


@pytest.mark.parametrize("value", [-3.0, 0.0, 19.4, 27.0])
@pytest.mark.parametrize(("how", "scale"), [("divide", 10), ("digits", 2), ("signed", -100), ("signed", 1)])
def test_what_is_written_reads_back(how, scale, value):
    point = point_of("multiply = 1\n" + scaled(how))
    raw = encoded(point, scale, value)
    assert type(raw) is int
    assert abs(decoder(point, scale)(raw) - value) <= 0.5


def test_the_family_that_names_a_device_most_closely_comes_first():
    families = Profiles().of_object("1.3.6.1.4.1.318.1.3.14.23")
    nearness = [family.nearness("1.3.6.1.4.1.318.1.3.14.23") for family in families]
    assert nearness == sorted(nearness, reverse=True)
    assert families[0].name.startswith("apc-inrow")
    assert Profiles().of_object("2.16.1") == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('is = "Supply"', 'iz = "Supply"', "the table's keys are in, is"),
        ('is = "Supply"', 'is = "/(/"', "cannot use this pattern"),
        (r"(?P<fan>\d+)", "(?P<fan>.*)", "its named groups must be numbers"),
        ("fan.{fan}.speed", "fan.{fun}.speed", r"cannot use \{fun\}"),
        ('how = "divide"', 'how = "halve"', r"scale\.how"),
        ('rows = { object = "name", oid = ".3.2" }', "", "cannot tell rows apart"),
        ('index = ["unit", "row"]\nhome = { unit = 1 }', "", "cannot use rows without an index"),
        ("high = 27", "high = 5", "cannot be below low"),
        ("safe = 20", "safe = 40", "at most 27"),
        (
            'target = "[unit.{unit}.]supply_air.temperature"',
            'target = "supply_air.temperature"',
            "cannot set this: no whole number of the name",
        ),
        (r"MN:(\S+)", r"MN:\S+", "must have one group"),
    ],
)
def test_what_cannot_be_meant_is_told(old, new, message):
    text = HEAD + KEYED
    assert old in text
    with pytest.raises(ProfileError, match=message):
        parse_profile("acme.toml", text.replace(old, new, 1))
