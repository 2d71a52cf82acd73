"""SunSpec: models are found, and registers decode as the definitions say, checked by a second reading of those."""

import json
import math
import struct
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.errors import DeviceGarbled, DeviceRefused
from edgeagent.model.reading import Reason
from edgeagent.protocols.sunspec import Block, Image, decoded, discover, encoded, read_block, scaled
from edgeagent.protocols.sunspec_models import Models, PointDef
from tests.fixtures.sunspec import Bus, Registers

DEFINITIONS = json.loads((files("edgeagent.protocols") / "sunspec_models.json").read_text())["models"]
MODELS = Models()
# Lengths in registers with the header, as the definitions' own texts and devices' documents give them.
LENGTHS = {1: 68, 103: 52, 120: 28, 121: 32, 123: 26, 124: 26, 203: 107, 701: 155, 704: 67, 713: 9, 715: 9, 802: 64}
UNSIGNED_BLANKS = ("uint16", "uint32", "uint64", "count", "enum16")


def by_definition(kind, words):
    """What registers of a type say, or None for "not implemented": another way than the product's."""
    raw = struct.pack(f">{len(words)}H", *words)
    if kind == "string":
        return raw
    if kind.startswith("float"):
        value = struct.unpack(">f", raw)[0]
        return None if math.isnan(value) else value
    if kind in ("int16", "int32", "int64", "sunssf"):
        value = int.from_bytes(raw, "big", signed=True)
        return None if value == -(2 ** (8 * len(raw) - 1)) else value
    value = int.from_bytes(raw, "big")
    if kind.startswith("acc"):
        return value or None
    if kind.startswith("bitfield"):
        return None if value >= 2 ** (8 * len(raw) - 1) else value
    return None if value == 2 ** (8 * len(raw)) - 1 else value


def chain(*models):
    words = [0x5375, 0x6E53]
    for number, length in models:
        words += [number, length, *([0] * length)]
    return [*words, 0xFFFF, 0]


@pytest.mark.parametrize("base", [40000, 0, 50000])
async def test_models_are_found_wherever_the_marker_stands(base):
    blocks = await discover(Bus(Registers(base, chain((1, 66), (103, 50), (64_123, 7)))), 1)
    assert blocks == (Block(1, base + 2, 68), Block(103, base + 70, 52), Block(64_123, base + 122, 9))


async def test_a_device_that_forgot_its_end_mark_has_the_models_before_it():
    blocks = await discover(Bus(Registers(40000, chain((1, 66), (203, 105))[:-2])), 1)
    assert [block.number for block in blocks] == [1, 203]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([1, 2, 3, 4], "no marker"),
        ([0x5375, 0x6E53, 0, 0, 0, 0], "says model 0 of length 0"),
        ([0x5375, 0x6E53, 103, 0, 0, 0], "says model 103 of length 0"),
        ([0x5375, 0x6E53, 0xFFFF, 0], "is empty"),
        (chain(*[(200, 1)] * 70), "does not end"),
    ],
)
async def test_what_is_no_list_of_models_is_garbled_and_says_where(words, text):
    with pytest.raises(DeviceGarbled, match=text):
        await discover(Bus(Registers(40000, words)), 1)


async def test_a_device_that_is_dead_is_not_asked_at_the_other_places():
    bus = Bus(Registers(40000, chain((1, 66))))
    bus.trouble = DeviceGarbled("half an answer")
    with pytest.raises(DeviceGarbled, match="half an answer"):
        await discover(bus, 1)
    assert bus.asked == 1


async def test_a_model_that_moved_is_not_read_as_another():
    bus = Bus(Registers(40000, chain((1, 66), (103, 50))))
    with pytest.raises(DeviceGarbled, match="model 713 is no longer at register 40070"):
        await read_block(bus, 1, Block(713, 40070, 9), MODELS.all[713])


async def test_a_short_answer_is_garbled():
    class Short(Bus):
        async def read(self, unit, address, count):
            return (await super().read(unit, address, count))[:-1]

    with pytest.raises(DeviceGarbled, match="asked for 2 registers at 40000, got 1"):
        await discover(Short(Registers(40000, chain((1, 66)))), 1)


async def test_no_register_at_all_beyond_the_marker_is_refused():
    with pytest.raises(DeviceRefused):
        await discover(Bus(Registers(40000, [0x5375, 0x6E53])), 1)


@pytest.mark.parametrize("number", LENGTHS)
def test_the_definitions_have_the_lengths_that_devices_have(number):
    points = MODELS.all[number].points.values()
    end = max(point.offset + point.size for point in points)
    assert LENGTHS[number] - end in (0, 1)  # a pad may follow
    taken = [place for point in points for place in range(point.offset, point.offset + point.size)]
    assert len(taken) == len(set(taken))


@given(number=st.sampled_from(sorted(DEFINITIONS, key=int)), data=st.data())
def test_any_registers_decode_as_the_definition_says_or_say_why_not(number, data):
    model, written = MODELS.all[int(number)], DEFINITIONS[number]
    size = max(point[2] + point[3] for point in written["points"])
    repeat = written.get("repeat")
    times = 2 if repeat else 0
    size = max(size, repeat["start"] + times * repeat["length"] if repeat else 0)
    words = data.draw(
        st.lists(st.sampled_from([0, 1, 7, 0x7FFF, 0x8000, 0xFFFE, 0xFFFF]), min_size=size, max_size=size)
    )
    image = Image(model, Block(int(number), 40002, size), words)
    factors = {name: by_definition(kind, words[at : at + count]) for name, kind, at, count, *_ in written["points"]}
    places = [(None, 0, point) for point in written["points"]]
    for time in range(times):
        places += [(time, repeat["start"] + time * repeat["length"], point) for point in repeat["points"]]
    for time, start, (name, kind, at, count, scale, _, _, _, codes) in places:
        if kind == "string":
            continue
        value = image.value(name, time)
        raw = by_definition(kind, words[start + at : start + at + count])
        if raw is None:
            assert value is Reason.SENTINEL
        elif kind == "enum16" and codes:
            assert value == codes.get(str(raw), Reason.OUT_OF_RANGE)
        elif kind.startswith("bitfield"):
            assert str(value).count(",") + 1 == max(1, raw.bit_count())
        elif kind.startswith("float"):
            assert value == raw if math.isfinite(raw) else value is Reason.GARBLED
        elif scale is None:
            assert value == raw
        else:
            factor = factors[scale] if isinstance(scale, str) else scale
            if factor is None:
                assert value is Reason.ABSENT
            elif -10 <= factor <= 10:
                assert value == pytest.approx(raw * 10.0**factor)
            else:
                assert value is Reason.GARBLED


@given(st.sampled_from(["int16", "int32", "uint16", "uint32", "acc32", "enum16", "bitfield32", "float32", "sunssf"]))
def test_the_not_implemented_code_of_each_type_is_a_sentinel(kind):
    size = 2 if kind.endswith("32") else 1
    code = {"int16": 0x8000, "sunssf": 0x8000, "int32": 0x80000000, "acc32": 0, "float32": 0x7FC00000}.get(kind)
    number = (1 << 16 * size) - 1 if code is None else code
    words = [number >> 16 & 0xFFFF, number & 0xFFFF][-size:]
    assert decoded(PointDef("X", kind, 0, size), words) is Reason.SENTINEL


def test_an_accumulator_at_zero_does_not_accumulate_and_a_plain_counter_at_zero_does():
    assert decoded(PointDef("WH", "acc32", 0, 2), [0, 0]) is Reason.SENTINEL
    assert decoded(PointDef("WH", "acc32", 0, 2), [0, 1]) == 1
    assert decoded(PointDef("TotWhInj", "uint64", 0, 4), [0, 0, 0, 0]) == 0


def test_text_ends_at_its_first_nul_and_keeps_what_people_can_read():
    words = [0x2041, 0x4221, 0x0A00, 0x5858]
    assert decoded(PointDef("Mn", "string", 0, 4), words) == "AB!"
    assert decoded(PointDef("Mn", "string", 0, 4), [0, 0, 0, 0]) is Reason.SENTINEL
    assert decoded(PointDef("Mn", "string", 0, 1), [0xFFFF]) is Reason.SENTINEL


@given(
    st.sampled_from([("int16", 1), ("uint16", 1), ("int32", 2), ("uint32", 2)]),
    st.integers(-3, 3),
    st.integers(-(2**33), 2**33),
)
def test_what_is_written_reads_as_it_was_meant_or_is_refused(kind, exponent, number):
    point = PointDef("X", kind[0], 0, kind[1])
    value = scaled(number, exponent)
    try:
        words = encoded(point, value, exponent)
    except ValueError:
        bits = 16 * kind[1]
        assert not (-(2 ** (bits - 1)) < number < 2 ** (bits - 1) - 1) or (kind[0][0] == "u" and number < 0)
        return
    said = decoded(point, words)
    assert not isinstance(said, Reason)
    assert scaled(float(said), exponent) == pytest.approx(value)


class Changing(Registers):
    """A device whose first registers change with each request for them."""

    def read(self, address, count):
        found = super().read(address, count)
        if found is not None and address == self.address:
            self.words = [*self.words[:2], self.words[2] + 1, *self.words[3:]]
        return found


async def test_a_scale_factor_that_changes_between_two_requests_costs_the_values_of_the_second():
    modules = 7  # 150 registers: the last module lies in the second request
    words = [160, 8 + 20 * modules, 0, 0, 0, 0, 0, 0, modules, 0, *([5] * 20 * modules)]
    block = Block(160, 40002, len(words))
    still = await read_block(Bus(Registers(40002, words)), 1, block, MODELS.all[160])
    moving = await read_block(Bus(Changing(40002, words)), 1, block, MODELS.all[160])
    assert [still.value("DCA", n) for n in range(modules)] == [5.0] * modules
    assert [moving.value("DCA", n) for n in (0, 4, 5, 6)] == [5.0, 5.0, Reason.GARBLED, Reason.GARBLED]
    assert moving.value("DCV", 6) == 5.0


async def test_no_value_is_put_together_from_two_requests():
    parts = []

    class Watched(Bus):
        async def read(self, unit, address, count):
            parts.append(range(address - 40002, address - 40002 + count))
            return await super().read(unit, address, count)

    for number, size in ((213, 126), (160, 10 + 20 * 14), (701, 155)):
        parts.clear()
        words = [number, size - 2, *([1] * (size - 2))]
        await read_block(Watched(Registers(40002, words)), 1, Block(number, 40002, size), MODELS.all[number])
        model = MODELS.all[number]
        places = [(point.offset, point.size) for point in model.points.values()]
        for time in range(model.repetitions(size)):
            places += [(model.place(name, time)[1], point.size) for name, point in model.repeat.points.items()]
        for offset, count in places:
            assert any(offset in part and offset + count - 1 in part for part in parts), (number, offset)
        assert all(len(part) <= 125 for part in parts)


async def test_a_length_beyond_reason_is_not_read_to_its_end():
    bus = Bus(Registers(40002, [160, 60_000, *([0] * 60_000)]))
    await read_block(bus, 1, Block(160, 40002, 60_002), MODELS.all[160])
    assert bus.asked <= 10  # 1,000 registers, and the first ones again
