"""The pages of docs/drivers are what scripts/docs makes, their samples are sound, and their links lead somewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from edgeagent.cli.check import examine
from edgeagent.cli.keys import make_ingest_keys
from edgeagent.drivers.registry import DRIVERS
from edgeagent.protocols.bacnet_profile import parse_bacnet_profile
from edgeagent.protocols.modbus_profile_file import parse_modbus_profile

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "drivers"
PAGES = [*sorted(FOLDER.glob("*.md")), ROOT / "docs" / "install.md", ROOT / "docs" / "workloads.md"]
BLOCK = re.compile(r"(?ms)^```toml\n(.*?)^```$")
POD = """
[pod]
site = "zrh"
name = "pod-07"

[uplink]
broker = "mqtts://noc.example:8883"
keyring = "keyring.toml"
"""


def samples(page: Path) -> list[str]:
    return [block for block in BLOCK.findall(page.read_text()) if re.search(r"(?m)^\[(devices|workloads)\.", block)]


def test_every_page_is_what_its_profile_makes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.driver_docs", "--check"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", [page for page in PAGES if samples(page)], ids=lambda page: page.stem)
def test_a_sample_is_one_that_check_accepts(page: Path, tmp_path: Path) -> None:
    make_ingest_keys(tmp_path)
    (tmp_path / "credentials").mkdir()
    for number, block in enumerate(samples(page)):
        for name in re.findall(r'credential = "([^"]+)"', block):
            (tmp_path / "credentials" / name).write_text("long-enough-for-snmp\n")
        path = tmp_path / f"sample-{number}.toml"
        path.write_text(POD + block)
        assert examine(path, {"CREDENTIALS_DIRECTORY": str(tmp_path / "credentials")}).problems == ()


def test_a_register_map_that_is_shown_can_be_used() -> None:
    maps = [one for one in BLOCK.findall((FOLDER / "modbus.md").read_text()) if 'protocol = "modbus"' in one]
    assert [parse_modbus_profile("shown.toml", text).name for text in maps] == ["my-cdu"]


def test_an_object_map_that_is_shown_can_be_used() -> None:
    maps = [one for one in BLOCK.findall((FOLDER / "bacnet.md").read_text()) if 'protocol = "bacnet"' in one]
    assert [parse_bacnet_profile("shown.toml", text).name for text in maps] == ["my-crac"]


def test_every_word_that_a_device_may_have_has_a_page() -> None:
    index = (FOLDER / "README.md").read_text()
    words = {word for line in index.splitlines() if line.startswith("| `") for word in re.findall("`([a-z]+)`", line)}
    assert words == set(DRIVERS)


@pytest.mark.parametrize("page", [*PAGES, ROOT / "README.md", ROOT / "CONTRIBUTING.md"], ids=lambda page: page.stem)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text()):
        assert (page.parent / target).exists(), target
