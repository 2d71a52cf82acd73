"""A figure: its verdict, its JSON, its row, its place in the documents."""

import json
import math
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.figure import Aim, Figure
from benchmarks.rounds import Sample

KEYS = {"name", "value", "unit", "peer", "peer_value", "ratio", "target"}


def test_every_key_is_printed_for_every_figure() -> None:
    lines = report.json_lines([Figure("alone", 1.0, "s"), Figure("both", 1.0, "s", "peer", 2.0, 0.5, 3.0)]).splitlines()

    assert all(set(json.loads(line)) >= KEYS for line in lines)
    assert json.loads(lines[0])["target"] is None


@pytest.mark.parametrize(
    ("value", "aim", "ok"),
    [
        (2.0, Aim.AT_MOST, True),
        (2.01, Aim.AT_MOST, False),
        (2.0, Aim.AT_LEAST, True),
        (1.99, Aim.AT_LEAST, False),
        (math.nan, Aim.AT_MOST, False),
        (math.nan, Aim.AT_LEAST, False),
    ],
)
def test_the_aim_says_which_way_is_good(value: float, aim: Aim, ok: bool) -> None:
    assert Figure("f", value, "x", target=2.0, aim=aim).ok is ok


def test_without_a_target_there_is_nothing_to_pass() -> None:
    assert Figure("f", 1.0, "x").ok is None
    assert Figure("f", 1.0, "x").verdict == "-"


def test_a_missed_target_is_said_plainly() -> None:
    assert Figure("f", 3.0, "x", target=2.0).verdict == "MISS"


def test_a_figure_beside_a_peer_carries_both_values_and_the_median_of_the_paired_ratios() -> None:
    figure = Figure.beside("cost", Sample((2.0, 4.0, 6.0)), "us", ("peer", Sample((1.0, 4.0, 12.0))))

    assert (figure.value, figure.peer_value, figure.ratio) == (4.0, 4.0, 1.0)
    assert figure.spread == (2.0, 6.0)
    assert figure.rounds == 3


def test_the_table_lines_up_and_names_the_verdict() -> None:
    lines = report.table([Figure("short", 1.0, "s", target=2.0), Figure("a_longer_name", 123.4, "MB")]).splitlines()

    assert len({line.index(unit) for line, unit in zip(lines, ("unit", "s  ", "MB"), strict=True)}) == 1
    assert lines[1].endswith("PASS")


def test_the_documents_keep_what_stands_outside_the_marks(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("before\n<!-- figures: snmp -->\nold\n<!-- end: snmp -->\nafter\n")

    report.write_docs(page, {"snmp": "new"})

    assert page.read_text() == "before\n<!-- figures: snmp -->\nnew\n<!-- end: snmp -->\nafter\n"


def test_a_page_without_marks_is_refused(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("nothing here\n")

    with pytest.raises(ValueError, match="lacks the lines"):
        report.write_docs(page, {"snmp": "new"})
