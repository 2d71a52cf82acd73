"""The write half of profiles: what the MIBs say, and what a broken one is told."""

import re

import pytest

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
home = { unit = 1 }
object = "acmeCommand"
oid = ".3.1.3"
commands = { on = 1, off = 2 }
state = { object = "acmeState", oid = ".3.1.2", codes = { 0 = "off", 1 = "on" } }
"""
# Object and code by word, from the text of each family's MIB.
COMMANDS = {
    "apc-rpdu": {
        word: ("rPDUOutletControlOutletCommand", code) for word, code in (("on", 1), ("off", 2), ("cycle", 3))
    },
    "apc-rpdu2": {
        word: ("rPDU2OutletSwitchedControlCommand", code) for word, code in (("on", 1), ("off", 2), ("cycle", 3))
    },
    "raritan-pdu2": {word: ("switchingOperation", code) for word, code in (("on", 1), ("off", 0), ("cycle", 2))},
    "eaton-epdu": {  # what is written is a delay in seconds
        "on": ("outletControlOnCmd", 0),
        "off": ("outletControlOffCmd", 0),
        "cycle": ("outletControlRebootCmd", 0),
    },
    "vertiv-geist-v5": {word: ("pduOutletSwitchControl", code) for word, code in (("on", 2), ("off", 4), ("cycle", 6))},
    "servertech-sentry4": {
        word: ("st4OutletControlAction", code) for word, code in (("on", 1), ("off", 2), ("cycle", 3))
    },
    "liebert-mph": {word: ("lgpPduRcpEntryControl", code) for word, code in (("on", 1), ("off", 0), ("cycle", 2))},
}
# Identifier of what is written to switch outlet 3 of the first unit, its input cord and its branch being 2.
WRITTEN = {
    "apc-rpdu": "1.3.6.1.4.1.318.1.1.12.3.3.1.1.4.3",
    "apc-rpdu2": "1.3.6.1.4.1.318.1.1.26.9.2.4.1.5.3",
    "raritan-pdu2": "1.3.6.1.4.1.13742.6.4.1.2.1.2.1.3",
    "eaton-epdu": "1.3.6.1.4.1.534.6.6.7.6.6.1.4.0.3",
    "vertiv-geist-v5": "1.3.6.1.4.1.21239.5.2.3.5.1.6.3",
    "servertech-sentry4": "1.3.6.1.4.1.1718.4.1.8.5.1.2.1.2.3",
    "liebert-mph": "1.3.6.1.4.1.476.1.42.3.8.50.20.1.100.1.2.3",
}


def switch_of(text):
    return parse_profile("acme.toml", text).switches[0]


def test_a_switch_says_what_its_text_says():
    switch = switch_of(GOOD)
    assert {word: command.code for word, command in switch.commands.items()} == {"on": 1, "off": 2}
    assert switch.states == {0: "off", 1: "on"}
    assert switch.commands["off"].column.instance("1.7") == "1.3.6.1.4.1.99999.3.1.3.1.7"


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
        ("home = { unit = 1 }\n", "", "must give each part once"),
        ("home = { unit = 1 }", "home = { unt = 1 }", "the index has unit, outlet"),
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


def test_a_unit_that_is_at_home_may_go_unsaid():
    text = GOOD.replace('= "outlet.{outlet}.state"', '= "[unit.{unit}.]outlet.{outlet}.state"')
    switch = switch_of(text.replace('index = ["outlet"]', 'index = ["unit", "outlet"]'))
    assert switch.place("outlet.7.state") == "1.7"
    assert switch.place("unit.3.outlet.7.state") == "3.7"
    assert not switch.needs_rows


def test_an_index_that_a_name_does_not_say_is_that_of_the_rows():
    text = GOOD.replace('= "outlet.{outlet}.state"', '= "[branch.{branch}.]outlet.{outlet}.state"')
    text = text.replace('index = ["outlet"]', 'index = ["branch", "outlet"]')
    switch = switch_of(text.replace('index = ["unit", "outlet"]\nhome = { unit = 1 }', 'index = ["branch", "outlet"]'))
    assert switch.needs_rows
    assert switch.place("outlet.7.state") is None
    assert switch.places(["2.7", "2.8", "3"]) == {"outlet.7.state": "2.7", "outlet.8.state": "2.8"}
    assert switch.places(["2.7", "3.7"]) == {"branch.2.outlet.7.state": "2.7", "branch.3.outlet.7.state": "3.7"}


def test_each_word_may_have_an_object_of_its_own():
    on, off = (
        f'{word} = {{ object = "acme-{word}", oid = ".3.1.{n}", value = 0 }}' for word, n in (("on", 4), ("off", 5))
    )
    commands = f"{on}\n{off}\n"
    old = 'object = "acmeCommand"\noid = ".3.1.3"\ncommands = { on = 1, off = 2 }\n'
    switch = switch_of(GOOD.replace(old, commands))
    assert {word: (one.column.object, one.code) for word, one in switch.commands.items()} == {
        "on": ("acme-on", 0),
        "off": ("acme-off", 0),
    }
    with pytest.raises(ProfileError, match="one code for two commands"):
        switch_of(GOOD.replace(old, commands.replace("acme-off", "acme-on").replace(".5", ".4")))


def test_every_family_of_rack_pdus_can_be_switched():
    assert set(COMMANDS) == {profile.name for profile in Profiles().of_driver("ipdu")}


@pytest.mark.parametrize("family", COMMANDS)
def test_shipped_commands_are_those_of_the_mib(family):
    (switch,) = Profiles().all[family].switches
    assert {word: (one.column.object, one.code) for word, one in switch.commands.items()} == COMMANDS[family]
    index = switch.places(
        [
            ".".join(
                {"outlet": "3", "unit": "0" if family == "eaton-epdu" else "1"}.get(part, "2") for part in switch.index
            )
        ]
    )
    assert switch.commands["on"].column.instance(index["outlet.3.state"]) == WRITTEN[family]
