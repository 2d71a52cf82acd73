"""Tables of what counters showed, and what their totals say: no watt-hour that did not flow."""

from collections.abc import Sequence

import pytest

from edgeagent.drivers.estimates.counters import Running, Sight, advanced

POWER_W, POLL_S = 3000.0, 60.0
POLL_WH = POWER_W * POLL_S / 3600


def run(shown: Sequence[float], *, power_w: float = POWER_W, witnessed: bool = True, step_wh: float = 1.0) -> Running:
    """A counter read every minute while so much flows; a total that falls fails."""
    running = Running(shown[0])
    for turn, counter_wh in enumerate(shown[1:], start=1):
        flowed_wh = power_w * POLL_S / 3600
        sight = Sight(counter_wh, turn * POLL_S, 1.5 * turn * flowed_wh, 3 * step_wh, flowed_wh if witnessed else None)
        before_wh, running = running.total_wh, advanced(running, sight)
        assert running.total_wh >= before_wh - 1e-6
    return running


def steps(start_wh: float, count: int) -> list[float]:
    return [start_wh + POLL_WH * turn for turn in range(count)]


TABLES = {
    "it goes on": (steps(1000, 5), 1200),
    "it was reset by a person": ([1000, 1050, 0, 0, 50, 100], 1050 + 100),
    "it was reset while it was read": ([1000, 1050, 30, 80], 1050 + 30 + 50),
    "it wakes up at zero and comes back": ([187_710, 0, 0, 187_710, 187_760], 187_760),
    "Sigenergy-Local-Modbus#313: zero, then 187.71 kWh": ([0, 0, 187_710, 187_760], 50),
    "dbus-fronius#18: zero at each dawn": ([5_000_000, 0, 0, 5_000_000, 0, 5_000_050], 5_000_050),
    "it wraps at 2^32 tenths of Wh": ([429_496_700, 429_496_729.5, 20.4], 429_496_729.6 + 20.4),
    "it wraps at 2^32 Wh": ([4_294_967_290, 44], 2**32 + 44),
    "it wraps at the end that the vendor names": ([9_998_980, 9_999_000, 30], 9_999_030),
    "a glitch upwards": ([5000, 9_000_000, 5050, 5100], 5100),
    "a glitch downwards": ([5000, 5, 5050, 5100], 5100),
    "it was set back a little by a power cut": ([5000, 4990, 5040], 5000 + 50),
    "Growatt_ModbusTCP#410: a daily counter begins again": ([20_000, 0, 0, 50, 100], 20_100),
    "it stands for minutes and then makes up for it": ([1000, 1000, 1000, 1000, 1200], 1200),
}


@pytest.mark.parametrize("name", TABLES)
def test_a_total_counts_what_flowed(name: str) -> None:
    shown, total_wh = TABLES[name]
    assert run(shown).total_wh == pytest.approx(total_wh, abs=1e-3)


def test_without_a_witness_a_counter_that_wakes_up_counts_nothing() -> None:
    assert run([0, 0, 187_710, 187_760], power_w=1e6, witnessed=False).total_wh == pytest.approx(50, abs=1e-3)


def test_a_daily_counter_is_doubted_once_and_then_known() -> None:
    day = [*steps(0, 40), 0.0, 0.0]
    first = run(day)
    assert first.doubted(41 * POLL_S)
    second = run([*day, *steps(POLL_WH, 40), 0.0])
    assert second.restarts
    assert not second.doubted(90 * POLL_S)


def test_the_total_of_many_days_is_the_sum_of_the_days() -> None:
    days = [one for _ in range(5) for one in [*steps(0, 60), 0.0, 0.0]]
    assert run(days).total_wh == pytest.approx(5 * 59 * POLL_WH, abs=5 * POLL_WH)


def test_a_counter_that_passes_where_it_once_stood_loses_nothing() -> None:
    running = run([2000.0, 0.0, *steps(POLL_WH, 60)])
    assert running.total_wh == pytest.approx(2000 + 60 * POLL_WH, abs=1e-3)
