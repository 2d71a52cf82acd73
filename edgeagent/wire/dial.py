"""Dialling: a connected socket without holding the event loop, with TCP_NODELAY and, where wanted, TLS done.

Written out because a paho client would connect in a thread that nobody can cancel.
"""

import asyncio
import socket
import ssl
from collections.abc import Sequence

from edgeagent.model.errors import LinkError
from edgeagent.wire.broker import Broker

Address = tuple[socket.AddressFamily, tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]]


async def dial(broker: Broker) -> socket.socket:
    """A socket to the broker, non-blocking; each of its addresses is tried in turn.

    Raises:
        LinkError: no address answers in time, or TLS fails.
    """
    context = broker.tls_context()
    try:
        async with asyncio.timeout(broker.connect_timeout_s):
            connected = await _first(await _addresses(broker), broker)
            return connected if context is None else await _shake_hands(connected, context, broker)
    except TimeoutError as error:
        raise LinkError(f"cannot reach {broker}: timed out after {broker.connect_timeout_s:g} s") from error
    except OSError as error:  # also of TLS: ssl.SSLError
        raise LinkError(f"cannot reach {broker}: {error.strerror or error}") from error


async def _addresses(broker: Broker) -> Sequence[Address]:
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(broker.host, broker.port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


async def _first(addresses: Sequence[Address], broker: Broker) -> socket.socket:
    for number, (family, address) in enumerate(addresses, start=1):
        # An address that swallows packets must not cost the others their time.
        patience_s = None if number == len(addresses) else broker.connect_timeout_s / len(addresses)
        try:
            async with asyncio.timeout(patience_s):
                return await _connected(family, address, broker)
        except (TimeoutError, OSError):
            if number == len(addresses):
                raise
    raise LinkError(f"cannot reach {broker}: its name has no address")


async def _connected(family: socket.AddressFamily, address: Sequence[object], broker: Broker) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # Data that the peer's kernel does not acknowledge for so long ends the connection (tcp(7)).
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, broker.keepalive_s * 1000)
        await asyncio.get_running_loop().sock_connect(made, tuple(address))
    except BaseException:
        made.close()
        raise
    return made


async def _shake_hands(plain: socket.socket, context: ssl.SSLContext, broker: Broker) -> ssl.SSLSocket:
    secured = context.wrap_socket(plain, server_hostname=broker.host, do_handshake_on_connect=False)
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                await _ready(secured, writing=False)
            except ssl.SSLWantWriteError:
                await _ready(secured, writing=True)
            else:
                return secured
    except BaseException:
        secured.close()
        raise


async def _ready(waiting: socket.socket, *, writing: bool) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
    add(waiting.fileno(), _settle, ready)
    try:
        await ready
    finally:
        remove(waiting.fileno())


def _settle(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
