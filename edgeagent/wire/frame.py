"""Frames: consecutive records of one stream, compressed, as they travel on the ``journal`` channel.

Layout, big-endian: magic ``EPJ``, version, stream code, method (1: zlib), epoch u64, first sequence u64, count u16,
body length u32, CRC32 u32 over all before it and the body; then the compressed body. The body is ``count`` lengths
as u16, then the records one after the other. The limits hold before compression, so a decoder can refuse a bomb.
"""

import struct
import zlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from edgeagent.model.errors import WireError
from edgeagent.model.journal import MAX_RECORD_BYTES, Batch, Stream

MAX_RECORDS = 200
MAX_BODY_BYTES = 64 * 1024
MAX_CONTENT_BYTES = MAX_BODY_BYTES - 2 * MAX_RECORDS
"""Bytes of records that fit a frame whatever their number: what to ask an Outbox for."""
MAX_SEQUENCE = 2**63 - 1
"""SQLite's and JSON's integers are signed; no honest pod gets there."""
STREAM_CODES: Mapping[Stream, int] = MappingProxyType({Stream.AUDIT: 1, Stream.ALARM: 2, Stream.TELEMETRY: 3})
"""The number of each stream on the wire and in the NOC's tables; never reused."""

_MAGIC = b"EPJ"
_VERSION = 1
_ZLIB = 1
_LEVEL = 1
_HEAD = struct.Struct(">3sBBBQQHI")
_CRC = struct.Struct(">I")
HEADER_BYTES = _HEAD.size + _CRC.size
MAX_FRAME_BYTES = HEADER_BYTES + MAX_BODY_BYTES + 1024
"""zlib grows what it cannot compress by far less than 1 KiB."""
_STREAMS = {code: stream for stream, code in STREAM_CODES.items()}


def encode(batch: Batch) -> bytes:
    """The frame of a batch.

    Raises:
        ValueError: the batch is empty, or over a limit; an Outbox that is asked within the limits gives no such batch.
    """
    count = len(batch.records)
    if not 0 < count <= MAX_RECORDS or max(map(len, batch.records)) > MAX_RECORD_BYTES:
        raise ValueError(f"cannot frame {count} records of {batch.stream}: 1-{MAX_RECORDS} of at most 32 KiB")
    body = struct.pack(f">{count}H", *map(len, batch.records)) + b"".join(batch.records)
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"cannot frame {len(body)} bytes of {batch.stream}: at most {MAX_BODY_BYTES}")
    code = STREAM_CODES[batch.stream]
    head = _HEAD.pack(_MAGIC, _VERSION, code, _ZLIB, batch.epoch, batch.first_sequence, count, len(body))
    return head + _CRC.pack(zlib.crc32(body, zlib.crc32(head))) + zlib.compress(body, _LEVEL)


def decode(frame: bytes) -> Batch:
    """The batch in a frame.

    Raises:
        WireError: it is not a whole, undamaged frame within the limits.
    """
    if not HEADER_BYTES < len(frame) <= MAX_FRAME_BYTES:
        raise WireError(f"cannot decode a frame of {len(frame)} bytes: not within the limits")
    magic, version, code, method, epoch, first, count, length = _HEAD.unpack_from(frame)
    if (magic, version, method) != (_MAGIC, _VERSION, _ZLIB):
        raise WireError("cannot decode a frame: not of a known kind or version")
    if code not in _STREAMS:
        raise WireError(f"cannot decode a frame: stream {code} is not known")
    if not (0 < count <= MAX_RECORDS and 2 * count <= length <= MAX_BODY_BYTES):
        raise WireError(f"cannot decode a frame: {count} records in {length} bytes is not within the limits")
    if first < 1 or max(epoch, first + count - 1) > MAX_SEQUENCE:
        raise WireError(f"cannot decode a frame: sequence {first} of epoch {epoch} is not within the limits")
    body = _inflate(frame[HEADER_BYTES:], length)
    if _CRC.unpack_from(frame, _HEAD.size)[0] != zlib.crc32(body, zlib.crc32(frame[: _HEAD.size])):
        raise WireError("cannot decode a frame: its checksum is wrong")
    return Batch(_STREAMS[code], epoch, first, tuple(_records(body, count)))


def _inflate(packed: bytes, length: int) -> bytes:
    inflater = zlib.decompressobj()
    try:
        body = inflater.decompress(packed, length + 1)
    except zlib.error as error:
        raise WireError(f"cannot inflate a frame: {error}") from error
    if len(body) != length or not inflater.eof:
        raise WireError(f"cannot inflate a frame: it does not hold the {length} bytes that it declares")
    if inflater.unused_data:
        raise WireError("cannot inflate a frame: there are bytes after its end")
    return body


def _records(body: bytes, count: int) -> Iterator[bytes]:
    lengths = struct.unpack_from(f">{count}H", body)
    if 2 * count + sum(lengths) != len(body) or max(lengths) > MAX_RECORD_BYTES:
        raise WireError(f"cannot decode a frame: its {count} records do not fill its body")
    place = 2 * count
    for length in lengths:
        yield body[place : place + length]
        place += length
