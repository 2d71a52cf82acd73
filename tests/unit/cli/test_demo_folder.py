"""The demo's folder: begun anew each time, and never somebody's own files or another demo's."""

from pathlib import Path

import pytest

from edgeagent.cli import demo
from edgeagent.cli.demo_children import DemoError
from edgeagent.model.errors import EdgeAgentError


def test_a_folder_with_somebodys_files_is_refused_and_untouched(tmp_path: Path) -> None:
    letter = tmp_path / "letters" / "to-mother.txt"
    letter.parent.mkdir()
    letter.write_text("dear mother")
    with pytest.raises(DemoError, match="files that no demo put there"):
        demo.claim(tmp_path)
    assert letter.read_text() == "dear mother"
    assert [path.name for path in tmp_path.iterdir()] == ["letters"]


def test_what_an_earlier_demo_left_is_removed(tmp_path: Path) -> None:
    folder = tmp_path / "new" / "demo"
    lock = demo.claim(folder)
    (folder / "state").mkdir()
    (folder / "state" / "telemetry.db").write_text("old")
    (folder / "link").symlink_to(tmp_path)
    lock.release()
    demo.claim(folder).release()
    assert [path.name for path in folder.iterdir()] == [demo.LOCK_NAME]
    assert tmp_path.exists()


def test_a_second_demo_in_the_same_folder_leaves_the_first_alone(tmp_path: Path) -> None:
    lock = demo.claim(tmp_path)
    (tmp_path / "state").mkdir()
    with pytest.raises(EdgeAgentError, match="runs there"):
        demo.claim(tmp_path)
    assert (tmp_path / "state").is_dir()
    lock.release()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(DemoError, match=r"cannot use .*file/demo: Not a directory"):
        demo.claim(tmp_path / "file" / "demo")
