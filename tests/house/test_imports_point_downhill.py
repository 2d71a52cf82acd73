"""The import rules bite: violations planted in a copy of the tree are found, each with module and line."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# contract, importing module, imported module
PLANTED = [
    ("imports point downhill", "edgeagent.model.planted", "edgeagent.core.planted"),
    ("imports point downhill", "edgeagent.core.planted", "edgeagent.daemon.planted"),
    ("imports point downhill", "edgeagent.uplink.planted", "edgeagent.store.planted"),
    ("imports point downhill", "edgeagent.drivers.planted", "edgeagent.noc.planted"),
    ("imports point downhill", "edgeagent.wire.planted", "edgeagent.protocols.planted"),
    ("the stubs are an independent oracle", "firmware_stubs.planted", "edgeagent.model.planted"),
    ("the stubs are an independent oracle", "edgeagent.daemon.planted", "firmware_stubs.planted"),
    ("the model is plain data", "edgeagent.model.planted", "asyncio"),
    ("decisions replay", "edgeagent.autonomy.shed", "random"),
    ("decisions replay", "edgeagent.autonomy.whole", "time"),
    ("the core process stays light", "edgeagent.store.planted", "numpy"),
    ("one file knows aiomqtt", "edgeagent.uplink.planted", "aiomqtt"),
    ("the command line starts fast", "edgeagent.cli.planted", "aiohttp"),
]
LINE = 3


def plant(tree: Path, module: str, imported: list[str]) -> None:
    file = tree.joinpath(*module.split(".")).with_suffix(".py")
    file.parent.mkdir(exist_ok=True)
    file.parent.joinpath("__init__.py").touch()
    file.write_text("# planted\n" * (LINE - 1) + "".join(f"import {name}\n" for name in imported))


@pytest.fixture(scope="module")
def verdict(tmp_path_factory: pytest.TempPathFactory) -> str:
    tree = tmp_path_factory.mktemp("planted")
    for package in ("edgeagent", "firmware_stubs"):
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tree)
    modules = {name for _, importer, imported in PLANTED for name in (importer, imported) if "." in name}
    for module in sorted(modules):
        plant(tree, module, [imported for _, importer, imported in PLANTED if importer == module])
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run(
        [linter, "--no-logo", "--no-cache"], cwd=tree, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(("contract", "importer", "imported"), PLANTED)
def test_a_planted_import_is_named_with_its_line(verdict: str, contract: str, importer: str, imported: str) -> None:
    broken = verdict.partition("Broken contracts")[2]
    report = broken.partition(f"\n{contract}\n")[2]
    wanted = [name for _, module, name in PLANTED if module == importer]
    assert f"{importer} -> {imported} (l.{LINE + wanted.index(imported)})" in report
