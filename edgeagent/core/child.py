"""One child process of a worker as its parent sees it: started by exec, asked one call at a time, ended for sure."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress

import msgspec

from edgeagent.core.pipe import Reply, read_body, unpack
from edgeagent.core.relay import Relay
from edgeagent.core.worker_main import Options
from edgeagent.model.errors import WorkerError

TERM_GRACE_S = 1.0
KILL_GRACE_S = 2.0
"""What survives SIGKILL for longer waits inside the kernel (state D), for example on a device that does not answer."""
LAST_WORDS_S = 0.2
"""How long the end of standard error may take to arrive after the exit."""
SIGNALS = {one.value: one.name for one in signal.Signals}


class Child:
    """A running child; calls must not overlap. ``signalled`` says that it did not go by itself."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        relay: Relay,
        max_bytes: int,
    ) -> None:
        self.relay = relay
        self.signalled = False
        self.exited: asyncio.Task[int] = asyncio.create_task(process.wait(), name=f"wait for {process.pid}")
        self._process = process
        self._reader, self._writer = streams
        self._max_bytes = max_bytes

    @classmethod
    async def start(cls, options: Options, on_line: Callable[[str], None]) -> "Child":
        """Start the process; ``ready`` tells when it can be asked.

        Raises:
            OSError: the system is out of processes, memory or descriptors.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            reader, writer = await asyncio.open_connection(sock=ours)
            try:
                relay, stderr = await Relay.open(on_line)
                try:
                    process = await _spawn(options, theirs, stderr)
                except BaseException:
                    relay.close()
                    raise
                finally:
                    os.close(stderr)
            except BaseException:
                writer.transport.abort()
                raise
        return cls(process, (reader, writer), relay, options.max_message_bytes)

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """It has not been reaped."""
        return self._process.returncode is None

    @property
    def fate(self) -> str:
        """How it ended, for people."""
        code = self._process.returncode
        if code is None:
            return "cannot be killed"
        if code < 0:
            return f"ended by {SIGNALS.get(-code, f'signal {-code}')}"
        return f"ended with exit code {code}" + (f" ({self.relay.last})" if code and self.relay.last else "")

    async def ready(self) -> None:
        """Return once its handlers are loaded.

        Raises:
            WorkerError: it sent garbage.
            EOFError, OSError: it is gone.
        """
        await self._reply(0)

    async def ask(self, number: int, packed: bytes) -> Reply:
        """The answer to a packed request.

        Raises:
            WorkerError: it sent garbage.
            EOFError, OSError: it is gone.
        """
        self._writer.write(packed)
        await self._writer.drain()
        return await self._reply(number)

    async def _reply(self, number: int) -> Reply:
        reply = unpack(await read_body(self._reader, self._max_bytes), Reply)
        if reply.number != number:
            raise WorkerError(f"garbage instead of a message: an answer to {reply.number} where {number} was asked")
        return reply

    async def end(self, patience_s: float) -> bool:
        """Hang up, wait ``patience_s`` for it to go, then SIGTERM, then SIGKILL; false when it survives even that."""
        self._writer.transport.abort()
        try:
            gone = (
                await self._goes(patience_s)
                or await self._goes(TERM_GRACE_S, signal.SIGTERM)
                or await self._goes(KILL_GRACE_S, signal.SIGKILL)
            )
            with suppress(OSError):
                await self._writer.wait_closed()
            with suppress(TimeoutError):
                async with asyncio.timeout(LAST_WORDS_S):
                    await self.relay.ended.wait()
        finally:
            self._signal(signal.SIGKILL)  # where the waiting above was cancelled
            self.exited.cancel()
            self.relay.close()
        return gone

    async def _goes(self, wait_s: float, sign: signal.Signals | None = None) -> bool:
        if sign is not None:
            self._signal(sign)
        await asyncio.wait([self.exited], timeout=wait_s)
        return not self.alive

    def _signal(self, sign: signal.Signals) -> None:
        if self.alive:
            self.signalled = True
            with suppress(ProcessLookupError):
                self._process.send_signal(sign)


async def _spawn(options: Options, theirs: socket.socket, stderr: int) -> asyncio.subprocess.Process:
    # It ends with the thread that starts it (PR_SET_PDEATHSIG): the loop's own, which lives as long as the daemon.
    # A session of its own keeps Ctrl-C on the terminal away from it: its parent ends it in good order.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-P", "-m", "edgeagent.core.worker_main"),
        *(str(theirs.fileno()), msgspec.json.encode(options).decode()),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
        pass_fds=(theirs.fileno(),),
        start_new_session=True,
    )
