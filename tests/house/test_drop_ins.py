"""The documented drop-ins are accepted by systemd, each alone and all together, and say what they are for."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DROP_INS = ROOT / "systemd/drop-ins"
UNIT_DROP_INS = sorted(path for path in DROP_INS.glob("*.conf") if "[Service]" in path.read_text())


def verify(folder, *drop_ins):
    unit = folder / "edgeagent.service"
    unit.write_text(subprocess.run([ROOT / "systemd/render", sys.prefix], capture_output=True, text=True).stdout)
    beside = folder / "edgeagent.service.d"
    beside.mkdir()
    for path in drop_ins:
        shutil.copy(path, beside)
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, timeout=30)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("path", UNIT_DROP_INS, ids=lambda path: path.stem)
def test_systemd_accepts_a_drop_in_without_a_word(tmp_path, path):
    assert verify(tmp_path, path) == (0, "")


def test_systemd_accepts_all_of_them_together(tmp_path):
    assert len(UNIT_DROP_INS) >= 5
    assert verify(tmp_path, *UNIT_DROP_INS) == (0, "")


def test_a_mistake_in_a_drop_in_would_be_seen(tmp_path):
    wrong = tmp_path / "wrong.conf"
    wrong.write_text("[Service]\nProtectKernelLog=no\n")
    assert "ProtectKernelLog" in verify(tmp_path, wrong)[1]


@pytest.mark.parametrize("path", sorted(DROP_INS.iterdir()), ids=lambda path: path.name)
def test_each_says_first_what_it_is_for_and_where_it_goes(path):
    head = path.read_text().splitlines()[:3]
    assert re.match(r"(#|//) (Lets|For)", head[0])
    assert "Copy to /etc/" in " ".join(head)


def test_what_messages_name_is_there():
    named = set()
    for source in (ROOT / "edgeagent").rglob("*.py"):
        named |= set(re.findall(r"systemd/drop-ins/([\w.-]+\.(?:conf|rules))", source.read_text()))
    assert named
    assert named <= {path.name for path in DROP_INS.iterdir()}
