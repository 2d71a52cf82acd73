"""The alarms of the fleet: the newest word on each, whatever comes late or twice; and older databases go on."""

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from edgeagent.cli.main import main
from edgeagent.core.database import Database
from edgeagent.model.journal import Batch, Stream
from edgeagent.noc import query, reader
from edgeagent.noc.alarms import AlarmRow, standing
from edgeagent.noc.fleet import Fleet
from edgeagent.noc.intake import Arrival, Intake
from edgeagent.noc.schema import MIGRATIONS, PROFILE
from edgeagent.wire import frame
from edgeagent.wire.record import AlarmChanged, ClockAnchor, encode
from edgeagent.wire.topics import Address, Leaf

GOLDEN = Path(__file__).parents[2] / "golden"
POD, OTHER = Address("site-1", "pod-1"), Address("site-2", "pod-2")
NOW_S = 1.8e9
BOOT = "b" * 32


def told(key: str, word: str = "raised", **more: object) -> bytes:
    usual: dict[str, object] = {
        "time_s": 100.0,
        "severity": "major",
        "text": f"{key} is bad",
        "stands": word not in {"cleared", "closed"},
    }
    found = AlarmChanged(boot=BOOT[:8], key=key, parent="", cause="", word=word, **(usual | more))  # type: ignore[arg-type]
    return encode(found)


class Noc:
    """A NOC's database without a broker."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = Database(path, PROFILE)
        self.fleet = Fleet(100)
        self.database.query(self.fleet.load)

    def close(self) -> None:
        self.database.close_now()

    def take(self, *contents: bytes, at: int = 1, epoch: int = 1, pod: Address = POD) -> None:
        batch = Batch(Stream.ALARM, epoch, at, contents)
        arrival = Arrival(pod.topic(Leaf.JOURNAL), frame.encode(batch), False, NOW_S)
        changes = self.database.transact(lambda connection: Intake(connection, self.fleet).take([arrival]))
        assert not changes.refused
        self.fleet.adopt(changes)

    def standing(self) -> list[tuple[str, str, str]]:
        return [(row.pod, row.key, row.severity) for row in standing(self.path)]


@pytest.fixture
def noc(tmp_path: Path) -> Iterator[Noc]:
    with closing(Noc(tmp_path / "noc.db")) as one:
        yield one


def test_what_stands_is_the_newest_word_worst_first_then_the_newest(noc: Noc) -> None:
    noc.take(encode(ClockAnchor(BOOT, 50.0, NOW_S, True, "start")))
    noc.take(told("a"), told("b", time_s=120.0), told("c", severity="minor"), told("a", "cleared"), told("d"), at=2)
    noc.take(told("fire", severity="critical"), pod=OTHER)
    assert noc.standing() == [
        ("pod-2", "fire", "critical"),
        ("pod-1", "b", "major"),
        ("pod-1", "d", "major"),
        ("pod-1", "c", "minor"),
    ]
    assert standing(noc.path, pod="pod-1", site="site-1")[0] == AlarmRow(
        "site-1", "pod-1", "b", "major", "b is bad", "", "raised", "", NOW_S + 70.0
    )
    assert standing(noc.path, site="site-2")[0].wall_s is None, "without an anchor nothing is said of the time"
    assert standing(noc.path, site="site-3") == []


def test_an_act_of_a_person_is_told_with_their_name(noc: Noc) -> None:
    noc.take(told("a"), told("a", "acknowledged", by="N. Berg"))
    (row,) = standing(noc.path)
    assert (row.word, row.by) == ("acknowledged", "N. Berg")


@pytest.mark.parametrize("word", ["cleared", "closed"])
def test_backlog_that_comes_late_brings_nothing_back(noc: Noc, word: str) -> None:
    noc.take(told("a", word), at=9)
    noc.take(told("a"), told("a", "changed"), at=1)
    assert noc.standing() == []


def test_an_earlier_epoch_that_comes_late_brings_nothing_back(noc: Noc) -> None:
    noc.take(told("a", "cleared"), epoch=7)
    noc.take(told("a"), epoch=3, at=500)
    assert noc.standing() == []
    noc.take(told("a"), epoch=7, at=2)
    assert noc.standing() == [("pod-1", "a", "major")]


def test_a_second_copy_changes_nothing(noc: Noc) -> None:
    noc.take(told("a"))
    noc.take(told("a", "cleared"), at=2)
    noc.take(told("a"))
    assert noc.standing() == []


def test_one_alarm_of_two_pods_is_two(noc: Noc) -> None:
    noc.take(told("a"))
    noc.take(told("a"), pod=OTHER)
    noc.take(told("a", "cleared"), at=2)
    assert noc.standing() == [("pod-2", "a", "major")]


def test_of_what_ended_only_so_many_are_remembered_and_all_that_stands(
    noc: Noc, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "MOST_ALARMS", 3)
    noc.take(told("first"), *(told(f"k{number}", "cleared") for number in range(10)))
    noc.take(told("other", "cleared"), pod=OTHER)
    rows = noc.database.query(lambda connection: connection.execute("SELECT key FROM alarm ORDER BY key").fetchall())
    assert [key for (key,) in rows] == ["first", "k7", "k8", "k9", "other"]


def test_an_older_database_goes_on_with_all_its_rows(tmp_path: Path) -> None:
    for version in range(1, len(MIGRATIONS) + 1):
        path = tmp_path / f"noc-{version}.db"
        shutil.copyfile(GOLDEN / f"noc-v{version}.db", path)
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA user_version").fetchone() == (version,)
            before = connection.execute("SELECT * FROM record ORDER BY pod, stream, epoch, sequence").fetchall()
        with closing(Noc(path)) as noc:
            after = noc.database.query(
                lambda connection: connection.execute(
                    "SELECT * FROM record ORDER BY pod, stream, epoch, sequence"
                ).fetchall()
            )
            assert after == before
            assert len(after) == 9
            (pod,) = query.pods(path, NOW_S)
            assert (pod.records, pod.gaps, pod.missing) == ({"telemetry": 7, "audit": 1, "alarm": 1}, 2, 1)
            assert [point.value for point in query.points(path)] == [104.0]
            noc.take(told("new"), told("blind/pdu-a1", "changed"), at=2)
            assert [key for _, key, _ in noc.standing()] == ["blind/pdu-a1", "new"]


def test_a_golden_database_of_this_release_exists() -> None:
    assert (GOLDEN / f"noc-v{len(MIGRATIONS)}.db").exists()


CONFIG = """
[noc]
broker = "mqtt://127.0.0.1:1"
signing_key = "ingest.key"
database = "noc.db"
"""


@pytest.fixture
def config(noc: Noc) -> Path:
    path = noc.path.with_name("noc.toml")
    path.write_text(CONFIG)
    return path


def test_the_command_lists_what_stands(noc: Noc, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noc.take(told("a"), told("a", "acknowledged", by="N. Berg"), told("b", "cleared"))
    assert main(["noc", "alarms", "--config", str(config)]) == 1
    head, line = capsys.readouterr().out.splitlines()
    assert head.split() == ["SEVERITY", "POD", "TOLD", "ALARM", "WHAT"]
    assert line.split(maxsplit=4) == ["major", "site-1/pod-1", "-", "a", "a is bad; acknowledged by N. Berg"]
    assert main(["noc", "alarms", "site-1/pod-1", "--json", "--config", str(config)]) == 1
    assert [row["key"] for row in json.loads(capsys.readouterr().out)] == ["a"]


def test_the_command_says_when_none_stands(noc: Noc, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noc.take(told("a", "cleared"))
    assert main(["noc", "alarms", "--config", str(config)]) == 0
    assert capsys.readouterr().out == "No alarms.\n"
