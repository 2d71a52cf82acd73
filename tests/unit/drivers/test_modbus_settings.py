"""The keys of a device with a modbus:// address: families, profiles of one's own, what hangs on contacts."""

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.core.clock import ManualClock
from edgeagent.drivers.modbus_device import ModbusOptions, check_family, parse
from edgeagent.drivers.modbus_inputs import Contact
from edgeagent.drivers.parts import Parts, Times
from edgeagent.model.errors import DeviceGarbled
from edgeagent.protocols.modbus_address import ModbusAddress
from edgeagent.protocols.modbus_profile_file import ModbusProfiles

PROFILES = ModbusProfiles()
OWN = """
protocol = "modbus"
name = "mine"
title = "A door of my own"
driver = "enclosure"
source = "the label on its lid"

[[point]]
name = "input.{n}.state"
kind = "State"
table = "discrete"
address = 0
repeat = 4
codes = { 0 = "open", 1 = "closed" }
"""


def parsed(text, word="cdu", *, name="edgeagent.toml"):
    loaded = load([], layers=[Layer(str(name), f'address = "modbus://10.0.0.7:1502/3"\n{text}')])
    options = parse(loaded.root, word)
    check_family(loaded.root, options, PROFILES)
    loaded.root.finish()
    return options, [problem.message for problem in loaded.problems]


def test_an_address_is_all_that_a_word_with_one_family_needs():
    options, problems = parsed("")
    assert (options, problems) == (ModbusOptions(ModbusAddress("10.0.0.7", 1502, 3), "cdu"), [])
    assert [profile.name for profile in options.choices(PROFILES)] == ["generic-cdu"]


def test_a_word_with_families_that_nothing_tells_apart_needs_one():
    assert "must be one of generic-crac, liebert-dcd" in parsed("", "cooling")[1][0]
    options, problems = parsed('family = "liebert-dcd"', "cooling")
    assert (problems, [profile.name for profile in options.choices(PROFILES)]) == ([], ["liebert-dcd"])


def test_a_family_that_does_not_exist_is_a_mistake():
    options, problems = parsed('family = "generic-crac"')
    assert "must be auto or one of generic-cdu" in problems[0]
    with pytest.raises(DeviceGarbled, match="known are generic-cdu"):
        options.choices(PROFILES)


@pytest.mark.parametrize("address", ["snmp://10.0.0.7", "modbus://10.0.0.7/900", "modbus:///1", "10.0.0.7"])
def test_an_address_that_is_none_is_a_mistake(address):
    loaded = load([], layers=[Layer("edgeagent.toml", f'address = "{address}"')])
    parse(loaded.root, "cdu")
    assert [problem.path for problem in loaded.problems] == ["address"]


def test_a_profile_of_ones_own_is_read_from_beside_the_configuration(tmp_path):
    (tmp_path / "mine.toml").write_text(OWN)
    options, problems = parsed('profile = "mine.toml"', "enclosure", name=tmp_path / "edgeagent.toml")
    assert (problems, options.profile.name) == ([], "mine")
    assert options.choices(PROFILES) == (options.profile,)
    assert options == parsed('profile = "mine.toml"', "enclosure", name=tmp_path / "edgeagent.toml")[0]


@pytest.mark.parametrize(
    ("text", "word", "message"),
    [
        (OWN, "cdu", "cannot use it for a cdu: it describes a enclosure"),
        (OWN.replace("address = 0", "address = 70000"), "enclosure", "mine.toml"),
        (OWN.replace('"State"', '"Power"'), "enclosure", "codes"),
        ("address = [", "enclosure", "cannot use a profile"),
    ],
)
def test_a_mistake_in_a_profile_of_ones_own_is_one_of_the_configuration(tmp_path, text, word, message):
    (tmp_path / "mine.toml").write_text(text)
    _, problems = parsed('profile = "mine.toml"', word, name=tmp_path / "edgeagent.toml")
    assert message in problems[0]


def test_a_profile_that_is_not_there_is_a_mistake(tmp_path):
    _, problems = parsed('profile = "mine.toml"', "enclosure", name=tmp_path / "edgeagent.toml")
    assert "no such file" in problems[0]


WIRES = """
family = "dry-contact-io"
[inputs]
1 = "door.front"
2 = "smoke.1 normally closed"
[outputs]
1 = "strike.front"
"""


def test_contacts_are_named_and_open_while_all_is_well_unless_they_say_so():
    options, problems = parsed(WIRES, "enclosure")
    assert not problems
    assert options.wiring.inputs == {1: Contact("door.front"), 2: Contact("smoke.1", is_closed=True)}
    (profile,) = options.choices(PROFILES)
    rows = {row.name: row for row in profile.points}
    assert rows["door.front.state"].codes == {0: "closed", 1: "open"}
    assert rows["smoke.1.state"].codes == {1: "clear", 0: "smoke"}
    assert rows["smoke.1.state"].protective
    assert not rows["door.front.state"].protective
    assert "input.3.state" in rows
    assert profile.setting("strike.front.state").register.address == 0


@pytest.mark.parametrize(
    ("wires", "message"),
    [
        ('[inputs]\n1 = "Door"', "must be a name"),
        ('[inputs]\nfirst = "door.front"', "must be the number of a contact"),
        ('[inputs]\n1 = "door.front"\n2 = "door.front"', "for two contacts"),
        ('[inputs]\n17 = "door.front"', "dry-contact-io has no input 17"),
        ('[outputs]\n99 = "siren.1"', "dry-contact-io has no output 99"),
        ('[inputs]\n1 = "door.front normally"', "must be a name"),
    ],
)
def test_a_wire_that_leads_nowhere_is_a_mistake(wires, message):
    assert message in parsed(wires, "enclosure")[1][0]


async def test_a_device_is_built_from_its_settings_and_opens_nothing():
    parts = Parts(ManualClock())
    driver = parsed("")[0].build("cdu-1", Times(10.0, 60.0, 1.0), parts)
    assert len(parts.modbus) == 0
    await driver.close()
