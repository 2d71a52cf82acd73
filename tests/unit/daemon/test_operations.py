"""Operations: what a person's order must look like, and what is said of one that does not."""

import pytest

from edgeagent.daemon.operations import OperationTable, number, text
from edgeagent.model.errors import ActRefused


def test_an_operation_is_done_by_its_handler_in_the_name_of_who_asks() -> None:
    table = OperationTable({"lock": lambda body, by: {"locked": body["name"], "by": by}})
    assert table.perform("lock", {"name": "srv"}, "N. Berg") == {"locked": "srv", "by": "N. Berg"}


def test_an_operation_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ActRefused, match="cannot do explode: this daemon can do lock, reset"):
        OperationTable({"reset": lambda _b, _w: {}, "lock": lambda _b, _w: {}}).perform("explode", {}, "x")


@pytest.mark.parametrize("value", [None, 3, ["a"], "a" * 501, "two\nlines", "\x1b[31m"])
def test_what_is_no_plain_text_is_refused(value: object) -> None:
    with pytest.raises(ActRefused, match='"name" must be a text'):
        text({"name": value}, "name")


def test_a_text_may_have_a_default() -> None:
    assert text({}, "why", "") == ""


@pytest.mark.parametrize("value", [None, True, "5", float("nan"), float("inf"), 10**400])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(ActRefused, match='"for_s" must be a number'):
        number({"for_s": value}, "for_s")


def test_a_whole_number_is_a_number() -> None:
    assert number({"for_s": 5}, "for_s") == 5.0
