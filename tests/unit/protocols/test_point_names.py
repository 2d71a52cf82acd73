"""Names of points: what goes unsaid, and what a name means."""

import re

import pytest

from edgeagent.protocols.point_names import NAME, names, numbers

INLET = "[unit.{unit}.]inlet.[{inlet}.]power"
OUTLET = "[unit.{unit}.][inlet.{inlet}.]outlet.{outlet}.state"
HOME = {"unit": 1}


@pytest.mark.parametrize(
    ("template", "rows", "expected"),
    [
        (INLET, [(1, 1)], ["inlet.power"]),
        (INLET, [(1, 2)], ["inlet.power"]),
        (INLET, [(1, 1), (1, 2)], ["inlet.1.power", "inlet.2.power"]),
        (INLET, [(1, 1), (2, 1)], ["inlet.power", "unit.2.inlet.power"]),
        (INLET, [(1, 1), (2, 1), (2, 2)], ["inlet.1.power", "unit.2.inlet.1.power", "unit.2.inlet.2.power"]),
        (INLET, [(3, 1)], ["unit.3.inlet.power"]),
        (INLET, [], []),
        (OUTLET, [(1, 1, 1), (1, 2, 2)], ["outlet.1.state", "outlet.2.state"]),
        (OUTLET, [(1, 1, 1), (1, 2, 1)], ["inlet.1.outlet.1.state", "inlet.2.outlet.1.state"]),
        ("inlet.power", [(1, 1)], ["inlet.power"]),
    ],
)
def test_a_part_is_said_where_names_would_be_equal_without_it_or_where_it_is_not_at_home(template, rows, expected):
    parts = [dict(zip(("unit", "inlet", "outlet"), row, strict=False)) for row in rows]
    assert names(template, parts, HOME) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("outlet.7.state", {"unit": 1, "outlet": 7}),
        ("unit.2.outlet.7.state", {"unit": 2, "outlet": 7}),
        ("unit.2.inlet.3.outlet.7.state", {"unit": 2, "inlet": 3, "outlet": 7}),
        ("outlet.07.state", None),
        ("outlet.7.state.", None),
        ("outlet.7.power", None),
        ("xoutlet.7.state", None),
        ("unit.outlet.7.state", None),
        ("outlet.7\n.state", None),
    ],
)
def test_a_name_gives_the_numbers_that_it_says_and_those_at_home(name, expected):
    assert numbers(OUTLET, name, HOME) == expected


@pytest.mark.parametrize("template", [INLET, OUTLET, "a", "a.{b}.c", "probe.{probe}.[{measurement}.]temperature"])
def test_a_template_has_names_for_all_rows(template):
    assert re.fullmatch(NAME, template)


@pytest.mark.parametrize(
    "template", ["", "a..b", "[a.]", "a.[b]", "[{a}]b", "{a", "a.{B}", "7a", "a.[[{b}.]]c", "{a}.b"]
)
def test_what_is_no_template_is_refused(template):
    assert not re.fullmatch(NAME, template)
