"""A child's standard error, line by line: bounded in length and in number, so that a chatty child holds nobody up."""

import asyncio
import os
from collections.abc import Callable

MAX_LINE_BYTES = 1000
"""What a longer line has beyond this is left out."""
MAX_LINES_PER_S = 100
"""Lines beyond this in one second are dropped and counted, and the pipe is not read again before the next second."""


class Relay(asyncio.Protocol):
    """Hands lines to ``on_line``; ``last`` is the latest that was not empty, ``dropped`` counts those left out."""

    def __init__(self, on_line: Callable[[str], None]) -> None:
        self.last = ""
        self.dropped = 0
        self.ended = asyncio.Event()
        self._on_line = on_line
        self._rest = b""
        self._transport: asyncio.ReadTransport | None = None
        self._second_began_s = 0.0
        self._lines_in_second = 0
        self._resume: asyncio.TimerHandle | None = None

    @classmethod
    async def open(cls, on_line: Callable[[str], None]) -> tuple["Relay", int]:
        """A relay, and the number of the pipe's other end, which the caller closes once the child has it.

        Raises:
            OSError: there are no descriptors left.
        """
        reading, writing = os.pipe()
        try:
            _, relay = await asyncio.get_running_loop().connect_read_pipe(
                lambda: cls(on_line), os.fdopen(reading, "rb")
            )
        except BaseException:
            os.close(writing)
            raise
        return relay, writing

    def close(self) -> None:
        """Read no more; safe twice."""
        if self._resume is not None:
            self._resume.cancel()
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport, to pause it."""
        assert isinstance(transport, asyncio.ReadTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """The child has closed its end, or we ours."""
        if self._rest:
            self._emit(self._rest)
        self.ended.set()

    def data_received(self, data: bytes) -> None:
        """Cut what came into lines."""
        *lines, rest = (self._rest + data).split(b"\n")
        self._rest = rest[:MAX_LINE_BYTES]
        for line in lines:
            self._emit(line)
        if self._lines_in_second > MAX_LINES_PER_S:
            self._rest_a_second()

    def _emit(self, line: bytes) -> None:
        text = line[:MAX_LINE_BYTES].decode(errors="replace").rstrip()
        if not text:
            return
        self.last = text
        now_s = asyncio.get_running_loop().time()
        if now_s - self._second_began_s >= 1.0:
            self._second_began_s, self._lines_in_second = now_s, 0
        self._lines_in_second += 1
        if self._lines_in_second > MAX_LINES_PER_S:
            self.dropped += 1
        else:
            self._on_line(text)

    def _rest_a_second(self) -> None:
        if self._resume is None and self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()
            self._resume = asyncio.get_running_loop().call_at(self._second_began_s + 1.0, self._go_on)

    def _go_on(self) -> None:
        self._resume = None
        if self._transport is not None:
            self._transport.resume_reading()
