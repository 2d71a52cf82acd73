"""What `edgeagent check` says of what installers get wrong, word for word; remake.py rewrites it."""

from pathlib import Path

import pytest

from tests.golden.config.cases import EXPECTED, cases, told


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.name)
def test_every_mistake_is_named_as_expected(case: Path, tmp_path: Path) -> None:
    code, said = told(case, tmp_path)
    assert said == (case / EXPECTED).read_text()
    assert code == 1
    assert str(tmp_path) not in said, "a path of this machine"


def test_no_message_repeats_a_password() -> None:
    password = "geheim"
    assert any(password in file.read_text() for file in Path(__file__).parent.glob("broker-*/edgeagent.toml"))
    assert not [case.name for case in cases() if password in (case / EXPECTED).read_text()]
