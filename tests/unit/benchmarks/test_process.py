"""Processes end with the benchmark."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.process import BenchError, Lines, piped, server


def _is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_server_is_gone_when_its_benchmark_fails(tmp_path: Path) -> None:
    with pytest.raises(BenchError), server(["sleep", "60"], tmp_path / "log") as child:
        raise BenchError("cannot measure")

    assert _is_gone(child.pid)


def test_a_server_is_gone_when_the_benchmark_is_killed(tmp_path: Path) -> None:
    program = (
        "import sys, time; from pathlib import Path; from benchmarks.process import server\n"
        f"with server(['sleep', '60'], Path({str(tmp_path / 'log')!r})) as child:\n"
        "    print(child.pid, flush=True); time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as benchmark:
        assert benchmark.stdout is not None
        pid = int(benchmark.stdout.readline())
        held = os.pidfd_open(pid)
        benchmark.send_signal(signal.SIGKILL)

    try:
        assert _ends(held), "the server outlived its benchmark by 5 s"
    finally:
        os.close(held)


def _ends(pidfd: int) -> bool:
    """A pidfd is readable once its process has ended."""
    return bool(select.select([pidfd], [], [], 5.0)[0])


def test_lines_that_come_together_are_read_one_by_one(tmp_path: Path) -> None:
    with piped(["printf", r"one\ntwo\n"], tmp_path / "log") as child:
        assert child.stdout is not None
        lines = Lines(child.stdout, "printf")

        assert [lines.next(5.0), lines.next(5.0)] == ["one", "two"]
        with pytest.raises(BenchError, match="it ended"):
            lines.next(5.0)


def test_silence_is_an_error_with_a_name(tmp_path: Path) -> None:
    with piped(["sleep", "60"], tmp_path / "log") as child:
        assert child.stdout is not None
        with pytest.raises(BenchError, match="cannot measure a sleeper: no answer"):
            Lines(child.stdout, "a sleeper").next(0.05)
