"""A tap before SNMP agents: it passes datagrams on and notes when each request came and when its answer left.

    python -m benchmarks.clients.tap AGENT_PORT ...

It first says on which ports it listens, in the order of the agents'. Each line on standard input is answered with all
exchanges since the last: kind, and both times in ns of CLOCK_MONOTONIC.
"""

from __future__ import annotations

import selectors
import socket
import sys
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from benchmarks.clients.meter import say
from benchmarks.loop_share import GET, SET

HOST, MAX_BYTES = "127.0.0.1", 65_535
SET_REQUEST = 0xA3  # RFC 3416 section 3

Address = tuple[str, int]


class Tap:
    """All agents; each client of each of them has a socket of its own towards it."""

    def __init__(self, agents: Sequence[int]) -> None:
        self.exchanges: list[tuple[str, int, int]] = []
        self.ports: list[int] = []
        self._selector = selectors.DefaultSelector()
        self._behind: dict[tuple[int, Address], tuple[socket.socket, deque[tuple[str, int]]]] = {}
        for agent in agents:
            front = _socket()
            front.bind((HOST, 0))
            self.ports.append(front.getsockname()[1])
            self._selector.register(front, selectors.EVENT_READ, partial(self._asked, front, agent))

    def run(self, asked: Callable[[], bool]) -> None:
        """Pass on until ``asked``, which is called for each line of standard input, says that it was the last."""
        self._selector.register(sys.stdin, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.data is not None:
                    key.data()
                elif not asked():
                    return

    def _asked(self, front: socket.socket, agent: int) -> None:
        with suppress(BlockingIOError):
            data, client = front.recvfrom(MAX_BYTES)
            at_ns = time.monotonic_ns()
            behind, waiting = self._towards(front, agent, client)
            behind.send(data)
            waiting.append((kind(data), at_ns))

    def _towards(
        self, front: socket.socket, agent: int, client: Address
    ) -> tuple[socket.socket, deque[tuple[str, int]]]:
        if (agent, client) not in self._behind:
            behind, waiting = _socket(), deque[tuple[str, int]]()
            behind.connect((HOST, agent))
            self._behind[agent, client] = behind, waiting
            self._selector.register(
                behind, selectors.EVENT_READ, partial(self._answered, front, client, behind, waiting)
            )
        return self._behind[agent, client]

    def _answered(
        self, front: socket.socket, client: Address, behind: socket.socket, waiting: deque[tuple[str, int]]
    ) -> None:
        with suppress(BlockingIOError):
            data = behind.recv(MAX_BYTES)
            at_ns = time.monotonic_ns()
            front.sendto(data, client)
            what, asked_ns = waiting.popleft()
            self.exchanges.append((what, asked_ns, at_ns))


def kind(message: bytes) -> str:
    """Whether an SNMPv2c message sets something or only asks."""
    rest = _content(message)
    for _ in range(2):  # version, community
        rest = rest[_ends(rest) :]
    return SET if rest[0] == SET_REQUEST else GET


def _content(tlv: bytes) -> bytes:
    return tlv[_head(tlv) :]


def _ends(tlv: bytes) -> int:
    head = _head(tlv)
    return head + (tlv[1] if tlv[1] < 0x80 else int.from_bytes(tlv[2:head]))


def _head(tlv: bytes) -> int:
    return 2 if tlv[1] < 0x80 else 2 + (tlv[1] & 0x7F)


def _socket() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.setblocking(False)
    return made


def main(agents: Sequence[int]) -> None:
    tap = Tap(agents)

    def asked() -> bool:
        if not sys.stdin.readline():
            return False
        taken, tap.exchanges = tap.exchanges, []
        say({"exchanges": taken})
        return True

    say({"ports": tap.ports})
    tap.run(asked)


if __name__ == "__main__":
    main([int(text) for text in sys.argv[1:]])
