import asyncio
import contextlib
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.core.pipe import HEADER, Reply, Request, length, pack, read_body, receive_body, unpack
from edgeagent.model.errors import WorkerError

LIMIT = 1 << 20
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.integers(0, 2**63), st.text(), st.dictionaries(st.text(), plain, max_size=4))
def test_a_request_comes_out_as_it_went_in(number, name, args):
    request = Request(number, name, args)
    assert unpack(pack(request, LIMIT)[HEADER.size :], Request) == request


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_or_a_named_error(body):
    with contextlib.suppress(WorkerError):
        assert isinstance(unpack(body, Reply), Reply)


def test_nesting_without_end_is_garbage():
    with pytest.raises(WorkerError, match="garbage"):
        unpack(b"\x94\x00" + b"\x91" * 100_000, Reply)


def test_text_that_is_no_utf_8_is_garbage():
    with pytest.raises(WorkerError, match="garbage"):
        unpack(b"\x94\x00\xc0\xa1\xff\xa0", Reply)


@given(st.integers(0, 2**32 - 1))
def test_a_length_beyond_the_limit_is_refused_before_anything_is_read(announced):
    if announced > LIMIT:
        with pytest.raises(WorkerError, match="at most 1048576 pass"):
            length(HEADER.pack(announced), LIMIT)
    else:
        assert length(HEADER.pack(announced), LIMIT) == announced


def test_a_message_beyond_the_limit_is_not_made():
    with pytest.raises(WorkerError, match=r"the message has \d+ bytes; at most 100 pass"):
        pack(Reply(0, "x" * 98), 100)


async def test_both_sides_read_what_comes_in_pieces():
    ours, theirs = socket.socketpair()
    packed = pack(Reply(7, "x" * 300_000), LIMIT)
    bodies = []
    with theirs:
        child = threading.Thread(target=lambda: bodies.append(receive_body(theirs, LIMIT)))
        child.start()
        reader, writer = await asyncio.open_connection(sock=ours)
        for begin in range(0, len(packed), 100_001):
            writer.write(packed[begin : begin + 100_001])
            await writer.drain()
        await asyncio.to_thread(child.join, 5)  # the loop must go on writing
        sender = threading.Thread(target=theirs.sendall, args=(packed,))
        sender.start()
        bodies.append(await read_body(reader, LIMIT))
        await asyncio.to_thread(sender.join, 5)
        writer.close()
        await writer.wait_closed()
    assert bodies == [packed[HEADER.size :]] * 2


@pytest.mark.parametrize("cut", [0, 2, 4, 10])
async def test_an_end_in_the_middle_is_an_end(cut):
    packed = pack(Reply(0, "x" * 50), LIMIT)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(packed[:cut])
        theirs.close()
        with pytest.raises(EOFError):
            receive_body(ours, LIMIT)
    ours, theirs = socket.socketpair()
    with theirs:
        reader, writer = await asyncio.open_connection(sock=ours)
        theirs.sendall(packed[:cut])
        theirs.close()
        with pytest.raises(EOFError):
            await read_body(reader, LIMIT)
        writer.close()
        await writer.wait_closed()
