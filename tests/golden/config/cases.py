"""The broken configurations of this folder, and what `edgeagent check` says of one.

A case is a folder with the files that an installer wrote and `expected.txt`. Files that end in ``.secret`` are open to
others, all else is as git left it; the keyring of this folder is laid beside each.
"""

import contextlib
import io
import os
import shutil
from pathlib import Path
from unittest import mock

from edgeagent.cli.main import main

HERE = Path(__file__).parent
EXPECTED = "expected.txt"


def cases() -> list[Path]:
    return sorted(path for path in HERE.iterdir() if path.is_dir() and path.name != "__pycache__")


def told(case: Path, folder: Path) -> tuple[int, str]:
    """Exit code and output of `edgeagent check` run in a copy of the case, so that no path of this machine is in it."""
    shutil.copytree(case, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(EXPECTED))
    shutil.copy(HERE / "keyring.toml", folder)
    for secret in folder.rglob("*.secret"):
        secret.chmod(0o644)
    said = io.StringIO()
    clean = {name: value for name, value in os.environ.items() if not name.endswith("_DIRECTORY")}
    with (
        contextlib.chdir(folder),
        mock.patch.dict(os.environ, clean, clear=True),
        contextlib.redirect_stdout(said),
    ):
        code = main(["check", "--config", "edgeagent.toml"])
    return code, said.getvalue()
