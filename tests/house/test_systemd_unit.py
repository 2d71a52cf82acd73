"""The unit is accepted without a warning and leaves little to attack; its user and folders are well-formed."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "systemd"
PREFIX = Path(sys.prefix)
NEWER_THAN_252 = [
    "Type=notify-reload",
    "RestartSteps=",
    "RestartMaxDelaySec=",
    "RestartMode=",
    "ImportCredential=",
    "OpenFile=",
    "MemoryPressureWatch=",
    "DelegateSubgroup=",
    "FileDescriptorStorePreserve=",
    "SurviveFinalKillSignal=",
    "PrivateTmp=disconnected",
    "ProtectControlGroups=private",
]


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=30)


@pytest.fixture(scope="module")
def unit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rendered = run(UNITS / "render", PREFIX)
    assert rendered.returncode == 0, rendered.stderr
    path = tmp_path_factory.mktemp("unit") / "edgeagent.service"
    path.write_text(rendered.stdout)
    return path


def test_systemd_accepts_the_unit_without_a_word(unit: Path) -> None:
    done = run("systemd-analyze", "verify", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_the_exposure_is_at_most_1_5_of_10(unit: Path) -> None:
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", unit)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_unit_starts_the_agent_at_its_real_path(unit: Path) -> None:
    assert f"\nExecStart={PREFIX}/bin/edgeagent run\n" in unit.read_text()
    assert "@" not in re.sub(r"(?m)^#.*$|@(system-service|privileged|resources)", "", unit.read_text())


def test_no_directive_is_newer_than_debian_12(unit: Path) -> None:
    directives = re.sub(r"(?m)^#.*$", "", unit.read_text())
    assert [word for word in NEWER_THAN_252 if word in directives] == []


@pytest.mark.parametrize("prefix", ["", "relative/.venv", "/nowhere/at/all", "/with a space"])
def test_a_prefix_that_cannot_work_is_refused(prefix: str) -> None:
    done = run(UNITS / "render", prefix)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


def test_the_user_is_well_formed() -> None:
    done = run("systemd-sysusers", "--dry-run", UNITS / "edgeagent.sysusers.conf")
    assert done.returncode == 0, done.stderr
