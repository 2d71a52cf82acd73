"""What traps mean: every row of a shipped profile stands where its MIB says; either form of an identifier is known."""

import re
from importlib.resources import files

import pytest

from edgeagent.protocols.profile_file import ProfileError, Profiles, parse_profile
from edgeagent.protocols.trap_words import STANDARD, Trap, by_oid

PROFILES = Profiles()
MIBS = {
    "apc-ats": "PowerNet-MIB",
    "apc-rpdu2": "PowerNet-MIB",
    "apc-ups": "PowerNet-MIB",
    "eaton-epdu": "EATON-EPDU-MIB",
    "raritan-pdu2": "PDU2-MIB",
    "rfc1628-ups": "UPS-MIB",
    "stulz-wib8000": "Stulz-WIB8000-MIB",
}
PARENTS = {
    "apc": "1.3.6.1.4.1.318.0",
    "notifications": "1.3.6.1.4.1.534.6.6.7.0",
    "traps": "1.3.6.1.4.1.13742.6.0",
    "upsTraps": "1.3.6.1.2.1.33.2",
    "wibAlarmPrefix": "1.3.6.1.4.1.29462.10.1.12.0",
}
V2 = re.compile(r"^[ \t]*(\w+)\s+NOTIFICATION-TYPE\b.*?::=\s*\{\s*(\w+)\s+(\d+)\s*\}", re.MULTILINE | re.DOTALL)
V1 = re.compile(r"^[ \t]*(\w+)\s+TRAP-TYPE\b\s*ENTERPRISE\s+(\w+).*?::=\s*(\d+)", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("name", MIBS)
def test_every_trap_of_a_shipped_profile_stands_where_its_mib_says(name, test_data):
    text = (test_data / "snmp" / "mibs" / MIBS[name]).read_text(errors="replace")
    known = {one: f"{PARENTS[parent]}.{number}" for one, parent, number in (*V2.findall(text), *V1.findall(text))}
    traps = PROFILES.all[name].traps
    assert traps
    assert {trap.object: trap.oid for trap in traps if known.get(trap.object) != trap.oid} == {}


def test_only_these_profiles_know_traps():
    assert {name for name, profile in PROFILES.all.items() if profile.traps} == set(MIBS)


def test_no_two_rows_of_the_shipped_profiles_speak_of_one_trap():
    rows = [trap for profile in PROFILES.all.values() for trap in profile.traps]
    assert len({trap.oid for trap in rows}) == len(rows)


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ("1.3.6.1.4.1.318.0.5", "ups.on_battery"),
        ("1.3.6.1.2.1.33.2.1", "ups.on_battery"),
        ("1.3.6.1.2.1.33.2.0.1", "ups.on_battery"),  # the same by an agent that speaks v1
        ("1.3.6.1.4.1.29462.10.1.12.0.6", "leak.found"),
        ("1.3.6.1.4.1.29462.10.1.12.6", "leak.found"),
        ("1.3.6.1.6.3.1.1.5.1", "agent.cold_start"),
    ],
)
def test_either_form_of_an_identifier_is_known(told, word):
    known = by_oid(trap for profile in PROFILES.all.values() for trap in profile.traps)
    assert known[told].word == word


def test_the_standard_traps_cannot_be_redefined():
    other = Trap("mine", STANDARD[0].oid, "other", "critical", "something else")
    assert by_oid([other])[STANDARD[0].oid] is STANDARD[0]


def test_a_row_with_a_severity_that_does_not_exist_is_refused():
    shipped = (files("edgeagent.protocols") / "profiles" / "rfc1628-ups.toml").read_text()
    broken = shipped.replace('word = "ups.on_battery", severity = "major"', 'word = "x", severity = "bad"')
    with pytest.raises(ProfileError, match=r"severity.*bad"):
        parse_profile("broken.toml", broken)
