"""``edgeagent alarms``: what a tired person reads, what is asked of the daemon, and what is said without it."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgeagent.autonomy.alarms import AlarmDesk
from edgeagent.cli.alarms import lines
from edgeagent.cli.main import main
from edgeagent.core.clock import ManualClock, SystemClock
from edgeagent.core.metrics import Metrics
from edgeagent.model.decision import AlarmWanted
from edgeagent.store.settings import StoreSettings
from edgeagent.store.store import Store

PDU = AlarmWanted("blind/pdu-b1", "major", "pdu-b1 cannot be read")
PROBE = AlarmWanted("blind/pdu-b1/probe.1", "major", "a probe is not known", parent="blind/pdu-b1")
HOT = AlarmWanted("interlock/hot@r1", "critical", "the inlet of r1 is too warm")
Stand = tuple[AlarmDesk, ManualClock]
Came = tuple[str, dict[str, object], str]
"""What the daemon was asked, with what, and what was printed."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("EDGEAGENT_CONFIG", str(tmp_path / "edgeagent.toml"))
    monkeypatch.setenv("STATE_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    return tmp_path


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    one = Store(folder, StoreSettings(reserve_bytes=65536), SystemClock())
    one.open()
    yield one
    asyncio.run(one.close())


@pytest.fixture
def stand(store: Store) -> Stand:
    clock = ManualClock(wall_s=1_790_000_000.0)
    return AlarmDesk(store, store, store, clock, Metrics()), clock


def told(desk: AlarmDesk, *, everything: bool = False) -> list[str]:
    return "\n".join(lines(desk.view(), everything=everything)).splitlines()


def test_no_alarms_are_told_in_two_words(stand: Stand) -> None:
    assert told(stand[0]) == ["No alarms."]


async def test_each_alarm_says_how_bad_since_when_what_and_who_saw_it(stand: Stand) -> None:
    desk, clock = stand
    desk.update([PDU, PROBE, HOT])
    await clock.advance(3600.0)
    desk.acknowledge(PDU.key, "N. Berg")
    await clock.advance(180.0)
    assert [line.replace(" 2026-09-21 14:13:20", " THEN") for line in told(desk)] == [
        "CRITICAL  interlock/hot@r1  since THEN, for 63 min",
        "  the inlet of r1 is too warm",
        "MAJOR  blind/pdu-b1  since THEN, for 63 min",
        "  pdu-b1 cannot be read; +1 folded; seen by N. Berg 3 min ago",
    ]


async def test_what_is_out_of_sight_is_counted_and_shown_with_all(stand: Stand) -> None:
    desk, clock = stand
    desk.update([PDU, PROBE, HOT])
    desk.shelve(PDU.key, 7200.0, "N. Berg", "card is replaced")
    desk.update([PDU, PROBE])
    await clock.advance(3600.0)
    assert told(desk) == [
        "No alarms.",
        "also 1 shelved, 1 cleared and not acknowledged: edgeagent alarms --all",
    ]
    text = "\n".join(told(desk, everything=True))
    assert "shelved by N. Berg for 60 min more: card is replaced" in text
    assert "folded under blind/pdu-b1" in text
    assert "cleared critical  interlock/hot@r1" in text
    assert "also" not in text


def test_what_comes_and_goes_and_what_finds_no_room_is_told(stand: Stand) -> None:
    desk, _ = stand
    for wanted in ([HOT], []) * 4:
        desk.update(wanted)
    desk.update([HOT, *(AlarmWanted(f"n{number}", "minor", "words") for number in range(1001))])
    text = told(desk)
    assert "comes and goes, 5 times so far" in text[1]
    assert text[-1] == "2 more conditions found no room in the list"


def test_without_the_daemon_it_tells_what_stood(stand: Stand, store: Store, capsys: pytest.CaptureFixture[str]) -> None:
    stand[0].update([PDU, PROBE])
    asyncio.run(store.flush())
    assert main(["alarms"]) == 3
    out = capsys.readouterr().out
    assert "the daemon is not running" in out
    assert "MAJOR  blind/pdu-b1" in out
    assert "+1 folded" in out
    assert main(["alarms", "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert (found["running"], found["standing"], found["worst"]) == (False, 1, "major")


def test_without_the_daemon_what_cannot_be_used_is_not_told_as_no_alarms(
    store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    store.note_fact("autonomy.alarms", {"v": 1})
    asyncio.run(store.flush())
    assert main(["alarms"]) == 3
    out = capsys.readouterr().out
    assert "what stood is not known: cannot use the alarms that were kept" in out
    assert "No alarms" not in out


def test_without_daemon_and_journal_nothing_is_known(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alarms"]) == 3
    assert "its journal tells nothing" in capsys.readouterr().out


def test_without_the_daemon_nobody_acts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alarms", "ack", "all"]) == 3
    assert "start it with" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "why"),
    [(["ack"], "which one?"), (["shelve"], "which one?"), (["shelve", "a", "--why", "b"], "for how long?")],
)
def test_half_an_order_is_wrong_usage(
    folder: Path, words: list[str], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["alarms", *words]) == 2
    assert why in capsys.readouterr().err


def test_a_time_that_is_none_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["alarms", "shelve", "a", "--for", "soon", "--why", "b"]) == 1
    assert 'cannot use "soon"' in capsys.readouterr().err


class Daemon:
    """Answers once, and remembers what was asked."""

    def __init__(self, folder: Path, status: str, answer: bytes) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(folder / "api.sock"))
        self._socket.listen()
        self._answer = f"HTTP/1.0 {status}\r\n\r\n".encode() + answer
        self.asked = b""
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        with self._socket:
            connection, _ = self._socket.accept()
            with connection:
                self.asked = connection.recv(4096)
                connection.sendall(self._answer)

    def heard(self) -> tuple[str, dict[str, object]]:
        self._thread.join(10)
        head, _, body = self.asked.partition(b"\r\n\r\n")
        return head.split()[1].decode(), json.loads(body or b"{}")


@pytest.mark.parametrize(
    ("words", "answer", "came"),
    [
        (["ack", "a"], {"acknowledged": ["a"]}, ("/v1/do/alarms.ack", {"key": "a"}, "acknowledged a\n")),
        (["ack", "all"], {"acknowledged": []}, ("/v1/do/alarms.ack", {"key": "all"}, "nothing to acknowledge\n")),
        (
            ["shelve", "a", "--for", "2 h", "--why", "b"],
            {"shelved": "a", "for_s": 7200.0},
            ("/v1/do/alarms.shelve", {"key": "a", "for_s": 7200.0, "why": "b"}, "shelved a for 2 h\n"),
        ),
        (["unshelve", "a"], {"unshelved": "a"}, ("/v1/do/alarms.unshelve", {"key": "a"}, "a is in sight again\n")),
    ],
)
def test_an_act_is_asked_of_the_daemon_and_what_came_of_it_is_said(
    folder: Path, words: list[str], answer: dict[str, object], came: Came, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = Daemon(folder, "200 OK", json.dumps(answer).encode())
    assert main(["alarms", *words]) == 0
    assert (*daemon.heard(), capsys.readouterr().out) == came


def test_a_refusal_is_said_in_the_daemons_words(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    daemon = Daemon(folder, "409 Conflict", b"cannot unshelve a: it is not shelved\n")
    assert main(["alarms", "unshelve", "a"]) == 1
    assert daemon.heard()[0] == "/v1/do/alarms.unshelve"
    assert "cannot unshelve a: it is not shelved" in capsys.readouterr().err


@pytest.mark.parametrize(("standing", "code"), [(0, 0), (1, 1)])
def test_the_exit_code_says_whether_one_stands(
    folder: Path, standing: int, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    view = {"alarms": [], "standing": standing, "overflow": 0}
    daemon = Daemon(folder, "200 OK", json.dumps(view).encode())
    assert main(["alarms"]) == code
    assert daemon.heard()[0] == "/v1/alarms"
    assert capsys.readouterr().out == "No alarms.\n"
