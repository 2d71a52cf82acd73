"""Reading recordings: packed or plain, torn by a kill, several in one file, or no recording at all."""

import gzip
import json
import os
import re
from argparse import Namespace
from pathlib import Path

import pytest

from edgeagent.autonomy.flight import Head, Tick, encode
from edgeagent.cli import replay
from edgeagent.cli.keys import make_ingest_keys
from edgeagent.model.decision import Memory
from edgeagent.model.errors import ConfigError, RecordingInvalid

CONFIG = """
[pod]
site = "zrh"
name = "pod-07"
[uplink]
broker = "mqtt://127.0.0.1:1"
keyring = "keyring.toml"
[devices.pdu-a1]
driver = "ipdu"
address = "snmp://127.0.0.1:1"
community = "edge"
[racks.r1]
inlet = "pdu-a1/probe.1.temperature"
"""
HEAD = encode(Head("0" * 32, 1000.0, 1_790_000_000.0, True, "v", ("pdu-a1/probe.1.temperature",), Memory()))


def ticks(first: int, count: int, value: float = 24.0) -> list[bytes]:
    return [encode(Tick(t=1000.0 + number, r=((0, value, 1000.0 + number),))) for number in range(first, first + count)]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    make_ingest_keys(tmp_path)
    path = tmp_path / "edgeagent.toml"
    path.write_text(CONFIG)
    return path


def options(config: Path, *files: Path, **changes: object) -> Namespace:
    usual: dict[str, object] = {"files": list(files), "since": None, "save": None, "json": False, "config": config}
    return Namespace(**{**usual, **changes})


def test_members_are_read_one_after_another_and_a_torn_one_costs_only_itself(tmp_path: Path) -> None:
    whole = gzip.compress(HEAD + b"".join(ticks(0, 3))) + gzip.compress(b"".join(ticks(3, 3)))
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(whole)
    assert replay._unpacked(path).count(b"\n") == 7
    path.write_bytes(whole[:-20])
    (found,) = replay._flights(path)
    assert 4 <= found.count(b"\n") <= 7
    assert found.endswith(b"\n")


def test_several_flights_in_one_file_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEAD + b"".join(ticks(0, 2)) + HEAD + b"".join(ticks(2, 2)))
    assert [flight.count(b"\n") for flight in replay._flights(path)] == [3, 3]


@pytest.mark.parametrize(
    "content", [b"\x1f\x8bnonsense", b"not a recording\n", b"", b'{"flight":2}\n', b'{"flight":1}\n']
)
def test_what_is_no_recording_is_told_with_its_file(tmp_path: Path, config: Path, content: bytes) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(content)
    if not content:
        assert replay.execute(options(config, path)) == 1
        return
    with pytest.raises(RecordingInvalid, match=r"a\.jsonl\.gz"):
        replay.execute(options(config, path))


def test_a_file_that_is_not_there_or_unpacks_to_too_much_is_told(
    tmp_path: Path, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RecordingInvalid, match="No such file"):
        replay.execute(options(config, tmp_path / "absent"))
    (tmp_path / "a.gz").write_bytes(gzip.compress(HEAD + b"x" * 4096))
    monkeypatch.setattr(replay, "MAX_FILE_BYTES", 1024)
    with pytest.raises(RecordingInvalid, match="holds more than"):
        replay.execute(options(config, tmp_path / "a.gz"))


def test_a_recording_written_by_hand_shows_what_the_present_tables_would_do(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "hot.jsonl"
    path.write_bytes(HEAD + b"".join(ticks(0, 5)) + b"".join(ticks(5, 30, 33.0)))
    assert replay.execute(options(config, path)) == 1
    said = capsys.readouterr().out
    assert "35 decisions from" in said
    assert "the present tables  alarm interlock/hot-p3@r1" in said


def test_what_was_replayed_can_be_saved_and_replayed_again(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second, saved = tmp_path / "1.jsonl", tmp_path / "2.jsonl", tmp_path / "both.jsonl.gz"
    first.write_bytes(HEAD + b"".join(ticks(0, 5)))
    second.write_bytes(HEAD + b"".join(ticks(5, 5)))
    replay.execute(options(config, first, second, save=saved))
    told = capsys.readouterr().out
    replay.execute(options(config, saved))
    assert capsys.readouterr().out == told
    assert "10 decisions" in told


def test_files_or_a_time_must_be_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert replay.execute(options(config)) == 2
    assert replay.execute(options(config, config, since="2 h")) == 2
    assert replay.execute(options(config, since="soon")) == 2
    assert 'cannot use "soon": must be a time' in capsys.readouterr().err


def test_a_mistake_is_told_by_its_line_in_the_file(tmp_path: Path, config: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEAD + b"".join(ticks(0, 2)) + HEAD + b"".join(ticks(2, 2)) + b'{"t":1.0,"r":[[7,1.0,1.0]]}\n')
    with pytest.raises(RecordingInvalid, match=r"a\.jsonl:7: the reading .*: there is no point 7"):
        replay.execute(options(config, path))


def test_that_an_end_is_torn_is_said(tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.jsonl.gz"
    path.write_bytes(gzip.compress(HEAD + b"".join(ticks(0, 3))) + gzip.compress(b"".join(ticks(3, 3)))[:-20])
    replay.execute(options(config, path))
    told = capsys.readouterr()
    assert f"the end of {path} is torn and left out" in told.err
    assert "decisions from" in told.out


@pytest.mark.parametrize("wrong", ['[limits.inlet-hot]\nvalue = "x"', "[interloks.hot-p3]\nstate = 'in service'", None])
def test_a_configuration_with_a_mistake_that_matters_decides_nothing(
    tmp_path: Path, config: Path, wrong: str | None
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEAD + b"".join(ticks(0, 5)))
    if wrong is None:
        config.unlink()
    else:
        config.write_text(f"{CONFIG}\n{wrong}\n")
    with pytest.raises(ConfigError, match=r"(?s)cannot decide by this configuration:\n.*edgeagent\.toml"):
        replay.execute(options(config, path))


def test_a_credential_or_a_mistake_of_the_uplink_does_not_matter(tmp_path: Path, config: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEAD + b"".join(ticks(0, 3)))
    text = CONFIG.replace('community = "edge"', 'community = { credential = "edge" }')
    config.write_text(text.replace('keyring = "keyring.toml"', 'keyring = "absent.toml"'))
    assert replay.execute(options(config, path)) == 0


def test_the_pods_own_recordings_are_those_of_its_folder_since_then(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "state" / "flight"
    config.write_text(f'{CONFIG}\n[store]\nfolder = "{folder.parent}"\n')
    assert replay.execute(options(config, since="1 d")) == 1
    assert capsys.readouterr().out == "nothing was recorded in the last 1 d\n"
    folder.mkdir(parents=True)
    for name, first in (("000001", 0), ("000002", 4)):
        (folder / f"{name}.jsonl.gz").write_bytes(gzip.compress(HEAD + b"".join(ticks(first, 4))))
    os.utime(folder / "000001.jsonl.gz", (0, 0))
    assert replay.execute(options(config, since="1 d")) == 0
    assert "4 decisions from" in capsys.readouterr().out


def test_what_cannot_be_looked_at_or_written_is_told(tmp_path: Path, config: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEAD + b"".join(ticks(0, 3)))
    with pytest.raises(RecordingInvalid, match=r"cannot write .*absent/saved: No such file"):
        replay.execute(options(config, path, save=tmp_path / "absent" / "saved"))
    config.write_text(f'{CONFIG}\n[store]\nfolder = "/{"x" * 300}"\n')
    with pytest.raises(RecordingInvalid, match="File name too long; be root or the user of the daemon"):
        replay.execute(options(config, since="2 h"))


def test_dates_of_a_clock_that_was_not_set_are_not_passed_off_as_such(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(HEAD.replace(b'"trusted":true', b'"trusted":false') + b"".join(ticks(0, 3)))
    replay.execute(options(config, path))
    assert "the clock was not set yet" in capsys.readouterr().out
    replay.execute(options(config, path, json=True))
    assert json.loads(capsys.readouterr().out)["is_dated"] is False


def test_the_recording_in_the_guide_plays_as_the_guide_says(
    tmp_path: Path, config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guide = Path(__file__).parents[3] / "docs" / "autonomy.md"
    (block,) = re.findall(r"(?ms)^```json\n(\{\"flight\".*?)^```$", guide.read_text())
    path = tmp_path / "hot.jsonl"
    path.write_text(block)
    assert replay.execute(options(config, path)) == 1
    assert "the present tables  alarm interlock/hot-p3@r1" in capsys.readouterr().out
