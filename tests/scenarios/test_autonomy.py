"""Scenario tables: time, what happens, what is seen."""

import tomllib
from pathlib import Path

import pytest

from tests.scenarios.play import Player
from tests.scenarios.world import HERE, tables

FILES = sorted(path for path in HERE.glob("*.toml") if path.name != "pod.toml")
CASES = [(path, case) for path in FILES for case in tomllib.loads(path.read_text())["case"]]


def player(case: dict) -> Player:
    return Player(tables(case.get("tables", "")), halves=case.get("half", False))


@pytest.mark.parametrize(("path", "case"), CASES, ids=[f"{path.stem}: {case['name']}" for path, case in CASES])
def test_it_goes_as_the_table_says(path: Path, case: dict) -> None:
    player(case).play(case["table"])


def test_every_scenario_decides_the_same_when_it_is_played_again() -> None:
    for _, case in CASES[::13]:
        first, again = player(case), player(case)
        first.record = again.record = True
        first.play(case["table"])
        again.play(case["table"])
        assert first.decisions == again.decisions


def test_there_are_at_least_thirty_scenarios_with_names_of_their_own() -> None:
    names = {case["name"] for _, case in CASES}
    assert len(names) == len(CASES) >= 30
