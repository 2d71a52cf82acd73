"""The keys of a device that speaks Modbus: every mistake is said with what to do."""

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.drivers.modbus_device import check_family, parse
from edgeagent.protocols.modbus_address import ModbusAddress
from edgeagent.protocols.modbus_profile_file import ModbusProfiles

PROFILES = ModbusProfiles()
OWN = """
protocol = "modbus"
name = "own"
title = "One register"
driver = "cooling"
source = "none"
[[point]]
name = "one"
kind = "Count"
address = 0
"""


def parsed(text, word="cooling", file="test.toml"):
    loaded = load([], layers=[Layer(str(file), text)])
    options = parse(loaded.root, word)
    check_family(loaded.root, options, PROFILES)
    loaded.root.finish()
    return options, [str(problem) for problem in loaded.problems]


def test_a_device_names_its_address_and_its_family():
    options, problems = parsed('address = "modbus://10.0.0.7/3"\nfamily = "generic-crac"')
    assert not problems
    assert (options.address, options.family) == (ModbusAddress("10.0.0.7", 502, 3), "generic-crac")


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("", "without this key"),
        ('address = "modbus://x/900"', "cannot use unit"),
        ('address = "modbus://x:70000"', "cannot use this port"),
        ('address = "modbus://x"\nprofile = "nowhere.toml"', "nowhere.toml"),
        ('address = "modbus://x"\n[inputs]\nx = "door.front"', "must be the number of a contact"),
        ('address = "modbus://x"\n[inputs]\n1 = "front door"', 'must be a name as "door.front"'),
        ('address = "modbus://x"\n[inputs]\n1 = "door.front"\n2 = "door.front"', "for two contacts"),
        ('address = "modbus://x"\nfamily = "cdu-9000"', 'cannot use "cdu-9000": must be auto or one of '),
    ],
)
def test_what_cannot_be_is_said(text, wrong):
    problems = parsed(text)[1]
    assert any(wrong in problem for problem in problems), problems


def test_a_contact_that_the_module_does_not_have_is_said():
    text = 'address = "modbus://x"\n[inputs]\n17 = "door.front"'
    assert "dry-contact-io has no input 17" in parsed(text, "enclosure")[1][0]


def test_what_hangs_on_a_contact_is_what_the_point_is_called():
    text = (
        'address = "modbus://x"\n[inputs]\n1 = "door.front normally closed"\n2 = "leak.1"\n3 = "leak.1.fault"\n'
        '[outputs]\n1 = "siren.1"\n'
    )
    options, problems = parsed(text, "enclosure")
    assert not problems
    profile = options.choices(PROFILES)[0]
    rows = {row.name: row for row in profile.points}
    assert rows["door.front.state"].codes == {1: "closed", 0: "open"}
    assert rows["leak.1.state"].words == ("dry", "leak", "fault")
    assert rows["leak.1.state"].protective
    assert "leak.1.fault.state" not in rows
    assert "siren.1.state" in profile.writable


def test_a_profile_of_ones_own_is_read_and_its_mistakes_are_said(tmp_path):
    (tmp_path / "own.toml").write_text(OWN)
    (tmp_path / "bad.toml").write_text(OWN.replace("address = 0", "adress = 0"))
    file = tmp_path / "conf.toml"
    options, problems = parsed('address = "modbus://x"\nprofile = "own.toml"', file=file)
    assert not problems
    assert [row.name for row in options.profile.points] == ["one"]
    problems = parsed('address = "modbus://x"\nprofile = "bad.toml"', file=file)[1]
    assert any("adress" in problem for problem in problems)
    problems = parsed('address = "modbus://x"\nprofile = "own.toml"', "cdu", file)[1]
    assert any("it describes a cooling" in problem for problem in problems)


def test_a_profile_of_ones_own_that_changed_is_another_device_to_a_reload(tmp_path):
    file = tmp_path / "conf.toml"
    text = 'address = "modbus://x"\nprofile = "own.toml"'
    (tmp_path / "own.toml").write_text(OWN)
    before, same = parsed(text, file=file)[0], parsed(text, file=file)[0]
    (tmp_path / "own.toml").write_text(OWN.replace("address = 0", "address = 1"))
    assert before == same
    assert before != parsed(text, file=file)[0]
