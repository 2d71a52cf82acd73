"""Registers to values and back: nothing that means "no value" leaves as one, and what is written is what is read."""

import math
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.points import ValueType
from edgeagent.model.reading import Reason
from edgeagent.model.units import Kind
from edgeagent.protocols.guard import Guard
from edgeagent.protocols.modbus_decode import decoder, encoded, label_of, number, told
from edgeagent.protocols.modbus_profile import How, Label, Register, RegisterRow, SettingRow, Type

WHOLE = [kind for kind in Type if kind not in (Type.BIT, Type.FLOAT32)]
WORD = st.integers(0, 0xFFFF)


def row(kind=Type.INT16, **more):
    register = Register("input", 10, kind, more.pop("swapped", False))
    return RegisterRow("x", Kind.TEMPERATURE, ValueType.NUMBER, register, **more)


def value(words, kind=Type.INT16, **more):
    return decoder(row(kind, **more))(words)[0]


def split(code, width):
    return [code >> 16 * place & 0xFFFF for place in reversed(range(width))]


@pytest.mark.parametrize(
    ("kind", "words", "expected"),
    [
        (Type.UINT16, [0xFFFE], 65534),
        (Type.INT16, [0xFFFE], -2),
        (Type.UINT32, [1, 2], 65538),
        (Type.INT32, [0xFFFF, 0xFFFF], -1),
        (Type.UINT64, [0, 1, 0, 0], 1 << 32),
        (Type.INT64, [0xFFFF] * 4, -1),
        (Type.FLOAT32, [0x41BC, 0], 23.5),
    ],
)
def test_each_type_is_what_the_registers_say_in_either_order(kind, words, expected):
    assert value(words, kind) == expected
    assert value(words[::-1], kind, swapped=True) == expected


@given(st.sampled_from(WHOLE), st.booleans(), st.data())
def test_every_whole_number_is_read_as_the_library_packs_it(kind, swapped, data):
    bits = 16 * kind.width
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind.is_signed else (0, (1 << bits) - 1)
    whole = data.draw(st.integers(low, high))
    form = {1: "h", 2: "i", 4: "q"}[kind.width]
    raw = struct.pack(">" + (form if kind.is_signed else form.upper()), whole)
    words = list(struct.unpack(f">{kind.width}H", raw))
    register = Register("holding", 0, kind, swapped)
    assert number(register, words[::-1] if swapped else words) == whole


@given(st.sampled_from([*WHOLE, Type.FLOAT32]), st.lists(WORD, min_size=4, max_size=4), st.sets(WORD), st.booleans())
def test_whatever_the_registers_say_it_is_a_finite_number_in_range_or_a_reason(kind, words, absent, swapped):
    mine = words[: kind.width]
    found, raw = decoder(row(kind, divide=10, range=(-50.0, 200.0), absent=frozenset(absent), swapped=swapped))(mine)
    if isinstance(found, Reason):
        assert found in (Reason.SENTINEL, Reason.OUT_OF_RANGE, Reason.GARBLED)
    else:
        assert -50.0 <= found <= 200.0
        assert math.isfinite(raw)


@given(st.sampled_from(WHOLE), st.booleans(), st.data())
def test_an_absent_pattern_is_never_a_value_and_every_other_one_is(kind, swapped, data):
    pattern = data.draw(st.integers(0, (1 << 16 * kind.width) - 1))
    words = split(pattern, kind.width)
    words = words[::-1] if swapped else words
    assert value(words, kind, absent=frozenset({pattern}), swapped=swapped) is Reason.SENTINEL
    assert not isinstance(value(words, kind, absent=frozenset({pattern ^ 1}), swapped=swapped), Reason)


def test_not_a_number_is_no_value_and_infinity_is_nonsense():
    assert value([0x7FC0, 0], Type.FLOAT32) is Reason.SENTINEL
    assert value([0x7F80, 0], Type.FLOAT32) is Reason.GARBLED


def test_a_true_zero_stays_and_thirteen_tenths_are_exact():
    assert value([0], divide=10) == 0.0
    assert value([13], divide=10) == 1.3


@pytest.mark.parametrize(
    ("scale", "expected"), [(0, 1234.0), (-1, 123.4), (2, 123_400.0), (0x8000, Reason.ABSENT), (99, Reason.GARBLED)]
)
def test_a_scale_of_its_own_is_a_power_of_ten(scale, expected):
    scaled = (Register("input", 12, Type.INT16), How.POWER)
    assert value([1234, 0, scale & 0xFFFF], scale=scaled) == expected


def test_a_scale_of_its_own_divides_and_zero_of_it_is_nonsense():
    scaled = (Register("input", 9, Type.UINT16), How.DIVIDE)
    assert value([100, 1234], scale=scaled) == 12.34
    assert value([0, 1234], scale=scaled) is Reason.GARBLED


def test_a_part_of_a_register_is_a_word():
    codes = {1: "clear", 2: "warning"}
    read = decoder(row(Type.UINT16, bits=(4, 4), codes=codes, absent=frozenset({0xF})))
    assert [read([word])[0] for word in (0x0121, 0xFFFF, 0x00F0, 0x0050)] == [
        "warning", Reason.SENTINEL, Reason.SENTINEL, Reason.OUT_OF_RANGE
    ]  # fmt: skip


def test_a_second_contact_makes_a_quiet_one_a_fault_and_leaves_an_alarm():
    leak = RegisterRow(
        "leak.1.state",
        Kind.STATE,
        ValueType.CODE,
        Register("discrete", 3, Type.BIT),
        codes={1: "dry", 0: "leak"},
        fault=(Register("discrete", 4, Type.BIT), 0),
    )
    assert leak.words == ("dry", "leak", "fault")
    assert [decoder(leak)(bits)[0] for bits in ([1, 1], [1, 0], [0, 1], [0, 0])] == ["dry", "fault", "leak", "leak"]


@given(st.sampled_from(WHOLE), st.booleans(), st.sampled_from([1.0, 10.0, 100.0]), st.data())
def test_what_is_written_is_read_back(kind, swapped, divide, data):
    bits = 16 * min(kind.width, 2)
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if kind.is_signed else (0, (1 << bits) - 1)
    wanted = data.draw(st.integers(low, high)) / divide
    setting = SettingRow("x", Register("holding", 0, kind, swapped), Guard(0, 1), divide=divide)
    words = encoded(setting, wanted)
    assert len(words) == kind.width
    assert told(setting, words) == pytest.approx(wanted)


@pytest.mark.parametrize(("kind", "wanted"), [(Type.INT16, 3277.0), (Type.UINT16, -1.0), (Type.BIT, 2.0)])
def test_what_does_not_fit_is_refused(kind, wanted):
    table = "coil" if kind is Type.BIT else "holding"
    with pytest.raises(ValueError, match="it does not fit"):
        encoded(SettingRow("x", Register(table, 0, kind), Guard(0, 1), divide=10), wanted)


def test_a_float_is_written_as_it_is():
    setting = SettingRow("x", Register("holding", 0, Type.FLOAT32, swapped=True), Guard(0, 100))
    assert encoded(setting, 23.5) == [0, 0x41BC]


def test_a_label_is_text_up_to_its_end_or_a_number():
    text = Label(register=Register("holding", 0, Type.UINT16), length=4)
    assert label_of(text, [0x432D, 0x3137, 0, 0x4141]) == "C-17"
    assert label_of(Label(register=Register("holding", 0, Type.UINT32)), [0, 4711]) == "4711"
