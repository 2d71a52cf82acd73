"""Write what `edgeagent check` says now into every case: `python tests/golden/config/remake.py`, then read the diff."""

import tempfile
from pathlib import Path

from tests.golden.config.cases import EXPECTED, cases, told


def remake() -> None:
    for case in cases():
        with tempfile.TemporaryDirectory() as folder:
            _, said = told(case, Path(folder))
        expected = case / EXPECTED
        if not expected.exists() or expected.read_text() != said:
            expected.write_text(said)
            print(f"{case.name}: written")


if __name__ == "__main__":
    remake()
