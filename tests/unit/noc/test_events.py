"""Events at the NOC: the row is what the pod heard, the newest come first, and they are bounded."""

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edgeagent.cli.main import main
from edgeagent.core.database import Database
from edgeagent.model.event import Event
from edgeagent.model.journal import Batch, Stream
from edgeagent.noc import reader
from edgeagent.noc.events import EventRow, newest
from edgeagent.noc.fleet import Fleet
from edgeagent.noc.intake import Arrival, Intake
from edgeagent.noc.schema import PROFILE
from edgeagent.wire import frame
from edgeagent.wire.record import ClockAnchor, encode, happened_of
from edgeagent.wire.topics import Address, Leaf

POD, OTHER = Address("site-1", "pod-1"), Address("site-2", "pod-2")
NOW_S = 1.8e9
BOOT = "b" * 32
CONFIG = '[noc]\nbroker = "mqtt://127.0.0.1:1"\nsigning_key = "ingest.key"\ndatabase = "noc.db"\n'


def event(word: str, time_s: float = 100.0) -> Event:
    return Event("trap", word, "ups-1", f"ups-1: {word}", "major", time_s)


class Noc:
    """A NOC's database without a broker."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = Database(path, PROFILE)
        self.fleet = Fleet(100)
        self.database.query(self.fleet.load)

    def close(self) -> None:
        self.database.close_now()

    def take(self, *events: Event, at: int = 2, epoch: int = 1, pod: Address = POD) -> None:
        contents = tuple(encode(happened_of(BOOT, one)) for one in events)
        if at == 2:
            at, contents = 1, (encode(ClockAnchor(BOOT, 90.0, NOW_S, True, "start")), *contents)
        batch = Batch(Stream.TELEMETRY, epoch, at, contents)
        arrival = Arrival(pod.topic(Leaf.JOURNAL), frame.encode(batch), False, NOW_S)
        changes = self.database.transact(lambda connection: Intake(connection, self.fleet).take([arrival]))
        assert not changes.refused
        self.fleet.adopt(changes)

    def words(self, **where: str) -> list[str]:
        return [row.word for row in newest(self.path, 100, **where)]


@pytest.fixture
def noc(tmp_path: Path) -> Iterator[Noc]:
    with closing(Noc(tmp_path / "noc.db")) as one:
        yield one


def test_a_row_equals_what_the_pod_heard(noc: Noc) -> None:
    noc.take(Event("kernel log", "gpu.xid.79", "0000:3b:00", "it fell off the bus", "critical", 120.0))
    assert newest(noc.path, 10) == [
        EventRow(
            *("site-1", "pod-1", "kernel log", "gpu.xid.79", "0000:3b:00", "it fell off the bus", "critical"),
            wall_s=NOW_S + 30.0,
        )
    ]


def test_the_newest_come_first_and_a_pod_can_be_named(noc: Noc) -> None:
    noc.take(event("a", 100.0), event("b", 110.0))
    noc.take(event("c", 105.0), pod=OTHER)
    assert noc.words() == ["b", "c", "a"]
    assert noc.words(site="site-2", pod="pod-2") == ["c"]
    assert [row.word for row in newest(noc.path, 1)] == ["b"]


def test_a_second_copy_and_a_late_one_change_nothing_else(noc: Noc) -> None:
    noc.take(event("a"), event("b", 110.0))
    noc.take(event("a"), event("b", 110.0))
    noc.take(event("late", 95.0), at=9)
    assert noc.words() == ["b", "a", "late"]


def test_of_one_pod_only_so_many_are_listed(noc: Noc, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MOST_EVENTS", 3)
    noc.take(*(event(f"w{number}", 100.0 + number) for number in range(10)))
    noc.take(event("other"), pod=OTHER)
    assert noc.words(site="site-1") == ["w9", "w8", "w7"]
    assert noc.words(site="site-2") == ["other"]


def test_the_command_lists_them(noc: Noc, capsys: pytest.CaptureFixture[str]) -> None:
    config = noc.path.with_name("noc.toml")
    config.write_text(CONFIG)
    assert main(["noc", "events", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "No events.\n"
    noc.take(event("ups.on_battery"))
    assert main(["noc", "events", "site-1/pod-1", "--config", str(config)]) == 0
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["SEVERITY", "POD", "TOLD", "EVENT", "ABOUT", "WHAT"]
    assert line.split()[:2] == ["major", "site-1/pod-1"]
    assert line.endswith("ups.on_battery  ups-1  ups-1: ups.on_battery")
    assert main(["noc", "events", "--json", "--limit", "1", "--config", str(config)]) == 0
    assert [row["word"] for row in json.loads(capsys.readouterr().out)] == ["ups.on_battery"]
