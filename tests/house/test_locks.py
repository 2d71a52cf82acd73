"""The locks hold every package at one version, by hash and without an address, and fit pyproject.toml."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = sorted((ROOT / "locks").glob("*.txt"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def normal(requirement: str) -> str:
    """The name in a requirement, as an index spells it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]).lower()


def entries(lock: str) -> dict[str, str]:
    text = (ROOT / "locks" / f"{lock}.txt").read_text()
    blocks = re.split(r"\n(?=[a-z0-9])", re.sub(r"(?m)^#.*\n", "", text).strip())
    return {normal(block): block for block in blocks}


def without_marker(block: str) -> str:
    return re.sub(r" ; .*(?= \\)", "", block)


def test_there_are_locks_for_running_developing_building_and_locking() -> None:
    assert {"build", "dev", "run", "uv"} <= {lock.stem for lock in LOCKS}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_a_lock_names_no_address(lock: Path) -> None:
    text = lock.read_text()
    assert "://" not in text
    assert not re.search(r"(?m)^\s*-", text.replace("    --hash=sha256:", "")), "an option could name an index"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_package_has_one_version_and_hashes(lock: Path) -> None:
    for name, block in entries(lock.stem).items():
        assert re.match(r"[a-z0-9.-]+==[\w.]+ ", block), name
        assert re.search(r"--hash=sha256:[0-9a-f]{64}", block), name


def test_what_runs_is_tested_at_the_same_version_by_the_same_hashes() -> None:
    tested = {name: without_marker(block) for name, block in entries("dev").items()}
    for name, block in entries("run").items():
        assert tested.get(name) == without_marker(block)


def test_every_dependency_is_locked() -> None:
    core = {normal(each) for each in PROJECT["project"]["dependencies"]}
    tools = {normal(each) for each in PROJECT["project"]["optional-dependencies"]["dev"]}
    build = {normal(each) for each in PROJECT["build-system"]["requires"]}
    assert core <= entries("run").keys()
    assert core | tools <= entries("dev").keys()
    assert build <= entries("build").keys()
    assert not tools & entries("run").keys()


def test_every_dependency_has_its_reason_beside_it() -> None:
    lines = (ROOT / "pyproject.toml").read_text().splitlines()
    start, end = lines.index("[project]"), lines.index("[project.scripts]")
    pinned = [line for line in lines[start:end] if re.search(r'"[A-Za-z0-9-]+\s*[<>=~]=', line)]
    bare = [line.strip() for line in pinned if not re.search(r"#\s*\S", line)]
    assert len(pinned) >= len(PROJECT["project"]["dependencies"])
    assert not bare
