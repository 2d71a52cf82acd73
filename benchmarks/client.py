"""A client process that reads when it is told to, and says what that cost it (`clients/meter.py` is its other end)."""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.process import BenchError, Lines, piped, tail

ROUND_CPU_S = 0.4  # what one side burns in one round: long against the clock's grain, short against the machine's moods
MAX_PASSES = 400
PATIENCE_S = 120.0


class Client:
    """A warm client; `calibrate` before the first round."""

    def __init__(self, name: str, child: subprocess.Popen[bytes], log: Path) -> None:
        assert child.stdin is not None
        assert child.stdout is not None
        self._log = log
        self._requests, self._answers = child.stdin, Lines(child.stdout, name)
        self._passes = 1
        self._line()  # it has read everything once

    def calibrate(self) -> None:
        """Choose how many passes fill a round."""
        one_pass_s = min(self._ask(1)[0] for _ in range(3))
        self._passes = max(1, min(MAX_PASSES, round(ROUND_CPU_S / max(one_pass_s, 1e-6))))

    def round_us(self) -> float:
        """One round: microseconds of processor time per variable binding."""
        cpu_s, varbinds = self._ask(self._passes)
        return cpu_s / varbinds * 1e6

    def _ask(self, passes: int) -> tuple[float, int]:
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either, and the log says why
            self._requests.write(f"{passes}\n".encode())
        answer = self._line()
        return answer["cpu_s"], int(answer["varbinds"])

    def _line(self) -> dict[str, float]:
        try:
            line = self._answers.next(PATIENCE_S)
        except BenchError as problem:
            raise BenchError(f"{problem}\n{tail(self._log)}") from problem
        answer: dict[str, float] = json.loads(line)
        return answer


@contextlib.contextmanager
def client(name: str, command: Sequence[str], log: Path, root: Path) -> Iterator[Client]:
    """Start, warm and calibrate; stopped on leaving."""
    with piped(command, log, {"PYTHONPATH": str(root)}) as child:
        ready = Client(name, child, log)
        ready.calibrate()
        yield ready
