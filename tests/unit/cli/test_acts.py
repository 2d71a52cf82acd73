"""Orders on the command line: what cannot be meant is told before the daemon is asked."""

import pytest

from edgeagent.cli.durations import seconds_of
from edgeagent.cli.main import main
from edgeagent.model.errors import ActRefused


@pytest.mark.parametrize(
    ("text", "value_s"), [("90 s", 90.0), ("15 min", 900.0), ("15m", 900.0), ("1.5 h", 5400.0), ("1 d", 86400.0)]
)
def test_a_time_is_read_as_people_write_it(text: str, value_s: float) -> None:
    assert seconds_of(text) == value_s


@pytest.mark.parametrize("text", ["", "10", "10 x", "-5 s", "1 h 30 min", "nan s"])
def test_what_is_no_time_is_told_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ActRefused, match='must be a time, as in "90 s"'):
        seconds_of(text)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["override", "r1-p3"], "to what?"),
        (["alarms", "ack"], "which one?"),
        (["alarms", "shelve", "blind/pdu-a1"], "for how long?"),
        (["replay"], "name files, or --since"),
    ],
)
def test_half_an_order_is_wrong_usage(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*words, "--config", "absent.toml"]) == 2
    assert said in capsys.readouterr().err
