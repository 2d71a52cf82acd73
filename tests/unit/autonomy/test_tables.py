"""Tables as they are written: every mistake is told with its file and line."""

import pytest

from edgeagent.autonomy.compiled import Tables
from edgeagent.autonomy.tables import MAX_INTERLOCKS, builtin, parse
from edgeagent.config.layers import Layer, load
from edgeagent.model.interlock import ServiceState
from edgeagent.model.site import Rack, Site
from tests.scenarios.world import site

HOT = """[limits.hot]
point = "{inlet}"
operator = ">"
value = 32
plausible_low = -10
plausible_high = 70
clear_for = "5 s"
"""
COOL = HOT.replace("limits.hot", "limits.cool").replace('">"', '"<"').replace("32", "27")
FAULT = '[limits.fault]\npoint = "crac-{aisle}/fault"\noperator = "=="\nword = "yes"\n'
DEVICES = {*site().pdus, "crac-n"}


def read(*texts: str, at: Site | None = None) -> tuple[Tables, list[str]]:
    loaded = load([], layers=[Layer("edgeagent.toml", "\n".join(texts))])
    found = parse(loaded.root, at or site(), DEVICES)
    loaded.root.finish()
    return found, [str(one) for one in loaded.problems]


def interlock(when: str, rest: str = 'action = "shed P3"', name: str = "i") -> str:
    return f'[interlocks.{name}]\nwhen = "{when}"\n{rest}\n'


def limit(text: str) -> str:
    return HOT.replace("value = 32\n", text)


BROKEN = [
    (HOT + interlock("hott"), "cannot use hott: there is no [limits.hott]; did you mean hot?"),
    (HOT + interlock("hot and"), 'cannot use "the end" here'),
    (HOT + interlock("hot hot"), '"and" or "or" must stand before it'),
    (HOT + interlock("(hot"), 'cannot find the ")"'),
    (HOT + interlock("__import__"), "names, and, or, not and parentheses only"),
    (HOT + interlock("(" * 11 + "hot" + ")" * 11), "parentheses within each other"),
    (HOT + interlock("not " * 12 + "hot"), "parentheses within each other"),
    (HOT + interlock(" or ".join(["hot"] * 21)), "cannot use more than 20 names"),
    (HOT + interlock("hot and not hot"), "it can never hold"),
    (HOT + interlock("hot or not hot", 'action = "alarm only"'), "it always holds"),
    (HOT + COOL + interlock("hot and cool"), "it can never hold"),
    (HOT + interlock("every hot and not hot"), "it can never hold"),
    (HOT + interlock("hot", 'action = "shed P1"'), "P1"),
    (HOT + interlock("hot", 'action = "shed P3"\nscope = "aisle"'), 'say "any hot" or "every hot"'),
    (FAULT + interlock("neighbour fault", 'action = "alarm only"'), "only a rack has neighbours"),
    (limit("value = 90\n"), "no reading beyond it would be believed"),
    (limit("value = 70\n"), "no reading beyond it would be believed"),
    (COOL.replace("27", "-10"), "no reading beyond it would be believed"),
    (limit("value = 90\n").replace('">"', '"=="'), "no reading beyond it would be believed"),
    (limit("value = 32\nclear_value = 33\n"), "must be at or below value"),
    (COOL + "clear_value = 26\n", "must be at or above value"),
    (limit("value = 32\nclear_value = 30\n").replace('">"', '"!="'), "cannot use this key"),
    (HOT.replace("-10", "80"), "must be less than plausible_high"),
    (HOT + 'word = "x"\n', "cannot use both value and word"),
    (FAULT.replace("==", ">"), 'cannot use ">" with a word'),
    (FAULT + "plausible_low = 1\n", "it is for numbers"),
    (HOT + 'for = "2 h"\n', "for"),
    (HOT + "value2 = 1\n", "nothing reads it"),
    (HOT.replace("{inlet}", "nowhere/x"), "there is no [devices.nowhere]"),
    (HOT.replace("{inlet}", "{feed}/x"), "be a point in which".replace("be a", "or a")),
    (HOT.replace("limits.hot", "limits.any"), "no word of logic"),
    (HOT + interlock("hot", name="or"), "no word of logic"),
    (HOT.replace("plausible_high = 70\n", "") + interlock("hot"), "or a wrong reading sheds"),
    (HOT + interlock("hot", 'action = "shed P3"\nfor = "4 s"'), "it would act on what has ended"),
    (HOT + interlock("hot") + interlock("hot", 'action = "restore"', "r"), "it can hold together with i"),
    (HOT + interlock("hot", 'action = "restore"\nsecond_sign = "hot"'), "it sheds and cools nothing"),
    (HOT + interlock("hot", 'action = "shed P3"\nsecond_sign = "hot"'), 'it looks at nothing that "when"'),
    (HOT + interlock("hot", 'action = "shed P3"\nsecond_sign = "what"'), "there is no [limits.what]"),
    (HOT + interlock("hot", 'action = "restore"\nstate = "in service"'), "add [ratings.a-r1]"),
    (HOT.replace("{inlet}", "a-r1/x") + interlock("any hot", 'action = "alarm only"'), "only one for the pod"),
    (
        "".join(HOT.replace("limits.hot", f"limits.h{n}") for n in range(9))
        + interlock(" or ".join(f"h{n}" for n in range(9))),
        "at most 8 can be checked together",
    ),
    ("[ratings.a-r9]\npower_w = 5\n", "there is no [pdus.a-r9]"),
    ('[cooling.c]\ntarget = "crac-n/fan"\nlowest = 9\nhighest = 5\n', "it is more than highest"),
    ('[cooling.c]\ntarget = "crac-n/fan"\nlowest = 1\nhighest = 5\nmost = 7\n', "it is not between 1 and 5"),
    ('[cooling.c]\ntarget = "crac-n/fan"\nlowest = 1\nhighest = 5\naisle = "west"\n', "no rack stands in it"),
    ('[cooling.c]\ntarget = "fan/x"\nlowest = 1\nhighest = 5\n', "there is no [devices.fan]"),
]


@pytest.mark.parametrize(("text", "told"), BROKEN, ids=[told for _, told in BROKEN])
def test_a_mistake_is_told_with_its_file_and_line(text: str, told: str) -> None:
    _, problems = read(text)
    assert any(told in one for one in problems), problems
    assert all(one.startswith("edgeagent.toml:") for one in problems)


def test_the_built_in_tables_have_no_mistake_and_are_monitor_only() -> None:
    loaded = load([], below=[builtin()])
    found = parse(loaded.root, site(), DEVICES)
    loaded.root.finish()
    assert not loaded.problems
    assert {one.id for one in found.interlocks} >= {"hot-p3@r1", "hot-p2@r3", "cool-again@r2"}
    assert {one.state for one in found.interlocks} == {ServiceState.MONITOR_ONLY}
    assert not found.uncovered


def test_a_rack_without_an_inlet_is_named_as_not_covered() -> None:
    loaded = load([], below=[builtin()])
    found = parse(loaded.root, Site(racks={"r1": Rack("r1")}), ())
    assert not found.limits
    assert not found.interlocks
    assert any(one.startswith("hot-p3@r1: ") for one in found.uncovered)


def test_quantifiers_mean_the_racks_of_the_aisle() -> None:
    rest = 'action = "alarm only"\nscope = "aisle"'
    found, problems = read(HOT, interlock("any hot", rest, "some"), interlock("every hot", rest, "all"))
    assert not problems
    by_id = {one.id: one for one in found.interlocks}
    assert by_id["some@north"].watches == by_id["all@north"].watches == ("hot@r1", "hot@r2")
    assert by_id["some@south"].watches == ("hot@r3",)


def test_an_aisle_of_which_no_rack_has_an_inlet_is_not_covered() -> None:
    at = Site(racks={"r1": Rack("r1", "north")})
    found, problems = read(HOT, interlock("any hot", 'action = "alarm only"\nscope = "pod"'), at=at)
    assert not problems
    assert found.uncovered == ("i: there is no hot here",)
    alone, _ = read(HOT, interlock("hot", 'action = "alarm only"\nscope = "pod"').replace("hot", "any hot"), at=Site())
    assert alone.uncovered


def test_a_limit_of_the_pod_and_of_an_aisle_can_stand_beside_a_rack_s() -> None:
    pod = HOT.replace("limits.hot", "limits.outside").replace("{inlet}", "crac-n/outside")
    aisle = HOT.replace("limits.hot", "limits.aisle").replace("{inlet}", "{aisle}-crac/air")
    rack = HOT.replace("limits.hot", "limits.door").replace("{inlet}", "door-{rack}/{aisle}")
    found, problems = read(HOT, pod, aisle, rack, interlock("hot and (outside or aisle or any aisle or door)"))
    assert not problems
    assert found.interlocks[0].watches == ("aisle@north", "door@r1", "hot@r1", "outside")
    assert {one.point for one in found.limits} >= {"north-crac/air", "door-r1/north", "crac-n/outside"}


def test_aisles_without_a_name_are_one_aisle() -> None:
    rest = 'action = "alarm only"\nscope = "aisle"'
    at = Site(racks={"r1": Rack("r1", "", site().racks["r1"].inlet)})
    aisle = FAULT.replace("crac-{aisle}", "crac{aisle}")
    found, problems = read(HOT, aisle, interlock("any hot and any fault", rest), at=at)
    assert not problems
    assert [one.id for one in found.interlocks] == ["i"]


def test_an_unusable_limit_is_told_once_and_its_interlock_not_made() -> None:
    found, problems = read(HOT, interlock("hott"), interlock("", name="j"))
    assert len(problems) == 2
    assert not found.interlocks


def test_too_many_are_refused() -> None:
    racks = {f"r{n}": Rack(f"r{n}", "", site().racks["r1"].inlet) for n in range(MAX_INTERLOCKS + 1)}
    _, problems = read(HOT, interlock("hot"), at=Site(racks=racks))
    assert any("at most 1000 can be watched" in one for one in problems)


def test_conditions_that_exclude_each_other_may_shed_and_restore() -> None:
    rest = 'action = "restore"'
    for restore in ("cool", "every cool", "cool and not fault"):
        scope = '\nscope = "aisle"' if "every" in restore else ""
        _, problems = read(HOT, COOL, FAULT, interlock("hot"), interlock(restore, rest + scope, "r"))
        assert not problems, restore
    _, problems = read(HOT, COOL, interlock("hot"), interlock("any cool", rest, "r"))
    assert problems


def test_the_version_changes_with_the_content_only() -> None:
    one, _ = read(HOT, interlock("hot"))
    same, _ = read("# a comment", HOT, interlock("hot"))
    other, _ = read(HOT, interlock("hot", 'action = "shed P2"'))
    assert one.version == same.version != other.version


def test_words_are_compared_with_words() -> None:
    other = FAULT.replace("limits.fault", "limits.fine").replace("yes", "no")
    _, problems = read(FAULT, other, interlock("fault and fine", 'action = "alarm only"'))
    assert any("can never hold" in one for one in problems)
    unequal = other.replace("==", "!=")
    _, problems = read(FAULT, unequal, interlock("fault and fine", 'action = "alarm only"'))
    assert not problems
