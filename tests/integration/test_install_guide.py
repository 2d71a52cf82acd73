"""The commands of docs/install.md do what it says: run as they stand there, below a root folder of their own.

systemctl only writes down what it was asked; sysusers and tmpfiles get that root folder.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from edgeagent.cli.main import COMMANDS

REPOSITORY = Path(__file__).parents[2]
GUIDE = REPOSITORY / "docs" / "install.md"
_BLOCK = re.compile(r"(?ms)^```sh test\n(.*?)^```$")
_PLACES = re.compile(r"(?<![\w./])/(?=(?:opt|etc|usr/lib|usr/local|var/lib)/)")

PRELUDE = """
set -euo pipefail
systemctl() {{ printf '%s\\n' "systemctl $*" >> {root}/asked; }}
systemd-sysusers() {{ command systemd-sysusers --root={root} "$@"; }}
systemd-tmpfiles() {{ command systemd-tmpfiles --root={root} "$@"; }}
export PATH={root}/usr/local/bin:$PATH EDGEAGENT_CONFIG={root}/etc/edgeagent/edgeagent.toml
"""


def blocks() -> list[str]:
    return _BLOCK.findall(GUIDE.read_text())


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for program in ("systemd-sysusers", "systemd-tmpfiles"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed (scripts/bootstrap dev)")
    if os.geteuid() != 0:
        pytest.skip("only root can give folders to another user")
    folder = tmp_path_factory.mktemp("machine")
    for name in ("etc/systemd/system", "usr/local/bin", "usr/lib", "var/lib", "opt/edgeagent/.venv/bin"):
        (folder / name).mkdir(parents=True)
    (folder / "opt/edgeagent/systemd").symlink_to(REPOSITORY / "systemd")
    program = Path(sys.executable).with_name("edgeagent")
    (folder / "opt/edgeagent/.venv/bin/edgeagent").symlink_to(program)
    return folder


def run(root: Path, script: str) -> subprocess.CompletedProcess[str]:
    text = PRELUDE.format(root=root) + _PLACES.sub(f"{root}/", script)
    return subprocess.run(["bash", "-c", text], capture_output=True, text=True, timeout=60, cwd=root)


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_guide_leads_from_nothing_to_a_checked_pod_and_back(root: Path) -> None:
    *steps, uninstall = blocks()
    assert len(steps) >= 9
    said = ""
    for step in steps:
        done = run(root, step)
        assert done.returncode == 0, f"{step}\n{done.stdout}{done.stderr}"
        said += done.stdout
    assert f"{root}/etc/edgeagent/edgeagent.toml is sound: 2 devices" in said
    assert 'uplink.broker = "mqtts://noc.example:8883"' in said
    etc = root / "etc"
    assert mode(etc / "edgeagent/credentials") == 0o700
    assert mode(etc / "edgeagent/credentials/snmp-community") == 0o600
    assert mode(etc / "edgeagent-noc/ingest.key") == 0o600
    assert mode(etc / "edgeagent/keyring.toml") == 0o644
    assert re.search(r"(?m)^edgeagent:", (etc / "passwd").read_text())
    unit = (etc / "systemd/system/edgeagent.service").read_text()
    assert f"ExecStart={root}/opt/edgeagent/.venv/bin/edgeagent run" in unit

    assert run(root, uninstall).returncode == 0
    assert [path.name for path in (etc / "systemd/system").iterdir()] == []
    assert not (root / "usr/local/bin/edgeagent").exists()
    assert (etc / "edgeagent/edgeagent.toml").exists(), "an uninstall keeps what people wrote"
    assert (root / "asked").read_text().splitlines() == [
        "systemctl daemon-reload",
        "systemctl daemon-reload",
        "systemctl enable --now edgeagent",
        "systemctl reload edgeagent",
        "systemctl disable --now edgeagent",
        "systemctl daemon-reload",
    ]


def test_the_unit_with_the_guides_drop_in_is_accepted(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (scripts/bootstrap dev)")
    (drop_in,) = re.findall(r"(?ms)^(\[Service\]\nLoadCredential.*?)^END$", GUIDE.read_text())
    rendered = subprocess.run(
        [REPOSITORY / "systemd" / "render", sys.prefix], capture_output=True, text=True, check=True
    )
    unit = tmp_path / "edgeagent.service"
    unit.write_text(rendered.stdout)
    (tmp_path / "edgeagent.service.d").mkdir()
    (tmp_path / "edgeagent.service.d" / "credentials.conf").write_text(drop_in)
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_every_command_that_the_guide_shows_exists() -> None:
    shown = re.findall(r"(?m)(?:^|`|&& )edgeagent ([a-z]+)", GUIDE.read_text())
    assert {word for word in shown if word not in COMMANDS} == set()


def test_every_link_of_the_guide_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", GUIDE.read_text()):
        assert (GUIDE.parent / target).exists(), target
