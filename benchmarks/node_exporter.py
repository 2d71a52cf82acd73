"""prometheus-node-exporter as the peer, scraped like Prometheus would: every 10 s."""

from __future__ import annotations

import contextlib
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.process import free_port, listens, server, tail, wait_until

PERIOD_S = 10.0


@contextlib.contextmanager
def node_exporter(folder: Path) -> Iterator[tuple[int, int]]:
    """Process id of a running exporter with its default collectors, and how many samples a scrape gives."""
    port, log = free_port(), folder / "node_exporter.log"
    command = ["/usr/bin/prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{port}", "--log.level=error"]
    with server(command, log) as child:
        wait_until(lambda: listens(port), f"prometheus-node-exporter on port {port}\n{tail(log)}")
        samples = _scrape(port)
        with _scraped(port):
            yield child.pid, samples


@contextlib.contextmanager
def _scraped(port: int) -> Iterator[None]:
    enough = threading.Event()

    def scrape() -> None:
        while not enough.wait(PERIOD_S):
            _scrape(port)

    thread = threading.Thread(target=scrape, daemon=True)
    thread.start()
    try:
        yield
    finally:
        enough.set()
        thread.join()


def _scrape(port: int) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return sum(not line.startswith(b"#") for line in answer.read().splitlines())
