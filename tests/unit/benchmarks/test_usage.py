"""What processes cost, and windows of it."""

import os
import subprocess
import sys

import pytest

from benchmarks.usage import Usage, cpu_s, tree, usage
from benchmarks.windows import watch


def test_a_child_belongs_to_its_parents_tree() -> None:
    command = [sys.executable, "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()

        assert child.pid in tree(os.getpid())
        assert usage(os.getpid()).pss_mb > usage(child.pid).pss_mb > 0.0


def test_processor_time_of_a_finished_child_is_still_counted() -> None:
    before_s = cpu_s(os.getpid())
    subprocess.run([sys.executable, "-c", "sum(range(3_000_000))"], check=True)

    assert cpu_s(os.getpid()) - before_s >= 0.02


def test_a_process_that_has_ended_is_an_error_and_not_a_zero() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()

    with pytest.raises(ProcessLookupError):
        usage(child.pid)


def test_a_window_charges_only_what_was_used_in_it() -> None:
    clock_s = 0.0
    readings = iter([Usage(5.0, 10.0, 8.0), Usage(5.1, 11.0, 8.5), Usage(5.4, 12.0, 9.0)])

    def sleep(seconds: float) -> None:
        nonlocal clock_s
        clock_s += seconds

    watched = watch({"a": 1}, 2, 10.0, measure=lambda _: next(readings), sleep=sleep, now_s=lambda: clock_s)["a"]

    assert watched.cpu_percent.values == pytest.approx((1.0, 3.0))
    assert watched.rss_mb.values == (11.0, 12.0)
    assert watched.pss_mb.median == 8.75
