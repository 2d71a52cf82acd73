"""Blocks: everything is asked for, in requests that the protocol and the device allow, and a refusal costs itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.errors import DeviceRefused
from edgeagent.model.reading import Reason
from edgeagent.protocols.modbus import ModbusException
from edgeagent.protocols.modbus_blocks import BlockReader, plan
from edgeagent.protocols.modbus_profile import Limits, Span

SPANS = st.builds(
    lambda table, start, count: Span(table, start, start + count),
    st.sampled_from(["holding", "input", "coil"]),
    st.integers(0, 600),
    st.integers(1, 8),
)
LIMITS = st.builds(Limits, st.integers(8, 125), st.integers(8, 2000), st.integers(0, 20))


class Device:
    """Registers that say their address; those in ``bad`` are refused, alone and in company."""

    def __init__(self, bad=(), code=2):
        self.bad, self.code, self.asked = set(bad), code, 0

    async def read_table(self, table, unit, address, count, *, ahead=False):
        self.asked += 1
        if self.bad.intersection(range(address, address + count)):
            raise ModbusException("no", self.code)
        return list(range(address, address + count))


@given(st.lists(SPANS, max_size=60), LIMITS)
def test_every_span_is_in_one_block_and_no_block_is_too_large_or_has_too_wide_a_gap(spans, limits):
    blocks = plan(spans, limits)
    assert {span for block in blocks for span in block.spans} == set(spans)
    assert sum(len(block.spans) for block in blocks) == len(set(spans))
    for block in blocks:
        assert block.count <= limits.most(block.table)
        wanted = {address for span in block.spans for address in range(span.start, span.end)}
        assert min(wanted) == block.start
        assert max(wanted) == block.end - 1
        gap = 0
        for address in range(block.start, block.end):
            gap = 0 if address in wanted else gap + 1
            assert gap <= limits.gap
        assert all(span.table == block.table for span in block.spans)


def test_neighbours_are_one_request_and_what_must_not_be_read_parts_them():
    spans = [Span("holding", 0, 2), Span("holding", 5, 6), Span("holding", 30, 31)]
    assert [(block.start, block.end) for block in plan(spans, Limits())] == [(0, 6), (30, 31)]
    holes = Limits(holes=(Span("holding", 3, 4),))
    assert [(block.start, block.end) for block in plan(spans, holes)] == [(0, 2), (5, 6), (30, 31)]


@given(st.lists(SPANS, min_size=1, max_size=40), st.sets(st.integers(0, 610), max_size=10))
async def test_a_span_is_absent_exactly_when_it_has_a_bad_register(spans, bad):
    device, reader = Device(bad), BlockReader(spans, Limits(gap=0))
    for _ in range(2):
        words = await reader.read(device, 1)
        for span in spans:
            wanted = list(range(span.start, span.end))
            assert words[span] == (Reason.ABSENT if bad.intersection(wanted) else wanted)


async def test_a_bad_register_is_found_once_and_costs_little_afterwards():
    device = Device({57})
    reader = BlockReader([Span("holding", at, at + 1) for at in range(100)], Limits())
    await reader.read(device, 1)
    device.asked = 0
    words = await reader.read(device, 1)
    assert words[Span("holding", 57, 58)] is Reason.ABSENT
    assert device.asked <= 8  # the logarithm of a hundred, not a hundred


async def test_a_block_that_is_all_bad_is_asked_as_a_whole_until_it_answers():
    device = Device(range(100, 108))
    bad = [Span("holding", at, at + 1) for at in range(100, 108)]
    reader = BlockReader([Span("holding", 0, 1), *bad], Limits())
    await reader.read(device, 1)
    device.asked = 0
    await reader.read(device, 1)
    assert device.asked == 2


@pytest.mark.parametrize("code", [4, 5, 6])
async def test_a_device_that_refuses_all_for_a_reason_of_its_own_is_down(code):
    device = Device(range(10), code)
    reader = BlockReader([Span("holding", at, at + 1) for at in range(10)], Limits())
    with pytest.raises(DeviceRefused):
        await reader.read(device, 1)
    device.bad = set()
    assert (await reader.read(device, 1))[Span("holding", 3, 4)] == [3]
    assert len(reader.blocks) == 1


async def test_a_busy_device_is_not_asked_for_each_register():
    device = Device({5}, 6)
    reader = BlockReader([Span("holding", at, at + 1) for at in range(10)], Limits())
    with pytest.raises(DeviceRefused):
        await reader.read(device, 1)
    assert device.asked == 1
