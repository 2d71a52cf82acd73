from pathlib import Path

import pytest

from edgeagent.config.layers import Layer, load
from edgeagent.store.settings import DAY_S, GIB, MIB, StoreSettings, parse


def parsed(text: str) -> tuple[StoreSettings, list[str]]:
    reader = load([], layers=[Layer("edgeagent.toml", text)]).root
    settings = parse(reader.table("store"))
    reader.finish()
    return settings, [str(problem) for problem in reader.problems]


def test_an_absent_table_gives_the_usual_settings() -> None:
    assert parsed("") == (StoreSettings(), [])


def test_every_key_is_read() -> None:
    settings, problems = parsed("""
        [store]
        folder = "state"
        telemetry_budget = "1 GiB"
        telemetry_age = "7 d"
        commit_every = "250 ms"
        audit_keep = "30 d"
        audit_budget = "16 MiB"
        reserve = "8 MiB"
        flight_budget = "32 MiB"
        queue_records = 1000
        queue_bytes = "1 MiB"
    """)
    assert problems == []
    assert settings == StoreSettings(
        Path("state"), GIB, 7 * DAY_S, 0.25, 30 * DAY_S, 16 * MIB, 8 * MIB, 32 * MIB, 1000, MIB
    )


@pytest.mark.parametrize(
    "line",
    [
        'telemetry_budget = "10 KiB"',
        'telemetry_age = "1 min"',
        'commit_every = "2 s"',
        'commit_every = "1 ms"',
        'audit_keep = "1 h"',
        'reserve = "1 KiB"',
        'flight_budget = "1 MiB"',
        "queue_records = 1",
        'queue_bytes = "1 B"',
        "telemtry_budget = 1",
    ],
)
def test_what_is_out_of_bounds_or_unknown_is_a_problem(line: str) -> None:
    _, problems = parsed(f"[store]\n{line}\n")
    assert len(problems) == 1
    assert line.split(" ", maxsplit=1)[0] in problems[0]
