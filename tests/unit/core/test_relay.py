import asyncio
import os
from contextlib import asynccontextmanager

from hypothesis import given
from hypothesis import strategies as st

from edgeagent.core.relay import MAX_LINE_BYTES, MAX_LINES_PER_S, Relay


@asynccontextmanager
async def relaying():
    lines = []
    relay, writing = await Relay.open(lines.append)
    try:
        yield relay, writing, lines
    finally:
        relay.close()
        relay.close()


async def ended(relay):
    async with asyncio.timeout(5):
        await relay.ended.wait()


async def test_lines_come_as_they_were_written_and_the_last_needs_no_end():
    async with relaying() as (relay, writing, lines):
        os.write(writing, b"one\r\ntw")
        os.write(writing, b"o\n\n \xff\nlast")
        os.close(writing)
        await ended(relay)
    assert lines == ["one", "two", " \N{REPLACEMENT CHARACTER}", "last"]
    assert relay.last == "last"


async def test_what_comes_too_fast_is_dropped_and_the_next_second_is_heard_again():
    async with relaying() as (relay, writing, lines):
        os.write(writing, b"fast\n" * (MAX_LINES_PER_S + 50))
        async with asyncio.timeout(5):
            while relay.dropped < 50:
                await asyncio.sleep(0.001)
        assert (len(lines), relay.dropped) == (MAX_LINES_PER_S, 50)
        os.write(writing, b"later\n")
        async with asyncio.timeout(5):
            while lines[-1] != "later":
                await asyncio.sleep(0.01)
        os.close(writing)
        await ended(relay)


async def test_closing_while_it_rests_leaves_nothing():
    async with relaying() as (relay, writing, _):
        os.write(writing, b"fast\n" * 2 * MAX_LINES_PER_S)
        while not relay.dropped:
            await asyncio.sleep(0.001)
        relay.close()
        await ended(relay)
        os.close(writing)


@given(st.lists(st.binary(max_size=3000), max_size=20))
async def test_whatever_comes_lines_are_bounded_and_every_one_is_relayed_or_counted(chunks):
    lines = []
    relay = Relay(lines.append)
    for chunk in chunks:
        relay.data_received(chunk)
    relay.connection_lost(None)
    assert all(0 < len(line.encode()) <= 3 * MAX_LINE_BYTES for line in lines)
    written = b"".join(chunks).split(b"\n")
    assert len(lines) + relay.dropped <= len(written)
    assert len(lines) <= MAX_LINES_PER_S
