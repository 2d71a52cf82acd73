"""The samples in config/ are sound, name every key that a parser knows, and say the truth about defaults."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from edgeagent.cli.check import examine
from edgeagent.cli.keys import make_ingest_keys
from edgeagent.config.layers import load
from edgeagent.config.tree import Problem
from edgeagent.daemon.configuration import check
from edgeagent.drivers.registry import DRIVERS
from edgeagent.noc.settings import parse as parse_noc

SAMPLES = Path(__file__).parents[2] / "config"
MODBUS = Path(__file__).parents[2] / "edgeagent" / "protocols" / "profiles" / "modbus"
CREDENTIALS = (
    *("snmp-auth", "snmp-priv", "snmp-community", "snmp-write", "snmp-traps"),
    *("mqtt-password", "redfish-password"),
)
BY_NAME = {"", "devices", "racks", "pdus", "loads", "limits", "interlocks", "ratings", "cooling", "workloads"}
"""These hold tables by name, and no keys."""
HOLDS_OTHERS = (".set", ".inputs", ".outputs")
"""Tables of a device whose keys are points or contacts."""
NEEDS_ANOTHER = {"password", "community"}
"""Keys that say nothing without another one."""
OFF = "#   "
"""What begins with it belongs to a table that is switched off as a whole."""
_COMMENTED = re.compile(r"# (example: )?([a-z_]+) = ")
_KEY = re.compile(r"(?:# (?:example: )?)?([a-z_]+) = ")


@dataclass(frozen=True)
class Line:
    """One commented key of a sample."""

    number: int
    key: str
    example: bool


@dataclass
class Sample:
    """A sample beside what it names; `read` gives what its parsers make of a file, and what they asked for."""

    path: Path
    read: Callable[[Path], tuple[Any, dict[str, set[str]]]]

    @property
    def text(self) -> str:
        return self.path.read_text()

    def all_on(self) -> Path:
        """A copy with every table that is switched off."""
        copy = self.path.with_name("all-on.toml")
        copy.write_text("".join(f"{line.removeprefix(OFF)}\n" for line in self.text.splitlines()))
        return copy

    def commented(self) -> Iterator[Line]:
        for number, line in enumerate(self.text.splitlines()):
            match = _COMMENTED.match(line)
            if match:
                yield Line(number, match[2], example=bool(match[1]))

    def with_line(self, line: Line) -> Path:
        """A copy in which this line counts."""
        lines = self.text.splitlines()
        lines[line.number] = re.sub(r"^# (example: )?", "", lines[line.number])
        copy = self.path.with_name("changed.toml")
        copy.write_text("\n".join(lines) + "\n")
        return copy


def read_pod(path: Path) -> tuple[Any, dict[str, set[str]]]:
    checked = check(path, environment(path.parent))
    return checked.configuration, checked.loaded._ledger.asked


def read_noc(path: Path) -> tuple[Any, dict[str, set[str]]]:
    loaded = load([path])
    return parse_noc(loaded.root.table("noc")), loaded._ledger.asked


def environment(folder: Path) -> dict[str, str]:
    return {"CREDENTIALS_DIRECTORY": str(folder / "credentials")}


@pytest.fixture(params=["edgeagent.toml", "noc.toml"])
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Sample:
    path = tmp_path / request.param
    path.write_text((SAMPLES / request.param).read_text())
    make_ingest_keys(tmp_path)
    (tmp_path / "credentials").mkdir()
    for name in CREDENTIALS:
        (tmp_path / "credentials" / name).write_text("long-enough-for-snmp\n")
    (tmp_path / "my-water.toml").write_text((MODBUS / "facility-water.toml").read_text())
    (tmp_path / "ca.pem").touch()
    return Sample(path, read_pod if request.param == "edgeagent.toml" else read_noc)


def test_a_sample_is_sound_once_its_keys_and_credentials_are_there(sample: Sample) -> None:
    assert examine(sample.path, environment(sample.path.parent)).problems == ()


def test_every_table_that_is_switched_off_is_sound_too(sample: Sample) -> None:
    assert examine(sample.all_on(), environment(sample.path.parent)).problems == ()


def test_the_sample_has_a_device_of_every_word(sample: Sample) -> None:
    shown = set(re.findall(r'(?m)^(?:#   )?driver = "([a-z]+)"', sample.text))
    assert shown == (set(DRIVERS) if sample.path.name == "edgeagent.toml" else set())


def test_without_them_only_they_are_missing() -> None:
    def keys(problems: tuple[Problem, ...]) -> list[str]:
        return [problem.path for problem in problems]

    assert keys(examine(SAMPLES / "edgeagent.toml", {}).problems) == [
        "uplink.keyring",
        "devices.pdu-a1.auth_key",
        "devices.pdu-a1.priv_key",
        "devices.pdu-b1.community",
    ]
    assert keys(examine(SAMPLES / "noc.toml", {}).problems) == ["noc.signing_key"]


def test_a_sample_names_every_key_that_a_parser_asks_for(sample: Sample) -> None:
    named: dict[str, set[str]] = defaultdict(set)
    table = ""
    whole = sample.all_on()
    for line in whole.read_text().splitlines():
        if header := re.match(r"\[(.*)\]", line):
            table = kind(header[1])
            named[table].update(header[1].split(".")[2:3])
        elif key := _KEY.match(line):
            named[table].add(key[1])
    _, asked = sample.read(whole)
    tables = {path for path in asked.keys() - BY_NAME if not path.endswith(HOLDS_OTHERS)}
    assert {kind(path) for path in tables} == named.keys()
    assert not {f"{path}.{key}" for path in tables for key in asked[path] - named[kind(path)]}


def kind(path: str) -> str:
    """`devices.pdu-a1` is one of `devices`: what one of them shows need not be repeated in the next."""
    return path.partition(".")[0]


def test_every_commented_default_is_the_default(sample: Sample) -> None:
    usual, _ = sample.read(sample.path)
    lines = [line for line in sample.commented() if not line.example]
    assert len(lines) > 5
    wrong = [line.key for line in lines if sample.read(sample.with_line(line))[0] != usual]
    assert not wrong


def test_every_example_is_a_key_that_changes_something(sample: Sample) -> None:
    usual, _ = sample.read(sample.path)
    lines = [line for line in sample.commented() if line.example]
    assert len(lines) >= 5
    for line in lines:
        changed = sample.with_line(line)
        # A key may want its partner or a file; what it may not be is unknown.
        assert "nothing reads it" not in str(examine(changed, environment(changed.parent)).problems), line.key
        if line.key not in NEEDS_ANOTHER:
            assert sample.read(changed)[0] != usual, f"{line.key} has the shown value by default"


def test_a_sample_shows_each_key_of_a_table_once(sample: Sample) -> None:
    seen: set[tuple[str, str]] = set()
    table = ""
    for line in sample.text.splitlines():
        if header := re.match(r"\[(.*)\]", line):
            table = header[1]
        elif key := _KEY.match(line):
            assert (table, key[1]) not in seen
            seen.add((table, key[1]))
