"""The points that a person asks for: by device, by kind, by pattern; faults first, and what no device gives apart."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from edgeagent.cli.main import main

STATUS = {"devices": [{"device": "ups-a", "kind": "ups"}, {"device": "pdu-a1", "kind": "ipdu"}]}


def row(point: str, value: object, kind: str, unit: str = "W", **changes: object) -> dict[str, object]:
    device, _, name = point.partition("/")
    found: dict[str, object] = {"point": point, "device": device, "name": name, "kind": kind, "value": value}
    return {**found, "unit": unit, "quality": "GOOD", "reason": None, "age_s": 1.0, "given": True, **changes}


LOST = {"quality": "BAD", "reason": "sentinel"}
POINTS = {
    "points": [
        row("pdu-a1/inlet.power", 1200.0, "Power"),
        row("pdu-a1/probe.1.temperature", None, "Temperature", "Cel", **LOST),
        row("pdu-a1/probe.2.humidity", None, "Humidity", "%", **LOST, given=False),
        row("ups-a/battery.runtime", 1740.0, "Duration", "s"),
        row("ups-a/output.1.power", 900.0, "Power"),
    ]
}


def answer(connection: socket.socket) -> None:
    with connection:
        path = connection.recv(4096).split()[1]
        body = json.dumps(POINTS if path == b"/v1/points" else STATUS).encode()
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\n" + body)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in which a daemon answers."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "api.sock"))
        listener.listen()

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                answer(connection)

        thread = Thread(target=serve)
        thread.start()
        yield tmp_path
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def ask(folder: Path, *words: str) -> int:
    config = folder / "edgeagent.toml"
    config.write_text(f'[pod]\nsite = "zrh"\nname = "pod-1"\n[daemon]\nruntime = "{folder}"\nstate = "{folder}"\n')
    return main(["points", *words, "--config", str(config)])


def names(text: str) -> list[str]:
    return [line.split()[0] for line in text.splitlines()[1:]]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ups-a"], ["ups-a/battery.runtime", "ups-a/output.1.power"]),
        (["--device", "ups-*"], ["ups-a/battery.runtime", "ups-a/output.1.power"]),
        (["--kind", "ups"], ["ups-a/battery.runtime", "ups-a/output.1.power"]),
        (["--kind", "power"], ["pdu-a1/inlet.power", "ups-a/output.1.power"]),
        (["*.power", "--kind", "ipdu"], ["pdu-a1/inlet.power"]),
        (["pdu-a1"], ["pdu-a1/probe.1.temperature", "pdu-a1/inlet.power", "pdu-a1/probe.2.humidity"]),
    ],
)
def test_points_are_found_by_device_kind_and_pattern(
    folder: Path, words: list[str], found: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(folder, *words) == 0
    assert names(capsys.readouterr().out) == found


def test_what_no_device_gives_is_not_bad_and_is_counted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(folder, "--bad") == 0
    told = capsys.readouterr()
    assert names(told.out) == ["pdu-a1/probe.1.temperature"]
    assert told.err == "left out: 1 point that its device does not give\n"
    assert ask(folder, "--json", "pdu-a1/probe.2.*") == 0
    found: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert found[0]["given"] is False


def test_a_length_of_time_is_told_as_one(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(folder, "ups-a/battery.*") == 0
    assert "29 min" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["upsa"], "no point matches upsa; is it ups-a?"),
        (["--kind", "chiller"], "the kinds here are duration, humidity, ipdu, power, temperature, ups"),
        (["zzz"], "no point matches zzz\n"),
    ],
)
def test_what_is_not_found_is_told_with_what_is_near(
    folder: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ask(folder, *words) == 1
    assert said in capsys.readouterr().out
