import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgeagent.model.errors import WireError
from edgeagent.model.journal import MAX_RECORD_BYTES, Batch, Stream
from edgeagent.wire import frame

BATCHES = st.builds(
    Batch,
    stream=st.sampled_from(Stream),
    epoch=st.integers(0, frame.MAX_SEQUENCE),
    first_sequence=st.integers(1, frame.MAX_SEQUENCE - frame.MAX_RECORDS),
    records=st.lists(st.binary(max_size=300), min_size=1, max_size=frame.MAX_RECORDS).map(tuple),
)


def made(
    body: bytes, *, count: int = 1, length: int | None = None, first: int = 1, epoch: int = 1, code: int = 3, tail=b""
) -> bytes:
    """A frame with a right checksum, whatever else is wrong with it."""
    head = struct.pack(">3sBBBQQHI", b"EPJ", 1, code, 1, epoch, first, count, len(body) if length is None else length)
    return head + struct.pack(">I", zlib.crc32(body, zlib.crc32(head))) + zlib.compress(body, 1) + tail


def body_of(*records: bytes) -> bytes:
    return struct.pack(f">{len(records)}H", *map(len, records)) + b"".join(records)


@given(BATCHES)
def test_a_frame_decodes_to_the_batch_that_made_it(batch):
    assert frame.decode(frame.encode(batch)) == batch


def test_the_largest_frames_fit_their_bounds():
    most = Batch(Stream.TELEMETRY, 1, 1, (bytes(frame.MAX_CONTENT_BYTES // 200),) * 200)
    largest = Batch(Stream.AUDIT, 1, 1, (bytes(MAX_RECORD_BYTES), bytes(frame.MAX_CONTENT_BYTES - MAX_RECORD_BYTES)))
    assert frame.decode(frame.encode(most)) == most
    assert frame.decode(frame.encode(largest)) == largest


@pytest.mark.parametrize("records", [(), (b"",) * 201, (bytes(MAX_RECORD_BYTES + 1),), (bytes(MAX_RECORD_BYTES),) * 2])
def test_a_batch_over_a_limit_is_not_framed(records):
    with pytest.raises(ValueError, match="cannot frame"):
        frame.encode(Batch(Stream.ALARM, 1, 1, records))


def test_the_helper_of_these_tests_makes_good_frames():
    assert frame.decode(made(body_of(b"a", b"bc"), count=2)).records == (b"a", b"bc")


@pytest.mark.parametrize(
    "bad",
    [
        made(body_of(b"a"), count=2),
        made(body_of(b"a", b"b"), count=1),
        made(body_of(b"a"), count=0),
        made(body_of(*[b""] * 201), count=201),
        made(body_of(b"a") + b"x"),
        made(body_of(b"a"), length=2),
        made(body_of(b"a"), length=4),
        made(body_of(b"a"), first=0),
        made(body_of(b"a"), first=2**63),
        made(body_of(b"a"), epoch=2**63),
        made(body_of(b"a"), code=9),
        made(body_of(b"a"), tail=b"\0"),
        made(body_of(bytes(MAX_RECORD_BYTES + 1))),
        made(bytes(frame.MAX_BODY_BYTES + 1)),
        made(body_of(b"a"))[:-1],
        b"",
        bytes(40),
        bytes(frame.MAX_FRAME_BYTES + 1),
    ],
)
def test_a_frame_that_is_not_what_it_says_is_refused(bad):
    with pytest.raises(WireError):
        frame.decode(bad)


def test_a_bomb_is_refused_without_inflating_it():
    body = bytes(1 << 28)
    packed = zlib.compress(body, 9)
    head = struct.pack(">3sBBBQQHI", b"EPJ", 1, 3, 1, 1, 1, 1, frame.MAX_BODY_BYTES)
    with pytest.raises(WireError):
        frame.decode((head + bytes(4) + packed)[: frame.MAX_FRAME_BYTES])


@given(BATCHES, st.data())
def test_a_changed_byte_never_gives_another_batch(batch, data):
    good = frame.encode(batch)
    place = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[place] ^= data.draw(st.integers(1, 255))
    with suppress(WireError):
        assert frame.decode(bytes(changed)) == batch  # zlib ignores some of its own header bits


@given(st.binary(max_size=400))
def test_no_bytes_break_the_decoder(raw):
    for one in (raw, b"EPJ\x01\x03\x01" + raw, made(raw[:200] or b"x", count=max(1, len(raw) % 4))):
        with suppress(WireError):
            frame.decode(one)
