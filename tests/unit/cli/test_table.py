"""Tables and quantities read as a person would write them."""

import pytest

from edgeagent.cli import table


def test_columns_are_aligned_and_lines_carry_no_trailing_space() -> None:
    text = table.render(("POINT", "VALUE", "WHY"), [("a", "10", ""), ("longer", "7.5", "x")], right=("VALUE",))
    assert text.splitlines() == ["POINT   VALUE  WHY", "a          10", "longer    7.5  x"]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (None, "-"),
        (float("nan"), "-"),
        (-3, "0 s"),
        (4.4, "4 s"),
        (119, "119 s"),
        (130, "2 min"),
        (12_000, "3 h 20 min"),
        (777_600, "9 d"),
    ],
)
def test_durations(seconds: float | None, expected: str) -> None:
    assert table.duration(seconds) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "-"),
        (True, "yes"),
        (False, "no"),
        (0, "0"),
        (230.0, "230"),
        (7.4671, "7.467"),
        ("on", "on"),
        (7.4e7, "74000000"),
    ],
)
def test_numbers(value: object, expected: str) -> None:
    assert table.number(value) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "0 B"), (1023, "1023 B"), (2048, "2.0 KiB"), (5 << 30, "5.0 GiB")])
def test_sizes(count: int, expected: str) -> None:
    assert table.size(count) == expected


def test_units_are_peoples_and_unknown_ones_stay() -> None:
    assert [table.unit(ucum) for ucum in ("Cel", "1", "V.A", "W", "[degF]")] == ["°C", "", "VA", "W", "[degF]"]


def test_a_long_reason_is_wrapped_and_an_address_is_not_cut() -> None:
    lines = table.paragraph("pdu-a1 is offline: " + "word " * 30 + "snmp://" + "h" * 120).splitlines()
    assert lines[0].startswith("  pdu-a1 is offline")
    assert all(line.startswith("    ") for line in lines[1:])
    assert "snmp://" + "h" * 120 in lines[-1]
