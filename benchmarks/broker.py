"""A real mosquitto on loopback, and a subscriber that says when a topic was first published."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import BenchError, Lines, free_port, listens, piped, server, tail, wait_until

PROTOCOL = "mqttv311"


@contextlib.contextmanager
def broker(folder: Path) -> Iterator[tuple[int, int]]:
    """The running broker's port and process id; it keeps nothing on the disk."""
    port, config, log = free_port(), folder / "mosquitto.conf", folder / "mosquitto.log"
    # As root it would change its user, and with that lose the kernel's promise to kill it when the benchmark dies.
    config.write_text(
        f"user root\nlistener {port} 127.0.0.1\nallow_anonymous true\npersistence false\nset_tcp_nodelay true\n"
        "max_queued_messages 100000\nlog_dest stderr\nlog_type error\n"
    )
    with server(["/usr/sbin/mosquitto", "-c", str(config)], log) as child:
        wait_until(lambda: listens(port), f"mosquitto on port {port}\n{tail(log)}")
        yield port, child.pid


@dataclass(frozen=True, slots=True)
class Message:
    """One publish, as a subscriber saw it; the time is wall clock, in seconds since the epoch."""

    at_s: float
    topic: str
    size: int


class Watcher:
    """A subscriber to one topic filter that is already subscribed."""

    def __init__(self, port: int, topic: str, log: Path) -> None:
        self._stack = contextlib.ExitStack()
        command = ["mosquitto_sub", "-h", "127.0.0.1", "-p", str(port), "-V", PROTOCOL, "-d", "-R", "-q", "1"]
        command += ["-t", topic, "-F", "GOT %U %t %l"]
        child = self._stack.enter_context(piped(["stdbuf", "-oL", *command], log))
        assert child.stdout is not None
        self._lines = Lines(child.stdout, f"what is published on {topic}")
        self._topic = topic
        while not self._lines.next(10.0).startswith("Subscribed"):
            pass

    def close(self) -> None:
        """Stop it; safe twice."""
        self._stack.close()

    def next(self, timeout_s: float) -> Message:
        """The next message; BenchError when none comes."""
        deadline = time.monotonic() + timeout_s
        while True:
            words = self._lines.next(deadline - time.monotonic()).split()
            if words and words[0] == "GOT":
                return Message(float(words[1]), words[2], int(words[3]))


@contextlib.contextmanager
def watcher(port: int, topic: str, folder: Path) -> Iterator[Watcher]:
    """A subscriber that is there before anything is published."""
    watching = Watcher(port, topic, folder / "mosquitto_sub.log")
    try:
        yield watching
    finally:
        watching.close()


def count_messages(port: int, topic: str, seconds: float, folder: Path) -> tuple[int, int]:
    """How many messages, and how many payload bytes, come on a topic in this time."""
    messages, size = 0, 0
    with watcher(port, topic, folder) as watching, contextlib.suppress(BenchError):
        deadline = time.monotonic() + seconds
        while True:
            size += watching.next(deadline - time.monotonic()).size
            messages += 1
    return messages, size
