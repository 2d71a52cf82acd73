"""What can go wrong between a command and the daemon, and how it is told."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeagent.cli import client
from edgeagent.cli.client import NotRunningError


@pytest.fixture
def listener(tmp_path: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(tmp_path / "api.sock"))
        one.listen()
        yield one


def answering(listener: socket.socket, answer: bytes) -> threading.Thread:
    def serve() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.recv(4096)
            connection.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_an_answer_is_read_to_its_end(listener: socket.socket, tmp_path: Path) -> None:
    thread = answering(listener, b'HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n{"points": []}')
    assert client.get(tmp_path / "api.sock", "/v1/points") == {"points": []}
    thread.join()


def test_another_status_is_told(listener: socket.socket, tmp_path: Path) -> None:
    thread = answering(listener, b"HTTP/1.0 500 Internal Server Error\r\n\r\n")
    with pytest.raises(NotRunningError, match=r"answered 'HTTP/1\.0 500"):
        client.get(tmp_path / "api.sock", "/v1/points")
    thread.join()


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.0 200 OK\r\n\r\n{", b"HTTP/1.0 200 OK\r\n\r\n\xff"])
def test_a_broken_answer_is_told(listener: socket.socket, tmp_path: Path, answer: bytes) -> None:
    thread = answering(listener, answer)
    with pytest.raises(NotRunningError):
        client.get(tmp_path / "api.sock", "/v1/points")
    thread.join()


def test_silence_has_an_end(listener: socket.socket, tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match=r"did not answer within 0\.05 s"):
        client.get(tmp_path / "api.sock", "/healthz", timeout_s=0.05)


def test_a_socket_that_nobody_serves_is_told(listener: socket.socket, tmp_path: Path) -> None:
    listener.close()
    with pytest.raises(NotRunningError, match=r"(?i)connection refused"):
        client.get(tmp_path / "api.sock", "/healthz")
    with pytest.raises(NotRunningError, match="no daemon listens"):
        client.get(tmp_path / "absent.sock", "/healthz")
