"""Profile files: those shipped are what their MIBs say, and a broken one is told with file and row."""

import textwrap

import pytest

from edgeagent.model.reading import Reason
from edgeagent.protocols.profile import How
from edgeagent.protocols.profile_file import ProfileError, Profiles, parse_profile

GOOD = """
name = "acme"
title = "An ACME rack PDU"
driver = "ipdu"
mib = "ACME-MIB"
root = "1.3.6.1.4.1.99999"

[detect]
object_id = "1.3.6.1.4.1.99999"
presence = { object = "acmeModel", oid = ".1" }

[identity]
vendor = "ACME"
model = [{ object = "acmeModel", oid = ".1" }]
serial = [{ object = "acmeSerial", oid = ".2" }]
firmware = []

[[table]]
rows = { object = "acmeIndex", oid = ".3.1.1" }
index = ["outlet"]

[[table.point]]
name = "outlet.{outlet}.power"
kind = "Power"
object = "acmePower"
oid = ".3.1.2"
"""


def test_only_the_files_of_a_drivers_word_are_read_for_it(tmp_path):
    (tmp_path / "acme.toml").write_text(GOOD)
    (tmp_path / "broken.toml").write_text('driver = "ups"\nnonsense = 1\n')
    profiles = Profiles(tmp_path)
    assert [one.name for one in profiles.of_driver("ipdu")] == ["acme"]
    assert profiles.of_driver("cooling") == ()
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        profiles.of_driver("ups")
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        _ = profiles.all


def test_a_file_whose_driver_is_written_otherwise_is_read_to_find_out(tmp_path):
    (tmp_path / "acme.toml").write_text(GOOD.replace('driver = "ipdu"', "driver='ipdu'"))
    assert [one.name for one in Profiles(tmp_path).of_driver("ipdu")] == ["acme"]
    assert Profiles(tmp_path).of_driver("ups") == ()


def test_every_shipped_profile_can_be_read():
    assert set(Profiles().all) >= {"apc-rpdu2", "raritan-pdu2"}


def test_profiles_are_not_read_before_somebody_asks(tmp_path):
    (tmp_path / "broken.toml").write_text("name =")
    profiles = Profiles(tmp_path)
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        _ = profiles.all


def test_a_profile_says_what_its_text_says():
    profile = parse_profile("acme.toml", GOOD)
    point = profile.tables[0].points[0]
    assert profile.claims("1.3.6.1.4.1.99999")
    assert profile.claims("1.3.6.1.4.1.99999.1.5")
    assert not profile.claims("1.3.6.1.4.1.999991")
    assert point.column.instance("7") == "1.3.6.1.4.1.99999.3.1.2.7"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('kind = "Power"', 'kind = "Powr"', r"acme.toml:24: table\[0\].point\[0\].kind: .* did you mean \"Power\""),
        ('oid = ".3.1.2"', "", r"acme.toml:22: table\[0\].point\[0\].oid: cannot go on without this key"),
        ('object = "acmePower"', "", r"table\[0\].point\[0\].object"),
        ("{outlet}", "{outlt}", r"cannot use \{outlt\}: the index has outlet"),
        ('oid = ".3.1.2"', 'oid = ".3.1.2"\nfactor = 10', r"point\[0\].factor: cannot use this key"),
        ('oid = ".3.1.2"', 'oid = "3.x"', "must match"),
        ('oid = ".3.1.2"', 'oid = ".3.1.2"\nwhen = { oulet = 1 }', "the index has outlet"),
        ('oid = ".3.1.2"', 'oid = ".3.1.2"\ncodes = { on = "on" }', "a raw code is a whole number"),
        ('oid = ".3.1.2"', 'oid = ".3.1.2"\nrange = { low = 5, high = 1 }', "cannot be below low"),
        ('oid = ".3.1.2"', 'oid = ".3.1.2"\ndivide = 0', "at least 1"),
        (
            'oid = ".3.1.2"',
            'oid = ".3.1.2"\ngates = [{ object = "a", oid = ".9", refuse = { 2 = "gone" } }]',
            r"gates\[0\].refuse",
        ),
        ("[[table.point]]", "[[table.pint]]", "without points"),
        ("[detect]", "[detct]", "detct"),
    ],
)
def test_a_broken_profile_is_told_with_file_and_row(old, new, message):
    with pytest.raises(ProfileError, match=message):
        parse_profile("acme.toml", GOOD.replace(old, new, 1))


def test_a_table_hands_its_gates_and_digits_to_its_points():
    text = GOOD.replace(
        'index = ["outlet"]',
        textwrap.dedent("""\
            index = ["outlet"]
            digits = { object = "acmeDigits", oid = ".4.1.1" }
            gates = [{ object = "acmeState", oid = ".5.1.1", refuse = { -1 = "sentinel" } }]
            """),
    )
    point = parse_profile("acme.toml", text).tables[0].points[0]
    assert point.scale is not None
    assert (point.scale.column.object, point.scale.how) == ("acmeDigits", How.DIGITS)
    assert dict(point.gates[0].refuse) == {-1: Reason.SENTINEL}
