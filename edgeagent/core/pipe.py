"""Messages over a socket pair: four bytes of length (big-endian), then MessagePack; one side asks, one answers."""

import asyncio
import socket
import struct
from typing import Any, TypeVar

import msgspec

from edgeagent.model.errors import WorkerError

HEADER = struct.Struct(">I")
M = TypeVar("M")


class Request(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """One call; ``number`` grows by one with each, and the answer repeats it."""

    number: int
    name: str
    args: dict[str, Any]


class Reply(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    """What the call returned, or the class and text of the named error that it raised.

    Number 0, before any request, says that the handlers are loaded.
    """

    number: int
    result: Any = None
    error: str = ""
    message: str = ""


def pack(message: Request | Reply, max_bytes: int) -> bytes:
    """The message with its length in front.

    Raises:
        WorkerError: it is longer than ``max_bytes``.
        TypeError: it holds something that MessagePack cannot carry.
    """
    body = msgspec.msgpack.encode(message)
    if len(body) > max_bytes:
        raise WorkerError(f"the message has {len(body)} bytes; at most {max_bytes} pass")
    return HEADER.pack(len(body)) + body


def unpack(body: bytes, kind: type[M]) -> M:
    """The message in a body.

    Raises:
        WorkerError: the body is no message of this kind.
    """
    try:
        return msgspec.msgpack.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise WorkerError(f"garbage instead of a message: {error}") from None


def length(header: bytes, max_bytes: int) -> int:
    """The length that a header announces.

    Raises:
        WorkerError: it is more than ``max_bytes``.
    """
    announced: int = HEADER.unpack(header)[0]
    if announced > max_bytes:
        raise WorkerError(f"garbage instead of a message: a length of {announced} bytes; at most {max_bytes} pass")
    return announced


async def read_body(reader: asyncio.StreamReader, max_bytes: int) -> bytes:
    """The next body, for the side that has an event loop.

    Raises:
        WorkerError: too long.
        EOFError, OSError: the other side is gone.
    """
    header = await reader.readexactly(HEADER.size)
    return await reader.readexactly(length(header, max_bytes))


def receive_body(connection: socket.socket, max_bytes: int) -> bytes:
    """The next body, for the side that only waits for it.

    Raises:
        WorkerError: too long.
        EOFError, OSError: the other side is gone.
    """
    return _receive(connection, length(_receive(connection, HEADER.size), max_bytes))


def _receive(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(min(size - len(parts), 65536))
        if not part:
            raise EOFError
        parts += part
    return bytes(parts)
