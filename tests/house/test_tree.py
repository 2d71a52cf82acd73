"""The tree holds nothing of the machine it was written on."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Spelled so that this file does not find itself.
FOREIGN = "|".join(
    [
        r"(?<![\w.])/(?:work|farm|root)" + "/",
        r"/home/(?!user\b)" + r"\w",
        "py" + r"pi\.org",
        "python" + "hosted",
        "registry" + r"\.npmjs",
        r"deb\." + "debian",
    ]
)


def tracked() -> list[Path]:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: nothing says which files belong to the tree")
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


def test_no_file_names_a_path_of_this_machine_or_a_package_registry() -> None:
    found = [
        f"{file.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for file in tracked()
        for number, line in enumerate(file.read_text(errors="replace").splitlines(), 1)
        if re.search(FOREIGN, line)
    ]
    assert not found, "\n".join(found)


def test_no_file_is_large_or_a_link_out_of_the_tree() -> None:
    for file in tracked():
        assert file.stat().st_size < 1_000_000, file
        assert not file.is_symlink() or file.resolve().is_relative_to(ROOT), file


def test_the_licence_is_the_whole_apache_text() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert "Version 2.0, January 2004" in text
    assert "9. Accepting Warranty or Additional Liability." in text
    assert "END OF TERMS AND CONDITIONS" in text


def test_decisions_are_numbered_without_a_gap_and_dated() -> None:
    records = sorted((ROOT / "docs" / "decisions").glob("*.md"))
    assert [int(record.name[:4]) for record in records] == list(range(1, len(records) + 1))
    for record in records:
        title, _, dated, *_ = record.read_text().splitlines()
        assert title.startswith(f"# {int(record.name[:4])}. "), record.name
        assert re.match(r"20\d\d-\d\d-\d\d · \w+", dated), record.name


def test_scripts_may_run_and_stop_at_the_first_failure() -> None:
    scripts = [file for file in tracked() if file.read_bytes().startswith(b"#!")]
    assert ROOT / "scripts" / "bootstrap" in scripts
    for script in scripts:
        assert os.access(script, os.X_OK), f"{script} has no run bit"
        if "bash" in script.read_text().splitlines()[0]:
            assert "\nset -euo pipefail\n" in script.read_text(), script
            subprocess.run(["bash", "-n", script], check=True)
