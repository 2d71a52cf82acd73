"""Profile files of Modbus: what a row may say, and each mistake with its line."""

import pytest

from edgeagent.model.points import ValueType
from edgeagent.model.units import Kind
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.modbus_blocks import plan
from edgeagent.protocols.modbus_profile import How, Label, Register, Span, Type
from edgeagent.protocols.modbus_profile_file import ModbusProfiles, parse_modbus_profile
from edgeagent.protocols.profile import Pace
from edgeagent.protocols.profile_file import ProfileError, Profiles

HEAD = """
protocol = "modbus"
name = "made"
title = "Made"
driver = "cdu"
source = "a document"
words = "little"
first = { holding = 40001, discrete = 10001 }

[absent]
uint16 = ["0xFFFF", "0xFFFE"]

[limits]
registers = 60
gap = 4

[[limits.hole]]
from = 40010
to = 40019

[[detect]]
address = 40100
equals = 7

[[detect]]
object = 0
pattern = "^Made"

[identity]
vendor = { object = 0 }
model = { text = "M" }
serial = { address = 40101, length = 8 }
firmware = { address = 40109, type = "uint32" }
"""
FLOW = """
[[point]]
name = "flow.{n}"
label = "Flow"
kind = "LiquidFlow"
address = 40001
repeat = 2
step = 4
divide = 10
scale = { address = 40003, type = "int16", how = "power" }
range = { low = 0, high = 500 }
pace = "slow"
optional = true
"""
LEAK = """
[[point]]
name = "leak.1.state"
kind = "State"
table = "discrete"
address = 10003
codes = { 0 = "dry", 1 = "leak" }
fault = { address = 10004, equals = 0 }
protective = true
"""
SET = """
[[set]]
target = "flow.1"
address = 40001
divide = 10
low = 10
high = 400
max_step = 50
safe = 200
arm = [{ address = 40030, value = 30 }]
"""


def made(*parts):
    return parse_modbus_profile("made.toml", HEAD + "".join(parts))


def test_a_profile_says_who_the_device_is_and_how_it_likes_to_be_asked():
    profile = made(FLOW)
    assert (profile.name, profile.driver, profile.source) == ("made", "cdu", "a document")
    assert (profile.vendor, profile.model) == (Label(object=0), Label("M"))
    assert profile.serial.span == Span("holding", 100, 108)
    assert profile.firmware.span == Span("holding", 108, 110)
    assert profile.limits.holes == (Span("holding", 9, 19),)
    assert [(mark.equals, mark.pattern and mark.pattern.pattern) for mark in profile.marks] == [(7, None), (0, "^Made")]


def test_a_row_counts_from_where_its_document_does_and_is_made_as_often_as_it_says():
    first, second = made(FLOW).points
    assert (first.name, first.kind, first.type, first.pace) == ("flow.1", Kind.LIQUID_FLOW, ValueType.NUMBER, Pace.SLOW)
    assert first.register == Register("holding", 0, Type.UINT16, swapped=True)
    assert first.scale == (Register("holding", 2, Type.INT16, swapped=True), How.POWER)
    assert (first.absent, first.optional, first.range) == (frozenset({0xFFFF, 0xFFFE}), True, (0.0, 500.0))
    assert (second.name, second.span) == ("flow.2", Span("holding", 4, 7))


def test_a_bit_has_words_and_a_second_contact():
    (row,) = made(LEAK).points
    assert (row.register, row.fault) == (
        Register("discrete", 2, Type.BIT), (Register("discrete", 3, Type.BIT), 0)
    )  # fmt: skip
    assert row.words == ("dry", "leak", "fault")
    assert row.protective
    assert not row.absent


def test_a_setting_has_its_guard_and_what_arms_it():
    (setting,) = made(FLOW, SET).settings
    assert setting.guard == Guard(10, 400, max_step=50, min_interval_s=5, settle_s=10, tolerance=0.5, safe=200)
    assert [(arm.register.address, arm.value) for arm in setting.arm] == [(29, 30)]
    assert made(FLOW, SET).writable == {"flow.1"}


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([FLOW.replace("40001", "1")], "must be at least 40001"),
        ([FLOW.replace("40001", "105537")], "must be at most 105536"),
        ([FLOW.replace('"LiquidFlow"', '"Flow"')], "kind"),
        ([FLOW.replace("flow.{n}", "flow")], "{n}"),
        ([FLOW.replace("divide = 10", "divide = 0")], "divide"),
        ([FLOW.replace("low = 0", "low = 900")], "cannot be below low"),
        ([FLOW + 'absent = ["FFFF"]\n'], "bit pattern"),
        ([FLOW + 'codes = { 0 = "off" }\n'], "cannot do with them in a measured point"),
        ([FLOW + "bit = 16\n"], "bit"),
        ([FLOW + 'type = "int16"\nbit = 1\n'], "cannot take bits of this"),
        ([FLOW.replace("address = 40003", "address = 40200")], "too far apart"),
        ([FLOW, FLOW], "for two points"),
        ([LEAK.replace('codes = { 0 = "dry", 1 = "leak" }', "")], "nor without in a State"),
        ([LEAK.replace('table = "discrete"', "").replace("10003", "40003")], "second contact"),
        ([FLOW, SET.replace("address = 40001", 'table = "input"\naddress = 1')], "must be holding or coil"),
        ([FLOW, SET.replace("low = 10", "low = 500")], "cannot be below low"),
        ([FLOW, SET.replace("safe = 200", "safe = 5")], "safe"),
        ([FLOW + "colour = 1\n"], "nothing reads it"),
        ([], "without points"),
    ],
)
def test_each_mistake_of_a_profile_is_told_with_its_file(parts, message):
    with pytest.raises(ProfileError) as caught:
        made(*parts)
    assert message in str(caught.value)
    assert "made.toml" in str(caught.value)


def test_a_profile_of_another_protocol_is_none():
    with pytest.raises(ProfileError, match="protocol"):
        parse_modbus_profile("made.toml", (HEAD + FLOW).replace('"modbus"', '"snmp"'))


def test_the_profiles_of_this_release_cite_their_document_and_are_read_in_few_requests():
    for profile in ModbusProfiles().all.values():
        assert profile.source
        assert all(row.label for row in profile.points), profile.name
        assert len(plan((row.span for row in profile.points), profile.limits)) <= 12
        writable = {row.name for row in profile.points}
        assert profile.writable <= writable, profile.name


def test_profiles_of_modbus_are_none_of_snmp():
    assert not set(ModbusProfiles().all) & set(Profiles().all)
