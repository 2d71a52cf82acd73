from pathlib import Path

import pytest

from edgeagent.store.opening import Incarnation
from edgeagent.store.seal import SEAL_FILE, read_seal, write_seal


def test_a_seal_is_read_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "a.db").write_bytes(b"x")
    write_seal(tmp_path, Incarnation(7, "n"), ("a.db",))
    seal = read_seal(tmp_path)
    assert seal is not None
    assert seal.fits(tmp_path / "a.db", Incarnation(7, "n"))
    assert not seal.fits(tmp_path / "a.db", Incarnation(8, "n"))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\0\xff",
        b"7",
        b"[" * 4000,
        b'{"number": Infinity, "nonce": "n", "files": {}}',
        b'{"number": 7, "nonce": "n", "files": {"a.db": [1e999]}}',
        b'{"number": 7, "nonce": "n", "files": []}',
    ],
)
def test_a_damaged_seal_is_no_seal_and_stops_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / SEAL_FILE).write_bytes(content)
    assert read_seal(tmp_path) is None
