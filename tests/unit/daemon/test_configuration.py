"""The whole configuration: what several rooms say of it, and what the daemon does with a broken one."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from edgeagent.cli.keys import make_ingest_keys
from edgeagent.daemon.configuration import check, check_files, read
from edgeagent.model.errors import ConfigError

SOUND = """
[pod]
site = "zrh"
name = "pod-07"

[daemon]
state = "state"
runtime = "run"

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


@pytest.fixture
def config(tmp_path: Path) -> Path:
    make_ingest_keys(tmp_path)
    path = tmp_path / "edgeagent.toml"
    path.write_text(SOUND)
    return path


def change(config: Path, old: str, new: str) -> None:
    assert old in config.read_text()
    config.write_text(config.read_text().replace(old, new))


def run(config: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if not key.endswith("_DIRECTORY")}
    command = [sys.executable, "-m", "edgeagent", "run", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=20, env=environment, cwd=config.parent)


def test_a_sound_one_is_read_and_summed_up(config: Path) -> None:
    checked = check(config, {})
    check_files(checked)
    assert not checked.problems
    assert checked.summary == "1 device, 1 rack, 0 loads, 3 interlocks (0 in service)"
    assert read(config, {}).daemon.state == config.parent / "state"


def test_all_mistakes_are_in_one_error(config: Path) -> None:
    change(config, '"zrh"', '"ZRH"')
    change(config, "snmp://127.0.0.1:1", "127.0.0.1")
    with pytest.raises(ConfigError) as raised:
        read(config, {})
    assert "pod.site" in str(raised.value)
    assert "devices.pdu-a1.address" in str(raised.value)


def test_a_certificate_that_is_not_there_is_named_but_keeps_no_pod_from_looking_after_itself(config: Path) -> None:
    change(config, "[uplink]\n", '[uplink]\nca = "ca.pem"\n')
    checked = check(config, {})
    check_files(checked)
    assert [problem.path for problem in checked.problems] == ["uplink.ca"]
    assert read(config, {}).uplink.broker.ca == config.parent / "ca.pem"


def test_a_credential_is_read_from_the_folder_that_systemd_names(config: Path, tmp_path: Path) -> None:
    change(config, 'community = "edge"', 'community = { credential = "snmp-community" }')
    assert "LoadCredential=snmp-community" in str(check(config, {}).problems[0])
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "snmp-community").write_text("edge\n")
    assert not check(config, {"CREDENTIALS_DIRECTORY": str(tmp_path / "given")}).problems


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('name = "pod-07"', "name = pod-07", "edgeagent.toml:4: cannot read this line"),
        ('site = "zrh"', 'site = "ZRH"', "edgeagent.toml:3: pod.site: cannot use"),
        ('"keyring.toml"', '"absent.toml"', "absent.toml: no such file or directory"),
    ],
)
def test_the_daemon_refuses_a_broken_one_in_plain_words_and_writes_nothing(
    config: Path, old: str, new: str, said: str
) -> None:
    change(config, old, new)
    before = sorted(config.parent.rglob("*"))
    done = run(config)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(config.parent.rglob("*")) == before


def test_the_daemon_refuses_a_missing_file_in_plain_words(tmp_path: Path) -> None:
    done = run(tmp_path / "edgeagent.toml")
    assert done.returncode == 1
    assert "no such file or directory" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())
