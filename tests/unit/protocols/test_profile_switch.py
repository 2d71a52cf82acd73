"""The write half of profiles: what the MIBs say, and what a broken one is told."""

import re
import textwrap

import pytest

from edgeagent.protocols.profile import Switch
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
model = []
serial = []
firmware = []

[[table]]
rows = { object = "acmeIndex", oid = ".3.1.1" }
index = ["outlet"]

[[table.point]]
name = "outlet.{outlet}.state"
kind = "Switch"
object = "acmeState"
oid = ".3.1.2"
codes = { 0 = "off", 1 = "on" }

[[switch]]
target = "outlet.{outlet}.state"
index = ["unit", "outlet"]
fixed = { unit = 1 }
object = "acmeCommand"
oid = ".3.1.3"
commands = { on = 1, off = 2 }
state = { object = "acmeState", oid = ".3.1.2", codes = { 0 = "off", 1 = "on" } }
"""
# Object, MIB file and what its text there says, by family.
COMMANDS = {
    "apc-rpdu2": ("rPDU2OutletSwitchedControlCommand", {"on": 1, "off": 2, "cycle": 3}),
    "raritan-pdu2": ("switchingOperation", {"on": 1, "off": 0, "cycle": 2}),
}


def switch_of(text):
    return parse_profile("acme.toml", text).switches[0]


def test_a_switch_says_what_its_text_says():
    switch = switch_of(GOOD)
    assert switch.commands == {"on": 1, "off": 2}
    assert switch.states == {0: "off", 1: "on"}
    assert switch.command.instance("1.7") == "1.3.6.1.4.1.99999.3.1.3.1.7"


@pytest.mark.parametrize(
    ("name", "index"),
    [
        ("outlet.7.state", "1.7"),
        ("outlet.48.state", "1.48"),
        ("outlet.07.state", None),
        ("outlet.0.state", None),
        ("outlet.-1.state", None),
        ("outlet.1.2.state", None),
        ("outlet..state", None),
        ("outlet.7.power", None),
        ("inlet.state", None),
        ("outlet.state", None),
        ("outlet.12345678901.state", None),
    ],
)
def test_a_point_name_gives_the_index_of_its_row_or_nothing(name, index):
    assert switch_of(GOOD).place(name) == index


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('target = "outlet.{outlet}.state"', 'target = "outlet.{outlet}.power"', "no point of kind Switch"),
        ("fixed = { unit = 1 }\n", "", "must give each part once"),
        ("fixed = { unit = 1 }", "fixed = { unt = 1 }", "the index has unit, outlet"),
        ('index = ["unit", "outlet"]', 'index = ["unit"]', "must give each part once"),
        ("commands = { on = 1, off = 2 }", "commands = { on = 1, off = 1 }", "one code for two commands"),
        ("commands = { on = 1, off = 2 }", "commands = { on = 1 }", "commands.off"),
        ("commands = { on = 1, off = 2 }", "commands = { on = 1, off = 2, of = 3 }", "commands.of"),
        ('codes = { 0 = "off", 1 = "on" } }', 'codes = { 1 = "on" } }', "a code for on and one for off"),
        ('codes = { 0 = "off", 1 = "on" } }', 'codes = { 0 = "off", 1 = "onn" } }', "onn"),
        ('object = "acmeCommand"\n', "", "object"),
    ],
)
def test_a_mistake_is_told(old, new, message):
    head, switch = GOOD.split("[[switch]]")
    assert old in switch
    with pytest.raises(ProfileError, match=re.escape(message)):
        parse_profile("acme.toml", head + "[[switch]]" + switch.replace(old, new))


def test_a_profile_may_say_nothing_of_switching():
    assert parse_profile("acme.toml", GOOD.split("[[switch]]", maxsplit=1)[0]).switches == ()


@pytest.mark.parametrize("family", COMMANDS)
def test_shipped_commands_are_those_of_the_mib(family):
    (switch,) = Profiles().all[family].switches
    assert (switch.command.object, dict(switch.commands)) == COMMANDS[family]
    assert switch.place("outlet.3.state") is not None


@pytest.mark.parametrize("family", COMMANDS)
def test_shipped_objects_are_writable_where_they_are_written_in_the_vendors_own_file(family, test_data):
    profile = Profiles().all[family]
    text = (test_data / "snmp" / "mibs" / profile.mib).read_text(errors="replace")
    for switch in profile.switches:
        assert "read-write" in definition(text, switch.command.object)
        assert "read-only" in definition(text, switch.state.object)
        assert f"::= {{ {entry(switch)} {switch.command.oid.rpartition('.')[2]} }}" in definition(
            text, switch.command.object
        )


def entry(switch: Switch) -> str:
    return {
        "rPDU2OutletSwitchedControlCommand": "rPDU2OutletSwitchedControlEntry",
        "switchingOperation": "outletSwitchControlEntry",
    }[switch.command.object]


def definition(text, name):
    found = re.search(rf"^{name} OBJECT-TYPE.*?::= \{{[^}}]*\}}", text, re.DOTALL | re.MULTILINE)
    assert found, name
    return textwrap.dedent(found[0])
